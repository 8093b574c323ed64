package sim

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// ledger is what a carrier of a server remembers: every message that it took, found by id and by number.
type ledger struct {
	salt uint64 // of the ids, so that those of an earlier run are not taken for ours

	mu     sync.RWMutex
	pages  [][]record
	last   map[string]int32 // number → its latest record
	ends   map[outcome]*outcome
	from   map[string]string // senders, once each
	latest string            // text of the latest record: campaigns without variables repeat it
}

// record is a message that was taken.
type record struct {
	to, from, ref, text string
	at, done            int64 // Unix nanoseconds: submitted; final becomes true
	final               *outcome
	previous            int32 // record of the same number, -1 = none
	delivered           bool  // the truth, whatever final says
	part                bool  // a further part of a long message: not a message
}

const pageSize = 4096

func newLedger(salt uint64) *ledger {
	return &ledger{
		salt: salt, last: make(map[string]int32), ends: make(map[outcome]*outcome), from: make(map[string]string),
	}
}

// add records a message, or a further part of one, and returns its index.
func (l *ledger) add(m *carriers.Message, f *fate, now time.Time, part bool) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.len()
	if n%pageSize == 0 {
		l.pages = append(l.pages, make([]record, 0, pageSize))
	}
	end := l.ends[f.final]
	if end == nil {
		end = new(outcome)
		*end = f.final
		l.ends[f.final] = end
	}
	from, ok := l.from[m.From]
	if !ok {
		from = m.From
		l.from[from] = from
	}
	if m.Text != l.latest {
		l.latest = strings.Clone(m.Text)
	}
	previous, again := l.last[m.To]
	to := m.To
	if !again {
		previous = -1
	} else {
		to = l.at(previous).to
	}
	if !part {
		l.last[to] = int32(n)
	}
	page := &l.pages[n/pageSize]
	*page = append(*page, record{
		to: to, from: from, ref: strings.Clone(m.Ref), text: l.latest, at: now.UnixNano(), done: now.Add(f.done).UnixNano(),
		final: end, previous: previous, delivered: f.delivered, part: part,
	})
	return int32(n)
}

func (l *ledger) len() int {
	if len(l.pages) == 0 {
		return 0
	}
	return (len(l.pages)-1)*pageSize + len(l.pages[len(l.pages)-1])
}

func (l *ledger) at(i int32) *record { return &l.pages[i/pageSize][i%pageSize] }

// get returns a copy of a record.
func (l *ledger) get(i int32) record {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return *l.at(i)
}

// id makes 32 hexadecimal digits of an index, and find the index of them again, without keeping a table.
func (l *ledger) id(i int32) string {
	high := mix(l.salt + uint64(i))
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], high)
	binary.BigEndian.PutUint64(raw[8:], high^mix(l.salt)^uint64(i))
	return hex.EncodeToString(raw[:])
}

func (l *ledger) find(id string) (int32, bool) {
	var raw [16]byte
	if len(id) != 32 {
		return 0, false
	}
	if _, err := hex.Decode(raw[:], []byte(id)); err != nil {
		return 0, false
	}
	high := binary.BigEndian.Uint64(raw[:])
	i := binary.BigEndian.Uint64(raw[8:]) ^ high ^ mix(l.salt)
	l.mu.RLock()
	defer l.mu.RUnlock()
	if i >= uint64(l.len()) || mix(l.salt+i) != high {
		return 0, false
	}
	return int32(i), true
}

// list calls each for the records of a number, or of all, the latest first, until it returns false.
func (l *ledger) list(to string, each func(i int32, r *record) bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if to == "" {
		for i := int32(l.len()) - 1; i >= 0; i-- {
			if !each(i, l.at(i)) {
				return
			}
		}
		return
	}
	i, ok := l.last[to]
	for ok && i >= 0 {
		r := l.at(i)
		if !each(i, r) {
			return
		}
		i = r.previous
	}
}

// state is what the carrier says of a message now.
func (r *record) state(now time.Time) outcome {
	if r.done > now.UnixNano() {
		return outcome{state: carriers.ReceiptSent}
	}
	return *r.final
}
