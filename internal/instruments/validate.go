package instruments

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/fault"
	"waypost/internal/platform/text"
)

const (
	furthest = 1000 // from nought that an answer may lie, so that a definition is checked in no time
	greatest = 1e6  // a score
)

// Validate refuses a definition that does not hold together: whatever passes can be scored without a surprise.
// Waypost's own definitions and a site's go through it alike.
func (d Definition) Validate() error {
	var c fault.Checks
	for n, it := range d.Items {
		at := fmt.Sprintf("items[%d]", n)
		c.Require(
			it.Code != "" && !slices.ContainsFunc(d.Items[:n], func(o Item) bool { return o.Code == it.Code }),
			at+".code",
			fault.Duplicate,
			"is needed, and stands once",
		)
		it.validate(&c, at, d.WordingShipped)
	}
	c.Require(
		d.Introduction == "" || d.WordingShipped,
		"introduction",
		fault.NotAllowed,
		"does not stand here where wording_shipped is false",
	)
	c.Require(!d.Context || len(d.Scores) == 0, "scores", fault.NotAllowed, "do not go with context: it is no outcome")
	for n, s := range d.Scores {
		at := fmt.Sprintf("scores[%d]", n)
		c.Require(
			s.Code != "" && !slices.ContainsFunc(d.Scores[:n], func(o Score) bool { return o.Code == s.Code }),
			at+".code",
			fault.Duplicate,
			"is needed, and stands once",
		)
		d.validateScore(&c, at, s, d.Scores[:n])
	}
	return c.Err()
}

// validate checks an item; worded says whether its words stand with it.
func (it Item) validate(c *fault.Checks, at string, worded bool) {
	number, choice := it.Type == "number", it.Type == "choice"
	ranged := it.Min != nil && it.Max != nil
	c.Require(
		number || choice || it.Type == "text",
		at+".type",
		fault.UnknownCode,
		"is none of number, choice and text",
	)
	c.Require(
		number == ranged && (it.Min == nil) == (it.Max == nil),
		at+".min",
		fault.NotAllowed,
		"and max go with a number, and only with one",
	)
	c.Require(
		!ranged || isWhole(*it.Min) && isWhole(*it.Max) && *it.Min < *it.Max,
		at+".min",
		fault.NotAllowed,
		"and max are whole numbers, the least first",
	)
	c.Require(
		!ranged || *it.Min >= -furthest && *it.Max <= furthest,
		at+".min",
		fault.OutOfRange,
		"and max lie within a thousand of nought",
	)
	c.Require(it.Codes == "" || choice, at+".codes", fault.NotAllowed, "go with a choice only")
	if choice && it.Codes != "" {
		_, known := codes.Lookup(it.Codes)
		c.Require(known, at+".codes", fault.UnknownReference, "names no code list: see GET /v1/code-lists")
	}
	c.Require(
		!choice || (it.Codes == "") == (len(it.Options) >= 2),
		at+".options",
		fault.NotAllowed,
		"of a choice are two or more, or else a code list is named",
	)
	it.validateOptions(c, at)
	it.validateWords(c, at, worded)
	c.Require(
		!it.Private && !it.Repeat || it.Type == "text",
		at,
		fault.NotAllowed,
		"private and repeat go with a text only",
	)
	c.Require(
		(it.MinLabel == "") == (it.MaxLabel == ""),
		at+".min_label",
		fault.NotAllowed,
		"and max_label go together",
	)
	c.Require(
		it.MinLabel == "" || number && len(it.Options) == 0 && worded,
		at+".min_label",
		fault.NotAllowed,
		"goes with a number without options whose words stand here",
	)
	c.Require(
		it.FlagFrom == nil || number && ranged && *it.FlagFrom >= *it.Min && *it.FlagFrom <= *it.Max,
		at+".flag_from",
		fault.NotAllowed,
		"goes with a number, within its range",
	)
}

