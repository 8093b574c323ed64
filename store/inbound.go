package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
)

// Inbound is a message from a person with what it was taken for.
type Inbound struct {
	carriers.Inbound
	Phone   uint64 // of whoever sent it, 0 where that is no number
	Verdict optout.Verdict
}

// InboundPolicy is how replies are dealt with: the config's choices.
type InboundPolicy struct {
	Brand     string // of whoever no campaign has written to
	StopScope string // how far a STOP reaches: see [optout.Target.Reply]
	Hold      bool   // nothing goes to a number whose reply waits for review
	Replies   Replies
}

// Heard is what became of a message.
type Heard struct {
	ID        int64 // of its row
	Duplicate bool  // it was taken before, and changed nothing
	Action    optout.Action
	Scope     optout.Scope
	Changed   bool // of the list
	Review    bool // it waits for a person
}

// sameMessage is how long a message without an id that comes again is taken for the same one: a carrier that was not
// answered sends it again when the connection is back.
const sameMessage = 10 * time.Minute

// TakeInbound stores messages and, in the same commit, does what they say: a STOP becomes an opt-out that takes the number
// out of the queue of every campaign. When it returns nil they may be acknowledged. A message that comes again changes
// nothing.
func (s *Store) TakeInbound(ctx context.Context, carrier string, in []Inbound, p InboundPolicy) (heard []Heard, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		heard = heard[:0]
		id, err := s.carrierID(tx, carrier)
		if err != nil {
			return err
		}
		for i := range in {
			h, err := tx.take(carrier, id, &in[i], &p)
			if err != nil {
				return err
			}
			heard = append(heard, h)
		}
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("storing inbound messages of %s: %w", carrier, err)
	}
	return heard, nil
}

func (tx *txn) take(name string, carrier int64, in *Inbound, p *InboundPolicy) (Heard, error) {
	if id, err := tx.takenBefore(carrier, in); err != nil || id != 0 {
		return Heard{ID: id, Duplicate: true, Action: in.Verdict.Action}, err
	}
	last, target, err := tx.lastWritten(int64(in.Phone))
	if err != nil {
		return Heard{}, err
	}
	if last == 0 {
		target.Brand = p.Brand
	}
	h := Heard{Action: in.Verdict.Action, Scope: target.Reply(p.StopScope)}
	if h.Action == optout.StopAll {
		h.Scope = optout.All
	}
	unknown := in.Phone == 0 && h.Action != optout.None && h.Action != optout.Help // whoever that is must not be forgotten
	h.Review = h.Action == optout.Review || unknown
	if h.ID, err = tx.insertInbound(carrier, in, last, &h); err != nil || in.Phone == 0 {
		return h, err
	}
	e := OptOut{
		Phone: in.Phone, Scope: h.Scope, Source: "inbound", Reason: "stop", Actor: "recipient", OccurredAt: in.At,
		Evidence: evidence(name, h.ID, in),
	}
	if err := tx.obey(&h, e, p); err != nil {
		return h, err
	}
	return h, tx.answer(carrier, in, &h, p)
}

// evidence says where the reply is written down, and what it says.
func evidence(carrier string, id int64, in *Inbound) string {
	text := []rune(strings.ToValidUTF8(in.Text, "?"))
	text = text[:min(len(text), 160)]
	if in.ID == "" {
		return fmt.Sprintf("inbound %d via %s to %s: %q", id, carrier, in.To, string(text))
	}
	return fmt.Sprintf("inbound %d via %s (%s) to %s: %q", id, carrier, in.ID, in.To, string(text))
}

// obey does to the list what the message says.
func (tx *txn) obey(h *Heard, e OptOut, p *InboundPolicy) (err error) {
	switch h.Action {
	case optout.Stop, optout.StopAll:
		if h.Changed, err = tx.addOptOut(e); err == nil {
			err = tx.closeReviews(e.Phone, "accepted", e)
		}
	case optout.Start:
		e.Reason = "start"
		if h.Changed, err = tx.lift(e, p.Brand); err == nil {
			err = tx.closeReviews(e.Phone, "dismissed", e)
		}
	case optout.Review:
		if p.Hold {
			e.Scope, e.Reason = optout.Hold(e.Scope), "review"
			h.Changed, err = tx.addOptOut(e)
		}
	}
	if err != nil || !h.Changed {
		return err
	}
	_, err = tx.exec(`UPDATE inbound SET event_id = (SELECT max(id) FROM optout_events WHERE phone = ?) WHERE id = ?`, int64(e.Phone), h.ID)
	return err
}

