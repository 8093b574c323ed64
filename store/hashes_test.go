package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// Hashed opt-outs hold at intake, in the claim and in what is shown, for the messages of their scope; they are added once,
// and taken off by the number.
func TestHashedOptOuts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := storetest.Open(t)
	c := storetest.Campaign(t, s, 120, nil)
	key, err := s.OwnKey()
	if err != nil {
		t.Fatal(err)
	}
	hashers, err := optout.Hashers([]optout.HashKind{{Alg: optout.SHA256}, key.Kind()}, []optout.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	var list []store.HashedOptOut
	for i := range uint64(100) { // more than one statement takes
		h := hashers[i%2]
		sums := h.Sums(firstPhone + i)
		o := store.HashedOptOut{Hash: sums[i/2%2][:], Kind: h.Kind, Scope: optout.All, Reason: "import", Evidence: "stops.csv"}
		if i == 99 {
			o.Scope = optout.Sender("OTHER")
		}
		list = append(list, o)
	}
	for _, want := range []int{100, 0} {
		if n, err := s.AddHashedOptOuts(ctx, list); n != want || err != nil {
			t.Errorf("%d added, %v, want %d", n, err, want)
		}
	}
	set, err := s.OptOuts(ctx, optout.Target{Sender: "ACME", Class: "promotional"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(120) {
		if got := set.Has(firstPhone + i); got != (i < 99) {
			t.Errorf("at intake, number %d: %v", i, got)
		}
	}
	for i, want := range map[int]error{0: campaign.ErrOptedOut, 1: campaign.ErrOptedOut, 99: nil, 110: nil} {
		if _, err := s.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: c.ID<<32 | int64(i+1), Carrier: "alpha"}); !errors.Is(err, want) {
			t.Errorf("claim of %d: %v, want %v", i, err, want)
		}
	}
	entries, err := s.CheckOptOut(ctx, firstPhone+1)
	if err != nil || len(entries) != 1 || entries[0].HonouredAt.IsZero() || entries[0].Evidence != "stops.csv" || entries[0].Kind != key.Kind() {
		t.Errorf("%+v %v", entries, err)
	}
	if n, _, err := s.CountOptOuts(ctx); n != 100 || err != nil {
		t.Errorf("%d on the list, %v", n, err)
	}
	if removed, err := s.RemoveOptOut(ctx, store.OptOut{Phone: firstPhone + 2, Scope: optout.All, Source: "cli"}); !removed || err != nil {
		t.Errorf("not removed: %v", err)
	}
	if _, err := s.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: c.ID<<32 | 3, Carrier: "alpha"}); err != nil {
		t.Errorf("after its removal: %v", err)
	}
	var reason string
	if err := s.EachMessage(ctx, c, store.Filter{}, reasonOf(firstPhone, &reason)); err != nil || !strings.HasPrefix(reason, "optout:") || len(reason) != 23 {
		t.Errorf("the reason is %q, %v", reason, err)
	}
	if res, err := s.Check(ctx, true); err != nil || len(res.Findings) > 0 {
		t.Errorf("%+v %v", res, err)
	}
}

// While nobody knows the key of an entry, nobody is sent to: they may be the one.
func TestUnknownHashKey(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "smsctl.db")
	var keys []optout.Key
	s, err := store.Open(ctx, path, store.Options{HashKeys: func() ([]optout.Key, error) { return keys, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c := storetest.Campaign(t, s, 2, nil)
	partner := optout.NewKey([]byte("theirs"))
	if _, err := s.AddHashedOptOuts(ctx, []store.HashedOptOut{{Hash: make([]byte, 32), Kind: partner.Kind(), Scope: optout.All, OccurredAt: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	var unknown *optout.UnknownKeyError
	if _, err := s.OptOuts(ctx, optout.Target{}); !errors.As(err, &unknown) || unknown.KeyID != partner.ID {
		t.Errorf("at intake: %v", err)
	}
	start := campaign.Start{Lease: storetest.Token, Recipient: c.ID<<32 | 1, Carrier: "alpha"}
	if _, err := s.Begin(ctx, start); !errors.As(err, &unknown) {
		t.Errorf("in the claim: %v", err)
	}
	keys = []optout.Key{partner}
	if _, err := s.Begin(ctx, start); err != nil {
		t.Errorf("with the key: %v", err)
	}
}

// reasonOf takes the reason of the message to a number.
func reasonOf(phone uint64, reason *string) func(*report.Message) error {
	return func(m *report.Message) error {
		if m.To == fmt.Sprintf("+%d", phone) {
			*reason = m.Reason
		}
		return nil
	}
}
