package store

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
)

// block is the entry of the opt-out list that keeps a message from being sent.
type block struct {
	event int64
	scope string
	held  bool   // only until a person has read the reply
	hash  []byte // of a hashed entry, which has no event

	noConsent bool // the campaign needs consent, and there is none (any more)
	forgotten bool // there is nobody any more to send to
}

// reason is what a recipient that is not sent to has for one. What was held is found again by it.
func (b *block) reason() string {
	switch {
	case b.forgotten:
		return reasonForgotten
	case b.noConsent:
		return "no consent"
	case b.held:
		return heldBy(b.event)
	case b.hash != nil:
		return "optout:" + hashName(b.hash)
	}
	return fmt.Sprintf("optout:%d", b.event)
}

func heldBy(event int64) string { return fmt.Sprintf("hold:%d", event) }

// hold takes a queued recipient out of the queue because of an entry, and notes that the entry was honoured.
func (tx *txn) hold(r *recipientRow, by *block) error {
	r.reason, r.notBefore = by.reason(), 0
	if err := tx.move(r, r.sums().Rest(campaign.Suppressed)); err != nil {
		return err
	}
	if by.hash != nil {
		_, err := tx.conn.exec(`UPDATE optout_hashes SET honoured_at = ? WHERE hash = ? AND scope = ? AND honoured_at IS NULL`, tx.now, by.hash, by.scope)
		return err
	}
	_, err := tx.conn.exec(`UPDATE optouts SET honoured_at = ? WHERE phone = ? AND scope = ? AND honoured_at IS NULL`, tx.now, r.phone, by.scope)
	return err
}

// suppress takes a number out of the queue of every campaign that may still send to it.
func (tx *txn) suppress(phone int64) error { return tx.suppressAll([]int64{phone}) }

// suppressAll does so with some numbers: one question for each campaign.
func (tx *txn) suppressAll(phones []int64) error {
	campaigns, err := tx.ids(`SELECT id FROM campaigns WHERE state NOT IN ('completed', 'cancelled')`)
	if err != nil {
		return err
	}
	args := make([]any, 1, 1+len(phones))
	for _, p := range phones {
		args = append(args, p)
	}
	query := `SELECT id FROM recipients WHERE campaign_id = ? AND phone IN (?` + strings.Repeat(",?", len(phones)-1) + `) AND state = 'queued'`
	for _, c := range campaigns {
		args[0] = c
		queued, err := tx.ids(query, args...)
		if err != nil {
			return err
		}
		for _, id := range queued {
			if err := tx.suppressOne(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *txn) suppressOne(id int64) error {
	r, err := tx.recipient(id)
	if err != nil {
		return err
	}
	by, err := tx.blocked(r.phone, campaignOf(id))
	if err != nil || by == nil {
		return err
	}
	return tx.hold(&r, by)
}

// ids reads a column of integers.
func (tx *txn) ids(query string, args ...any) (ids []int64, err error) {
	d := row(1)
	err = tx.each(d, func() error {
		ids = append(ids, integer(d[0]))
		return nil
	}, query, args...)
	return ids, err
}

// blocked returns the entry that forbids sending this campaign's message to a number, nil if there is none. An opt-out
// goes before a hold.
func (tx *txn) blocked(phone, campaignID int64) (by *block, err error) {
	if phone < 0 {
		return &block{forgotten: true}, nil
	}
	if no, err := tx.disagrees(phone, campaignID); err != nil || no {
		return &block{noConsent: true}, err
	}
	if any, err := tx.anyOptOuts(); err != nil || !any {
		return nil, err
	}
	target, err := tx.target(campaignID)
	if err != nil {
		return nil, err
	}
	d := row(2)
	err = tx.conn.each(d, func() error {
		scope := text(d[0])
		blocked, held := target.Blocked(optout.Scope(scope))
		if blocked && (by == nil || by.held) {
			by = &block{event: integer(d[1]), scope: scope, held: held}
		}
		return nil
	}, `SELECT scope, event_id FROM optouts WHERE phone = ?`, phone)
	if err != nil || by != nil && !by.held {
		return by, err
	}
	if hashed, err := tx.blockedHash(phone, target); err != nil || hashed != nil {
		return hashed, err
	}
	return by, nil
}

// anyOptOuts spares the question about each number where the list is empty.
func (tx *txn) anyOptOuts() (bool, error) {
	if tx.cache.optOuts == notAsked {
		d := row(1)
		found, err := tx.conn.row(d, `SELECT 1 FROM optouts UNION ALL SELECT 1 FROM optout_hash_kinds LIMIT 1`)
		if err != nil {
			return false, err
		}
		tx.cache.optOuts = no
		if found {
			tx.cache.optOuts = yes
		}
	}
	return tx.cache.optOuts == yes, nil
}

// target is what tells a campaign's messages apart for the scopes of the list.
func (tx *txn) target(campaignID int64) (optout.Target, error) {
	if t, ok := tx.cache.targets[campaignID]; ok {
		return t, nil
	}
	d := row(5)
	found, err := tx.conn.row(d, `SELECT sender, type, name, public_id, settings FROM campaigns WHERE id = ?`, campaignID)
	if err != nil || !found {
		return optout.Target{}, err
	}
	var settings campaign.Settings
	if err := json.Unmarshal([]byte(text(d[4])), &settings); err != nil {
		return optout.Target{}, fmt.Errorf("reading the settings of campaign %d: %w", campaignID, err)
	}
	t := optout.Target{Sender: text(d[0]), Brand: settings.Brand, Class: text(d[1]), Campaign: text(d[2]), CampaignID: text(d[3])}
	t.NeedsConsent = settings.RequireConsent
	if tx.cache.targets == nil {
		tx.cache.targets = map[int64]optout.Target{}
	}
	tx.cache.targets[campaignID] = t
	return t, nil
}
