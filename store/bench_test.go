package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// BenchmarkMessage is the whole way of a message through the store, 64 at once: begin, record, a receipt.
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
