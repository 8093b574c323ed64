package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// OpenCampaign finds the campaign that collects orders under an identity, or makes it; it needs no lease to be added to.
func (s *Store) OpenCampaign(ctx context.Context, c *campaign.Campaign) (*campaign.Campaign, error) {
	found, err := s.CampaignByIdentity(ctx, c.Identity)
	if !errors.Is(err, campaign.ErrNotFound) {
		return found, err
	}
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return nil, err
	}
	publicID := "cmp_" + randomID()
	if err := s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(`INSERT INTO campaigns (public_id, name, mode, profile, identity, state, type, template, sender, currency, source,
			message_sha256, columns, settings, ceiling, created_at, started_at, followed)
			SELECT ?,?,?,?,?,'running',?,?,?,?,?,'',?,?,?,?,?,(SELECT coalesce(max(id), 0) FROM receipts)
			WHERE NOT EXISTS (SELECT 1 FROM campaigns WHERE identity = ?)`,
			publicID, c.Name, string(c.Mode), c.Profile, c.Identity, string(c.Type), c.Template, c.Sender, c.Currency, c.Source,
			encode(c.Columns, "[]"), string(settings), price(c.Ceiling), tx.now, tx.now, c.Identity)
		if err != nil || n == 0 { // another process was faster
			return err
		}
		id, err := tx.ids(`SELECT id FROM campaigns WHERE public_id = ?`, publicID)
		if err != nil {
			return err
		}
		return tx.control(id[0], "api", "create", c.Source)
	})); err != nil {
		return nil, fmt.Errorf("opening campaign %s: %w", c.Name, err)
	}
	return s.CampaignByIdentity(ctx, c.Identity)
}

// Order makes an order durable: when it returns, the message will be sent. Many of them share a commit. A key that is known
// makes nothing new; campaign.ErrKeyUsed says that it came with something else, campaign.ErrOptedOut that the number may
// not be written to, campaign.ErrState that the campaign takes no more.
func (s *Store) Order(ctx context.Context, o campaign.Order) (campaign.OrderTaken, error) {
	op := &order{o: o}
	if err := s.w.do(ctx, op); err != nil {
		return campaign.OrderTaken{}, fmt.Errorf("taking an order: %w", err)
	}
	return op.taken, op.refused
}

type order struct {
	o       campaign.Order
	taken   campaign.OrderTaken
	refused error // an error of apply would cost those their common commit who are in the same transaction
}

// apply takes the order, or says why not.
func (op *order) apply(tx *txn) error {
	op.taken, op.refused = campaign.OrderTaken{}, nil
	err := op.take(tx)
	for _, refusal := range []error{campaign.ErrKeyUsed, campaign.ErrOptedOut, campaign.ErrState} {
		if errors.Is(err, refusal) {
			op.refused, err = err, nil
		}
	}
	return err
}

func (op *order) take(tx *txn) error {
	o := &op.o
	known, err := tx.known(o.Key, o.Digest)
	if known != 0 || err != nil {
		op.taken = campaign.OrderTaken{Recipient: known, Again: known != 0}
		return err
	}
	r := &o.Recipient
	if by, err := tx.blocked(int64(r.Phone), o.Campaign); err != nil || by != nil {
		if err == nil {
			err = campaign.ErrOptedOut
		}
		return err
	}
	seq, err := tx.sequence(o.Campaign)
	if err != nil {
		return err
	}
	id := o.Campaign<<32 | seq
	if _, err := tx.conn.exec(`INSERT INTO recipients (id, campaign_id, phone, nth, line, country, kind, segments, ucs2, state, scheduled)
		VALUES (?,?,?,?,?,?,?,?,?,'queued',?)`, // its validity counts from now
		id, o.Campaign, int64(r.Phone), seq, seq, r.Country, r.Kind, int64(r.Segments), boolInt(r.UCS2), tx.now); err != nil {
		return err
	}
	if _, err := tx.conn.exec(`INSERT INTO contents (recipient_id, cells, text) VALUES (?,?,?)`, id, encode(r.Cells, "[]"), r.Text); err != nil {
		return err
	}
	if err := tx.remember(o.Key, o.Digest, id); err != nil {
		return err
	}
	tx.tally.recipient(recipientCell{o.Campaign, r.Country, campaign.Queued, ""}, 1, int64(r.Segments))
	tx.orders[o.Campaign].taken++
	op.taken = campaign.OrderTaken{Recipient: id}
	return nil
}

// orderBook is how far a campaign that collects orders has come in a transaction.
type orderBook struct {
	next  int64 // the sequence of the next recipient
	taken int64 // orders in this transaction
}

// sequence gives out the next recipient's sequence of a campaign that takes orders.
func (tx *txn) sequence(campaignID int64) (int64, error) {
	if b := tx.orders[campaignID]; b != nil {
		b.next++
		return b.next - 1, nil
	}
	d := row(2)
	found, err := tx.conn.row(d, `SELECT next_seq, state FROM campaigns WHERE id = ? AND desired <> 'cancel'`, campaignID)
	if err != nil {
		return 0, err
	}
	st := campaign.Status(text(d[1]))
	if !found || st == campaign.Stopped || st == campaign.Importing {
		return 0, campaign.ErrState
	}
	if st == campaign.Completed || st == campaign.Incomplete || st == campaign.Settling { // somebody must send again
		if err := tx.setStatus(campaignID, campaign.Running, ""); err != nil {
			return 0, err
		}
	}
	if tx.orders == nil {
		tx.orders = map[int64]*orderBook{}
	}
	tx.orders[campaignID] = &orderBook{next: integer(d[0]) + 1}
	return integer(d[0]), nil
}

