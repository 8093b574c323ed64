package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

const firstPhone = 447_700_900_000 // the number of a campaign's first recipient

// town is a store with a campaign and the rules by which replies are judged.
type town struct {
	*testing.T
	*store.Store
	c      *campaign.Campaign
	rules  *optout.Rules
	policy store.InboundPolicy
	n      int
}

func newTown(t *testing.T, n int, edit func(*campaign.Campaign)) *town {
	s := storetest.Open(t)
	return &town{
		T: t, Store: s, c: storetest.Campaign(t, s, n, edit), rules: optout.NewRules(optout.Keywords()),
		policy: store.InboundPolicy{StopScope: "brand", Hold: true},
	}
}

// hears hands a message in from the i-th recipient, with an id of its own unless one is given.
func (w *town) hears(i int, text string, id ...string) store.Heard {
	w.Helper()
	w.n++
	in := store.Inbound{
		Inbound: carriers.Inbound{ID: "in" + time.Duration(w.n).String(), From: "+44770090000x", To: "+15005550006", Text: text, At: time.Now()},
		Phone:   firstPhone + uint64(i), Verdict: w.rules.Judge(text, ""),
	}
	if len(id) > 0 {
		in.ID = id[0]
	}
	heard, err := w.TakeInbound(w.Context(), "alpha", []store.Inbound{in}, w.policy)
	if err != nil || len(heard) != 1 {
		w.Fatal(heard, err)
	}
	return heard[0]
}

// begin tries to send to the i-th recipient.
func (w *town) begin(i int) error {
	w.Helper()
	_, err := w.Begin(w.Context(), campaign.Start{Lease: storetest.Token, Recipient: w.c.ID<<32 | int64(i+1), Carrier: "alpha"})
	return err
}

func (w *town) state(i int) (campaign.State, string) {
	w.Helper()
	written, err := w.WrittenTo(w.Context(), firstPhone+uint64(i))
	if err != nil || len(written) != 1 {
		w.Fatal(written, err)
	}
	return written[0].State, written[0].Reason
}

func (w *town) scopes(i int) (all []string) {
	w.Helper()
	entries, err := w.CheckOptOut(w.Context(), firstPhone+uint64(i))
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, string(e.Scope))
	}
	return all
}

func (w *town) sound() {
	w.Helper()
	res, err := w.Check(w.Context(), true)
	if err != nil || len(res.Findings) > 0 {
		w.Errorf("db check: %+v %v", res, err)
	}
}

func TestStopSuppressesInItsCommit(t *testing.T) {
	w := newTown(t, 4, func(c *campaign.Campaign) { c.Settings.Brand = "Shop" })
	if h := w.hears(1, "Stop!"); !h.Changed || h.Scope != "class:promotional" || h.Duplicate || h.Review {
		t.Errorf("%+v", h)
	}
	if state, reason := w.state(1); state != campaign.Suppressed || reason != "optout:1" {
		t.Errorf("%s, %s", state, reason)
	}
	if err := w.begin(1); !errors.Is(err, campaign.ErrNotDue) {
		t.Errorf("it is sent to: %v", err)
	}
	if err := w.begin(2); err != nil {
		t.Errorf("somebody else is not sent to: %v", err)
	}
	// Whom a campaign has written to stops that campaign's brand.
	if h := w.hears(2, "stop please"); h.Scope != "brand:Shop" {
		t.Errorf("%+v", h)
	}
	if h := w.hears(3, "STOP ALL"); h.Scope != "all" {
		t.Errorf("%+v", h)
	}
	entries, err := w.CheckOptOut(t.Context(), firstPhone+1)
	if err != nil || len(entries) != 1 || entries[0].Source != "inbound" || entries[0].Actor != "recipient" || entries[0].HonouredAt.IsZero() ||
		entries[0].Evidence != `inbound 1 via alpha (in1ns) to +15005550006: "Stop!"` {
		t.Errorf("%+v %v", entries, err)
	}
	w.sound()
}

