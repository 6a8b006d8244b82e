package outcomes

import (
	"fmt"
	"math"
	"slices"

	"waypost/internal/platform/codes"
	"waypost/internal/platform/fault"
)

// Whole refuses a definition that does not hold together: whatever passes can be scored without a surprise. Waypost's own
// definitions and a site's go through it alike.
func (i Instrument) Whole() error {
	var c fault.Checks
	for n, it := range i.Items {
		at := fmt.Sprintf("items[%d]", n)
		c.Require(!slices.ContainsFunc(i.Items[:n], func(o Item) bool { return o.Code == it.Code }), at+".code", "stands twice")
		it.whole(&c, at)
	}
	c.Require(!i.Context || len(i.Scores) == 0, "scores", "do not go with context: it is no outcome")
	for n, s := range i.Scores {
		at := fmt.Sprintf("scores[%d]", n)
		c.Require(!slices.ContainsFunc(i.Scores[:n], func(o Score) bool { return o.Code == s.Code }), at+".code", "stands twice")
		i.wholeScore(&c, at, s, i.Scores[:n])
	}
	return c.Err()
}

func (it Item) whole(c *fault.Checks, at string) {
	number, choice := it.Type == "number", it.Type == "choice"
	ranged := it.Min != nil && it.Max != nil
	c.Require(number == ranged && (it.Min == nil) == (it.Max == nil), at+".min", "and max go with a number, and only with one")
	c.Require(!number || !ranged || whole(*it.Min) && whole(*it.Max) && *it.Min < *it.Max, at+".min", "and max are whole numbers, the least first")
	c.Require(it.Codes == "" || choice, at+".codes", "go with a choice only")
	if choice && it.Codes != "" {
		_, known := codes.Lookup(it.Codes)
		c.Require(known, at+".codes", "names no code list: see GET /v1/code-lists")
	}
	c.Require(!choice || (it.Codes == "") == (len(it.Options) >= 2), at+".options", "of a choice are two or more, or else a code list is named")
	c.Require(it.Type != "text" || len(it.Options) == 0, at+".options", "do not go with a text")
	for k, o := range it.Options {
		twin := func(p Option) bool {
			return p.Code == o.Code && (p.Value == nil) == (o.Value == nil) && (p.Value == nil || *p.Value == *o.Value)
		}
		c.Require((o.Code != "") == choice && (o.Value != nil) == number, fmt.Sprintf("%s.options[%d]", at, k), "of a choice has a code, of a number a value")
		c.Require(!slices.ContainsFunc(it.Options[:k], twin), fmt.Sprintf("%s.options[%d]", at, k), "stands twice")
	}
	c.Require(!it.Private && !it.Repeat || it.Type == "text", at, "private and repeat go with a text only")
	c.Require(it.FlagFrom == nil || number && ranged && *it.FlagFrom >= *it.Min && *it.FlagFrom <= *it.Max, at+".flag_from", "goes with a number, within its range")
}

func (i Instrument) wholeScore(c *fault.Checks, at string, s Score, before []Score) {
	items := s.made()
	for k, code := range items {
		it, known := i.item(code)
		c.Require(known && it.Type == "number", at+".items", "names an item that is not there, or takes no number")
		c.Require(!slices.Contains(items[:k], code), at+".items", "names an item twice")
	}
	for _, code := range s.Reverse {
		c.Require(slices.Contains(s.Items, code), at+".reverse", "names an item the score is not made of")
	}
	c.Require((s.ResponderThreshold == nil) == (s.ThresholdSource == ""), at+".threshold_source", "and responder_threshold go together")
	s.wholeMissing(c, at, len(items))
	s.wholeMethod(c, at)
	if c.Err() != nil {
		return // a range worked out of what is wrong would only confuse
	}
	values := i.values(c, at, s, before)
	if c.Err() == nil {
		s.wholeRange(c, at, values)
	}
}

// made is the items a score is made of.
func (s Score) made() []string {
	items := s.Items
	for _, c := range s.Counts {
		items = append(items, c.Items...)
	}
	return items
}

func (s Score) wholeMethod(c *fault.Checks, at string) {
	c.Require(s.Method != "value" || len(s.Items) == 1, at+".items", "is one item for the method value")
	c.Require(s.Method != "sum" || len(s.Items) > 1, at+".items", "are two or more for the method sum")
	c.Require((s.Method == "count") == (len(s.Counts) > 0), at+".counts", "go with the method count, which needs them")
	c.Require((s.Method == "table") == (s.Of != "" && len(s.Table) > 0), at+".table", "and of go with the method table, which needs them")
	c.Require(s.Method == "value" || s.Method == "sum" || len(s.Items) == 0, at+".items", "go with the methods value and sum only")
}

func (s Score) wholeMissing(c *fault.Checks, at string, items int) {
	c.Require((s.MissingAllowed > 0) == (s.MissingAs != ""), at+".missing_as", "and missing_allowed go together")
	c.Require(s.MissingAllowed == 0 || s.MissingAllowed < items, at+".missing_allowed", "leaves no item to be answered")
	c.Require(s.MissingAs != "prorated" || s.Method == "sum", at+".missing_as", "prorated goes with the method sum")
	c.Require(s.MissingAs != "not_counted" || s.Method == "count", at+".missing_as", "not_counted goes with the method count")
}

// values are all that a score can be where nothing is missing, the least first.
func (i Instrument) values(c *fault.Checks, at string, s Score, before []Score) (all []float64) {
	switch s.Method {
	case "count":
		return steps(0, float64(len(s.made())), 1)
	case "table":
		of := slices.IndexFunc(before, func(o Score) bool { return o.Code == s.Of })
		if of < 0 || before[of].MissingAs == "prorated" {
			c.Require(false, at+".of", "names no score before this one, or one that is prorated")
			return nil
		}
		wanted := i.values(c, at, before[of], before[:of])
		for _, v := range wanted {
			rows := 0
			for _, row := range s.Table {
				if row.From == v {
					rows++
					all = append(all, row.To)
				}
			}
			c.Require(rows == 1, at+".table", fmt.Sprintf("has %d rows for %g: it needs one for every value", rows, v))
		}
		c.Require(len(s.Table) == len(wanted), at+".table", "has rows for values that cannot be")
		slices.Sort(all)
		return all
	}
	var least, most float64
	for _, code := range s.Items {
		it, _ := i.item(code)
		least, most = least+*it.Min, most+*it.Max
	}
	return steps(least, most, 1)
}

// wholeRange asks whether what is said of a score's range, steps and bands is what its values are.
func (s Score) wholeRange(c *fault.Checks, at string, values []float64) {
	c.Require(s.Min == values[0] && s.Max == values[len(values)-1], at+".min", fmt.Sprintf("and max are %g and %g by its items", values[0], values[len(values)-1]))
	for _, v := range values {
		c.Require(whole(math.Round(v/s.Resolution*1e6)/1e6), at+".resolution", "does not divide the values that the score can have")
		in := 0
		for _, b := range s.Bands {
			if v >= b.From && v <= b.To {
				in++
			}
		}
		c.Require(len(s.Bands) == 0 || in == 1, at+".bands", fmt.Sprintf("hold %g %d times: each value lies in one band", v, in))
	}
}

func steps(from, to, by float64) (all []float64) {
	for v := from; v <= to; v += by {
		all = append(all, v)
	}
	return all
}

func whole(v float64) bool { return v == math.Trunc(v) }