// bookOrders writes how many orders a transaction has taken.
func (tx *txn) bookOrders() error {
	for id, b := range tx.orders {
		if _, err := tx.conn.exec(`UPDATE campaigns SET next_seq = ?, rows = rows + ? WHERE id = ?`, b.next, b.taken, id); err != nil {
			return err
		}
	}
	return nil
}

// collected is how many orders wait in a campaign that collects them: by the rollup, and by what this transaction has
// done.
func (tx *txn) collected(campaignID int64) (n int64, err error) {
	d := row(1)
	found, err := tx.conn.row(d, `SELECT sum(r.n) FROM campaigns c JOIN recipient_counts r ON r.campaign_id = c.id
		WHERE c.id = ? AND c.identity LIKE ? AND r.state = 'queued' GROUP BY c.id`, campaignID, campaign.Standing+"%")
	if err != nil || !found && tx.orders[campaignID] == nil {
		return 0, err
	}
	n = integer(d[0])
	for c, a := range tx.tally.recipients {
		if c.campaign == campaignID && c.state == campaign.Queued {
			n += a.n
		}
	}
	return n, nil
}

// known finds what a key was used for, 0 if it is new.
func (tx *txn) known(key, digest []byte) (recipient int64, err error) {
	if key == nil {
		return 0, nil
	}
	d := row(2)
	found, err := tx.conn.row(d, `SELECT recipient_id, digest = ? FROM orders WHERE key = ?`, digest, key)
	if err != nil || !found {
		return 0, err
	}
	if integer(d[1]) != 1 {
		return 0, campaign.ErrKeyUsed
	}
	return integer(d[0]), nil
}

func (tx *txn) remember(key, digest []byte, recipient int64) error {
	if key == nil {
		return nil
	}
	_, err := tx.conn.exec(`INSERT INTO orders (key, digest, at, recipient_id) VALUES (?,?,?,?)`, key, digest, tx.now, recipient)
	return err
}

// Known finds the recipient of the message that came with a key, 0 if the key is new.
func (s *Store) Known(ctx context.Context, key, digest []byte) (recipient int64, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) (err error) {
		recipient, err = tx.known(key, digest)
		return err
	}))
	return recipient, err
}

// Ordered finds the campaign that a list became which came with a key, 0 if the key is new.
func (s *Store) Ordered(ctx context.Context, key, digest []byte) (campaignID int64, err error) {
	id, err := s.Known(ctx, key, digest)
	return campaignOf(id), err
}

// QueuedSegments are those of the messages that wait to be sent in a campaign, by country.
func (s *Store) QueuedSegments(ctx context.Context, campaignID int64) (map[string]int64, error) {
	all := map[string]int64{}
	var country string
	var n int64
	if err := eachRow(ctx, s.read, []any{&country, &n}, func() error { all[country] += n; return nil },
		`SELECT country, sum(segments) FROM recipient_counts WHERE campaign_id = ? AND state = 'queued' GROUP BY country`, campaignID); err != nil {
		return nil, fmt.Errorf("counting what is queued: %w", explain(err))
	}
	return all, nil
}

// Confirm lets a list that was imported be sent by whoever looks for work, remembers the key that it came with, and gives
// the lease back.
func (s *Store) Confirm(ctx context.Context, c *campaign.Campaign, lease string, key, digest []byte) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(c.ID, lease); err != nil {
			return err
		}
		if known, err := tx.known(key, digest); err != nil {
			return err
		} else if known == 0 {
			if err := tx.remember(key, digest, c.ID<<32); err != nil {
				return err
			}
		}
		if err := tx.setStatus(c.ID, campaign.Running, ""); err != nil {
			return err
		}
		_, err := tx.exec(`UPDATE campaigns SET lease_token = NULL, lease_host = NULL, lease_pid = NULL, lease_at = NULL, lease_until = NULL
			WHERE id = ?`, c.ID)
		return err
	}))
}

// ForgetKeys drops idempotency keys that are older than some time, a bounded number at once.
func (s *Store) ForgetKeys(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err = tx.exec(`DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 5000) AND at < ?`, before.UnixMilli())
		return err
	}))
	return n, err
}

// Backlog is how many orders wait to be sent in campaigns that collect them.
func (s *Store) Backlog(ctx context.Context) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT coalesce(sum(r.n), 0) FROM campaigns c JOIN recipient_counts r ON r.campaign_id = c.id
		WHERE c.identity >= ? AND c.identity < ? AND c.state NOT IN ('completed', 'cancelled') AND r.state = 'queued'`,
		campaign.Standing, campaign.Standing+"\xff").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting what is queued: %w", explain(err))
	}
	return n, nil
}
