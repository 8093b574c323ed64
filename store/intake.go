package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// Importer adds rows to one campaign.
type Importer struct {
	s        *Store
	campaign int64
	lease    string
}

// Importer returns what intake hands its rows to.
func (s *Store) Importer(campaignID int64, lease string) Importer {
	return Importer{s: s, campaign: campaignID, lease: lease}
}

// Import adds a batch of recipients to a campaign that is importing, and its rejected rows. It returns those that were
// there before; the first row of a number wins, so batches come in the order of the file.
func (i Importer) Import(ctx context.Context, batch []campaign.Recipient, rejects []campaign.Reject) (dups []campaign.Reject, err error) {
	op := &importBatch{campaign: i.campaign, lease: i.lease, rejects: rejects}
	op.batch = slices.Clone(batch)
	// In the order of the UNIQUE index, its pages are visited once each.
	slices.SortFunc(op.batch, func(a, b campaign.Recipient) int {
		if a.Phone != b.Phone {
			return compare(a.Phone, b.Phone)
		}
		return a.Line - b.Line
	})
	if err := i.s.w.do(ctx, op); err != nil {
		return nil, fmt.Errorf("importing rows: %w", err)
	}
	return op.dups, nil
}

func compare(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

type importBatch struct {
	campaign int64
	lease    string
	batch    []campaign.Recipient
	rejects  []campaign.Reject
	dups     []campaign.Reject
}

func (op *importBatch) apply(tx *txn) error {
	op.dups = nil
	if err := tx.holds(op.campaign, op.lease); err != nil {
		return err
	}
	d := row(2)
	if _, err := tx.row(d, `SELECT next_seq, state FROM campaigns WHERE id = ?`, op.campaign); err != nil {
		return err
	}
	if text(d[1]) != string(campaign.Importing) {
		return campaign.ErrState
	}
	seq := integer(d[0])
	for part := range slices.Chunk(op.batch, importRows) {
		n, err := op.insert(tx, seq, part)
		if err != nil {
			return err
		}
		seq += n
	}
	if _, err := tx.exec(`UPDATE campaigns SET next_seq = ? WHERE id = ?`, seq, op.campaign); err != nil {
		return err
	}
	return tx.insertRejects(op.campaign, op.rejects)
}

// importRows is how many rows one statement inserts: more gains nothing.
const importRows = 50

//nolint:gochecknoglobals // two constant statements
var (
	insertRecipients = `INSERT INTO recipients (id, campaign_id, phone, line, country, kind, segments, ucs2, state) VALUES ` +
		strings.TrimSuffix(strings.Repeat(`(?,?,?,?,?,?,?,?,'queued'),`, importRows), ",") + ` ON CONFLICT DO NOTHING`
	insertContents = `INSERT INTO contents (recipient_id, cells, text) VALUES ` +
		strings.TrimSuffix(strings.Repeat(`(?,?,?),`, importRows), ",")
)

// insert adds some rows in two statements, and one by one those among which there is a number twice.
func (op *importBatch) insert(tx *txn, seq int64, part []campaign.Recipient) (used int64, err error) {
	if len(part) < importRows || twice(part) {
		return op.insertEach(tx, seq, part)
	}
	base := op.campaign<<32 + seq
	args := make([]any, 0, 8*importRows)
	for i := range part {
		r := &part[i]
		args = append(args, base+int64(i), op.campaign, int64(r.Phone), int64(r.Line), r.Country, r.Kind, int64(r.Segments), boolInt(r.UCS2))
	}
	n, err := tx.exec(insertRecipients, args...)
	if err != nil {
		return 0, err
	}
	if err := tx.schedule(base, part, n == importRows); err != nil {
		return 0, err
	}
	if n != importRows { // some were there before
		if _, err := tx.exec(`DELETE FROM recipients WHERE id >= ? AND id < ?`, base, base+importRows); err != nil {
			return 0, err
		}
		return op.insertEach(tx, seq, part)
	}
	args = args[:0]
	for i := range part {
		cells, err := json.Marshal(part[i].Cells)
		if err != nil {
			return 0, err
		}
		args = append(args, base+int64(i), string(cells), part[i].Text)
		tx.tally.recipient(recipientCell{op.campaign, part[i].Country, campaign.Queued, ""}, 1, int64(part[i].Segments))
	}
	_, err = tx.exec(insertContents, args...)
	return importRows, err
}

// schedule writes when rows that were just inserted are to be sent to. Most lists do not say, and then it costs nothing.
func (tx *txn) schedule(base int64, part []campaign.Recipient, inserted bool) error {
	if !inserted {
		return nil
	}
	for i := range part {
		t := &part[i].Timing
		if t.AtOnce() {
			continue
		}
		if _, err := tx.exec(`UPDATE recipients SET not_before = ?, scheduled = ?, zone = ? WHERE id = ?`,
			milliseconds(t.NotBefore), milliseconds(t.Scheduled), t.Zone, base+int64(i)); err != nil {
			return err
		}
	}
	return nil
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func twice(sorted []campaign.Recipient) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Phone == sorted[i-1].Phone {
			return true
		}
	}
	return false
}

