package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
)

// compare holds the store against the model.
func (w *world) compare() {
	states := map[string]campaign.State{}
	attempts := map[string]int{}
	w.must(w.s.EachMessage(w.ctx, w.c, store.Filter{}, func(m *report.Message) error {
		states[m.To], attempts[m.To] = m.State, m.Attempts
		return nil
	}))
	for _, p := range w.people {
		to := "+" + itoa(p.phone)
		if states[to] != p.state() || attempts[to] != len(p.attempts) {
			w.Fatalf("%s is %s after %d attempts, the model says %s after %d", to, states[to], attempts[to], p.state(), len(p.attempts))
		}
	}
	w.compareDue()
	got, err := w.s.Counts(w.ctx, w.c.ID)
	w.must(err)
	want := w.counts()
	for _, l := range got.Laws() {
		if !l.Holds() {
			w.Fatalf("broken law: %s", l)
		}
	}
	want.Rows, want.Invalid, want.Duplicate, want.OptedOut = got.Rows, got.Invalid, got.Duplicate, got.OptedOut
	want.Segments, want.FailedActionable = got.Segments, got.FailedActionable
	if got != want {
		w.Fatalf("counts\n%+v, the model says\n%+v", got, want)
	}
}

// compareDue holds what dispatch reads against the model.
func (w *world) compareDue() {
	fresh, err := w.s.Fresh(w.ctx, w.c.ID, 0, 0, 100)
	w.must(err)
	again, err := w.s.Again(w.ctx, w.c.ID, w.now.Add(time.Hour), 100)
	w.must(err)
	due := map[int64]campaign.Due{}
	for _, d := range append(fresh, again...) {
		if _, twice := due[d.ID]; twice {
			w.Fatalf("recipient %d is due twice", d.ID)
		}
		due[d.ID] = d
	}
	for _, p := range w.people {
		d, is := due[p.id]
		if is != (p.state() == campaign.Queued) {
			w.Fatalf("%#v is %s and due: %v", p, p.state(), is)
		}
		if !is {
			continue
		}
		var tried []string
		for _, a := range p.attempts {
			tried = append(tried, a.carrier)
		}
		if d.Counted != p.counted || !slices.Equal(d.Tried, tried) {
			w.Fatalf("%#v: counted %d, tried %v; the model says %d, %v", p, d.Counted, d.Tried, p.counted, tried)
		}
	}
}

// check has the store prove itself.
func (w *world) check() {
	res, err := w.s.Check(w.ctx, true)
	w.must(err)
	if len(res.Findings) > 0 {
		var lines []string
		for _, f := range res.Findings {
			lines = append(lines, f.String())
		}
		w.Fatalf("check found\n%s", strings.Join(lines, "\n"))
	}
	if res.Receipts != w.model.receipts {
		w.Fatalf("%d receipts are stored, %d came", res.Receipts, w.model.receipts)
	}
}
