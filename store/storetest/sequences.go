package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// Sequences runs random operation sequences on a backend and on the model, compares every recipient's state and all
// counts after every step, and has Check look at the file at the end and after each reopening. A failure is shrunk to
// the shortest sequence that still fails; rapid prints the file and the flag (-rapid.seed) that replay it.
func Sequences(t *testing.T, open Opener) {
	t.Helper()
	root, runs := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		dir := filepath.Join(root, strconv.Itoa(runs)) // removed when the run ends: there may be thousands
		w := &world{T: rt, ctx: context.Background(), open: open, path: filepath.Join(dir, "s.db"), now: time.UnixMilli(1_700_000_000_000)}
		w.start()
		defer func() { w.must(errors.Join(w.s.Close(), os.RemoveAll(dir))) }()
		rt.Repeat(map[string]func(*rapid.T){
			"":          func(*rapid.T) { w.compare() },
			"begin":     w.begin,
			"begin two": func(t *rapid.T) { w.begin(t); w.begin(t) },
			"answer":    w.answer,
			"receipt":   w.receipts,
			"opt-out":   w.optOut,
			"opt-in":    w.optIn,
			"overdue":   w.overdue,
			"requeue":   w.requeue,
			"resolve":   w.resolve,
			"end":       w.end,
			"crash":     w.crash,
			"reopen":    w.reopen,
			"take over": w.takeOver,
			"pause":     w.pause,
			"clock": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ms")) * time.Millisecond)
			},
			"cancel all": w.cancel,
		})
		w.check()
	})
}

// world is one run: a store and the model that it is held against.
type world struct {
	*rapid.T
	model
	ctx    context.Context //nolint:containedctx // one for the whole run
	open   Opener
	path   string
	now    time.Time
	s      Store
	c      *campaign.Campaign
	lease  string
	leases int
	until  time.Time // of the lease
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) want(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Fatalf("error %v, want %v", err, want)
	}
}

// names are the carriers. beta's receipts name its own id alone, gamma sends none.
var names = [...]string{"alpha", "beta", "gamma"} //nolint:gochecknoglobals // constant

// start imports a campaign in several batches, in which some numbers come again.
func (w *world) start() {
	w.optOuts, w.sender = map[uint64]map[string]bool{}, "ACME"
	w.s = w.opened()
	w.c = &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Identity: "i", Type: campaign.Promotional, Sender: w.sender, Settings: campaign.Settings{Brand: "Shop"}}
	w.must(w.s.CreateCampaign(w.ctx, w.c, w.newLease()))
	phones := rapid.SliceOfN(rapid.Uint64Range(447_700_900_000, 447_700_900_011), 1, 16).Draw(w.T, "phones")
	in := store.Intake{Rows: int64(len(phones))}
	seen := map[uint64]bool{}
	var batch []campaign.Recipient
	for i, phone := range phones {
		r := campaign.Recipient{Line: i + 2, Phone: phone, Country: "GB", Kind: "mobile", Text: "hi", Segments: 1 + i%2, Cells: []string{"a"}}
		if phone%3 == 0 {
			r.Country = "IE"
		}
		batch = append(batch, r)
		if seen[phone] {
			in.Duplicate++
		} else {
			w.people = append(w.people, &person{phone: phone, plan: queued})
		}
		seen[phone] = true
		if i%5 == 4 || i == len(phones)-1 {
			_, err := w.s.Importer(w.c.ID, w.lease).Import(w.ctx, batch, nil)
			w.must(err)
			batch = nil
		}
	}
	w.must(w.s.FinishImport(w.ctx, w.c.ID, w.lease, in))
	w.must(w.s.SetStatus(w.ctx, w.c.ID, w.lease, campaign.Running, ""))
	due, err := w.s.Fresh(w.ctx, w.c.ID, 0, 0, 100)
	w.must(err)
	if len(due) != len(w.people) {
		w.Fatalf("%d recipients are due, want %d", len(due), len(w.people))
	}
	for _, d := range due {
		for _, p := range w.people {
			if d.To == "+"+itoa(p.phone) {
				p.id = d.ID
			}
		}
	}
}

func (w *world) opened() Store {
	s, err := w.open(w.path, func() time.Time { return w.now })
	w.must(err)
	return s
}

