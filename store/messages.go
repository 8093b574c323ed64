package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
)

// Messages lists a campaign's messages in the order of the list.
func (s *Store) Messages(ctx context.Context, c *campaign.Campaign, f Filter) (out []report.Message, err error) {
	err = s.EachMessage(ctx, c, f, func(m *report.Message) error {
		out = append(out, *m)
		return nil
	})
	return out, err
}

// CampaignsTo lists the ids of the campaigns that hold a number, latest first.
func (s *Store) CampaignsTo(ctx context.Context, phone uint64) (ids []int64, err error) {
	var id int64
	err = eachRow(ctx, s.read, []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	}, `SELECT c.id FROM campaigns c WHERE EXISTS (SELECT 1 FROM recipients r WHERE r.campaign_id = c.id AND r.phone = ?) ORDER BY c.id DESC`, int64(phone))
	if err != nil {
		return nil, fmt.Errorf("looking a number up: %w", explain(err))
	}
	return ids, nil
}

// Message tells everything about the message to a recipient of a campaign: by its sequence, or by its number where
// the sequence is 0. campaign.ErrNotFound says that there is none.
func (s *Store) Message(ctx context.Context, c *campaign.Campaign, sequence int64, phone uint64) (*report.Detail, error) {
	var d *report.Detail
	f := Filter{Phone: phone, One: sequence}
	err := s.stories(ctx, c, f, func(st *story) (err error) {
		d, err = st.detail()
		return err
	})
	if err == nil && d == nil {
		err = campaign.ErrNotFound
	}
	return d, err
}

func (st *story) detail() (*report.Detail, error) {
	d := &report.Detail{Schema: report.DetailSchema, Source: st.of.Source, Receipts: []report.Receipt{}, History: []report.Attempt{}}
	st.message(&d.Message)
	v := row(2)
	if _, err := st.conn.row(v, `SELECT text, cells FROM contents WHERE recipient_id = ?`, st.id); err != nil {
		return nil, err
	}
	d.Text = text(v[0])
	if st.of.Collects() {
		d.Ref = campaign.OrderRef(text(v[1]))
	}
	for i := range st.attempts {
		var a report.Attempt
		st.attempt(i, &a)
		d.History = append(d.History, a)
		rs, err := st.receipts(&st.attempts[i])
		if err != nil {
			return nil, err
		}
		d.Receipts = append(d.Receipts, rs...)
	}
	slices.SortStableFunc(d.Receipts, func(a, b report.Receipt) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	d.Tell()
	return d, nil
}

// receipts walks an attempt's receipts back and returns them oldest first.
func (st *story) receipts(t *try) (out []report.Receipt, err error) {
	d := row(12)
	for id, steps := t.lastReceipt, 0; id != 0; steps++ {
		found, err := st.conn.row(d, `SELECT previous, via, state, class, code, detail, carrier_at, received_at, applied, ref, attempt_id, carrier_id
			FROM receipts WHERE id = ?`, id)
		if err != nil {
			return nil, err
		}
		if !found || steps > maxChain {
			return nil, errors.New("the receipts of an attempt are broken off: run smsctl db check")
		}
		r := report.Receipt{
			Attempt: int(t.n), Carrier: st.carriers[integer(d[11])], Via: text(d[1]), State: carriers.ReceiptState(text(d[2])),
			Class: carriers.Class(text(d[3])), Code: text(d[4]), Error: text(d[5]), CarrierAt: timeOf(integer(d[6])),
			ReceivedAt: time.UnixMilli(integer(d[7])).UTC(), Applied: integer(d[8]) == 1,
		}
		// Without our reference it can only be found by the carrier's id, and that came with the answer.
		if st.store.attemptOf(text(d[9])) == 0 && t.byID && integer(d[7]) < t.endedAt {
			r.MatchedAt = timeOf(t.endedAt)
		}
		out, id = append(out, r), integer(d[0])
	}
	slices.Reverse(out)
	return out, nil
}
