package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/schedule"
)

// AddSchedule adds one; a name that is taken is campaign.ErrExists.
func (s *Store) AddSchedule(ctx context.Context, sc *schedule.Schedule) error {
	flags := encode(sc.Flags, "[]")
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		found, err := tx.row(row(1), `SELECT id FROM schedules WHERE mode = ? AND profile = ? AND name = ? AND removed_at IS NULL`,
			sc.Mode, sc.Profile, sc.Name)
		if err != nil {
			return err
		}
		if found {
			return fmt.Errorf("%w: %s", campaign.ErrExists, sc.Name)
		}
		sc.CreatedAt, sc.Considered = time.UnixMilli(tx.now), time.UnixMilli(tx.now)
		sc.ID, err = tx.insert(`INSERT INTO schedules (name, mode, profile, expr, zone, flags, overlap, catch_up, grace_ms, max_growth, expected,
			considered, created_at, actor) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			sc.Name, sc.Mode, sc.Profile, sc.Expr, sc.Zone, flags, string(sc.Overlap), string(sc.CatchUp), sc.Grace.Milliseconds(),
			share(sc.MaxGrowth), sc.Expected, tx.now, tx.now, sc.Actor)
		return err
	}))
}

func share(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

const scheduleColumns = `id, name, mode, profile, expr, zone, flags, overlap, catch_up, grace_ms, max_growth, expected, paused, considered,
	created_at, actor`

// Schedules lists those of a mode and profile by their names.
func (s *Store) Schedules(ctx context.Context, mode campaign.Mode, profile string) ([]*schedule.Schedule, error) {
	return s.schedules(ctx, `mode = ? AND profile = ? AND removed_at IS NULL ORDER BY name`, string(mode), profile)
}

// Schedule finds one by its name.
func (s *Store) Schedule(ctx context.Context, mode campaign.Mode, profile, name string) (*schedule.Schedule, error) {
	all, err := s.schedules(ctx, `mode = ? AND profile = ? AND name = ? AND removed_at IS NULL`, string(mode), profile, name)
	if err == nil && len(all) == 0 {
		err = campaign.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

func (s *Store) schedules(ctx context.Context, where string, args ...any) (all []*schedule.Schedule, err error) {
	var sc schedule.Schedule
	var flags string
	var grace, considered, created int64
	var growth sql.NullFloat64
	err = eachRow(ctx, s.read, []any{
		&sc.ID, &sc.Name, &sc.Mode, &sc.Profile, &sc.Expr, &sc.Zone, &flags, &sc.Overlap, &sc.CatchUp, &grace, &growth, &sc.Expected,
		&sc.Paused, &considered, &created, &sc.Actor,
	}, func() error {
		one := sc
		one.Grace, one.Considered, one.CreatedAt = time.Duration(grace)*time.Millisecond, time.UnixMilli(considered), time.UnixMilli(created)
		if growth.Valid {
			limit := growth.Float64
			one.MaxGrowth = &limit
		}
		one.Flags = nil
		all = append(all, &one)
		return json.Unmarshal([]byte(flags), &one.Flags)
	}, `SELECT `+scheduleColumns+` FROM schedules WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading schedules: %w", explain(err))
	}
	return all, nil
}

// PauseSchedule pauses one for a reason, or resumes it with "".
func (s *Store) PauseSchedule(ctx context.Context, id int64, reason string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`UPDATE schedules SET paused = ? WHERE id = ?`, reason, id)
		return err
	}))
}

// RemoveSchedule takes one away. What it has run stays; what waits is missed.
func (s *Store) RemoveSchedule(ctx context.Context, id int64, reason string) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error { return tx.removeSchedule(id, reason) }))
}

// Decided writes down what becomes of the slots up to a moment, in one commit; the one that is to be run is claimed by the
// caller with it. False says that another process was faster, and nothing was written.
func (s *Store) Decided(ctx context.Context, sc *schedule.Schedule, until time.Time, verdicts []schedule.Verdict, l campaign.Lease) (decided bool, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(`UPDATE schedules SET considered = ? WHERE id = ? AND considered = ? AND paused = ? AND removed_at IS NULL`,
			until.UnixMilli(), sc.ID, sc.Considered.UnixMilli(), sc.Paused)
		if decided = n > 0; err != nil || !decided {
			return err
		}
		for _, v := range verdicts {
			if err := tx.addRun(sc.ID, v, false, l); err != nil {
				return err
			}
		}
		return nil
	}))
	return decided, err
}

