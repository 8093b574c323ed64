package store

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

type okCarrier struct{ name string }

func (c okCarrier) Info() carriers.Info {
	return carriers.Info{Name: c.name, RefInReceipts: true}
}
func (c okCarrier) Submit(ctx context.Context, m carriers.Message) carriers.Result {
	return carriers.Accept("x"+m.Ref, "200")
}
func (c okCarrier) Close(context.Context) error { return nil }

func TestRun(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "s.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := campaign.Lease{Token: "t", Host: "h", PID: 1, Until: time.Now().Add(time.Minute)}
	c := &campaign.Campaign{Name: "x", Mode: campaign.Simulated, Type: campaign.Promotional, Identity: "i",
		Settings: campaign.Settings{MaxAttempts: 3, ReceiptWait: time.Second, GiveUp: time.Minute}}
	if err := s.CreateCampaign(ctx, c, l); err != nil {
		t.Fatal(err)
	}
	var batch []campaign.Recipient
	for i := range 5000 {
		batch = append(batch, campaign.Recipient{Line: i + 2, Phone: 447700900000 + uint64(i), Country: "GB", Kind: "mobile", Text: "hi", Segments: 1, Cells: []string{"a"}})
	}
	if _, err := s.Importer(c.ID, "t").Import(ctx, batch, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.FinishImport(ctx, c.ID, "t", Intake{Rows: 5000}); err != nil {
		t.Fatal(err)
	}
	c, err = s.Campaign(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	r := &campaign.Runner{Store: s, Campaign: c, Lease: "t", Carriers: []carriers.Carrier{okCarrier{"a"}, okCarrier{"b"}}, Now: time.Now, Log: slog.Default(), DrainTimeout: time.Second,
		Notify: func(e campaign.Event) { fmt.Println(e) }}
	start := time.Now()
	end, err := r.Run(ctx, ctx)
	n, _ := s.Counts(ctx, c.ID)
	t.Log(time.Since(start), end, err, n, n.Laws())
}
