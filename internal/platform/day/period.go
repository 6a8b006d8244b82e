package day

import (
	"errors"
	"regexp"
	"strconv"
)

// ErrNotAPeriod is the error of any text that is not a calendar period.
var ErrNotAPeriod = errors.New("not a period in the form P10M, P10M15D or P30D")

// Period is a length of calendar time. Written in ISO 8601, years, months, weeks and days only: "P10M15D".
type Period struct{ Months, Days int }

var periodForm = regexp.MustCompile(`^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?$`)

// ParsePeriod reads an ISO 8601 duration of whole years, months, weeks and days.
func ParsePeriod(s string) (Period, error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil || s == "P" {
		return Period{}, ErrNotAPeriod
	}
	number := func(i int) int { n, _ := strconv.Atoi(m[i]); return n } // empty counts 0
	return Period{Months: 12*number(1) + number(2), Days: 7*number(3) + number(4)}, nil
}

func (p Period) String() string {
	s := "P"
	if p.Months != 0 {
		s += strconv.Itoa(p.Months) + "M"
	}
	if p.Days != 0 || p.Months == 0 {
		s += strconv.Itoa(p.Days) + "D"
	}
	return s
}

func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p *Period) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePeriod(string(b))
	return err
}