func (w *world) newLease() campaign.Lease {
	w.leases++
	w.lease = fmt.Sprint("lease-", w.leases)
	w.until = w.now.Add(time.Minute)
	return campaign.Lease{Token: w.lease, Host: "h", PID: w.leases, Until: w.until}
}

func (w *world) person(t *rapid.T) *person { return rapid.SampledFrom(w.people).Draw(t, "recipient") }

// attempt draws one that fits, or skips the step.
func (w *world) attempt(t *rapid.T, fits func(*attempt) bool) *attempt {
	var some []*attempt
	for _, a := range w.attempts {
		if fits(a) {
			some = append(some, a)
		}
	}
	if len(some) == 0 {
		t.Skip("no such attempt")
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(t, "attempt")]
}

func (w *world) begin(t *rapid.T) {
	p := w.person(t)
	a := &attempt{carrier: rapid.SampledFrom(names[:]).Draw(t, "carrier")}
	a.byID = a.carrier == "beta"
	was := p.state()
	b, err := w.s.Begin(w.ctx, campaign.Start{Lease: w.lease, Recipient: p.id, Carrier: a.carrier, ByID: a.byID, Cost: 1000, Why: a.carrier + ":weight"})
	switch {
	case was != campaign.Queued:
		w.want(err, campaign.ErrNotDue)
	case w.blocked(p):
		w.want(err, campaign.ErrOptedOut)
		p.plan, p.otherwise = rest, campaign.Suppressed
	default:
		w.must(err)
		a.id, a.ref, a.messageID = b.Attempt, b.Ref, fmt.Sprint("m", b.Attempt)
		w.model.begin(p, a)
	}
}

// answer records the outcome of a submit that is under way, or one whose answer comes after its process was given up.
func (w *world) answer(t *rapid.T) {
	a := w.attempt(t, func(a *attempt) bool { return !a.named && a.state != campaign.AttemptRefused })
	o := campaign.Outcome{Attempt: a.id, Recipient: a.of.id, Counted: true, NotBefore: w.now.Add(time.Second), Reason: "test"}
	switch rapid.SampledFrom([]string{"accepted", "accepted", "refused", "failed", "throttled", "opted out", "ambiguous"}).Draw(t, "outcome") {
	case "accepted":
		o.Result, o.Next = carriers.Accept(a.messageID, "HTTP 201"), campaign.Awaiting
		if a.carrier == "gamma" {
			o.Next = campaign.NoReceipt
		}
	case "refused":
		o.Result, o.Next = carriers.Refuse(carriers.ClassCarrierTransient, "500", "", ""), campaign.Queued
	case "failed":
		o.Result, o.Next = carriers.Refuse(carriers.ClassRecipientInvalid, "21211", "", ""), campaign.Failed
	case "throttled":
		o.Result, o.Next, o.Counted = carriers.Refuse(carriers.ClassThrottled, "429", "", ""), campaign.Queued, false
	case "opted out":
		o.Result, o.Next, o.OptOut = carriers.Refuse(carriers.ClassRecipientOptedOut, "21610", "", ""), campaign.Failed, true
	case "ambiguous":
		o.Result, o.Next = carriers.Ambiguous("", "", ""), campaign.Unknown
	}
	if o.OptOut {
		w.model.optOut(a.of.phone, "all")
	}
	if rapid.Bool().Draw(t, "wait for the commit") {
		w.must(w.s.RecordNow(w.ctx, o))
	} else {
		w.must(w.s.Record(w.ctx, o))
		w.until = w.now.Add(time.Minute)
		w.must(w.s.Heartbeat(w.ctx, w.c.ID, w.lease, campaign.Pulse{Until: w.until})) // the queue keeps its order
	}
	w.model.answer(a, o.Result.Accepted, o.Next, o.Counted)
}

