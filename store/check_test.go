package store_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// lived is a store with a campaign that has met everything: delivered, failed over, refused, unknown, queued again,
// suppressed, a receipt that came twice and one that nobody knows.
func lived(t *testing.T) (*store.Store, *campaign.Campaign) {
	t.Helper()
	s := storetest.Open(t)
	c := storetest.Campaign(t, s, 12, nil)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.Fresh(ctx, c.ID, 0, 0, 100)
	must(err)
	begin := func(i int, carrier string) campaign.Started {
		b, err := s.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: due[i].ID, Carrier: carrier, Cost: 5000, Why: carrier + ":weight"})
		must(err)
		return b
	}
	end := func(i int, b campaign.Started, r carriers.Result, next campaign.State) {
		must(s.RecordNow(ctx, campaign.Outcome{
			Attempt: b.Attempt, Recipient: due[i].ID, Result: r, Counted: true, Next: next, NotBefore: time.Now(), Reason: "test",
		}))
	}
	receipt := func(carrier string, b campaign.Started, state carriers.ReceiptState, class carriers.Class) {
		must(s.ApplyReceipts(ctx, carrier, "webhook", []carriers.Receipt{{Ref: b.Ref, State: state, Class: class, At: time.Now()}}))
	}
	for i := range 4 { // delivered, one of them after a refusal elsewhere
		b := begin(i, "alpha")
		if i == 3 {
			end(i, b, carriers.Refuse(carriers.ClassCarrierTransient, "500", "HTTP 500", "down"), campaign.Queued)
			b = begin(i, "beta")
		}
		end(i, b, carriers.Accept("id", "HTTP 201"), campaign.Awaiting)
		carrier := map[bool]string{true: "beta", false: "alpha"}[i == 3]
		receipt(carrier, b, carriers.ReceiptSent, "")
		receipt(carrier, b, carriers.ReceiptDelivered, "")
		receipt(carrier, b, carriers.ReceiptDelivered, "")
	}
	end(4, begin(4, "alpha"), carriers.Refuse(carriers.ClassRecipientInvalid, "21211", "HTTP 400", "no such number"), campaign.Failed)
	end(5, begin(5, "alpha"), carriers.Ambiguous("", "", "timeout"), campaign.Unknown)
	b := begin(6, "alpha")
	end(6, b, carriers.Accept("id", "HTTP 201"), campaign.Awaiting)
	receipt("alpha", b, carriers.ReceiptUndelivered, carriers.ClassContentRejected)
	end(7, begin(7, "alpha"), carriers.Accept("id", "HTTP 201"), campaign.Awaiting)
	begin(8, "alpha")
	b = begin(9, "alpha")
	end(9, b, carriers.Accept("id", "HTTP 201"), campaign.Awaiting)
	must(s.Overdue(ctx, storetest.Token, b.Attempt, false, "no receipt", time.Now()))
	_, err = s.AddOptOuts(ctx, []store.OptOut{{Phone: 447_700_900_010, Scope: optout.All, Source: "cli", Reason: "stop", Actor: "test"}})
	must(err)
	must(s.ApplyReceipts(ctx, "alpha", "webhook", []carriers.Receipt{{ID: "nobody", State: carriers.ReceiptDelivered}}))
	return s, c
}

func TestCheckFindsNothingInASoundDatabase(t *testing.T) {
	s, c := lived(t)
	res, err := s.Check(t.Context(), true)
	if err != nil || len(res.Findings) > 0 || res.More > 0 {
		t.Fatalf("%v: %v", err, res.Findings)
	}
	if res.Campaigns != 1 || res.Recipients != 12 || res.Attempts != 11 || res.Receipts != 14 {
		t.Errorf("looked at %+v", res)
	}
	n, err := s.Counts(t.Context(), c.ID)
	want := campaign.Counts{
		Rows: 12, Eligible: 12, Queued: 1, Sending: 1, Failed: 1, Unknown: 1, Suppress: 1, Delivered: 4, Undelivered: 1, Awaiting: 1, NoReceipt: 1,
		Attempts: 11, AcceptedAttempts: 7, RefusedAttempts: 2, AmbiguousAttempts: 1, SendingAttempts: 1, FailedOver: 1, Rescued: 1, Segments: 12,
	}
	if err != nil || n != want {
		t.Errorf("counts %+v, %v, want %+v", n, err, want)
	}
}

