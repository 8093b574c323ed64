// Package storetest is what every backend of the store must pass, and how tests get a fresh store.
package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// Store is what the suite asks of a backend.
type Store interface {
	campaign.Store
	CreateCampaign(ctx context.Context, c *campaign.Campaign, l campaign.Lease) error
	Importer(campaignID int64, lease string) store.Importer
	FinishImport(ctx context.Context, campaignID int64, lease string, in store.Intake) error
	Acquire(ctx context.Context, campaignID int64, l campaign.Lease, gone func(campaign.Lease) bool) (int64, error)
	RecordNow(ctx context.Context, o campaign.Outcome) error
	AddOptOuts(ctx context.Context, events []store.OptOut) (int, error)
	RemoveOptOut(ctx context.Context, e store.OptOut) (bool, error)
	EachMessage(ctx context.Context, c *campaign.Campaign, f store.Filter, do func(*report.Message) error) error
	Report(ctx context.Context, campaignID int64) (*report.Report, error)
	Check(ctx context.Context, deep bool) (*store.CheckResult, error)
	Close() error
}

var _ Store = (*store.Store)(nil)

// Opener opens the database at path, which may hold one already.
type Opener func(path string, now func() time.Time) (Store, error)

// Embedded opens the embedded default.
func Embedded(path string, now func() time.Time) (Store, error) {
	return store.Open(context.Background(), path, store.Options{Now: now, CacheKB: 1 << 10})
}

// Open gives a test a fresh store of its own, which is closed when the test ends.
func Open(tb testing.TB) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), filepath.Join(tb.TempDir(), "smsctl.db"), store.Options{CacheKB: 1 << 10})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// Token is the lease under which Campaign leaves its campaigns.
const Token = "storetest"

// Campaign makes a planned campaign with n recipients, +447700900000 and on, under the lease Token. Change what it is
// before it is made with edit, which may be nil.
func Campaign(tb testing.TB, s *store.Store, n int, edit func(*campaign.Campaign)) *campaign.Campaign {
	tb.Helper()
	ctx := tb.Context()
	c := &campaign.Campaign{
		Name: "spring", Mode: campaign.Simulated, Profile: "default", Identity: "spring", Type: campaign.Promotional, Sender: "ACME",
		Currency: "EUR", Source: "people.csv", Settings: campaign.Settings{MaxAttempts: 3},
	}
	if edit != nil {
		edit(c)
	}
	lease := campaign.Lease{Token: Token, Host: "test", PID: 1, Until: time.Now().Add(time.Hour)}
	if err := s.CreateCampaign(ctx, c, lease); err != nil {
		tb.Fatal(err)
	}
	const first = 447_700_900_000
	var batch []campaign.Recipient
	for i := range n {
		phone := uint64(first + i)
		batch = append(batch, campaign.Recipient{
			Line: i + 2, Phone: phone, Country: "GB", Kind: "mobile", Cells: []string{"+" + itoa(phone), "Ana"}, Text: "Hi Ana", Segments: 1,
		})
		if len(batch) == 5000 || i == n-1 {
			if _, err := s.Importer(c.ID, Token).Import(ctx, batch, nil); err != nil {
				tb.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	in := store.Intake{Rows: int64(n), Columns: []string{"phone", "name"}, Estimate: carriers.Price(n) * 10_000}
	if err := s.FinishImport(ctx, c.ID, Token, in); err != nil {
		tb.Fatal(err)
	}
	c, err := s.Campaign(ctx, c.ID)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
