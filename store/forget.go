package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
)

// reasonForgotten is why a recipient is not sent to whose person was forgotten.
const reasonForgotten = "forgotten"

// Forgotten is what was known of a person.
type Forgotten struct {
	Recipients int64 `json:"recipients"`
	Attempts   int64 `json:"attempts"`
	Receipts   int64 `json:"receipts"`
	Inbound    int64 `json:"inbound"`
	Replies    int64 `json:"replies"`
	Rejects    int64 `json:"rejects"`
	Events     int64 `json:"optout_events"`
	Consents   int64 `json:"consents"`
	Mentions   int64 `json:"mentions"` // rows about others in which the number stood

	Campaigns []string `json:"campaigns"` // whose list had the number
	Files     []string `json:"files"`     // of rejected rows that were written for them, which lie outside
	Hash      string   `json:"hash"`      // under which they are never sent to again
}

// e164 writes a number of the database; whoever was forgotten has none.
func e164(phone int64) string {
	if phone <= 0 {
		return ""
	}
	return "+" + strconv.FormatInt(phone, 10)
}

// Forget takes a person out of everything that the database holds. What they were part of stays: their rows lose whatever
// leads to them and get a number below zero instead, so that all sums hold; what they have said of being written to is
// kept under it, and a keyed hash of their number is on the opt-out list for good. Scrub must follow.
func (s *Store) Forget(ctx context.Context, phone uint64, actor string) (*Forgotten, error) {
	key, err := s.OwnKey()
	if err != nil {
		return nil, err
	}
	hashers, err := optout.Hashers([]optout.HashKind{key.Kind()}, []optout.Key{key})
	if err != nil {
		return nil, err
	}
	op := &forget{phone: int64(phone), digits: strconv.FormatUint(phone, 10), sum: hashers[0].Sum(phone), kind: key.Kind(), actor: actor}
	op.alias = -int64(binary.BigEndian.Uint64(op.sum)>>1) - 1
	if op.rejects, op.rejectedBy, err = s.rejectsWith(ctx, op.digits); err != nil {
		return nil, err
	}
	if err := s.w.do(ctx, op); err != nil {
		return nil, fmt.Errorf("forgetting a number: %w", err)
	}
	return op.res, nil
}

type forget struct {
	phone      int64
	alias      int64 // what stands in the number's place
	digits     string
	sum        []byte
	kind       optout.HashKind
	actor      string
	rejects    []int64        // rowids
	rejectedBy map[int64]bool // their campaigns
	res        *Forgotten
}

func (op *forget) apply(tx *txn) error {
	op.res = &Forgotten{Campaigns: []string{}, Files: []string{}, Hash: hashName(op.sum)}
	for _, step := range []func(*txn) error{(*txn).owe, op.messages, op.replies, op.rejected, op.list, op.schedules, op.mentions, op.suppress} {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}

// messages empties the person's recipients with their attempts and receipts.
func (op *forget) messages(tx *txn) error {
	ids, err := tx.ids(`SELECT id FROM campaigns ORDER BY id`)
	if err != nil {
		return err
	}
	for _, c := range ids {
		found, err := tx.ids(`SELECT id FROM recipients WHERE campaign_id = ? AND phone = ?`, c, op.phone)
		if err != nil {
			return err
		}
		if len(found) == 0 && !op.rejectedBy[c] {
			continue
		}
		if err := op.names(tx, c); err != nil {
			return err
		}
		for _, id := range found {
			if err := op.recipient(tx, id); err != nil {
				return err
			}
		}
	}
	n, err := tx.exec(`UPDATE receipts SET raw = NULL, ref = '', carrier_message_id = '', detail = '', phone = 0 WHERE phone = ?`, op.phone)
	op.res.Receipts += n
	return err
}

// names remembers the campaign, and empties what is only about the one person of it.
func (op *forget) names(tx *txn, c int64) error {
	d := row(2)
	if _, err := tx.row(d, `SELECT name, settings FROM campaigns WHERE id = ?`, c); err != nil {
		return err
	}
	var settings campaign.Settings
	if err := json.Unmarshal([]byte(text(d[1])), &settings); err != nil {
		return err
	}
	op.res.Campaigns = append(op.res.Campaigns, text(d[0]))
	if settings.Rejects != "" {
		op.res.Files = append(op.res.Files, settings.Rejects)
	}
	if _, err := tx.exec(`UPDATE campaigns SET template = '' WHERE id = ? AND next_seq = 2`, c); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM meta WHERE key = ?`, vitalsKey(c))
	return err
}

func (op *forget) recipient(tx *txn, id int64) error {
	r, err := tx.recipient(id)
	if err != nil {
		return err
	}
	if r.state == campaign.Queued {
		if err := tx.hold(&r, &block{forgotten: true}); err != nil {
			return err
		}
	}
	op.res.Recipients++
	for a := r.lastAttempt; a != 0; {
		n, err := tx.exec(`UPDATE receipts SET raw = NULL, ref = '', carrier_message_id = '', detail = '', phone = 0 WHERE attempt_id = ?`, a)
		if err != nil {
			return err
		}
		op.res.Receipts += n
		for _, q := range []string{
			`UPDATE attempts SET detail = '', carrier_message_id = '' WHERE id = ?`, `DELETE FROM attempt_parts WHERE attempt_id = ?`,
		} {
			if _, err := tx.exec(q, a); err != nil {
				return err
			}
		}
		op.res.Attempts++
		row, err := tx.attempt(a)
		if err != nil {
			return err
		}
		a = row.previous
	}
	if _, err := tx.exec(`UPDATE recipients SET phone = ?, zone = '' WHERE id = ?`, op.alias, id); err != nil {
		return err
	}
	if _, err := tx.exec(`UPDATE contents SET cells = '[]', text = '' WHERE recipient_id = ?`, id); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM conversions WHERE recipient_id = ?`, id); err != nil {
		return err
	}
	_, err = tx.exec(`DELETE FROM orders WHERE recipient_id = ?`, id) // the hash of what was asked for, number and text
	return err
}

