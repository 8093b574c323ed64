package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/smsctl/smsctl/routing"
)

// Decision is why a carrier was chosen, as it was decided then. The terms of a candidate add up to its score.
type Decision struct {
	Type       string      `json:"type"`
	Value      Money       `json:"value"`    // what one delivered message is worth
	ByNoise    bool        `json:"by_noise"` // the noise made the difference: an experiment
	Probe      bool        `json:"probe"`    // the chosen one is suspect, and was asked whether it is well again
	Margin     Money       `json:"margin"`   // of the chosen one over the runner-up, without noise
	Candidates []Candidate `json:"candidates"`
}

// Candidate is what a carrier was in a decision. All but the reason is zero for one that could not be chosen.
type Candidate struct {
	Carrier  string  `json:"carrier"`
	Chosen   bool    `json:"chosen"`
	RunnerUp bool    `json:"runner_up"`
	Excluded string  `json:"excluded"` // why it was none: refused, tried, excluded, drained, down, open; "" = it was one
	Suspect  bool    `json:"suspect"`  // its receipts had stopped
	Blind    bool    `json:"blind"`    // it sends no receipts for this network
	Mean     float64 `json:"mean"`     // likely share delivered in time
	SD       float64 `json:"sd"`
	Here     float64 `json:"trials_network"`
	Above    float64 `json:"trials_country"`
	Noise    float64 `json:"noise_sd"` // standard deviations that chance added to the mean
	Trust    float64 `json:"trust"`
	Weight   float64 `json:"weight"`
	Worth    Money   `json:"worth"` // weight · value · trust · mean
	Price    Money   `json:"price"`
	Queue    Money   `json:"queue"`   // what waiting for it would cost
	Late     Money   `json:"latency"` // what its slowness costs
	Score    Money   `json:"score"`
}

// DecisionOf is a routing decision as reports show it.
func DecisionOf(d routing.Decision) *Decision {
	out := &Decision{Type: d.Type, Value: millionths(d.Value), ByNoise: d.ByNoise, Probe: d.Probe, Margin: millionths(d.Margin), Candidates: []Candidate{}}
	for _, c := range d.Candidates {
		x := Candidate{
			Carrier: c.Carrier, Chosen: c.Chosen, RunnerUp: c.Next, Suspect: c.Suspect, Blind: c.Blind,
			Mean: rounded(c.Mean), SD: rounded(c.SD), Here: rounded(c.Here), Above: rounded(c.Above), Noise: rounded(c.Noise),
			Trust: rounded(c.Trust), Weight: rounded(c.Weight),
			Worth: millionths(c.Worth), Price: millionths(c.Price), Queue: millionths(c.Queue), Late: millionths(c.Late),
		}
		x.Score = x.Worth - x.Price - x.Queue - x.Late // of the rounded terms: they add up
		if c.Reason != routing.Candidate {
			x.Excluded = c.Reason.String()
		}
		out.Candidates = append(out.Candidates, x)
	}
	return out
}

// ReadDecision reads a decision as it is stored with an attempt, nil if it is none. names are the carriers that may be in
// it; the chosen one is known for certain.
func ReadDecision(why, carrier string, names []string) *Decision {
	d, err := routing.ParseWhy(why, names)
	if err != nil {
		return nil
	}
	for i := range d.Candidates {
		if d.Candidates[i].Chosen {
			d.Candidates[i].Carrier = carrier
		}
	}
	return DecisionOf(d)
}

func millionths(x float64) Money { return Money(math.Round(x)) }
func rounded(x float64) float64  { return math.Round(x*1e5) / 1e5 }

// cells are score, reason and candidates of an attempt's row.
func (d *Decision) cells() (score, reason, candidates string) {
	if d == nil {
		return "", "", ""
	}
	var all []string
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Chosen {
			score, reason = c.Score.String(), d.reason()
		}
		what := c.Excluded
		if what == "" {
			what = c.Score.String()
		}
		all = append(all, c.Carrier+":"+what)
	}
	return score, reason, strings.Join(all, ";")
}

// reason says in a few words why the chosen one was chosen.
func (d *Decision) reason() string {
	candidates := 0
	for i := range d.Candidates {
		if d.Candidates[i].Excluded == "" {
			candidates++
		}
	}
	switch {
	case d.Probe:
		return "probe"
	case d.ByNoise:
		return "experiment"
	case candidates == 1:
		return "only candidate"
	}
	return "best score"
}

// note says what is special about a candidate.
func (d *Decision) note(c *Candidate) string {
	var notes []string
	switch {
	case c.Chosen:
		notes = append(notes, d.reason())
	case c.RunnerUp:
		notes = append(notes, "next in line")
	case c.Excluded != "":
		notes = append(notes, exclusion(c.Excluded))
	}
	if c.Suspect {
		notes = append(notes, "suspect: its receipts have stopped")
	}
	if c.Blind {
		notes = append(notes, "sends no receipts here")
	}
	if c.Trust < 1 && c.Excluded == "" {
		notes = append(notes, fmt.Sprintf("its receipts are believed by %.0f %%", 100*c.Trust))
	}
	if c.Weight != 1 && c.Excluded == "" {
		notes = append(notes, fmt.Sprintf("weight %g", c.Weight))
	}
	return strings.Join(notes, ", ")
}

func exclusion(reason string) string {
	switch reason {
	case "refused":
		return "has refused this message"
	case "tried":
		return "tried already"
	case "excluded":
		return "does not serve this country or type"
	case "drained":
		return "drained"
	case "down":
		return "down until somebody acts"
	case "open":
		return "its breaker is open"
	}
	return reason
}

// write shows a decision as a table of its terms.
func (d *Decision) write(p *page) {
	t := grid{heads: []string{"", "CARRIER", ">DELIVERS", ">±", ">TRIALS", ">WORTH", ">PRICE", ">WAIT", ">LATENCY", ">SCORE", "NOTE"}}
	mark := "›"
	if p.ASCII {
		mark = ">"
	}
	for i := range d.Candidates {
		c := &d.Candidates[i]
		row := []string{"", clean(c.Carrier), "-", "-", "-", "-", "-", "-", "-", "-", d.note(c)}
		if c.Chosen {
			row[0] = mark
		}
		if c.Excluded == "" {
			copy(row[2:], []string{
				fmt.Sprintf("%.1f %%", 100*c.Mean), fmt.Sprintf("%.1f", 100*c.SD), fmt.Sprintf("%.0f / %.0f", c.Here, c.Above),
				short(c.Worth), short(-c.Price), short(-c.Queue), short(-c.Late), short(c.Score),
			})
		}
		t.rows = append(t.rows, row)
	}
	p.grid(t)
	items := []string{"one delivered message is worth " + short(d.Value)}
	if d.Margin != 0 {
		items = append(items, "margin over the next "+short(d.Margin))
	}
	if d.ByNoise {
		items = append(items, "chosen by chance, to learn more")
	}
	p.items("  ", "   ", items...)
}

// short is an amount to four places.
func short(m Money) string { return fmt.Sprintf("%.4f", float64(m)/1e6+0) }

// WriteDecision shows a decision as people read it.
func (s Style) WriteDecision(d *Decision) string {
	p := &page{Style: s}
	d.write(p)
	return p.String()
}