func (it Item) validateOptions(c *fault.Checks, at string) {
	for k, o := range it.Options {
		here := fmt.Sprintf("%s.options[%d]", at, k)
		c.Require(
			(o.Code != "") == (it.Type == "choice") && (o.Value != nil) == (it.Type == "number"),
			here,
			fault.NotAllowed,
			"of a choice has a code, of a number a value",
		)
		c.Require(
			o.Value == nil || it.accepts(*o.Value),
			here+".value",
			fault.OutOfRange,
			"is no whole number of the item's range",
		)
		c.Require(!slices.ContainsFunc(it.Options[:k], o.same), here, fault.Duplicate, "stands twice")
	}
	c.Require(it.Type != "text" || len(it.Options) == 0, at+".options", fault.NotAllowed, "do not go with a text")
	c.Require(
		it.Type != "number" || len(it.Options) == 0 || len(it.Options) == it.values(),
		at+".options",
		fault.NotAllowed,
		"of a number name each of its values, or none",
	)
}

func (it Item) validateWords(c *fault.Checks, at string, worded bool) {
	blank := func(o Option) bool { return strings.TrimSpace(o.Wording) == "" }
	if worded {
		c.Require(strings.TrimSpace(it.Wording) != "", at+".wording", fault.Required, "is needed")
		c.Require(!slices.ContainsFunc(it.Options, blank), at+".options", fault.Required, "each need a wording")
		return
	}
	c.Require(
		it.Wording == "",
		at+".wording",
		fault.NotAllowed,
		"does not stand here where wording_shipped is false: a site loads it",
	)
	c.Require(
		!slices.ContainsFunc(it.Options, func(o Option) bool { return o.Wording != "" || o.Value != nil }),
		at+".options",
		fault.NotAllowed,
		"have no wording where wording_shipped is false: a site loads it",
	)
}

// accepts reports whether the number can be an answer.
func (it Item) accepts(n float64) bool {
	return it.Min != nil && it.Max != nil && isWhole(n) && n >= *it.Min && n <= *it.Max
}

// values is how many answers a number has.
func (it Item) values() int {
	if it.Min == nil || it.Max == nil {
		return 0
	}
	return int(*it.Max-*it.Min) + 1
}

// same reports whether both are one answer.
func (o Option) same(p Option) bool {
	return p.Code == o.Code && (p.Value == nil) == (o.Value == nil) && (p.Value == nil || *p.Value == *o.Value)
}

func (d Definition) validateScore(c *fault.Checks, at string, s Score, before []Score) {
	items := s.scoredItems()
	for k, code := range items {
		it, known := d.item(code)
		c.Require(
			known && it.Type == "number",
			at+".items",
			fault.UnknownReference,
			"names an item that is not there, or takes no number",
		)
		c.Require(!slices.Contains(items[:k], code), at+".items", fault.Duplicate, "names an item twice")
	}
	for _, code := range s.Reverse {
		c.Require(
			slices.Contains(s.Items, code),
			at+".reverse",
			fault.UnknownReference,
			"names an item the score is not made of",
		)
	}
	c.Require(s.Better == "higher" || s.Better == "lower", at+".better", fault.UnknownCode, "is higher or lower")
	c.Require(
		(s.ResponderThreshold == nil) == (text.Blank(string(s.ThresholdSource))),
		at+".threshold_source",
		fault.NotAllowed,
		"and responder_threshold go together",
	)
	c.Require(
		s.ResponderThreshold == nil || *s.ResponderThreshold > 0 && *s.ResponderThreshold <= s.Max-s.Min,
		at+".responder_threshold",
		fault.NotAllowed,
		"is more than nought, and no more than the range",
	)
	s.validateMethod(c, at)
	d.validateMissing(c, at, s)
	d.validateCounts(c, at, s)
	s.validateBands(c, at)
	if c.Err() != nil {
		return // a range worked out of what is wrong would only confuse
	}
	values := d.values(c, at, s, before)
	if c.Err() == nil {
		s.validateRange(c, at, values)
	}
}

// scoredItems are the items a score is made of.
func (s Score) scoredItems() []string {
	items := slices.Clone(s.Items)
	for _, c := range s.Counts {
		items = append(items, c.Items...)
	}
	return items
}