func (op *importBatch) insertEach(tx *txn, seq int64, part []campaign.Recipient) (used int64, err error) {
	for i := range part {
		r := &part[i]
		id := op.campaign<<32 + seq + used
		n, err := tx.exec(`INSERT INTO recipients (id, campaign_id, phone, line, country, kind, segments, ucs2, state)
			VALUES (?,?,?,?,?,?,?,?,'queued') ON CONFLICT DO NOTHING`,
			id, op.campaign, int64(r.Phone), int64(r.Line), r.Country, r.Kind, int64(r.Segments), boolInt(r.UCS2))
		if err != nil {
			return 0, err
		}
		if n == 0 {
			if err := op.duplicate(tx, r); err != nil {
				return 0, err
			}
			continue
		}
		if err := tx.schedule(id, part[i:i+1], true); err != nil {
			return 0, err
		}
		cells, err := json.Marshal(r.Cells)
		if err != nil {
			return 0, err
		}
		if _, err := tx.exec(`INSERT INTO contents (recipient_id, cells, text) VALUES (?,?,?)`, id, string(cells), r.Text); err != nil {
			return 0, err
		}
		tx.tally.recipient(recipientCell{op.campaign, r.Country, campaign.Queued, ""}, 1, int64(r.Segments))
		used++
	}
	return used, nil
}

func (op *importBatch) duplicate(tx *txn, r *campaign.Recipient) error {
	d := row(1)
	if _, err := tx.row(d, `SELECT line FROM recipients WHERE campaign_id = ? AND phone = ?`, op.campaign, int64(r.Phone)); err != nil {
		return err
	}
	dup := campaign.Reject{
		Line: r.Line, Code: campaign.CodeDuplicate, Cells: r.Cells,
		Message: fmt.Sprintf("the same number as line %d", integer(d[0])),
	}
	op.dups = append(op.dups, dup)
	return tx.insertRejects(op.campaign, []campaign.Reject{dup})
}

func (tx *txn) insertRejects(campaignID int64, rejects []campaign.Reject) error {
	for i := range rejects {
		r := &rejects[i]
		if _, err := tx.exec(`INSERT INTO rejects (campaign_id, line, record, column, code, message, cells) VALUES (?,?,?,?,?,?,?)`,
			campaignID, int64(r.Line), int64(r.Record), r.Column, r.Code, sentence(r), encode(r.Cells, "[]")); err != nil {
			return err
		}
	}
	return nil
}

func sentence(r *campaign.Reject) string {
	if r.Fix == "" {
		return r.Message
	}
	return r.Message + ". Fix: " + r.Fix
}

// Intake is what the parser counted and the plan costs.
type Intake struct {
	Rows, Invalid, Duplicate, OptedOut int64
	SourceSHA                          string
	Columns                            []string
	Estimate                           carriers.Price
	Identity                           string // "" leaves it
}

// FinishImport makes a campaign sendable: until here nothing of it can leave.
func (s *Store) FinishImport(ctx context.Context, campaignID int64, lease string, in Intake) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		if err := tx.holds(campaignID, lease); err != nil {
			return err
		}
		n, err := tx.exec(`UPDATE campaigns SET state = 'planned', rows = ?, invalid = ?, duplicate = ?, opted_out = ?, source_sha256 = ?,
			columns = ?, estimate = ?, identity = CASE WHEN ? <> '' THEN ? ELSE identity END WHERE id = ? AND state = 'importing'`,
			in.Rows, in.Invalid, in.Duplicate, in.OptedOut, in.SourceSHA, encode(in.Columns, "[]"), int64(in.Estimate),
			in.Identity, in.Identity, campaignID)
		if err == nil && n != 1 {
			return campaign.ErrState
		}
		return err
	}))
}

// Discard removes a campaign of which nothing was ever sent: an import that failed or a plan that was declined.
func (s *Store) Discard(ctx context.Context, campaignID int64) error {
	lo, hi := span(campaignID)
	started := false
	err := s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(`UPDATE campaigns SET state = 'importing', name = public_id, identity = '' WHERE id = ? AND state IN ('importing', 'planned')
			AND started_at IS NULL`, campaignID)
		started = n == 0
		return err
	}))
	if err != nil || started {
		return errors.Join(err, errIf(started, campaign.ErrState))
	}
	for id := lo; id < hi; id += 20_000 {
		var n int64
		if err := s.w.do(ctx, opFunc(func(tx *txn) (err error) {
			if _, err = tx.exec(`DELETE FROM contents WHERE recipient_id > ? AND recipient_id <= ?`, id, id+20_000); err != nil {
				return err
			}
			n, err = tx.exec(`DELETE FROM recipients WHERE id > ? AND id <= ?`, id, id+20_000)
			return err
		})); err != nil {
			return fmt.Errorf("discarding the import: %w", err)
		}
		if n == 0 {
			break
		}
	}
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		for _, q := range []string{
			`DELETE FROM recipient_counts WHERE campaign_id = ?`, `DELETE FROM rejects WHERE campaign_id = ?`,
			`DELETE FROM controls WHERE campaign_id = ?`, `DELETE FROM campaigns WHERE id = ?`,
		} {
			if _, err := tx.exec(q, campaignID); err != nil {
				return err
			}
		}
		return nil
	}))
}

func errIf(cond bool, err error) error {
	if cond {
		return err
	}
	return nil
}