func TestTheSameMessageTwice(t *testing.T) {
	w := newTown(t, 2, nil)
	w.hears(0, "STOP", "id1")
	if h := w.hears(0, "STOP", "id1"); !h.Duplicate || h.Changed {
		t.Errorf("%+v", h)
	}
	w.hears(0, "START", "id2")
	if h := w.hears(0, "STOP", "id1"); !h.Duplicate || len(w.scopes(0)) != 0 { // it comes late, and is old
		t.Errorf("%+v, %v", h, w.scopes(0))
	}
	// Without an id, what comes twice in a row is one message, and what comes in between is not lost.
	w.hears(1, "STOP", "")
	if h := w.hears(1, "STOP", ""); !h.Duplicate {
		t.Errorf("%+v", h)
	}
	w.hears(1, "START", "")
	if h := w.hears(1, "STOP", ""); h.Duplicate || !h.Changed || len(w.scopes(1)) != 1 {
		t.Errorf("%+v, %v", h, w.scopes(1))
	}
	w.sound()
}

// START lifts what the person has put on the list, and nothing else.
func TestStartLiftsOnlyTheirOwn(t *testing.T) {
	w := newTown(t, 3, nil)
	ctx := t.Context()
	for _, source := range []string{"cli", "import", "carrier"} {
		e := store.OptOut{Phone: firstPhone, Scope: optout.Sender(source), Source: source, Reason: "stop", Actor: "test"}
		if _, err := w.AddOptOuts(ctx, []store.OptOut{e}); err != nil {
			t.Fatal(err)
		}
	}
	w.hears(0, "STOP")
	w.hears(0, "STOP ALL")
	if h := w.hears(0, "YES"); h.Action != optout.None || len(w.scopes(0)) != 5 {
		t.Errorf("%+v, %v", h, w.scopes(0))
	}
	if h := w.hears(0, "Start"); !h.Changed {
		t.Errorf("%+v", h)
	}
	if got := w.scopes(0); !slices.Equal(got, []string{"sender:carrier", "sender:cli", "sender:import"}) {
		t.Errorf("left are %v", got)
	}
	if h := w.hears(1, "START"); h.Changed {
		t.Errorf("of nothing: %+v", h)
	}
	// Another brand's stays.
	w.policy.Brand = "Other"
	w.hears(2, "STOP")
	w.policy.Brand = "Shop"
	w.hears(2, "STOP")
	w.hears(2, "START")
	if got := w.scopes(2); !slices.Equal(got, []string{"brand:Other"}) {
		t.Errorf("left are %v", got)
	}
	w.sound()
}

