package store

import (
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// maxOutages is how many a campaign keeps: a page shows no more.
const maxOutages = 300

// droppedOutages counts those that came after them.
const droppedOutages = "outages_dropped"

// outages keeps what has become of the outages that the holder of the lease tells of.
func (tx *txn) outages(campaignID int64, all []campaign.Outage) error {
	for i := range all {
		o := &all[i]
		carrier, began, ended := row(1), o.Began.UnixMilli(), int64(0)
		if found, err := tx.row(carrier, `SELECT id FROM carriers WHERE name = ?`, o.Carrier); err != nil || !found {
			return err
		}
		if !o.Ended.IsZero() {
			ended = max(o.Ended.UnixMilli(), 1)
		}
		n, err := tx.exec(`UPDATE outages SET ended_at = ?, times = ?, why = ?
			WHERE campaign_id = ? AND began_at = ? AND carrier_id = ? AND trouble = ? AND country = ?`,
			ended, int64(o.Times), o.Why, campaignID, began, carrier[0], string(o.Trouble), o.Country)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		n, err = tx.exec(`INSERT INTO outages (campaign_id, began_at, carrier_id, country, trouble, ended_at, times, why)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE (SELECT count(*) FROM outages WHERE campaign_id = ?1) < ?9`,
			campaignID, began, carrier[0], o.Country, string(o.Trouble), ended, int64(o.Times), o.Why, int64(maxOutages))
		if err != nil {
			return err
		}
		if n == 0 && o.New {
			tx.tally.count(campaignID, droppedOutages)
		}
	}
	return nil
}

// endOutages ends those that go on: nobody sends any more, so nobody knows better.
func (tx *txn) endOutages(campaignID, at int64) error {
	_, err := tx.exec(`UPDATE outages SET ended_at = max(began_at, ?) WHERE campaign_id = ? AND ended_at = 0`, at, campaignID)
	return err
}

func (f *filler) outages() error {
	var o report.Outage
	var began, ended int64
	if err := f.q.QueryRowContext(f.ctx, `SELECT coalesce(sum(n), 0) FROM counters WHERE campaign_id = ? AND name = ?`, f.c.ID, droppedOutages).
		Scan(&f.OutagesDropped); err != nil {
		return err
	}
	return f.each([]any{&o.Carrier, &o.Country, &o.Trouble, &began, &ended, &o.Times, &o.Why}, func() error {
		x := o
		x.Began = time.UnixMilli(began).UTC()
		if ended > 0 {
			end := time.UnixMilli(ended).UTC()
			x.Ended = &end
		}
		f.Outages = append(f.Outages, x)
		return nil
	}, `SELECT c.name, o.country, o.trouble, o.began_at, o.ended_at, o.times, o.why FROM outages o JOIN carriers c ON c.id = o.carrier_id
		WHERE o.campaign_id = ? ORDER BY o.began_at, c.name, o.country`, f.c.ID)
}
