package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Consent is one event of who has agreed to be written to, and who does so no more. The last one of a number and class
// holds; none is ever changed.
type Consent struct {
	Phone      uint64
	Class      campaign.MessageType
	Withdrawn  bool
	Method     string // web, keyword, paper …
	Wording    string // version or hash of the text that was shown
	Source     string // where it was given: an address, a form
	Actor      string
	Evidence   string
	OccurredAt time.Time
	RecordedAt time.Time
}

func (c *Consent) action() string {
	if c.Withdrawn {
		return "withdraw"
	}
	return "give"
}

// AddConsents records consents and withdrawals, in their order.
func (s *Store) AddConsents(ctx context.Context, list []Consent) error {
	err := s.w.do(ctx, opFunc(func(tx *txn) error {
		for i := range list {
			c := &list[i]
			if _, err := tx.exec(`INSERT INTO consents (phone, class, action, method, wording, source, actor, evidence, occurred_at, recorded_at)
				VALUES (?,?,?,?,?,?,?,?,?,?)`, int64(c.Phone), string(c.Class), c.action(), c.Method, c.Wording, c.Source, c.Actor, c.Evidence,
				tx.at(c.OccurredAt), tx.now); err != nil {
				return err
			}
		}
		return nil
	}))
	if err != nil {
		return fmt.Errorf("recording consents: %w", err)
	}
	return nil
}

// EachConsent calls do for the events of a number, oldest first, or for what holds now of everybody if it is 0.
func (s *Store) EachConsent(ctx context.Context, phone uint64, do func(Consent) error) error {
	where, args := `WHERE id IN (SELECT max(id) FROM consents GROUP BY phone, class) ORDER BY phone, class`, []any{}
	if phone != 0 {
		where, args = `WHERE phone = ? ORDER BY id`, []any{int64(phone)}
	}
	var c Consent
	var number, occurred, recorded int64
	dest := []any{&number, &c.Class, &c.Withdrawn, &c.Method, &c.Wording, &c.Source, &c.Actor, &c.Evidence, &occurred, &recorded}
	err := eachRow(ctx, s.read, dest, func() error {
		one := c
		one.Phone, one.OccurredAt, one.RecordedAt = uint64(number), time.UnixMilli(occurred), time.UnixMilli(recorded)
		return do(one)
	}, `SELECT phone, class, action = 'withdraw', method, wording, source, actor, evidence, occurred_at, recorded_at FROM consents `+where, args...)
	if err != nil {
		return fmt.Errorf("reading consents: %w", explain(err))
	}
	return nil
}

// ConsentSet is who has agreed to a class of messages, as intake asks it.
type ConsentSet struct {
	phones []uint64
	Oldest time.Time // the oldest of the consents that hold
}

// Has says whether a number has agreed.
func (s *ConsentSet) Has(phone uint64) bool {
	_, found := slices.BinarySearch(s.phones, phone)
	return found
}

// Consents loads who has agreed to a class of messages.
func (s *Store) Consents(ctx context.Context, class campaign.MessageType) (*ConsentSet, error) {
	set := &ConsentSet{}
	d := row(2)
	err := s.run.each(ctx, d, func() error {
		set.phones = append(set.phones, uint64(integer(d[0])))
		if at := time.UnixMilli(integer(d[1])); set.Oldest.IsZero() || at.Before(set.Oldest) {
			set.Oldest = at
		}
		return nil
	}, `SELECT phone, occurred_at FROM (SELECT phone, occurred_at, action, max(id) FROM consents WHERE class = ? GROUP BY phone) WHERE action = 'give' ORDER BY phone`,
		string(class))
	if err != nil {
		return nil, fmt.Errorf("reading consents: %w", explain(err))
	}
	return set, nil
}

// disagrees says that a campaign that needs consent has none of a number, or none any more.
func (tx *txn) disagrees(phone, campaignID int64) (bool, error) {
	t, err := tx.target(campaignID)
	if err != nil || !t.NeedsConsent {
		return false, err
	}
	d := row(1)
	if _, err := tx.conn.row(d, `SELECT action FROM consents WHERE phone = ? AND class = ? ORDER BY id DESC LIMIT 1`, phone, t.Class); err != nil {
		return false, err
	}
	return text(d[0]) != "give", nil
}
