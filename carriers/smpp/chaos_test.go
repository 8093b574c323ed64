package smpp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

// fateOf is what a chaotic message center did with a message.
type fateOf struct {
	came  int
	taken bool // answered with ESME_ROK, or not answered at all: it has it
	id    string
}

// TestChaos: while connections break at random and answers come, come late or never, no message goes out twice, No is never
// said of one that was taken nor Yes of one that was not, and every receipt arrives.
func TestChaos(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { chaos(t, seed) })
	}
}

func chaos(t *testing.T, seed uint64) {
	const messages, workers = 2000, 60
	s := newCenter(t, "")
	luck := rand.New(rand.NewPCG(seed, 1)) // under the center's mutex
	fates := map[string]*fateOf{}
	s.submit = func(m *pdu.SM, answer func(smsc.Answer)) {
		f := fates[string(m.Short)]
		if f == nil {
			f = &fateOf{id: fmt.Sprintf("f%d", len(fates))}
			fates[string(m.Short)] = f
		}
		f.came++
		status := pdu.OK
		if luck.IntN(10) == 0 {
			status = pdu.Throttled
		}
		f.taken = status == pdu.OK
		switch luck.IntN(20) {
		case 0: // no answer
		case 1:
			time.AfterFunc(time.Duration(luck.IntN(400))*time.Millisecond, func() { answer(smsc.Answer{Status: status, ID: f.id}) })
		case 2:
			answer(smsc.Answer{Status: status, ID: f.id})
			answer(smsc.Answer{Status: status, ID: f.id})
		default:
			answer(smsc.Answer{Status: status, ID: f.id})
		}
		if f.taken {
			s.Deliver(systemID, receiptFor(f.id, "DELIVRD"), nil)
		}
	}
	c := build(t, s.address, "binds: 3\nwindow: 20\nmessage_id: same\n")
	c.timeout = 300 * time.Millisecond // answers may take longer
	c.pause = func(int) time.Duration { return time.Millisecond }
	d := run(t, c)
	bound(t, c)
	stop, breaking := make(chan struct{}), sync.WaitGroup{}
	breaking.Go(func() {
		for cut := 0; ; {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				// By what has come, not by the clock: on a busy machine nothing would ever get through.
				if n := len(s.took()); n >= cut+messages/25 {
					s.Drop()
					cut = n
				}
			}
		}
	})
	results := make([]carriers.Result, messages)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < messages; i += workers {
				results[i] = c.Submit(t.Context(), message(strconv.Itoa(i)))
			}
		})
	}
	all.Wait()
	close(stop)
	breaking.Wait()
	eventually(t, "every receipt is acknowledged", func() bool { return s.Waiting(systemID) == 0 })
	d.stop()
	close(d.receipts)
	told := map[string]bool{}
	for r := range d.receipts {
		told[r.ID] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[carriers.Acceptance]int{}
	for i, r := range results {
		f := fates[strconv.Itoa(i)]
		if f == nil {
			f = &fateOf{}
		}
		counts[r.Accepted]++
		switch {
		case f.came > 1:
			t.Errorf("message %d came %d times", i, f.came)
		case r.Accepted == carriers.Yes && (!f.taken || r.ID != f.id), r.Accepted == carriers.No && f.taken:
			t.Errorf("message %d: %+v, the message center says %+v", i, r, *f)
		case f.taken && !told[f.id]:
			t.Errorf("message %d: its receipt was lost", i)
		}
	}
	if counts[carriers.Yes] == 0 || counts[carriers.No] == 0 || counts[carriers.Unknown] == 0 {
		t.Errorf("%v", counts)
	}
	t.Logf("%v after %d binds", counts, len(s.binds))
}

// TestTooMuchAtOnce: what does not fit into memory is put off, not lost and not in the way of answers.
func TestTooMuchAtOnce(t *testing.T) {
	b := newInbox()
	for range inboxLimit {
		if !b.put(delivery{}) {
			t.Fatal("refused too early")
		}
	}
	if b.put(delivery{}) {
		t.Error("taken over the limit")
	}
	b.add(delivery{}) // our own are not refused
	n := 0
	for batch := b.take(t.Context(), nil); ; batch = b.take(t.Context(), batch) {
		if n += len(batch); n == inboxLimit+1 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := b.take(ctx, nil); len(got) != 0 || !b.empty() {
		t.Errorf("%d more", len(got))
	}
}
