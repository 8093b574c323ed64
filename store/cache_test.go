package store

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
)

// TestTwoProcesses: what one store remembers never hides what another has written to the same database meanwhile.
func TestTwoProcesses(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "s.db")
	var stores [2]*Store
	for i := range stores {
		s, err := Open(ctx, path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		stores[i] = s
	}
	a, b := stores[0], stores[1]
	c := &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Type: campaign.Promotional, Identity: "i", Sender: "ACME"}
	if err := a.CreateCampaign(ctx, c, campaign.Lease{Token: "t", Host: "h", PID: 1, Until: time.Now().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	var people []campaign.Recipient
	for i := range 40 {
		people = append(people, campaign.Recipient{Line: i + 2, Phone: 447700900000 + uint64(i), Country: "GB", Text: "hi", Segments: 1})
	}
	if _, err := a.Importer(c.ID, "t").Import(ctx, people, nil); err != nil {
		t.Fatal(err)
	}
	due, err := a.Fresh(ctx, c.ID, 0, 0, 100)
	if err != nil || len(due) != 40 {
		t.Fatal(err, len(due))
	}
	begin := func(s *Store, d campaign.Due) campaign.Started {
		started, err := s.Begin(ctx, campaign.Start{Lease: "t", Recipient: d.ID, Carrier: "alpha", Cost: 100})
		if err != nil {
			t.Fatal(err)
		}
		return started
	}
	for _, d := range due[:30] { // a sends, b hears the receipts first, a hears the answer
		started := begin(a, d)
		if err := b.ApplyReceipts(ctx, "alpha", "callback", []carriers.Receipt{{Ref: started.Ref, State: carriers.ReceiptDelivered}}); err != nil {
			t.Fatal(err)
		}
		if err := a.RecordNow(ctx, campaign.Outcome{
			Attempt: started.Attempt, Recipient: d.ID, Result: carriers.Accept("id", "HTTP 201"), Counted: true, Next: campaign.Awaiting,
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Begin(ctx, campaign.Start{Lease: "t", Recipient: due[0].ID, Carrier: "alpha"}); !errors.Is(err, campaign.ErrNotDue) {
		t.Errorf("the other store begins what is delivered: %v", err)
	}
	if one, two := begin(a, due[30]), begin(b, due[31]); one.Attempt == two.Attempt {
		t.Errorf("two attempts are called %d", one.Attempt)
	}
	// a has seen an empty opt-out list many times; the first entry comes from b.
	for i, scope := range []optout.Scope{optout.All, optout.Sender("ACME")} {
		if _, err := b.AddOptOuts(ctx, []OptOut{{Phone: people[39].Phone - 5, Scope: optout.Sender("another")}, {Phone: 447700900032 + uint64(i), Scope: scope}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range due[32:34] {
		if _, err := a.Begin(ctx, campaign.Start{Lease: "t", Recipient: d.ID, Carrier: "alpha"}); err == nil {
			t.Errorf("%s has opted out, and is sent to", d.To)
		}
	}
	begin(a, due[34]) // opted out of another sender's messages only
	n, err := b.Counts(ctx, c.ID)
	if err != nil || n.Delivered != 30 || n.Sending != 3 || n.Suppress != 2 || n.Queued != 5 || n.AcceptedAttempts != 30 {
		t.Errorf("%+v %v", n, err)
	}
	if res, err := a.Check(ctx, true); err != nil || len(res.Findings) > 0 {
		t.Errorf("%+v %v", res, err)
	}
}
