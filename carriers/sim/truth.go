package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// flushEvery bounds how old the newest line of the truth log is for a reader.
const flushEvery = 50 * time.Millisecond

// truthLog is an append-only file of JSON lines. A writer never waits for the disk longer than for one write, and the
// lines of a burst share it.
type truthLog struct {
	mu  sync.Mutex
	w   io.Writer // nil: nobody reads it
	buf []byte
	err error
}

// line is an entry. Empty fields are left out.
type line struct {
	at                               time.Time
	carrier, event                   string
	id, to, ref, class, state, error string
	status                           string // smpp: how a receipt was answered
	http                             int
	text                             uint64
}

// The events.
const (
	eventAccepted = "submit_accepted"
	eventRefused  = "submit_refused"
	eventLost     = "answer_lost"   // taken, and the sender does not know
	eventNotTaken = "submit_lost"   // not taken, and the sender does not know
	eventPart     = "part_accepted" // a further part of a long message
	eventReceipt  = "receipt_sent"  // http 0: nobody answered
	eventReply    = "reply_sent"    // by whoever got a message; likewise
)

func (t *truthLog) add(l line) {
	if t.w == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b := append(t.buf, `{"time":"`...)
	b = l.at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, '"')
	b = appendField(b, "carrier", l.carrier)
	b = appendField(b, "event", l.event)
	b = appendField(b, "id", l.id)
	b = appendField(b, "to", l.to)
	b = appendField(b, "ref", l.ref)
	b = appendField(b, "class", l.class)
	b = appendField(b, "state", l.state)
	b = appendField(b, "status", l.status)
	if (l.event == eventReceipt || l.event == eventReply) && l.status == "" {
		b = strconv.AppendInt(append(b, `,"http":`...), int64(l.http), 10)
	}
	b = appendField(b, "error", l.error)
	if l.text != 0 {
		b = append(strconv.AppendUint(append(b, `,"text":"`...), l.text, 16), '"')
	}
	t.buf = append(b, "}\n"...)
	if len(t.buf) > 1<<16 {
		t.write()
	}
}

func appendField(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":`...)
	return appendJSON(b, v)
}

// appendJSON quotes s; what needs no escaping, which is nearly everything, costs a copy.
func appendJSON(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			q, _ := json.Marshal(s) // a string always can be
			return append(b, q...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// flush writes what waits. The first error stays: a truth log with a hole is none.
func (t *truthLog) flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write()
	return t.err
}

func (t *truthLog) write() {
	if len(t.buf) > 0 && t.err == nil {
		_, t.err = t.w.Write(t.buf)
	}
	t.buf = t.buf[:0]
}

// counters are a carrier's part of the summary.
type counters struct {
	refused, answersLost, submitsLost           atomic.Int64
	receiptsOK, receiptsFailed, receiptsDropped atomic.Int64
}

// Summary is what GET /truth/summary answers.
type Summary struct {
	Carriers   map[string]CarrierSummary `json:"carriers"`
	Accepted   int64                     `json:"accepted"`
	Numbers    int                       `json:"numbers"`    // distinct ones that any carrier took a message for
	Duplicates int64                     `json:"duplicates"` // accepted - numbers: messages too many
	Delivered  int                       `json:"delivered"`  // distinct numbers that were reached
}

// CarrierSummary is one carrier's part of a [Summary].
type CarrierSummary struct {
	Submits         int64 `json:"submits"`
	Accepted        int64 `json:"accepted"`
	Refused         int64 `json:"refused"`
	AnswersLost     int64 `json:"answers_lost"` // of the accepted
	SubmitsLost     int64 `json:"submits_lost"` // not taken, no answer
	Numbers         int   `json:"numbers"`
	Duplicates      int64 `json:"duplicates"`
	Delivered       int64 `json:"delivered"`
	ReceiptsOK      int64 `json:"receipts_ok"`
	ReceiptsFailed  int64 `json:"receipts_failed"`  // attempts to hand one over that failed
	ReceiptsDropped int64 `json:"receipts_dropped"` // given up
	ReceiptsWaiting int   `json:"receipts_waiting"`
}

// Summary counts the truth.
func (s *Server) Summary() Summary {
	now := s.now().UnixNano()
	sum := Summary{Carriers: make(map[string]CarrierSummary, len(s.peers))}
	reached := make(map[string]bool)
	for name, p := range s.peers {
		c := CarrierSummary{
			Submits: p.engine.submits.Load(), Refused: p.count.refused.Load(), AnswersLost: p.count.answersLost.Load(),
			SubmitsLost: p.count.submitsLost.Load(), ReceiptsOK: p.count.receiptsOK.Load(),
			ReceiptsFailed: p.count.receiptsFailed.Load(), ReceiptsDropped: p.count.receiptsDropped.Load(),
			ReceiptsWaiting: p.agenda.len(),
		}
		if p.Dialect == DialectSMPP {
			c.ReceiptsWaiting += s.door.center.Waiting(p.SystemID)
		}
		p.ledger.list("", func(_ int32, r *record) bool {
			if r.part {
				return true
			}
			c.Accepted++
			done := r.delivered && r.done <= now
			if done {
				c.Delivered++
			}
			if r.previous < 0 {
				c.Numbers++
			}
			reached[r.to] = reached[r.to] || done
			return true
		})
		c.Duplicates = c.Accepted - int64(c.Numbers)
		sum.Carriers[name] = c
		sum.Accepted += c.Accepted
	}
	for _, yes := range reached {
		if yes {
			sum.Delivered++
		}
	}
	sum.Numbers = len(reached)
	sum.Duplicates = sum.Accepted - int64(sum.Numbers)
	return sum
}

// truth answers below /truth/.
func (s *Server) truth(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	switch path {
	case "summary":
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(s.Summary()) // the client left: nobody to tell
	case "accepted":
		s.accepted(w, r.URL.Query().Get("carrier"))
	default:
		http.NotFound(w, r)
	}
}

// accepted streams a line per message that was taken: its number, so that `sort | uniq -d` finds the duplicates.
func (s *Server) accepted(w http.ResponseWriter, only string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out := bufio.NewWriter(w)
	for name, p := range s.peers {
		if only != "" && only != name {
			continue
		}
		var numbers []string
		p.ledger.list("", func(_ int32, r *record) bool {
			if !r.part {
				numbers = append(numbers, r.to)
			}
			return true
		})
		for i := len(numbers) - 1; i >= 0; i-- { // written without the lock: a slow reader must not stop submits
			fmt.Fprintln(out, numbers[i])
		}
	}
	_ = out.Flush() // as above
}
