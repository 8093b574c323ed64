package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// long is a campaign whose messages have parts with receipts of their own.
type long struct {
	*testing.T
	s   *store.Store
	c   *campaign.Campaign
	due []campaign.Due
}

const first = "+447700900000"

func newLong(t *testing.T, n int) *long {
	t.Helper()
	s := storetest.Open(t)
	c := storetest.Campaign(t, s, n, nil)
	due, err := s.Fresh(t.Context(), c.ID, 0, 0, n)
	if err != nil || len(due) != n {
		t.Fatalf("%d due, %v", len(due), err)
	}
	return &long{t, s, c, due}
}

// begin commits an attempt to send the i-th message.
func (l *long) begin(i int) campaign.Started {
	l.Helper()
	b, err := l.s.Begin(l.Context(), campaign.Start{Lease: storetest.Token, Recipient: l.due[i].ID, Carrier: "gamma", ByID: true})
	if err != nil {
		l.Fatal(err)
	}
	return b
}

// answer records that the carrier took the parts with these ids, "" is one that it did not take.
func (l *long) answer(i int, b campaign.Started, ids ...string) {
	l.Helper()
	r := carriers.Accept(strings.Join(ids, ","), "ESME_ROK")
	r.Segments, r.Parts = len(ids), ids
	if err := l.s.RecordNow(l.Context(), campaign.Outcome{Attempt: b.Attempt, Recipient: l.due[i].ID, Result: r, Next: campaign.Awaiting}); err != nil {
		l.Fatal(err)
	}
}

func (l *long) receipt(r carriers.Receipt) {
	l.Helper()
	if err := l.s.ApplyReceipts(l.Context(), "gamma", "session", []carriers.Receipt{r}); err != nil {
		l.Fatal(err)
	}
}

// says is the i-th message's state, and what its last receipt says.
func (l *long) says(i int) string {
	l.Helper()
	d, err := l.s.Message(l.Context(), l.c, int64(i+1), 0)
	if err != nil {
		l.Fatal(err)
	}
	if len(d.Receipts) == 0 {
		return string(d.State)
	}
	last := d.Receipts[len(d.Receipts)-1]
	return fmt.Sprintf("%s: %s %s", d.State, last.State, last.Error)
}

// A message of several parts is delivered when all are, and failed with the first that fails, in whatever order its
// receipts come and whichever process they come to.
func TestParts(t *testing.T) {
	for name, tt := range map[string]struct {
		said [][2]string // part, state
		want []string    // after each
	}{
		"delivered": {[][2]string{{"a", "delivered"}, {"c", "delivered"}, {"b", "delivered"}},
			[]string{"awaiting: sent 1 of 3 parts delivered", "awaiting: sent 2 of 3 parts delivered", "delivered: delivered all 3 parts"}},
		"the same twice": {[][2]string{{"a", "delivered"}, {"a", "delivered"}},
			[]string{"awaiting: sent 1 of 3 parts delivered", "awaiting: sent 1 of 3 parts delivered"}},
		"one fails": {[][2]string{{"a", "delivered"}, {"b", "undelivered"}, {"c", "delivered"}},
			[]string{"awaiting: sent 1 of 3 parts delivered", "undelivered: failed partial 1/3: why", "undelivered: failed partial 2/3: why"}},
		"a late handset": {[][2]string{{"b", "expired"}, {"a", "delivered"}, {"c", "delivered"}, {"b", "delivered"}},
			[]string{"undelivered: failed partial 0/3: why", "undelivered: failed partial 1/3: why", "undelivered: failed partial 2/3: why",
				"delivered: delivered all 3 parts"}},
		"of nobody": {[][2]string{{"d", "delivered"}}, []string{"awaiting"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLong(t, 1)
			l.answer(0, l.begin(0), "a", "b", "c")
			for i, said := range tt.said {
				l.receipt(carriers.Receipt{ID: said[0], To: first, State: carriers.ReceiptState(said[1]), Detail: "why"})
				if got := l.says(0); got != tt.want[i] {
					t.Errorf("after %v: %s, want %s", said, got, tt.want[i])
				}
			}
			l.holds()
		})
	}
}