func (s Score) validateMethod(c *fault.Checks, at string) {
	c.Require(
		slices.Contains([]string{"value", "sum", "count", "table"}, s.Method),
		at+".method",
		fault.UnknownCode,
		"is none of value, sum, count and table",
	)
	c.Require(
		s.Method != "value" || len(s.Items) == 1,
		at+".items",
		fault.NotAllowed,
		"is one item for the method value",
	)
	c.Require(
		s.Method != "sum" || len(s.Items) > 1,
		at+".items",
		fault.NotAllowed,
		"are two or more for the method sum",
	)
	c.Require(
		(s.Method == "count") == (len(s.Counts) > 0),
		at+".counts",
		fault.NotAllowed,
		"go with the method count, which needs them",
	)
	c.Require(
		(s.Method == "table") == (s.Of != "" && len(s.Table) > 0) &&
			(s.Method == "table" || s.Of == "" && len(s.Table) == 0),
		at+".table",
		fault.NotAllowed,
		"and of go with the method table, which needs them",
	)
	c.Require(
		s.Method == "value" || s.Method == "sum" || len(s.Items) == 0,
		at+".items",
		fault.NotAllowed,
		"go with the methods value and sum only",
	)
}

func (d Definition) validateMissing(c *fault.Checks, at string, s Score) {
	c.Require(
		slices.Contains([]string{"", "prorated", "not_counted"}, s.MissingAs),
		at+".missing_as",
		fault.UnknownCode,
		"is none of prorated and not_counted",
	)
	c.Require(
		s.MissingAllowed >= 0 && (s.MissingAllowed > 0) == (s.MissingAs != ""),
		at+".missing_as",
		fault.NotAllowed,
		"and missing_allowed go together",
	)
	c.Require(
		s.MissingAllowed <= 0 || s.MissingAllowed < len(s.scoredItems()),
		at+".missing_allowed",
		fault.OutOfRange,
		"leaves no item to be answered",
	)
	c.Require(
		s.MissingAs != "prorated" || s.Method == "sum",
		at+".missing_as",
		fault.NotAllowed,
		"prorated goes with the method sum",
	)
	c.Require(
		s.MissingAs != "prorated" || d.sameRange(s.Items),
		at+".missing_as",
		fault.NotAllowed,
		"prorated needs items of one range: their mean stands for a missing one",
	)
	c.Require(
		slices.Contains([]string{"", "nearest", "half_up", "up"}, s.Round),
		at+".round",
		fault.UnknownCode,
		"is none of nearest, half_up and up",
	)
	c.Require(
		s.Round == "" || s.MissingAs == "prorated",
		at+".round",
		fault.NotAllowed,
		"goes with missing_as prorated only",
	)
	c.Require(
		s.MissingAs != "not_counted" || s.Method == "count",
		at+".missing_as",
		fault.NotAllowed,
		"not_counted goes with the method count",
	)
}

func (d Definition) sameRange(items []string) bool {
	return !slices.ContainsFunc(items, func(code string) bool {
		first, _ := d.item(items[0])
		it, _ := d.item(code)
		return it.Min == nil || it.Max == nil || first.Min == nil || first.Max == nil || *it.Min != *first.Min ||
			*it.Max != *first.Max
	})
}

func (d Definition) validateCounts(c *fault.Checks, at string, s Score) {
	for n, counted := range s.Counts {
		here := fmt.Sprintf("%s.counts[%d]", at, n)
		c.Require(
			len(counted.Items) > 0 && len(counted.Values) > 0,
			here,
			fault.Required,
			"names items, and values that count",
		)
		for k, v := range counted.Values {
			c.Require(!slices.Contains(counted.Values[:k], v), here+".values", fault.Duplicate, "name a number twice")
		}
		for _, code := range counted.Items {
			it, _ := d.item(code)
			c.Require(
				!slices.ContainsFunc(counted.Values, func(v float64) bool { return !it.accepts(v) }),
				here+".values",
				fault.NotAllowed,
				"name a number that an item cannot be answered with",
			)
			c.Require(
				len(counted.Values) < it.values(),
				here+".values",
				fault.OutOfRange,
				"leave no answer that does not count",
			)
		}
	}
}

