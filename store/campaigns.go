package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// CreateCampaign adds a campaign in the state importing, under the lease. A name that is taken is
// campaign.ErrExists.
func (s *Store) CreateCampaign(ctx context.Context, c *campaign.Campaign, l campaign.Lease) error {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return err
	}
	columns, tags, caps := encode(c.Columns, "[]"), encode(c.Tags, "{}"), encode(c.CarrierCaps, "{}")
	publicID := "cmp_" + randomID()
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		found, err := tx.row(row(1), `SELECT id FROM campaigns WHERE mode = ? AND profile = ? AND name = ?`,
			string(c.Mode), c.Profile, c.Name)
		if err != nil {
			return err
		}
		if found {
			return fmt.Errorf("%w: %s", campaign.ErrExists, c.Name)
		}
		id, err := tx.insert(`INSERT INTO campaigns (public_id, name, mode, profile, identity, state, type, template, sender,
			currency, source, source_sha256, message_sha256, columns, tags, settings, ceiling, created_at, carrier_caps,
			followed, lease_token, lease_host, lease_pid, lease_at, lease_until)
			VALUES (?,?,?,?,?,'importing',?,?,?,?,?,?,?,?,?,?,?,?,?,(SELECT coalesce(max(id), 0) FROM receipts),?,?,?,?,?)`,
			publicID, c.Name, string(c.Mode), c.Profile, c.Identity, string(c.Type), c.Template, c.Sender,
			c.Currency, c.Source, c.SourceSHA, c.MessageSHA, columns, tags, string(settings), price(c.Ceiling), tx.now, caps,
			l.Token, l.Host, int64(l.PID), tx.now, l.Until.UnixMilli())
		if err != nil {
			return err
		}
		c.ID, c.PublicID, c.Status, c.CreatedAt = id, publicID, campaign.Importing, time.UnixMilli(tx.now)
		return tx.control(id, l.Host, "create", c.Source)
	}))
}

func encode(v any, empty string) string {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return empty
	}
	return string(b)
}

func price(p *carriers.Price) any {
	if p == nil {
		return nil
	}
	return int64(*p)
}

// control writes a line of the campaign's history.
func (tx *txn) control(campaignID int64, actor, action, detail string) error {
	_, err := tx.exec(`INSERT INTO controls (campaign_id, at, actor, action, detail) VALUES (?,?,?,?,?)`,
		campaignID, tx.now, actor, action, detail)
	return err
}

const campaignColumns = `id, public_id, name, mode, profile, identity, state, reason, type, template, sender, currency, source,
	source_sha256, message_sha256, columns, tags, settings, estimate, ceiling, created_at, started_at, valid_until, finished_at,
	settled_at, active_ms, followed, desired, rate_cap, carrier_caps, lease_token, lease_host, lease_pid, lease_at, lease_until`

type scanner interface{ Scan(...any) error }

func scanCampaign(r scanner) (*campaign.Campaign, error) {
	var (
		c                                          campaign.Campaign
		columns, tags, settings, caps              string
		estimate, created, activeMS                int64
		ceiling, started, valid, finished, settled sql.NullInt64
		rate                                       sql.NullFloat64
		token, host                                sql.NullString
		pid, leaseAt, leaseUntil                   sql.NullInt64
	)
	err := r.Scan(&c.ID, &c.PublicID, &c.Name, &c.Mode, &c.Profile, &c.Identity, &c.Status, &c.Reason, &c.Type, &c.Template,
		&c.Sender, &c.Currency, &c.Source, &c.SourceSHA, &c.MessageSHA, &columns, &tags, &settings, &estimate, &ceiling,
		&created, &started, &valid, &finished, &settled, &activeMS, &c.Followed, &c.Desired, &rate, &caps, &token, &host, &pid, &leaseAt, &leaseUntil)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(json.Unmarshal([]byte(columns), &c.Columns), json.Unmarshal([]byte(tags), &c.Tags),
		json.Unmarshal([]byte(settings), &c.Settings), json.Unmarshal([]byte(caps), &c.CarrierCaps)); err != nil {
		return nil, fmt.Errorf("reading campaign %s: %w", c.Name, err)
	}
	c.Estimate, c.Active = carriers.Price(estimate), time.Duration(activeMS)*time.Millisecond
	if ceiling.Valid {
		p := carriers.Price(ceiling.Int64)
		c.Ceiling = &p
	}
	if rate.Valid {
		c.RateCap = &rate.Float64
	}
	c.CreatedAt, c.StartedAt, c.ValidUntil = time.UnixMilli(created), millis(started), millis(valid)
	c.FinishedAt, c.SettledAt = millis(finished), millis(settled)
	if token.Valid {
		c.Lease = &campaign.Lease{Token: token.String, Host: host.String, PID: int(pid.Int64), At: millis(leaseAt), Until: millis(leaseUntil)}
	}
	return &c, nil
}