func TestReview(t *testing.T) {
	w := newTown(t, 6, nil)
	ctx := t.Context()
	const doubt = "I want to cancel my order"
	for i := range 5 {
		if h := w.hears(i, doubt); !h.Review || h.Action != optout.Review || h.Scope != optout.Promotional {
			t.Errorf("%+v", h)
		}
		if state, reason := w.state(i); state != campaign.Suppressed || reason[:5] != "hold:" {
			t.Errorf("%s, %s", state, reason)
		}
	}
	set, err := w.OptOuts(ctx, optout.Target{Class: "promotional"})
	if err != nil || set.Has(firstPhone) || set.Has(firstPhone+1) {
		t.Errorf("who is held counts as opted out: %v %v", set, err)
	}
	if _, err := w.Review(ctx, 99, true, "", "ana"); !errors.Is(err, campaign.ErrNotFound) {
		t.Error(err)
	}
	if resumed, err := w.Review(ctx, 1, true, "", "ana"); err != nil || len(resumed) != 0 || !slices.Equal(w.scopes(0), []string{"class:promotional"}) {
		t.Errorf("accepted: %v %v, %v", resumed, err, w.scopes(0))
	}
	if _, reason := w.state(0); reason[:7] != "optout:" {
		t.Errorf("accepted, and still %s", reason)
	}
	if _, err := w.Review(ctx, 1, false, "", "ana"); !errors.Is(err, store.ErrReviewed) {
		t.Error(err)
	}
	if resumed, err := w.Review(ctx, 2, false, "", "ana"); err != nil || !slices.Equal(resumed, []string{"spring"}) || len(w.scopes(1)) != 0 {
		t.Errorf("dismissed: %v %v, %v", resumed, err, w.scopes(1))
	}
	if err := w.begin(1); err != nil {
		t.Errorf("dismissed, and not sent to: %v", err)
	}
	if _, err := w.Review(ctx, 3, true, optout.All, "ana"); err != nil || !slices.Equal(w.scopes(2), []string{"all"}) {
		t.Errorf("accepted for everything: %v, %v", w.scopes(2), err)
	}
	// A clear word decides by itself.
	w.hears(3, "STOP")
	w.hears(4, "START")
	if state, _ := w.state(4); state != campaign.Queued || len(w.scopes(4)) != 0 || !slices.Equal(w.scopes(3), []string{"class:promotional"}) {
		t.Errorf("%s, %v, %v", state, w.scopes(4), w.scopes(3))
	}
	left := 0
	if err := w.EachInbound(ctx, 0, func(*store.Reply) error { left++; return nil }); err != nil || left != 0 {
		t.Errorf("%d wait, %v", left, err)
	}
	// Two in doubt: the second holds when the first is dismissed.
	a, b := w.hears(5, doubt), w.hears(5, "please remove my address from the parcel")
	if resumed, err := w.Review(ctx, a.ID, false, "", "ana"); err != nil || len(resumed) != 0 || len(w.scopes(5)) != 1 {
		t.Errorf("%v %v, %v", resumed, err, w.scopes(5))
	}
	if resumed, err := w.Review(ctx, b.ID, false, "", "ana"); err != nil || len(resumed) != 1 || len(w.scopes(5)) != 0 {
		t.Errorf("%v %v, %v", resumed, err, w.scopes(5))
	}
	w.sound()
}

// With hold_on_review: false a reply in doubt waits, and the number does not.
func TestReviewWithoutAHold(t *testing.T) {
	w := newTown(t, 1, nil)
	w.policy.Hold = false
	if h := w.hears(0, "the end"); !h.Review || h.Changed {
		t.Errorf("%+v", h)
	}
	if err := w.begin(0); err != nil {
		t.Error(err)
	}
}

// A stop whose sender cannot be told is a person's to find out.
func TestStopOfNobodyKnown(t *testing.T) {
	w := newTown(t, 1, nil)
	in := store.Inbound{Inbound: carriers.Inbound{From: "12345", Text: "STOP", At: time.Now()}, Verdict: w.rules.Judge("STOP", "")}
	heard, err := w.TakeInbound(t.Context(), "alpha", []store.Inbound{in}, w.policy)
	if err != nil || !heard[0].Review || heard[0].Changed {
		t.Errorf("%+v %v", heard, err)
	}
	if _, err := w.Review(t.Context(), heard[0].ID, true, "", "ana"); err != nil {
		t.Error(err)
	}
}

func TestHowFarAStopReaches(t *testing.T) {
	for wanted, want := range map[string]struct{ before, after string }{
		"brand": {"class:promotional", "brand:Shop"}, "all": {"all", "all"}, "sender": {"class:promotional", "sender:ACME"},
		"campaign": {"class:promotional", ""},
	} {
		w := newTown(t, 2, func(c *campaign.Campaign) { c.Settings.Brand = "Shop" })
		w.policy.StopScope = wanted
		if want.after == "" {
			want.after = "campaign:" + w.c.PublicID
		}
		if err := w.begin(1); err != nil {
			t.Fatal(err)
		}
		if got := w.hears(0, "STOP").Scope; string(got) != want.before {
			t.Errorf("%s, never written to: %s", wanted, got)
		}
		if got := w.hears(1, "STOP").Scope; string(got) != want.after {
			t.Errorf("%s: %s, want %s", wanted, got, want.after)
		}
	}
}

