package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers/receipts"
	"github.com/smsctl/smsctl/store"
)

// newReceiptStage is a stage with a vendor that sends what the test says, and a program that waits for it.
func newReceiptStage(t *testing.T, carrier string) *vendor {
	return newVendor(t, only(carrier), func(s *stage) { s.config["receipts"].(tree)["timeout"] = "1h" })
}

// Each receipt comes over HTTP to the listener of a real process, and the end of the campaign is what was promised.
func TestReceiptsReachTheirMessages(t *testing.T) {
	t.Parallel()
	ok := func(status int) bool { return status/100 == 2 }
	for _, carrier := range []string{"alpha", "delta"} {
		for _, c := range []struct {
			name   string
			before func(v *vendor, s submit) // while the submit waits for its answer
			after  func(v *vendor, s submit) // when the answer is in the database
			want   campaign.State
			rows   int64 // receipts in the database
		}{
			{
				name:   "before the answer",
				before: func(v *vendor, s submit) { v.must(ok, v.receipt(s, "delivered")) },
				want:   campaign.Delivered, rows: 1,
			},
			{
				name: "twice",
				after: func(v *vendor, s submit) {
					v.must(ok, v.receipt(s, "delivered"), v.receipt(s, "delivered"))
				},
				want: campaign.Delivered, rows: 2,
			},
			{
				name:   "before the answer and after it",
				before: func(v *vendor, s submit) { v.must(ok, v.receipt(s, "delivered")) },
				after:  func(v *vendor, s submit) { v.must(ok, v.receipt(s, "delivered")) },
				want:   campaign.Delivered, rows: 2,
			},
			{
				name: "out of order",
				after: func(v *vendor, s submit) {
					v.must(ok, v.receipt(s, "delivered"), v.receipt(s, "undelivered"))
				},
				want: campaign.Delivered, rows: 2,
			},
			{
				name: "delivered after undelivered",
				before: func(v *vendor, s submit) {
					v.must(ok, v.receipt(s, "undelivered"), v.receipt(s, "delivered"))
				},
				want: campaign.Delivered, rows: 2,
			},
			{
				name: "wrongly signed",
				after: func(v *vendor, s submit) {
					forbidden := func(status int) bool { return status == http.StatusForbidden }
					v.must(forbidden, v.post(s, s.callback, "delivered", false), v.post(s, s.callback+"x", "delivered", true),
						v.post(s, strings.Replace(s.callback, "?k=", "0?k=", 1), "delivered", true))
					v.must(ok, v.receipt(s, "undelivered"))
				},
				want: campaign.Undelivered, rows: 1,
			},
		} {
			t.Run(carrier+" "+c.name, func(t *testing.T) {
				t.Parallel()
				v := newReceiptStage(t, carrier)
				if c.before != nil {
					v.answers(func(s submit) int {
						if s.to == numbers(1)[0] {
							c.before(v, s)
						}
						return 0
					})
				}
				// The program listens until the last receipt is there: that of a second recipient.
				who := numbers(2)
				p := v.start("send", "--csv", v.list("people.csv", 2), "-m", "Hi", "--max-attempts", "1", "--yes", "--json")
				v.until("both answers are recorded", func() bool {
					now := v.states("people")
					return now[campaign.Awaiting]+now[campaign.Delivered]+now[campaign.Undelivered] == 2
				})
				if c.after != nil {
					c.after(v, v.submitTo(who[0]))
				}
				v.must(ok, v.receipt(v.submitTo(who[1]), "delivered"))
				p.expect(exitOK)
				if got := v.messages("people")[who[0]].State; got != c.want {
					t.Errorf("the recipient is %s, not %s", got, c.want)
				}
				if got := v.info(); got.Receipts != c.rows+1 || got.Parked != 0 {
					t.Errorf("%d receipts are stored, %d of them parked; there should be %d and 0", got.Receipts, got.Parked, c.rows+1)
				}
			})
		}
	}
}

// must holds the listener's answers against what they have to be.
func (v *vendor) must(be func(status int) bool, answers ...int) {
	v.Helper()
	if slices.ContainsFunc(answers, func(status int) bool { return !be(status) }) {
		v.Errorf("the listener answered %v", answers)
	}
}