// replies empties what the person wrote, and what they were answered.
func (op *forget) replies(tx *txn) (err error) {
	const emptied = `UPDATE inbound SET phone = ?, sender = '', text = '', raw = NULL, message_id = '',
		review = CASE review WHEN 'open' THEN 'dismissed' ELSE review END WHERE `
	n1, err := tx.exec(emptied+`phone = ?`, op.alias, op.phone)
	if err != nil {
		return err
	}
	n2, err := tx.exec(emptied+`phone = 0 AND instr(sender, ?)`, int64(0), op.digits)
	if err != nil {
		return err
	}
	op.res.Inbound = n1 + n2
	op.res.Replies, err = tx.exec(`UPDATE replies SET phone = ?, text = '', detail = '' WHERE phone = ?`, op.alias, op.phone)
	return err
}

func (op *forget) rejected(tx *txn) error {
	for _, id := range op.rejects {
		if _, err := tx.exec(`UPDATE rejects SET cells = '[]', message = '' WHERE rowid = ?`, id); err != nil {
			return err
		}
	}
	op.res.Rejects = int64(len(op.rejects))
	return nil
}

// list keeps what the person has decided, under the other name.
func (op *forget) list(tx *txn) (err error) {
	if op.res.Events, err = tx.exec(`UPDATE optout_events SET phone = ?, evidence = ? WHERE phone = ?`, op.alias, "forgotten, hash "+hashName(op.sum), op.phone); err != nil {
		return err
	}
	if _, err = tx.exec(`UPDATE optouts SET phone = ? WHERE phone = ?`, op.alias, op.phone); err != nil {
		return err
	}
	op.res.Consents, err = tx.exec(`DELETE FROM consents WHERE phone = ?`, op.phone)
	return err
}

// mentions blots the number out of rows about others: a carrier's receipts for many, a column of somebody else's row.
func (op *forget) mentions(tx *txn) error {
	for _, q := range []string{
		`UPDATE receipts SET raw = NULL WHERE raw IS NOT NULL AND instr(raw, CAST(?1 AS BLOB))`,
		`UPDATE receipts SET detail = '' WHERE instr(detail, ?1)`,
		`UPDATE attempts SET detail = '' WHERE instr(detail, ?1)`,
		`UPDATE contents SET cells = replace(cells, ?1, 'forgotten'), text = replace(text, ?1, 'forgotten') WHERE instr(cells, ?1) OR instr(text, ?1)`,
		`UPDATE inbound SET text = replace(text, ?1, 'forgotten'), raw = NULL WHERE instr(text, ?1) OR instr(raw, CAST(?1 AS BLOB))`,
		`UPDATE optout_events SET evidence = replace(evidence, ?1, 'forgotten') WHERE instr(evidence, ?1)`,
		`UPDATE controls SET detail = replace(detail, ?1, 'forgotten') WHERE instr(detail, ?1)`,
		`UPDATE meta SET value = replace(value, ?1, 'forgotten') WHERE key LIKE 'vitals:%' AND instr(value, ?1)`,
	} {
		n, err := tx.exec(q, op.digits)
		if err != nil {
			return err
		}
		op.res.Mentions += n
	}
	return nil
}

// suppress puts the hash on the list.
func (op *forget) suppress(tx *txn) error {
	if _, err := tx.exec(`INSERT INTO optout_hashes (hash, scope, alg, key_id, reason, actor, evidence, occurred_at, recorded_at) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO NOTHING`, op.sum, string(optout.All), string(op.kind.Alg), op.kind.KeyID, reasonForgotten, op.actor, "db forget", tx.now, tx.now); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO optout_hash_kinds (alg, key_id) VALUES (?, ?) ON CONFLICT DO NOTHING`, string(op.kind.Alg), op.kind.KeyID)
	return err
}

// rejectsWith finds rejected rows in which a number stands, however the list wrote it.
func (s *Store) rejectsWith(ctx context.Context, number string) (ids []int64, campaigns map[int64]bool, err error) {
	campaigns = map[int64]bool{}
	var id, c int64
	var cells, message string
	err = eachRow(ctx, s.read, []any{&id, &c, &cells, &message}, func() error {
		var list []string
		if err := json.Unmarshal([]byte(cells), &list); err != nil {
			list = []string{cells}
		}
		for _, cell := range append(list, message) {
			if mentions(cell, number) {
				ids, campaigns[c] = append(ids, id), true
				break
			}
		}
		return nil
	}, `SELECT rowid, campaign_id, cells, message FROM rejects`)
	if err != nil {
		return nil, nil, fmt.Errorf("reading rejected rows: %w", explain(err))
	}
	return ids, campaigns, nil
}

// mentions says that a text holds the number, as E.164 or as people of its country write it.
func mentions(text, number string) bool {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	if strings.Contains(digits, number) {
		return true
	}
	national := strings.TrimLeft(digits, "0")
	return len(national) >= 7 && strings.HasSuffix(number, national)
}