// What is answered: once, soon, and only what the carrier has not answered itself.
func TestReplies(t *testing.T) {
	w := newTown(t, 4, nil)
	ctx := t.Context()
	w.policy.Replies = store.Replies{Stop: "You are out.", Start: "You are in.", Help: "Write to us."}
	due := func() (kinds []string) {
		all, err := w.DueReplies(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			kinds = append(kinds, r.Kind)
			if ours, err := w.BeginReply(ctx, r.ID); err != nil || !ours {
				t.Errorf("%v %v", ours, err)
			}
			if ours, err := w.BeginReply(ctx, r.ID); err != nil || ours {
				t.Errorf("claimed twice: %v", err)
			}
			if err := w.EndReply(ctx, r.ID, "accepted", ""); err != nil {
				t.Error(err)
			}
		}
		return kinds
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"STOP", []string{"stop"}}, {"STOP", nil}, {"please stop", nil}, {"START", []string{"start"}}, {"START", nil}, {"HELP", []string{"help"}},
		{"INFO", nil}, {"hello", nil}, {"please cancel it", nil},
	} {
		w.hears(0, c.text)
		if got := due(); !slices.Equal(got, c.want) {
			t.Errorf("%q is answered by %v, want %v", c.text, got, c.want)
		}
	}
	take := func(in store.Inbound) {
		if _, err := w.TakeInbound(ctx, "alpha", []store.Inbound{in}, w.policy); err != nil {
			t.Fatal(err)
		}
	}
	in := store.Inbound{Inbound: carriers.Inbound{ID: "a", Text: "STOP", At: time.Now(), Said: "stop"}, Phone: firstPhone + 1, Verdict: w.rules.Judge("STOP", "stop")}
	take(in)
	if got := due(); got != nil {
		t.Errorf("answered after the carrier: %v", got)
	}
	in.ID, in.Said, in.Phone, in.At = "b", "", firstPhone+2, time.Now().Add(-6*time.Minute)
	take(in)
	if got := due(); got != nil {
		t.Errorf("answered after six minutes: %v", got)
	}
	sent, err := w.RepliesTo(ctx, firstPhone)
	if err != nil || len(sent) != 3 || sent[0].Text != "You are out." || sent[0].State != "accepted" {
		t.Errorf("%+v %v", sent, err)
	}
}

// A carrier's own word of an opt-out holds for every carrier: refused or by receipt.
func TestCarriersSayOptedOut(t *testing.T) {
	w := newTown(t, 2, nil)
	ctx := context.Background()
	for i := range 2 {
		started, err := w.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: w.c.ID<<32 | int64(i+1), Carrier: "alpha"})
		if err != nil {
			t.Fatal(err)
		}
		o := campaign.Outcome{Attempt: started.Attempt, Recipient: w.c.ID<<32 | int64(i+1), Counted: true, Next: campaign.Failed, OptOut: true}
		if o.Result = carriers.Refuse(carriers.ClassRecipientOptedOut, "21610", "", ""); i == 1 {
			o.Result, o.Next, o.OptOut = carriers.Accept("id", "HTTP 201"), campaign.Awaiting, false
		}
		if err := w.RecordNow(ctx, o); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			r := carriers.Receipt{Ref: started.Ref, State: carriers.ReceiptFailed, Class: carriers.ClassRecipientOptedOut, Code: "200"}
			if err := w.ApplyReceipts(ctx, "alpha", "callback", []carriers.Receipt{r}); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := w.CheckOptOut(ctx, firstPhone+uint64(i))
		want := []string{"attempt 1 21610", "attempt 2 200"}[i]
		if err != nil || len(entries) != 1 || entries[0].Scope != optout.All || entries[0].Source != "carrier" || entries[0].Evidence != want {
			t.Errorf("%+v %v", entries, err)
		}
		w.hears(i, "START")
		if len(w.scopes(i)) != 1 {
			t.Error("START lifts what the carrier says")
		}
	}
	w.sound()
}