// A receipt of a message that nobody knows is kept, and answered only once it is: the vendor must not come again with it
// for ever.
func TestReceiptOfAnUnknownMessageIsParked(t *testing.T) {
	t.Parallel()
	v := newReceiptStage(t, "alpha")
	p := v.start("send", "--csv", v.list("people.csv", 1), "-m", "Hi", "--yes", "--json")
	v.until("the answer is recorded", func() bool { return v.states("people")[campaign.Awaiting] == 1 })
	key := receipts.NewKey(v.store().CallbackKey())
	stranger := submit{carrier: "alpha", id: "SMffffffffffffffffffffffffffffffff", to: "+447400000009"}
	for _, address := range []string{
		key.URL("http://"+v.stage.receipts, "alpha", "0000000zzz"),
		"http://" + v.stage.receipts + "/receipts/alpha",
	} {
		if status := v.post(stranger, address, "delivered", true); status/100 != 2 {
			t.Errorf("%s: %d", address, status)
		}
	}
	if got := v.info(); got.Parked != 2 || got.Receipts != 2 {
		t.Errorf("%d receipts, %d parked", got.Receipts, got.Parked)
	}
	v.receipt(v.submits()[0], "delivered")
	p.expect(exitOK)
	v.messages("people")
}

// A process that holds the listener takes receipts of every carrier of the config, its own or not: another process of the
// same database may use the others, and leans on it.
func TestListenerKnowsCarriersOfOtherProcesses(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(s *stage) { s.config["receipts"].(tree)["timeout"] = "1h" })
	p := v.start("send", "--csv", v.list("people.csv", 1), "-m", "Hi", "--carrier", "alpha", "--yes", "--json")
	v.until("the answer is recorded", func() bool { return v.states("people")[campaign.Awaiting] == 1 })
	key := receipts.NewKey(v.store().CallbackKey())
	of := submit{carrier: "delta", id: "d-1", to: "+447400000009"}
	if status := v.post(of, key.URL("http://"+v.stage.receipts, "delta", "0000000zzz"), "delivered", true); status/100 != 2 {
		t.Errorf("a receipt of a carrier that this process does not use: %d", status)
	}
	v.receipt(v.submits()[0], "delivered")
	p.expect(exitOK)
}

// A hundred receipts come at once while another program holds the database. None is acknowledged before it is safe, and
// none is lost.
func TestReceiptsWhileTheDatabaseIsBusy(t *testing.T) {
	t.Parallel()
	v := newReceiptStage(t, "alpha")
	const n = 100
	p := v.start("send", "--csv", v.list("people.csv", n), "-m", "Hi", "--yes", "--json")
	v.until("all answers are recorded", func() bool { return v.states("people")[campaign.Awaiting] == n })
	release := v.lockDatabase()
	var free sync.WaitGroup
	var answered sync.WaitGroup
	var mu sync.Mutex
	released := false
	free.Add(1)
	for _, sub := range v.submits() {
		answered.Go(func() {
			status := v.receipt(sub, "delivered")
			mu.Lock()
			defer mu.Unlock()
			if status/100 != 2 || !released {
				t.Errorf("answered with %d, database free: %v", status, released)
			}
		})
	}
	<-time.After(time.Second)
	mu.Lock()
	released = true
	release()
	mu.Unlock()
	answered.Wait()
	p.expect(exitOK)
	if got := v.states("people"); got[campaign.Delivered] != n {
		t.Errorf("%v", got)
	}
	v.messages("people")
}