// receipts brings some in one call: early, late, twice, out of order, and of messages that nobody knows.
func (w *world) receipts(t *rapid.T) {
	states := []carriers.ReceiptState{
		carriers.ReceiptAccepted, carriers.ReceiptSent, carriers.ReceiptUnknown, carriers.ReceiptUndelivered, carriers.ReceiptFailed,
		carriers.ReceiptDelivered, carriers.ReceiptDelivered,
	}
	type pair struct {
		a *attempt
		r carriers.Receipt
	}
	var batch []carriers.Receipt
	var matched []pair
	carrier := rapid.SampledFrom(names[:]).Draw(t, "carrier")
	for range rapid.IntRange(1, 3).Draw(t, "receipts") {
		r := carriers.Receipt{State: rapid.SampledFrom(states).Draw(t, "state"), At: w.now, Raw: []byte("{}")}
		if r.State.Final() && r.State != carriers.ReceiptDelivered && rapid.IntRange(0, 3).Draw(t, "opted out") == 0 {
			r.Class = carriers.ClassRecipientOptedOut
		}
		kind := rapid.SampledFrom([]string{"ref", "ref", "ref", "id", "id", "stranger", "other database"}).Draw(t, "kind")
		switch kind {
		case "stranger":
			r.ID = "nobody"
		case "other database":
			r.Ref = "zzzzzzzz1"
		default:
			a := w.attempt(t, func(*attempt) bool { return true })
			if r.Ref = a.ref; kind == "id" {
				r.Ref, r.ID = "", a.messageID
			}
			if a.carrier == carrier && (kind == "ref" || a.byID && a.named) {
				matched = append(matched, pair{a, r})
			} else if kind == "id" {
				w.parked = append(w.parked, parked{carrier, a.messageID, r.State, r.Class})
			}
		}
		batch = append(batch, r)
	}
	w.must(w.s.ApplyReceipts(w.ctx, carrier, "test", batch))
	w.model.receipts += int64(len(batch))
	for _, p := range matched {
		w.model.receipt(p.a, p.r.State, p.r.Class)
	}
}

// scopes are those of entries: some stop the world's campaign, and some do not.
//
//nolint:gochecknoglobals // constant
var scopes = [...]optout.Scope{
	optout.All, optout.Sender("ACME"), optout.Sender("acme"), optout.Sender("OTHER"), optout.Promotional, "class:transactional",
	optout.Brand("Shop"), optout.Brand("Other"), optout.Campaign("x"), optout.Campaign("y"),
}

func (w *world) event(t *rapid.T) store.OptOut {
	return store.OptOut{
		Phone: w.person(t).phone, Scope: rapid.SampledFrom(scopes[:]).Draw(t, "scope"),
		Source: "cli", Reason: "stop", Actor: "test",
	}
}

func (w *world) optOut(t *rapid.T) {
	e := w.event(t)
	added, err := w.s.AddOptOuts(w.ctx, []store.OptOut{e})
	w.must(err)
	if isNew := w.model.optOut(e.Phone, string(e.Scope)); isNew != (added == 1) {
		w.Fatalf("added %d, new to the model: %v", added, isNew)
	}
}

func (w *world) optIn(t *rapid.T) {
	e := w.event(t)
	removed, err := w.s.RemoveOptOut(w.ctx, e)
	w.must(err)
	if was := w.optOuts[e.Phone][string(e.Scope)]; was != removed {
		w.Fatalf("removed %v, in the model: %v", removed, was)
	}
	delete(w.optOuts[e.Phone], string(e.Scope))
}

func (w *world) overdue(t *rapid.T) {
	a := w.attempt(t, func(*attempt) bool { return true })
	again := rapid.Bool().Draw(t, "again")
	err := w.s.Overdue(w.ctx, w.lease, a.id, again, "no receipt", w.now)
	if a.state != campaign.AttemptAccepted || a.receipt.Final() || a.overdue {
		w.want(err, campaign.ErrNotDue)
		return
	}
	w.must(err)
	awaiting := a.of.state() == campaign.Awaiting
	a.overdue = true
	if awaiting && again && a.of.last() == a {
		a.of.plan = queued
	}
}

func (w *world) requeue(t *rapid.T) {
	p := w.person(t)
	from := rapid.SampledFrom([]campaign.State{campaign.Undelivered, campaign.NoReceipt}).Draw(t, "from")
	err := w.s.Requeue(w.ctx, w.lease, p.id, from, "again", w.now)
	if p.state() != from {
		w.want(err, campaign.ErrNotDue)
		return
	}
	w.must(err)
	p.plan = queued
}