// TestReplayOfParts: what is read anew of one part says nothing more of its message than the part did, unless the part is
// known better by it.
func TestReplayOfParts(t *testing.T) {
	t.Parallel()
	l := newLong(t, 1)
	l.answer(0, l.begin(0), "a", "b")
	l.receipt(carriers.Receipt{ID: "a", To: first, State: carriers.ReceiptDelivered, Raw: []byte("a")})
	l.receipt(carriers.Receipt{ID: "b", To: first, State: carriers.ReceiptUnknown, Raw: []byte("b")})
	var rows []int64
	if err := l.s.EachReceipt(t.Context(), time.Time{}, false, func(k *store.Kept) error { rows = append(rows, k.Row); return nil }); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		row  int
		id   string
		did  store.Replayed
		want string
	}{
		{0, "a", store.Unchanged, "awaiting"}, {1, "b", store.Raised, "delivered"}, {1, "b", store.Unchanged, "delivered"}, {0, "a", store.Unchanged, "delivered"},
	} {
		did, err := l.s.Replay(t.Context(), rows[step.row], carriers.Receipt{ID: step.id, State: carriers.ReceiptDelivered})
		if err != nil || did != step.did {
			t.Errorf("step %d: %d, %v; want %d", i, did, err, step.did)
		}
		if got := l.says(0); !strings.HasPrefix(got, step.want+":") {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	l.holds()
}

// holds fails unless the database agrees with itself.
func (l *long) holds() {
	l.Helper()
	r, err := l.s.Check(l.Context(), true)
	if err != nil {
		l.Fatal(err)
	}
	for _, f := range r.Findings {
		l.Errorf("%s", f)
	}
}

// Receipts of parts may come before the answer, with our reference or parked, and the answer may never come.
func TestPartsBeforeTheAnswer(t *testing.T) {
	l := newLong(t, 3)
	parked := l.begin(0)
	for _, id := range []string{"a", "b"} {
		l.receipt(carriers.Receipt{ID: id, To: first, State: carriers.ReceiptDelivered})
	}
	l.answer(0, parked, "a", "b")
	known := l.begin(1)
	l.receipt(carriers.Receipt{Ref: known.Ref, ID: "c", Parts: 2, State: carriers.ReceiptDelivered})
	l.answer(1, known, "c", "d")
	l.receipt(carriers.Receipt{ID: "d", State: carriers.ReceiptDelivered})
	unanswered := l.begin(2)
	for _, id := range []string{"e", "f"} { // its answers came too late for the submit, and told the ids
		l.receipt(carriers.Receipt{Ref: unanswered.Ref, ID: id, Parts: 2, State: carriers.ReceiptAccepted})
	}
	for _, id := range []string{"e", "f"} {
		l.receipt(carriers.Receipt{ID: id, State: carriers.ReceiptDelivered})
	}
	for i := range 3 {
		if got := l.says(i); got != "delivered: delivered all 2 parts" {
			t.Errorf("message %d: %s", i, got)
		}
	}
	l.holds()
}

// A message of which a part was not taken is never delivered.
func TestPartNotTaken(t *testing.T) {
	l := newLong(t, 1)
	b := l.begin(0)
	l.answer(0, b, "a", "")
	l.receipt(carriers.Receipt{Ref: b.Ref, ID: "a,-", State: carriers.ReceiptFailed})
	l.receipt(carriers.Receipt{ID: "a", State: carriers.ReceiptDelivered})
	if got := l.says(0); got != "undelivered: sent 1 of 2 parts delivered" {
		t.Error(got)
	}
	l.holds()
}

// Ids come again: whom a receipt speaks of tells two messages apart, and one of somebody else stays parked.
func TestReceiptOfSomebodyElse(t *testing.T) {
	l := newLong(t, 3)
	for i, id := range []string{"7", "7", "8"} {
		b := l.begin(i)
		if i == 2 { // somebody else's has waited under the id that this one gets
			l.receipt(carriers.Receipt{ID: id, To: "+447700900999", State: carriers.ReceiptDelivered})
		}
		if err := l.s.RecordNow(l.Context(), campaign.Outcome{
			Attempt: b.Attempt, Recipient: l.due[i].ID, Result: carriers.Accept(id, ""), Next: campaign.Awaiting,
		}); err != nil {
			t.Fatal(err)
		}
	}
	l.receipt(carriers.Receipt{ID: "7", State: carriers.ReceiptDelivered})                        // could be of two
	l.receipt(carriers.Receipt{ID: "7", To: "07700900001", State: carriers.ReceiptDelivered})     // without the country
	l.receipt(carriers.Receipt{ID: "8", To: "+447700900777", State: carriers.ReceiptDelivered})   // of nobody
	l.receipt(carriers.Receipt{ID: "8", To: "+4477009***02", State: carriers.ReceiptUndelivered}) // hides digits
	for i, want := range []string{"awaiting", "delivered: delivered ", "undelivered: undelivered "} {
		if got := l.says(i); got != want {
			t.Errorf("message %d: %s, want %s", i, got, want)
		}
	}
	l.holds()
}