// Two processes of one database share a listener: whoever is left when the other ends takes it over, so that no receipt
// finds a closed door.
func TestReceiptListenerIsInherited(t *testing.T) {
	t.Parallel()
	v := newReceiptStage(t, "alpha")
	first := v.start("send", "--csv", v.list("first.csv", 1), "-m", "One", "--yes")
	v.until("the first listens", func() bool { return v.states("first")[campaign.Awaiting] == 1 })
	second := v.start("send", "--csv", v.list("second.csv", 1), "-m", "Two", "--yes")
	v.until("the second waits too", func() bool { return v.states("second")[campaign.Awaiting] == 1 })
	one, two := v.submits()[0], v.submits()[1]
	if status := v.receipt(one, "delivered"); status/100 != 2 {
		t.Errorf("the first answered %d", status)
	}
	first.expect(exitOK)
	v.until("the second listens", func() bool {
		conn, err := net.Dial("tcp", v.stage.receipts)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if status := v.receipt(two, "delivered"); status/100 != 2 {
		t.Errorf("the second answered %d", status)
	}
	second.expect(exitOK)

	// What nobody of us holds is nobody's to share.
	ln, err := net.Listen("tcp", v.stage.receipts)
	v.ok(err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() { _ = http.Serve(ln, http.NotFoundHandler()) }()
	v.run(exitConfig, "send", "--csv", v.list("third.csv", 1), "-m", "Three", "--yes").says("receipts.address_in_use")
}

// A certificate that cannot be used is found before anything is sent: the receipts could not come in.
func TestNothingIsSentWhereReceiptsCannotComeIn(t *testing.T) {
	t.Parallel()
	v := newVendor(t, only("alpha"), func(s *stage) {
		s.config["receipts"].(tree)["tls"] = tree{"cert": "none.pem", "key": "none.key"}
	})
	v.run(exitConfig, "send", "--csv", v.list("first.csv", 1), "-m", "One", "--yes").says("receipts.tls")
	if n := len(v.submits()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// lockDatabase takes the write lock, as another process does that writes.
func (s *stage) lockDatabase() (release func()) {
	s.Helper()
	db, err := sql.Open("sqlite", "file:"+s.db+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	s.ok(err)
	tx, err := db.BeginTx(context.Background(), nil)
	s.ok(err)
	return func() {
		s.ok(tx.Rollback())
		s.ok(db.Close())
	}
}

// info is what db info knows.
func (s *stage) info() *store.Info {
	s.Helper()
	i, err := s.store().Info(context.Background())
	s.ok(err)
	return i
}

// states counts a campaign's recipients by state; there are none before it exists.
func (s *stage) states(name string) map[campaign.State]int64 {
	s.Helper()
	found := map[campaign.State]int64{}
	c, err := s.store().CampaignByName(context.Background(), campaign.Live, "default", name)
	if errors.Is(err, campaign.ErrNotFound) {
		return map[campaign.State]int64{}
	}
	s.ok(err)
	n, err := s.store().Counts(context.Background(), c.ID)
	s.ok(err)
	for _, state := range campaign.States() {
		found[state] = n.In(state)
	}
	return found
}

// A message of which a first answer was lost is sent again and refused. The program still runs when the carrier's word
// comes that it has taken the first copy, which is not its last word: the message is waited for, and then without receipt.
func TestReceiptThatIsNotTheLastWordAfterAllWasGivenUp(t *testing.T) {
	t.Parallel()
	v := newVendor(t, only("alpha"), func(s *stage) {
		s.config["receipts"].(tree)["timeout"] = "2s"
		s.carrier("alpha")["timeout"] = "2m"
	})
	who, gate := numbers(2), make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(open)
	tries := 0 // of the first; one at a time
	v.answers(func(s submit) int {
		if s.to != who[0] {
			<-gate
			return 0
		}
		if tries++; tries == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusBadRequest
	})
	p := v.start("send", "--csv", v.list("people.csv", 2), "-m", "Hi", "--type", "transactional", "--yes", "--json")
	v.until("the first has failed", func() bool { return v.states("people")[campaign.Failed] == 1 })
	if got := v.receipt(v.submitTo(who[0]), "sent"); got/100 != 2 {
		t.Fatalf("the listener answered %d", got)
	}
	v.until("it is waited for again", func() bool { return v.states("people")[campaign.Awaiting] == 1 })
	open()
	p.expect(exitOK)
	if got := v.messages("people")[who[0]].State; got != campaign.NoReceipt {
		t.Errorf("the first is %s", got)
	}
}