func (w *world) resolve(t *rapid.T) {
	a := w.attempt(t, func(a *attempt) bool {
		return a.state == campaign.AttemptAmbiguous || a.state == campaign.AttemptSending
	})
	o := campaign.Outcome{Attempt: a.id, Recipient: a.of.id, NotBefore: w.now}
	switch rapid.SampledFrom([]string{"found", "absent", "sent again"}).Draw(t, "verdict") {
	case "found":
		o.Result, o.Next = carriers.Accept(a.messageID, "found by lookup"), campaign.Awaiting
	case "absent":
		o.Result, o.Next = carriers.Refuse(carriers.ClassCarrierTransient, "", "", ""), campaign.Queued
	case "sent again":
		o.Result, o.Next = carriers.Ambiguous("", "", ""), campaign.Queued
	}
	err := w.s.Resolve(w.ctx, w.lease, o)
	if a.state == campaign.AttemptSending {
		w.want(err, campaign.ErrNotDue)
		return
	}
	w.must(err)
	w.model.answer(a, o.Result.Accepted, o.Next, o.Counted)
}

func (w *world) end(t *rapid.T) {
	some := rapid.SliceOfN(rapid.SampledFrom(w.people), 1, 3).Draw(t, "recipients")
	to := rapid.SampledFrom([]campaign.State{campaign.Expired, campaign.Failed}).Draw(t, "to")
	var ids []int64
	for _, p := range some {
		ids = append(ids, p.id)
	}
	w.must(w.s.End(w.ctx, w.lease, ids, to, carriers.ClassNoRoute, "test"))
	for _, p := range some {
		if p.state() == campaign.Queued {
			p.plan, p.otherwise = rest, to
		}
	}
}

func (w *world) cancel(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "really") != 0 {
		t.Skip("seldom")
	}
	_, err := w.s.CancelQueued(w.ctx, w.c.ID, w.lease)
	w.must(err)
	for _, p := range w.people {
		if p.state() == campaign.Queued {
			p.plan, p.otherwise = rest, campaign.Cancelled
		}
	}
}

// crash closes the file without a word to the campaign: whoever comes next finds the lease of a dead process.
func (w *world) crash(*rapid.T) {
	w.must(w.s.Close())
	w.s = w.opened()
	w.acquire()
	w.check()
}

func (w *world) acquire() {
	old := w.lease
	left, err := w.s.Acquire(w.ctx, w.c.ID, w.newLease(), func(l campaign.Lease) bool { return l.Token == old })
	w.must(err)
	if want := w.abandon(); left != want {
		w.Fatalf("%d attempts were in flight, want %d", left, want)
	}
}

func (w *world) reopen(*rapid.T) {
	w.must(w.s.Release(w.ctx, w.c.ID, w.lease, campaign.Paused, "test"))
	w.must(w.s.Close())
	w.s = w.opened()
	_, err := w.s.Begin(w.ctx, campaign.Start{Lease: w.lease, Recipient: w.people[0].id, Carrier: "alpha"})
	w.want(err, campaign.ErrLeaseLost)
	w.acquire()
	w.must(w.s.SetStatus(w.ctx, w.c.ID, w.lease, campaign.Running, ""))
	w.check()
}

// takeOver has another process take the lease while this one is alive: what it still tries is refused.
func (w *world) takeOver(t *rapid.T) {
	old := w.lease
	thief := campaign.Lease{Token: "thief", Until: w.now.Add(time.Hour)}
	_, err := w.s.Acquire(w.ctx, w.c.ID, thief, nil)
	if w.until.After(w.now) {
		w.want(err, campaign.ErrLeased)
	} else {
		w.must(err)
		w.abandon()
		w.lease = thief.Token
	}
	w.acquire()
	p := w.person(t)
	_, err = w.s.Begin(w.ctx, campaign.Start{Lease: old, Recipient: p.id, Carrier: "alpha"})
	w.want(err, campaign.ErrLeaseLost)
	w.want(w.s.End(w.ctx, old, []int64{p.id}, campaign.Expired, "", ""), campaign.ErrLeaseLost)
	w.want(w.s.Requeue(w.ctx, old, p.id, campaign.Undelivered, "", w.now), campaign.ErrLeaseLost)
}

func (w *world) pause(*rapid.T) {
	for _, st := range []campaign.Status{campaign.Paused, campaign.Running} {
		w.must(w.s.SetStatus(w.ctx, w.c.ID, w.lease, st, "test"))
		c, err := w.s.Campaign(w.ctx, w.c.ID)
		w.must(err)
		if c.Status != st {
			w.Fatalf("status %s, want %s", c.Status, st)
		}
	}
}