// addRun writes a slot's row. One that is there already has been decided before the clock was set back.
func (tx *txn) addRun(scheduleID int64, v schedule.Verdict, manual bool, l campaign.Lease) error {
	var token, host, pid, claimed, ended any
	switch v.State {
	case schedule.Claimed:
		token, host, pid, claimed = l.Token, l.Host, int64(l.PID), tx.now
	case schedule.Missed:
		ended = tx.now
	}
	var byHand int64
	if manual {
		byHand = 1
	}
	_, err := tx.exec(`INSERT INTO schedule_runs (schedule_id, slot, due_at, state, reason, slots, manual, token, host, pid, begun_at, claimed_at, recorded_at,
		ended_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
		scheduleID, v.Name, v.At.UnixMilli(), string(v.State), v.Reason, int64(v.Slots), byHand, token, host, pid, claimed, claimed, tx.now, ended)
	return err
}

// RunByHand claims a run that somebody has asked for. False says that there is one of that name.
func (s *Store) RunByHand(ctx context.Context, sc *schedule.Schedule, v schedule.Verdict, l campaign.Lease) (claimed bool, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		found, err := tx.row(row(1), `SELECT id FROM schedule_runs WHERE schedule_id = ? AND slot = ?`, sc.ID, v.Name)
		if claimed = !found; err != nil || found {
			return err
		}
		return tx.addRun(sc.ID, v, true, l)
	}))
	return claimed, err
}

const runColumns = `id, schedule_id, slot, due_at, state, reason, code, exit_code, slots, manual, coalesce(campaign_id, 0), recipients,
	coalesce(token, ''), coalesce(host, ''), coalesce(pid, 0), begun_at, claimed_at, ended_at`

// Runs are the last runs of a schedule, the latest first; limit 0 is all.
func (s *Store) Runs(ctx context.Context, scheduleID int64, limit int) ([]*schedule.Run, error) {
	if limit <= 0 {
		limit = -1
	}
	return s.runs(ctx, `schedule_id = ? ORDER BY due_at DESC, id DESC LIMIT ?`, scheduleID, limit)
}

// OpenRuns are the runs of a schedule that are not decided, the earliest first.
func (s *Store) OpenRuns(ctx context.Context, scheduleID int64) ([]*schedule.Run, error) {
	return s.runs(ctx, `schedule_id = ? AND ended_at IS NULL ORDER BY due_at, id`, scheduleID)
}

// Run finds the run of a slot.
func (s *Store) Run(ctx context.Context, scheduleID int64, slot string) (*schedule.Run, error) {
	all, err := s.runs(ctx, `schedule_id = ? AND slot = ?`, scheduleID, slot)
	if err == nil && len(all) == 0 {
		err = campaign.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// LastRun is the latest run of a schedule that had a campaign; nil if there is none.
func (s *Store) LastRun(ctx context.Context, scheduleID int64) (*schedule.Run, error) {
	all, err := s.runs(ctx, `schedule_id = ? AND campaign_id IS NOT NULL ORDER BY due_at DESC, id DESC LIMIT 1`, scheduleID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

func (s *Store) runs(ctx context.Context, where string, args ...any) (all []*schedule.Run, err error) {
	var r schedule.Run
	var due int64
	var begun, claimed, ended sql.NullInt64
	err = eachRow(ctx, s.read, []any{
		&r.ID, &r.ScheduleID, &r.Slot, &due, &r.State, &r.Reason, &r.Code, &r.ExitCode, &r.Slots, &r.Manual, &r.CampaignID, &r.Recipients,
		&r.Token, &r.Host, &r.PID, &begun, &claimed, &ended,
	}, func() error {
		one := r
		one.DueAt, one.BegunAt, one.ClaimedAt, one.EndedAt = time.UnixMilli(due), millis(begun), millis(claimed), millis(ended)
		all = append(all, &one)
		return nil
	}, `SELECT `+runColumns+` FROM schedule_runs WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading runs: %w", explain(err))
	}
	return all, nil
}

// ClaimRun takes a run over from a process that is gone, or from the queue. False says that another process was faster.
func (s *Store) ClaimRun(ctx context.Context, r *schedule.Run, l campaign.Lease) (claimed bool, err error) {
	err = s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(`UPDATE schedule_runs SET state = CASE state WHEN 'queued' THEN 'claimed' ELSE state END, token = ?, host = ?, pid = ?,
			begun_at = coalesce(begun_at, ?), claimed_at = ? WHERE id = ? AND state = ? AND coalesce(token, '') = ?`,
			l.Token, l.Host, int64(l.PID), tx.now, tx.now, r.ID, string(r.State), r.Token)
		claimed = n > 0
		return err
	}))
	return claimed, err
}

// StartRun notes the campaign of a run that the caller has claimed.
func (s *Store) StartRun(ctx context.Context, id int64, token string, campaignID, recipients int64) error {
	return s.changeRun(ctx, `UPDATE schedule_runs SET state = 'started', campaign_id = ?, recipients = ? WHERE id = ? AND token = ? AND ended_at IS NULL`,
		campaignID, recipients, id, token)
}

// EndRun writes down how a run has ended, if its claim is still the one that the caller knows.
func (s *Store) EndRun(ctx context.Context, r *schedule.Run, token string) error {
	return s.changeRun(ctx, `UPDATE schedule_runs SET state = ?, reason = ?, code = ?, exit_code = ?, ended_at = ?
		WHERE id = ? AND coalesce(token, '') = ? AND ended_at IS NULL`,
		string(r.State), r.Reason, r.Code, int64(r.ExitCode), s.now().UnixMilli(), r.ID, token)
}

func (s *Store) changeRun(ctx context.Context, query string, args ...any) error {
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		n, err := tx.exec(query, args...)
		if err == nil && n == 0 {
			return campaign.ErrLeaseLost
		}
		return err
	}))
}

// tickKey is where the last look at the clock is noted.
const tickKey = "schedule_tick"

// Tick is a look at the clock.
type Tick struct {
	At  time.Time `json:"at"`
	By  string    `json:"by"`
	PID int       `json:"pid"`
}

// Ticked notes that somebody has looked at the clock.
func (s *Store) Ticked(ctx context.Context, t Tick) error {
	value := encode(t, "{}")
	return s.w.do(ctx, opFunc(func(tx *txn) error {
		_, err := tx.exec(`INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, tickKey, value)
		return err
	}))
}

// LastTick is the last look at the clock, zero if there was none.
func (s *Store) LastTick(ctx context.Context) (t Tick, err error) {
	var text string
	err = s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, tickKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("reading the last tick: %w", explain(err))
	}
	return t, json.Unmarshal([]byte(text), &t)
}
