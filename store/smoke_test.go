package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

func TestOneRecipient(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "s.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := campaign.Lease{Token: "t", Host: "h", PID: 1, Until: time.Now().Add(time.Minute)}
	c := &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Type: campaign.Promotional, Identity: "i"}
	if err := s.CreateCampaign(ctx, c, l); err != nil {
		t.Fatal(err)
	}
	var batch []campaign.Recipient
	for i := range 120 {
		batch = append(batch, campaign.Recipient{Line: i + 2, Phone: 447700900000 + uint64(i*7%110), Country: "GB", Kind: "mobile", Text: "hi", Segments: 1, Cells: []string{"a"}})
	}
	dups, err := s.Importer(c.ID, "t").Import(ctx, batch, nil)
	if err != nil || len(dups) != 10 {
		t.Fatal(err, len(dups))
	}
	if err := s.FinishImport(ctx, c.ID, "t", Intake{Rows: 120, Duplicate: 10}); err != nil {
		t.Fatal(err)
	}
	due, err := s.Fresh(ctx, c.ID, 0, 1000)
	if err != nil || len(due) != 110 {
		t.Fatal(err, len(due))
	}
	for i, d := range due {
		a, err := s.Begin(ctx, campaign.Start{Lease: "t", Recipient: d.ID, Carrier: "alpha", Cost: 100})
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			if err := s.ApplyReceipts(ctx, "alpha", "webhook", []carriers.Receipt{{Ref: a.Ref, State: carriers.ReceiptDelivered}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Record(ctx, campaign.Outcome{Attempt: a.Attempt, Recipient: d.ID, Result: carriers.Accept("id", "HTTP 201"), Counted: true, Next: campaign.Awaiting}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.Counts(ctx, c.ID)
	if err != nil || !n.Reconciled() {
		t.Fatalf("%v %+v %v", err, n, n.Laws())
	}
	t.Logf("%+v", n)
}

func BenchmarkMessage(b *testing.B) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(b.TempDir(), "s.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l := campaign.Lease{Token: "t", Host: "h", PID: 1, Until: time.Now().Add(time.Minute)}
	c := &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Type: campaign.Promotional, Identity: "i"}
	if err := s.CreateCampaign(ctx, c, l); err != nil {
		b.Fatal(err)
	}
	var batch []campaign.Recipient
	for i := range b.N {
		batch = append(batch, campaign.Recipient{Line: i + 2, Phone: 447700900000 + uint64(i), Country: "GB", Kind: "mobile", Text: "hi there this is a text of a usual length for everyone", Segments: 1, Cells: []string{"a", "bcdef", "+447700900123"}})
	}
	if _, err := s.Importer(c.ID, "t").Import(ctx, batch, nil); err != nil {
		b.Fatal(err)
	}
	ids := make(chan int64, b.N)
	due, _ := s.Fresh(ctx, c.ID, 0, b.N)
	for _, d := range due {
		ids <- d.ID
	}
	close(ids)
	b.ResetTimer()
	done := make(chan bool)
	for range 64 {
		go func() {
			for id := range ids {
				a, err := s.Begin(ctx, campaign.Start{Lease: "t", Recipient: id, Carrier: "alpha", Cost: 100})
				if err != nil {
					b.Error(err)
				}
				_ = s.Record(ctx, campaign.Outcome{Attempt: a.Attempt, Recipient: id, Result: carriers.Accept("id-0123456789", "HTTP 201"), Counted: true, Next: campaign.Awaiting})
				if err := s.ApplyReceipts(ctx, "alpha", "webhook", []carriers.Receipt{{Ref: a.Ref, ID: "id-0123456789", State: carriers.ReceiptDelivered, Raw: make([]byte, 200)}}); err != nil {
					b.Error(err)
				}
			}
			done <- true
		}()
	}
	for range 64 {
		<-done
	}
}
