package store

import "fmt"

// beside proves the tables beside the messages: each row speaks of something that exists, and no STOP is without the
// opt-out that it is.
func (k *checker) beside() error {
	d := row(1)
	for _, q := range []struct{ rule, subject, what, query string }{
		{"part.stray", "attempt %d", "has a part without being there, or of another carrier", `SELECT DISTINCT p.attempt_id FROM attempt_parts p
			LEFT JOIN attempts a ON a.id = p.attempt_id WHERE a.id IS NULL OR a.carrier_id <> p.carrier_id`},
		{"inbound.stop", "inbound message %d", "says stop, and no opt-out followed from it", `SELECT i.id FROM inbound i WHERE i.action IN ('stop', 'stop_all')
			AND i.phone <> 0 AND NOT EXISTS (SELECT 1 FROM optout_events e WHERE e.phone = i.phone AND e.action = 'add' AND e.source = 'inbound')`},
		{"reply.stray", "reply %d", "answers a message that is not there, or of somebody else", `SELECT r.id FROM replies r
			LEFT JOIN inbound i ON i.id = r.inbound_id WHERE i.id IS NULL OR i.phone <> r.phone`},
		{"routing.cursor", "campaign %d", "has taught the router receipts that are not there", `SELECT campaign_id FROM routing_cursors
			WHERE receipt_id > (SELECT coalesce(max(id), 0) FROM receipts)`},
	} {
		if err := k.c.each(d, func() error {
			k.found("", q.rule, fmt.Sprintf(q.subject, integer(d[0])), "%s", q.what)
			return k.ctx.Err()
		}, q.query); err != nil {
			return err
		}
	}
	return nil
}
