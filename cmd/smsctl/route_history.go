package main

import (
	"context"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/routing/lab"
	"github.com/smsctl/smsctl/store"
)

type historyRow struct {
	Policy    string   `json:"policy"`
	OnTime    *between `json:"on_time"` // null where the past cannot tell
	Gain      *between `json:"gain"`    // a message's value less its price, in millionths of the currency
	Supported float64  `json:"supported"`
	Worth     float64  `json:"worth"` // attempts that the estimate has the weight of
}

// between is an estimate with its 95 % interval.
type between struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// fromHistory estimates what other policies would have made of the past.
func (s *session) fromHistory(ctx context.Context) error {
	t, err := s.newTable(columns("policy", ">on_time", ">low", ">high", ">gain", ">supported", ">worth"))
	if err != nil {
		return err
	}
	past, left, err := s.past(ctx)
	if err != nil {
		return err
	}
	rows := []historyRow{}
	for _, e := range lab.FromHistory(past) {
		r := historyRow{Policy: e.Policy, Supported: e.Supported, Worth: e.Worth}
		on, low, high, gain := "", "", "", ""
		if e.Tells() {
			r.OnTime, r.Gain = &between{e.OnTime.Mean, e.OnTime.Low, e.OnTime.High}, &between{e.Gain.Mean, e.Gain.Low, e.Gain.High}
			on, low, high = percent(&e.OnTime.Mean), percent(&e.OnTime.Low), percent(&e.OnTime.High)
			gain = carriers.Price(e.Gain.Mean).String()
		}
		rows = append(rows, r)
		t.row(e.Policy, on, low, high, gain, percent(&e.Supported), fmt.Sprintf("%.0f", e.Worth))
	}
	doc := map[string]any{"schema": "smsctl.route_history/1", "attempts": len(past), "left_out": left, "policies": rows}
	return s.print(doc, func() error {
		if !t.plain {
			if err := s.printf("%s first attempts with a decision that chance could have changed; %s others are left out\n\n",
				count(int64(len(past))), count(int64(left))); err != nil {
				return err
			}
		}
		return t.flush()
	})
}

// past reads the first attempts that were decided between several carriers. Probes of a suspect carrier are left out: they
// were not chosen by their score.
func (s *session) past(ctx context.Context) (past []lab.Past, left int, err error) {
	all, err := s.store.Campaigns(ctx, s.mode, s.flags.profile, 0)
	if err != nil {
		return nil, 0, err
	}
	for _, c := range all {
		err := s.store.EachAttempt(ctx, c, store.Filter{}, func(a *report.Attempt) error {
			if a.N != 1 {
				return nil
			}
			if p, ok := pastOf(a); ok {
				past = append(past, p)
			} else {
				left++
			}
			return nil
		})
		if err != nil {
			return nil, 0, fmt.Errorf("reading the attempts of %s: %w", c.Name, err)
		}
	}
	return past, left, nil
}

func pastOf(a *report.Attempt) (p lab.Past, ok bool) {
	d := a.Decision
	if d == nil || d.Probe || a.Outcome == campaign.AttemptSending {
		return p, false
	}
	for _, c := range d.Candidates {
		if c.Excluded != "" {
			continue
		}
		if c.Chosen {
			p.Chosen, ok = len(p.Options), true
		}
		p.Options = append(p.Options, lab.Option{
			Carrier: c.Carrier, Score: float64(c.Score), Mean: c.Mean, Price: float64(c.Price),
			Spread: c.Weight * float64(d.Value) * c.Trust * routing.Boldness(d.Type) * c.SD,
		})
	}
	within := 4 * time.Hour
	if d.Type == string(campaign.Transactional) {
		within = 90 * time.Second
	}
	p.ByNoise, p.Value, p.Cost = d.ByNoise, float64(d.Value), float64(a.Cost)
	p.OnTime = a.Receipt == carriers.ReceiptDelivered && a.ReceiptAt != nil && a.ReceiptAt.Sub(a.SubmittedAt) <= within
	return p, ok && len(p.Options) > 1
}