// Every kind of damage is found, under its own name.
func TestCheckFindsDamage(t *testing.T) {
	const delivered = `(SELECT min(id) FROM recipients WHERE state = 'delivered')`
	for _, c := range []struct{ rule, damage string }{
		{"law", `UPDATE campaigns SET rows = rows + 1`},
		{"law", `DELETE FROM recipients WHERE state = 'queued'`},
		{"completed", `UPDATE campaigns SET state = 'completed'`},
		{"rollup.recipients", `UPDATE recipient_counts SET n = n + 1 WHERE state = 'failed'`},
		{"rollup.recipients", `UPDATE recipient_counts SET segments = segments + 1 WHERE state = 'failed'`},
		{"rollup.recipients", `DELETE FROM recipient_counts WHERE state = 'delivered'`},
		{"rollup.recipients", `INSERT INTO recipient_counts VALUES (1, 'FR', 'queued', '', 1, 1)`},
		{"rollup.attempts", `UPDATE attempt_counts SET cost = cost + 1 WHERE state = 'accepted'`},
		{"rollup.attempts", `DELETE FROM attempt_counts WHERE state = 'refused'`},
		{"rollup.counters", `UPDATE counters SET n = 2 WHERE name = 'failed_over'`},
		{"recipient.delivered", `UPDATE recipients SET state = 'awaiting' WHERE id = ` + delivered},
		{"recipient.delivered", `UPDATE recipients SET state = 'delivered' WHERE state = 'failed'`},
		{"recipient.accepted", `UPDATE recipients SET state = 'failed' WHERE state = 'awaiting'`},
		{"recipient.accepted", `UPDATE recipients SET state = 'cancelled' WHERE state = 'undelivered'`},
		{"recipient.accepted", `UPDATE recipients SET state = 'expired' WHERE state = 'no_receipt'`},
		{"recipient.accepted", `UPDATE recipients SET state = 'suppressed' WHERE state = 'awaiting'`},
		{"recipient.rest", `UPDATE recipients SET state = 'undelivered' WHERE state = 'awaiting'`},
		{"recipient.rest", `UPDATE recipients SET state = 'awaiting' WHERE state = 'failed'`},
		{"recipient.sending", `UPDATE recipients SET state = 'queued', not_before = 1 WHERE state = 'sending'`},
		{"recipient.sending", `UPDATE recipients SET state = 'sending' WHERE state = 'failed'`},
		{"recipient.unknown", `UPDATE recipients SET state = 'unknown' WHERE state = 'failed'`},
		{"recipient.not_before", `UPDATE recipients SET state = 'queued' WHERE state = 'failed'`},
		{"recipient.sums", `UPDATE recipients SET accepted = 2 WHERE id = ` + delivered},
		{"recipient.sums", `UPDATE recipients SET open = 0 WHERE state = 'awaiting'`},
		{"recipient.sums", `UPDATE recipients SET overdue = 0 WHERE state = 'no_receipt'`},
		{"recipient.counted", `UPDATE recipients SET counted = 9 WHERE state = 'failed'`},
		{"recipient.content", `DELETE FROM contents WHERE recipient_id = ` + delivered},
		{"recipient.sequence", `UPDATE campaigns SET next_seq = 3`},
		{"attempt.chain", `UPDATE recipients SET tries = 2 WHERE state = 'failed'`},
		{"attempt.chain", `UPDATE attempts SET previous = NULL WHERE n = 2`},
		{"attempt.chain", `DELETE FROM attempts WHERE id = (SELECT last_attempt FROM recipients WHERE state = 'failed')`},
		{"attempt.chain", `UPDATE attempts SET recipient_id = recipient_id + 1 WHERE n = 2`},
		{"attempt.stray", `INSERT INTO attempts SELECT 999, recipient_id, NULL, 1, carrier_id, state, begun_at, ended_at, class, code, status, detail,
			carrier_message_id, by_id, segments, cost, receipt, receipt_at, overdue, last_receipt, why FROM attempts WHERE id = 1`},
		{"attempt.stray", `UPDATE attempts SET recipient_id = 77 << 32 | 1 WHERE id = 1`},
		{"attempt.sending", `UPDATE attempts SET state = 'sending' WHERE id = (SELECT previous FROM attempts WHERE n = 2)`},
		{"attempt.receipt", `UPDATE attempts SET state = 'refused' WHERE receipt = 'delivered'`},
		{"attempt.overdue", `UPDATE attempts SET overdue = 1 WHERE receipt = 'delivered'`},
		{"receipt.rank", `UPDATE attempts SET receipt = 'sent' WHERE receipt = 'delivered'`},
		{"receipt.applied", `UPDATE receipts SET applied = 1`},
		{"receipt.applied", `UPDATE receipts SET applied = 0`},
		{"receipt.chain", `DELETE FROM receipts WHERE id = 1`},
		{"receipt.chain", `UPDATE receipts SET attempt_id = 2 WHERE id = 1`},
		{"receipt.carrier", `UPDATE receipts SET carrier_id = 2 WHERE id = 1`},
		{"receipt.stray", `INSERT INTO receipts SELECT 999, campaign_id, attempt_id, NULL, carrier_id, via, ref, carrier_message_id, state, class, code,
			detail, carrier_at, received_at, 0, raw, phone FROM receipts WHERE id = 1`},
		{"receipt.parked", `UPDATE receipts SET campaign_id = 1 WHERE attempt_id IS NULL`},
		{"optout", `DELETE FROM optouts`},
		{"optout", `DELETE FROM optout_events`},
		{"optout", `UPDATE optout_events SET action = 'remove'`},
		{"part.stray", `INSERT INTO attempt_parts (carrier_id, part_id, attempt_id, total) VALUES (1, 'p', 999, 2)`},
		{"part.stray", `INSERT INTO attempt_parts (carrier_id, part_id, attempt_id, total) VALUES (99, 'p', 1, 2)`},
		{"inbound.stop", `INSERT INTO inbound (carrier_id, message_id, phone, sender, receiver, text, sent_at, received_at, action, word, rule, authority,
			certainty, campaign_id, scope, review) VALUES (1, 'm', 447700900999, 'a', 'b', 'STOP', 1, 1, 'stop', '', '', '', '', 0, 'all', '')`},
		{"reply.stray", `INSERT INTO replies (inbound_id, carrier_id, phone, sender, kind, text, state, until, queued_at)
			VALUES (999, 1, 447700900000, 'b', 'stop', 'You are out.', 'queued', 1, 1)`},
		{"routing.cursor", `INSERT INTO routing_cursors (campaign_id, receipt_id) VALUES (1, 999)`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s, _ := lived(t)
			tamper(t, s.Path(), c.damage)
			res, err := s.Check(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range res.Findings {
				if f.Rule == c.rule {
					return
				}
			}
			t.Errorf("%s\nis not found as %s, but as %v", c.damage, c.rule, res.Findings)
		})
	}
}

// tamper does with the file what no program of ours does.
func tamper(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	res, err := db.ExecContext(t.Context(), statement)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: changed %d rows, %v", statement, n, err)
	}
}

func TestCheckCountsWhatItDoesNotList(t *testing.T) {
	s := storetest.Open(t)
	storetest.Campaign(t, s, 50, nil)
	tamper(t, s.Path(), `DELETE FROM contents`)
	res, err := s.Check(t.Context(), false)
	if err != nil || len(res.Findings) != 20 || res.More != 30 {
		t.Errorf("%d findings and %d more, %v", len(res.Findings), res.More, err)
	}
	if text := res.Findings[0].String(); !strings.Contains(text, "spring") || !strings.Contains(text, "recipient.content") {
		t.Errorf("finding %q", text)
	}
}