func (s Score) validateBands(c *fault.Checks, at string) {
	for k, b := range s.Bands {
		here := fmt.Sprintf("%s.bands[%d]", at, k)
		c.Require(
			b.Code != "" && !slices.ContainsFunc(s.Bands[:k], func(o Band) bool { return o.Code == b.Code }),
			here+".code",
			fault.Duplicate,
			"is needed, and stands once",
		)
		c.Require(b.From <= b.To, here+".from", fault.OutOfRange, "lies above to")
		c.Require(
			!slices.ContainsFunc(s.Bands[:k], func(o Band) bool { return b.From <= o.To && o.From <= b.To }),
			here,
			fault.OutOfRange,
			"overlaps another: each value lies in one band",
		)
	}
}

// values are all that a score can be where nothing is missing, the least first.
func (d Definition) values(c *fault.Checks, at string, s Score, before []Score) []float64 {
	switch s.Method {
	case "count":
		return steps(0, float64(len(s.scoredItems())))
	case "table":
		return d.converted(c, at, s, before)
	}
	var least, most float64
	for _, code := range s.Items {
		it, _ := d.item(code)
		least, most = least+*it.Min, most+*it.Max
	}
	return steps(least, most)
}

// converted are the values of a table, which has one row for every value of the score it converts.
func (d Definition) converted(c *fault.Checks, at string, s Score, before []Score) (all []float64) {
	of := slices.IndexFunc(before, func(o Score) bool { return o.Code == s.Of })
	if of < 0 || before[of].MissingAs == "prorated" && before[of].Round == "" {
		c.Require(
			false,
			at+".of",
			fault.UnknownReference,
			"names no score before this one, or one that is prorated and not rounded",
		)
		return nil
	}
	to := map[float64]float64{}
	for k, row := range s.Table {
		_, twice := to[row.From]
		c.Require(!twice, fmt.Sprintf("%s.table[%d].from", at, k), fault.Duplicate, "stands twice")
		c.Require(
			math.Abs(row.To) <= greatest,
			fmt.Sprintf("%s.table[%d].to", at, k),
			fault.OutOfRange,
			"lies more than a million from nought",
		)
		to[row.From] = row.To
	}
	wanted := d.values(c, at, before[of], before[:of])
	for _, v := range wanted {
		row, there := to[v]
		if !there {
			c.Require(
				false,
				at+".table",
				fault.OutOfRange,
				fmt.Sprintf("has no row for %g: it needs one for every value", v),
			)
			return nil
		}
		all = append(all, row)
	}
	c.Require(len(to) == len(wanted), at+".table", fault.NotAllowed, "has rows for values that cannot be")
	slices.Sort(all)
	return all
}

// validateRange asks whether what is said of a score's range, steps and bands is what its values are.
func (s Score) validateRange(c *fault.Checks, at string, values []float64) {
	c.Require(
		s.Min == values[0] && s.Max == values[len(values)-1],
		at+".min",
		fault.OutOfRange,
		fmt.Sprintf("and max are %g and %g by its items", values[0], values[len(values)-1]),
	)
	c.Require(
		s.Resolution >= 0.001 && s.Resolution <= furthest,
		at+".resolution",
		fault.OutOfRange,
		"lies between a thousandth and a thousand",
	)
	c.Require(
		!slices.ContainsFunc(values, func(v float64) bool { return !isWhole(math.Round(v/s.Resolution*1e6) / 1e6) }),
		at+".resolution",
		fault.NotAllowed,
		"does not divide the values that the score can have",
	)
	out := slices.IndexFunc(values, func(v float64) bool {
		return len(s.Bands) > 0 && !slices.ContainsFunc(s.Bands, func(b Band) bool { return v >= b.From && v <= b.To })
	})
	if out >= 0 {
		c.Require(
			false,
			at+".bands",
			fault.OutOfRange,
			fmt.Sprintf("leave %g out: each value lies in one band", values[out]),
		)
	}
}

func steps(from, to float64) (all []float64) {
	for v := from; v <= to; v++ {
		all = append(all, v)
	}
	return all
}

func isWhole(v float64) bool { return v == math.Trunc(v) }
