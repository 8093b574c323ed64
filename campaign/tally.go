package campaign

import (
	"cmp"
	"maps"
	"slices"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
)

// Tally is what intake has counted: the plan is made of it.
type Tally struct {
	Rows, Invalid, Duplicate, OptedOut int64
	Countries                          map[string]Share
	Labelled, Unlabelled               map[string]int64 // messages by country
	Segments                           map[int]int64    // messages by their number of segments
	UCS2                               int64
	AtCap                              int64          // messages that a frequency cap holds
	Offenders                          map[rune]int64 // messages by the characters that make them UCS-2
	Samples                            []Recipient
	Waits                              Waits // of a list with times
}

// Share is a part of a campaign.
type Share struct{ Messages, Segments int64 }

// maxSamples is how many messages a plan may show.
const maxSamples = 20

// Eligible is the number of messages.
func (t *Tally) Eligible() (n int64) {
	for _, s := range t.Countries {
		n += s.Messages
	}
	return n
}

// AllSegments is the number of segments of all messages.
func (t *Tally) AllSegments() (n int64) {
	for _, s := range t.Countries {
		n += s.Segments
	}
	return n
}

// Cost prices the segments; unknown are the messages to countries without a price.
func (t *Tally) Cost(price func(country string) (carriers.Price, bool)) (total carriers.Price, unknown int64) {
	for country, s := range t.Countries {
		if p, ok := price(country); ok {
			total += p * carriers.Price(s.Segments)
		} else {
			unknown += s.Messages
		}
	}
	return total, unknown
}

// ByMessages lists the countries, largest first.
func (t *Tally) ByMessages() []string {
	return slices.SortedFunc(maps.Keys(t.Countries), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.Countries[b].Messages, t.Countries[a].Messages), cmp.Compare(a, b))
	})
}

func (t *Tally) add(r *Recipient) {
	t.count(r, 1)
	if len(t.Samples) < maxSamples {
		t.Samples = append(t.Samples, *r)
	}
}

// undo takes back the recipients of a batch that were counted before they turned out to be duplicates.
func (t *Tally) undo(batch []Recipient, dups []Reject) {
	if len(dups) == 0 {
		return
	}
	lines := make(map[int]bool, len(dups))
	for i := range dups {
		lines[dups[i].Line] = true
	}
	for i := range batch {
		if lines[batch[i].Line] {
			t.count(&batch[i], -1)
			if t.Waits.groups != nil {
				t.Waits.add(&batch[i], -1)
			}
		}
	}
	t.Samples = slices.DeleteFunc(t.Samples, func(s Recipient) bool { return lines[s.Line] })
	t.Duplicate += int64(len(dups))
}

func (t *Tally) count(r *Recipient, n int64) {
	t.ready()
	s := t.Countries[r.Country]
	t.Countries[r.Country] = Share{s.Messages + n, s.Segments + n*int64(r.Segments)}
	t.Segments[r.Segments] += n
	if r.Labelled {
		t.Labelled[r.Country] += n
	}
	if r.Unlabelled {
		t.Unlabelled[r.Country] += n
	}
	if r.AtCap {
		t.AtCap += n
	}
	if !r.UCS2 {
		return
	}
	t.UCS2 += n
	for _, c := range gsm.Offenders(r.Text) {
		if _, known := t.Offenders[c]; known || len(t.Offenders) < maxOffenders {
			t.Offenders[c] += n
		}
	}
}

func (t *Tally) ready() {
	if t.Countries == nil {
		t.Countries, t.Segments, t.Offenders = map[string]Share{}, map[int]int64{}, map[rune]int64{}
		t.Labelled, t.Unlabelled = map[string]int64{}, map[string]int64{}
	}
}

// maxOffenders bounds the table: a list in another alphabet has thousands of such characters, and none matters.
const maxOffenders = 64

func (t *Tally) merge(o *Tally) {
	t.Invalid += o.Invalid
	t.OptedOut += o.OptedOut
	t.UCS2 += o.UCS2
	t.AtCap += o.AtCap
	t.Waits.merge(&o.Waits)
	t.ready()
	for c, s := range o.Countries {
		was := t.Countries[c]
		t.Countries[c] = Share{was.Messages + s.Messages, was.Segments + s.Segments}
	}
	for k, n := range o.Segments {
		t.Segments[k] += n
	}
	for c, n := range o.Labelled {
		t.Labelled[c] += n
	}
	for c, n := range o.Unlabelled {
		t.Unlabelled[c] += n
	}
	for c, n := range o.Offenders {
		if _, known := t.Offenders[c]; known || len(t.Offenders) < maxOffenders {
			t.Offenders[c] += n
		}
	}
	t.Samples = append(t.Samples, o.Samples[:min(len(o.Samples), maxSamples-len(t.Samples))]...)
}