// takenBefore finds the row of a message that has come already: by its id, else by what it says, if nothing else has
// come from the number since. A STOP between two STARTs is never lost that way.
func (tx *txn) takenBefore(carrier int64, in *Inbound) (id int64, err error) {
	d := row(1)
	if in.ID != "" {
		_, err = tx.row(d, `SELECT id FROM inbound WHERE carrier_id = ? AND message_id = ? AND message_id <> ''`, carrier, in.ID)
		return integer(d[0]), err
	}
	_, err = tx.row(d, `SELECT id FROM inbound WHERE id = (SELECT max(id) FROM inbound WHERE phone = ?) AND carrier_id = ? AND message_id = ''
		AND sender = ? AND receiver = ? AND text = ? AND received_at > ?`,
		int64(in.Phone), carrier, in.From, in.To, in.Text, tx.now-sameMessage.Milliseconds())
	return integer(d[0]), err
}

// lastWritten finds the campaign that has last sent something to a number, 0 if none has.
func (tx *txn) lastWritten(phone int64) (id int64, t optout.Target, err error) {
	if phone == 0 {
		return 0, t, nil
	}
	campaigns, err := tx.ids(`SELECT id FROM campaigns ORDER BY id DESC LIMIT 1000`)
	if err != nil {
		return 0, t, err
	}
	d := row(1)
	var latest int64
	for _, c := range campaigns {
		found, err := tx.row(d, `SELECT a.begun_at FROM recipients r JOIN attempts a ON a.id = r.last_attempt WHERE r.campaign_id = ? AND r.phone = ?
			ORDER BY r.id DESC LIMIT 1`, c, phone)
		if err != nil {
			return 0, t, err
		}
		if at := integer(d[0]); found && at > latest {
			latest, id = at, c
		}
	}
	if id != 0 {
		t, err = tx.target(id)
	}
	return id, t, err
}

func (tx *txn) insertInbound(carrier int64, in *Inbound, last int64, h *Heard) (int64, error) {
	review := ""
	if h.Review {
		review = "open"
	}
	v := &in.Verdict
	at := in.At.UnixMilli()
	if in.At.IsZero() {
		at = tx.now
	}
	return tx.insert(`INSERT INTO inbound (carrier_id, message_id, phone, sender, receiver, text, raw, sent_at, received_at, action, word, rule,
		authority, certainty, campaign_id, scope, review) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		carrier, in.ID, int64(in.Phone), in.From, in.To, in.Text, in.Raw, at, tx.now, string(v.Action), v.Word, v.Rule, v.Authority,
		v.Certainty, last, string(h.Scope), review)
}

// lift takes off the list what the person has put on it, and nothing else: neither what somebody here has decided, nor
// what a carrier says, nor the opt-outs from another brand.
func (tx *txn) lift(e OptOut, brand string) (changed bool, err error) {
	of, _ := e.Scope.Brand()
	if of == "" {
		of = brand
	}
	var scopes []optout.Scope
	d := row(1)
	err = tx.each(d, func() error {
		s := optout.Scope(text(d[0]))
		if _, held := s.Held(); held {
			return nil // closeReviews releases it
		}
		if b, ok := s.Brand(); ok && of != "" && optout.Fold(b) != optout.Fold(of) {
			return nil
		}
		scopes = append(scopes, s)
		return nil
	}, `SELECT o.scope FROM optouts o JOIN optout_events v ON v.id = o.event_id WHERE o.phone = ? AND v.source = 'inbound'`, int64(e.Phone))
	if err != nil {
		return false, err
	}
	for _, e.Scope = range scopes {
		removed, err := tx.removeOptOut(e)
		if err != nil {
			return changed, err
		}
		changed = changed || removed
	}
	return changed, nil
}
