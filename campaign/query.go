package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query chooses campaigns, in `campaign list` and in the browser alike:
//
//	state:paused,running   in one of these states; state:!completed in none of them
//	tag:team=crm tag:vip   with this label, whatever its value without one
//	conf<95 failed>=10     by a number: conf, accepted, failed, unknown, queued, handled, eligible, pct, cost
//	age<2d                 by its age
//	spring                 with this in its name
//
// All terms must hold. The zero value chooses all.
type Query struct {
	text  string
	terms []func(f *QueryFacts) bool
}

// QueryFacts are what a query looks at.
type QueryFacts struct {
	Campaign *Campaign
	Status   Status // as it is shown
	Counts   Counts
	Spent    float64
	Age      time.Duration
}

// ParseQuery reads a query.
func ParseQuery(text string) (Query, error) {
	q := Query{text: strings.Join(strings.Fields(text), " ")}
	for _, word := range strings.Fields(text) {
		term, err := parseTerm(word)
		if err != nil {
			return Query{}, err
		}
		q.terms = append(q.terms, term)
	}
	return q, nil
}

// String is the query as it was written.
func (q Query) String() string { return q.text }

// Match says whether a campaign is chosen.
func (q Query) Match(f QueryFacts) bool {
	return !slices.ContainsFunc(q.terms, func(term func(*QueryFacts) bool) bool { return !term(&f) })
}

func parseTerm(word string) (func(*QueryFacts) bool, error) {
	if i := strings.IndexAny(word, "<>"); i > 0 {
		return parseComparison(word, i)
	}
	switch key, value, found := strings.Cut(word, ":"); {
	case found && (key == "state" || key == "status"):
		return parseStates(value)
	case found && key == "tag":
		name, want, valued := strings.Cut(value, "=")
		return func(f *QueryFacts) bool {
			got, has := f.Campaign.Tags[name]
			return has && (!valued || got == want)
		}, nil
	case found:
		return nil, fmt.Errorf("%q is no term: write state:, tag:, a number like conf<95, or a part of the name", word)
	}
	part := strings.ToLower(word)
	return func(f *QueryFacts) bool { return strings.Contains(strings.ToLower(f.Campaign.Name), part) }, nil
}

func parseStates(value string) (func(*QueryFacts) bool, error) {
	value, not := strings.CutPrefix(value, "!")
	var states []Status
	for word := range strings.SplitSeq(value, ",") {
		st := Status(strings.ToLower(word))
		if !slices.Contains(Statuses(), st) {
			return nil, fmt.Errorf("%q is no state of a campaign: %s", word, join(Statuses()))
		}
		states = append(states, st)
	}
	return func(f *QueryFacts) bool { return slices.Contains(states, f.Status) != not }, nil
}

func join(all []Status) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// queryNumbers are what can be compared with a number; false says that there is none to compare.
//
//nolint:gochecknoglobals // a table that nothing writes to
var queryNumbers = map[string]func(*QueryFacts) (float64, bool){
	"conf": func(f *QueryFacts) (float64, bool) {
		return part(f.Counts.Delivered, f.Counts.Delivered+f.Counts.Undelivered)
	},
	"pct":      func(f *QueryFacts) (float64, bool) { return part(f.Counts.Handled(), f.Counts.Eligible) },
	"accepted": func(f *QueryFacts) (float64, bool) { return float64(f.Counts.Accepted()), true },
	"failed":   func(f *QueryFacts) (float64, bool) { return float64(f.Counts.Failed + f.Counts.Expired), true },
	"unknown":  func(f *QueryFacts) (float64, bool) { return float64(f.Counts.Unknown), true },
	"queued":   func(f *QueryFacts) (float64, bool) { return float64(f.Counts.Queued), true },
	"handled":  func(f *QueryFacts) (float64, bool) { return float64(f.Counts.Handled()), true },
	"eligible": func(f *QueryFacts) (float64, bool) { return float64(f.Counts.Eligible), true },
	"cost":     func(f *QueryFacts) (float64, bool) { return f.Spent, true },
	"age":      func(f *QueryFacts) (float64, bool) { return f.Age.Seconds(), true },
}

func part(num, den int64) (float64, bool) {
	if den == 0 {
		return 0, false
	}
	return 100 * float64(num) / float64(den), true
}

func parseComparison(word string, at int) (func(*QueryFacts) bool, error) {
	key, op, value := strings.ToLower(word[:at]), word[at:at+1], word[at+1:]
	if rest, ok := strings.CutPrefix(value, "="); ok {
		op, value = op+"=", rest
	}
	number, known := queryNumbers[key]
	if !known {
		return nil, fmt.Errorf("%q cannot be compared: write conf, pct, accepted, failed, unknown, queued, handled, eligible, cost or age", key)
	}
	want, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
	if key == "age" {
		var d time.Duration
		d, err = parseAge(value)
		want = d.Seconds()
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no number to compare %s with", value, key)
	}
	return func(f *QueryFacts) bool {
		got, ok := number(f)
		switch op {
		case "<":
			return ok && got < want
		case "<=":
			return ok && got <= want
		case ">":
			return ok && got > want
		}
		return ok && got >= want
	}, nil
}

// parseAge reads a duration that may be of days.
func parseAge(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		return time.Duration(n * 24 * float64(time.Hour)), err
	}
	return time.ParseDuration(s)
}
