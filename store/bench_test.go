package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// BenchmarkMessage is the whole way of a message through the store, 64 at once: begin, record, a receipt.
func BenchmarkMessage(b *testing.B) {
	ctx := context.Background()
	s, c := benchCampaign(ctx, b, b.N)
	ids := make(chan int64, b.N)
	due, _ := s.Fresh(ctx, c.ID, 0, 0, b.N)
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

// BenchmarkFresh reads a million due recipients, as they stand and block by block in the order in which a campaign with
// several carriers takes them up.
func BenchmarkFresh(b *testing.B) {
	const n, room = 1_000_000, 512
	ctx := context.Background()
	s, c := benchCampaign(ctx, b, n)
	for _, size := range []int64{n, 64} {
		b.Run(fmt.Sprintf("blocks of %d", size), func(b *testing.B) {
			for range b.N {
				first, last, err := s.Extent(ctx, c.ID)
				if err != nil {
					b.Fatal(err)
				}
				got, count := 0, (last-first+size)/size
				for i := range count {
					start := first + i*618_033_989%count*size
					until := min(start+size-1, last)
					for after := start - 1; after < until; {
						page, err := s.Fresh(ctx, c.ID, after, until, room)
						if err != nil {
							b.Fatal(err)
						}
						got += len(page)
						if after = until; len(page) == room {
							after = page[room-1].ID
						}
					}
				}
				if got != n {
					b.Fatalf("%d were read", got)
				}
			}
		})
	}
}

func benchCampaign(ctx context.Context, b *testing.B, n int) (*Store, *campaign.Campaign) {
	b.Helper()
	s, err := Open(ctx, filepath.Join(b.TempDir(), "s.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	l := campaign.Lease{Token: "t", Host: "h", PID: 1, Until: time.Now().Add(time.Minute)}
	c := &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Type: campaign.Promotional, Identity: "i"}
	if err := s.CreateCampaign(ctx, c, l); err != nil {
		b.Fatal(err)
	}
	var batch []campaign.Recipient
	for i := range n {
		batch = append(batch, campaign.Recipient{Line: i + 2, Phone: 447700900000 + uint64(i), Country: "GB", Kind: "mobile", Text: "hi there this is a text of a usual length for everyone", Segments: 1, Cells: []string{"a", "bcdef", "+447700900123"}})
		if len(batch) == 10_000 || i == n-1 {
			if _, err := s.Importer(c.ID, "t").Import(ctx, batch, nil); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	return s, c
}