func millis(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMilli(v.Int64)
}

// Campaign finds one by its integer id.
func (s *Store) Campaign(ctx context.Context, id int64) (*campaign.Campaign, error) {
	return s.oneCampaign(ctx, `WHERE id = ?`, id)
}

// CampaignByName finds one by its name in a mode and profile, or by its public id.
func (s *Store) CampaignByName(ctx context.Context, mode campaign.Mode, profile, name string) (*campaign.Campaign, error) {
	return s.oneCampaign(ctx, `WHERE (mode = ? AND profile = ? AND name = ?) OR public_id = ?`, string(mode), profile, name, name)
}

// CampaignByIdentity finds the latest campaign that holds the same list and message.
func (s *Store) CampaignByIdentity(ctx context.Context, identity string) (*campaign.Campaign, error) {
	return s.oneCampaign(ctx, `WHERE identity = ? ORDER BY id DESC LIMIT 1`, identity)
}

func (s *Store) oneCampaign(ctx context.Context, where string, args ...any) (*campaign.Campaign, error) {
	c, err := scanCampaign(s.read.QueryRowContext(ctx, `SELECT `+campaignColumns+` FROM campaigns `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, campaign.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading campaign: %w", explain(err))
	}
	drains, err := s.Drains(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range drains {
		c.Drained = append(c.Drained, d.Carrier)
	}
	c.Resets, err = s.resets(ctx, c.ID)
	return c, err
}

// ResetAction is the action of a wish to close a carrier's breaker; its detail is the carrier.
const ResetAction = "reset"

func (s *Store) resets(ctx context.Context, campaignID int64) (all map[string]time.Time, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT detail, MAX(at) FROM controls WHERE campaign_id = ? AND action = ? GROUP BY detail`, campaignID, ResetAction)
	if err != nil {
		return nil, fmt.Errorf("reading the breakers that were reset: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		var at int64
		if err := rows.Scan(&name, &at); err != nil {
			return nil, err
		}
		if all == nil {
			all = map[string]time.Time{}
		}
		all[name] = time.UnixMilli(at)
	}
	return all, rows.Err()
}

// Campaigns lists the campaigns of a mode and profile, latest first; limit 0 is all.
func (s *Store) Campaigns(ctx context.Context, mode campaign.Mode, profile string, limit int) (_ []*campaign.Campaign, err error) {
	if limit <= 0 {
		limit = -1
	}
	rows, err := s.read.QueryContext(ctx, `SELECT `+campaignColumns+` FROM campaigns WHERE mode = ? AND profile = ?
		ORDER BY id DESC LIMIT ?`, string(mode), profile, limit)
	if err != nil {
		return nil, fmt.Errorf("listing campaigns: %w", explain(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []*campaign.Campaign
	for rows.Next() {
		c, err := scanCampaign(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Control is a line of a campaign's history.
type Control struct {
	At                    time.Time
	Actor, Action, Detail string
}

// History lists who did what to a campaign, oldest first.
func (s *Store) History(ctx context.Context, campaignID int64) (_ []Control, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT at, actor, action, detail FROM controls WHERE campaign_id = ? ORDER BY id`, campaignID)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []Control
	for rows.Next() {
		var c Control
		var at int64
		if err := rows.Scan(&at, &c.Actor, &c.Action, &c.Detail); err != nil {
			return nil, err
		}
		c.At = time.UnixMilli(at)
		out = append(out, c)
	}
	return out, rows.Err()
}
