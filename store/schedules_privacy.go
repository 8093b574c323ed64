package store

import (
	"encoding/json"
	"strings"
)

// Schedules hold what people typed: the number of a single person, and texts that may name one.

// schedules takes a number out of them. One that sends to that person alone has nobody to send to any more: it ends.
func (op *forget) schedules(tx *txn) error {
	type held struct {
		id    int64
		flags []string
	}
	var all []held
	d := row(2)
	if err := tx.each(d, func() error {
		h := held{id: integer(d[0])}
		all = append(all, h)
		return json.Unmarshal([]byte(text(d[1])), &all[len(all)-1].flags)
	}, `SELECT id, flags FROM schedules`); err != nil {
		return err
	}
	for _, h := range all {
		changed, ends := op.blot(h.flags)
		if !changed {
			continue
		}
		op.res.Mentions++
		if _, err := tx.exec(`UPDATE schedules SET flags = ? WHERE id = ?`, encode(h.flags, "[]"), h.id); err != nil {
			return err
		}
		if ends {
			if err := tx.removeSchedule(h.id, reasonForgotten); err != nil {
				return err
			}
		}
	}
	n, err := tx.exec(`UPDATE schedule_runs SET reason = replace(reason, ?1, 'forgotten') WHERE instr(reason, ?1)`, op.digits)
	op.res.Mentions += n
	return err
}

// blot takes the number out of flags; ends says that they sent to nobody else.
func (op *forget) blot(flags []string) (changed, ends bool) {
	for i, f := range flags {
		name, value, _ := strings.Cut(f, "=")
		switch {
		case (name == "--to" || name == "--test-to") && mentions(value, op.digits):
			flags[i], changed = name+"=forgotten", true
			ends = ends || name == "--to"
		case strings.Contains(f, op.digits):
			flags[i], changed = strings.ReplaceAll(f, op.digits, reasonForgotten), true
		}
	}
	return changed, ends
}

// removeSchedule takes a schedule away if it is not away yet.
func (tx *txn) removeSchedule(id int64, reason string) error {
	if _, err := tx.exec(`UPDATE schedule_runs SET state = 'missed', reason = ?, ended_at = ? WHERE schedule_id = ? AND state = 'queued'`,
		reason, tx.now, id); err != nil {
		return err
	}
	_, err := tx.exec(`UPDATE schedules SET removed_at = coalesce(removed_at, ?) WHERE id = ?`, tx.now, id)
	return err
}

// pruneSchedules takes what was typed out of schedules that were removed before a moment; gone also takes them away, with
// the list of their runs. Those in force keep both: a run may still follow.
func (tx *txn) pruneSchedules(before int64, gone bool) error {
	queries := []string{`UPDATE schedules SET flags = '[]' WHERE removed_at < ?`}
	if gone {
		queries = []string{`DELETE FROM schedule_runs WHERE schedule_id IN (SELECT id FROM schedules WHERE removed_at < ?)`,
			`DELETE FROM schedules WHERE removed_at < ?`}
	}
	for _, q := range queries {
		if _, err := tx.exec(q, before); err != nil {
			return err
		}
	}
	return nil
}
