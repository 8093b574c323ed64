package smpp

import (
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/pdu"
)

// fate is what became of a part.
type fate uint8

const (
	open    fate = iota // waiting, or handed out and not answered
	taken               // answered with ESME_ROK
	refused             // answered with something else
	unsent              // provably not handed to the network
	lost                // handed to the network, and no answer came
)

// job is a message on its way. The carrier's mutex guards it until done.
type job struct {
	ref, to string
	pdus    []byte // the submit_sm PDUs of its parts
	parts   []part
	one     [1]part
	next    int // the first part that was not handed out
	open    int // parts without a fate
	since   time.Time
	why     string           // why nobody waits any more: timeout, cancelled
	refusal *carriers.Result // why it was never sent
	done    chan struct{}
}

// part is one PDU of a message.
type part struct {
	n, end int // its place, and where it ends in pdus
	fate   fate
	status pdu.Status
	id     string
	by     *session // that it was handed to
	seq    uint32
}

func newJob(m *carriers.Message, pdus []byte, ends []int) *job {
	j := &job{ref: m.Ref, to: m.To, pdus: pdus, open: len(ends), done: make(chan struct{}, 1)}
	if j.parts = j.one[:]; len(ends) > 1 {
		j.parts = make([]part, len(ends))
	}
	for i, end := range ends {
		j.parts[i].n, j.parts[i].end = i, end
	}
	return j
}

// bytes are the PDU of part i.
func (j *job) bytes(i int) []byte {
	if i == 0 {
		return j.pdus[:j.parts[0].end]
	}
	return j.pdus[j.parts[i-1].end:j.parts[i].end]
}

// id is the message's: those of its parts joined, a dash for one that was not taken.
func (j *job) id() string {
	ids := j.ids()
	if ids == nil {
		return j.parts[0].id
	}
	for i, id := range ids {
		if id == "" {
			ids[i] = "-"
		}
	}
	return strings.Join(ids, ",")
}

// ids are those of the parts, where receipts will speak of them one by one: not where the message center has given all of
// them the same, and so takes them for one message.
func (j *job) ids() []string {
	if len(j.parts) == 1 {
		return nil
	}
	ids, same := make([]string, len(j.parts)), true
	for i := range j.parts {
		if j.parts[i].fate == taken {
			ids[i] = j.parts[i].id
		}
		same = same && ids[i] == ids[0]
	}
	if same {
		return nil
	}
	return ids
}

// many is the number of parts of a long message, 0 for one that is whole.
func (j *job) many() int {
	if len(j.parts) == 1 {
		return 0
	}
	return len(j.parts)
}

func (j *job) count(f fate) (n int) {
	for i := range j.parts {
		if j.parts[i].fate == f {
			n++
		}
	}
	return n
}

// settle gives a part its fate. Whoever waits for the message is woken by the last one.
func (j *job) settle(i int, f fate) {
	if j.parts[i].fate != open {
		return
	}
	j.parts[i].fate = f
	if j.open--; j.open == 0 {
		j.done <- struct{}{} // has room for the one who closes the job
	}
}

// enqueue puts a message where the binds take it from, or says why not.
func (c *Carrier) enqueue(j *job) *carriers.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down != nil {
		return c.down
	}
	c.waiting.push(j)
	c.nudge()
	return nil
}

// nudge wakes the idle bind with the most room. The caller holds the mutex.
func (c *Carrier) nudge() {
	var best *session
	for _, s := range c.sessions {
		if s.idle && s.room() > 0 && (best == nil || s.room() > best.room()) {
			best = s
		}
	}
	if best != nil {
		best.rouse()
	}
}

// patience is how much longer the answer of a message may take that was not handed out at once.
func (c *Carrier) patience(j *job) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if j.since.IsZero() {
		return 0
	}
	return c.timeout - time.Since(j.since)
}

// abandon gives every part a fate: nobody waits for the message any more.
func (c *Carrier) abandon(j *job, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if j.open == 0 {
		return
	}
	j.why = why
	for i := range j.parts {
		p := &j.parts[i]
		switch {
		case p.fate != open:
		case p.by == nil:
			j.settle(i, unsent)
		default:
			p.by.forget(p.seq)
			j.settle(i, lost)
		}
	}
}

// refuse tells everything that waits, and everything that comes, why there is no bind.
func (c *Carrier) refuse(r carriers.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sessions) > 0 {
		return
	}
	c.down = &r
	for j := c.waiting.pop(); j != nil; j = c.waiting.pop() {
		j.refusal = &r
		for i := range j.parts {
			j.settle(i, unsent)
		}
	}
}

// fifo is a queue of messages; those that nobody waits for any more fall out of it.
type fifo struct {
	jobs []*job
	head int
}

func (q *fifo) push(j *job) {
	if q.head > 1024 && q.head > len(q.jobs)/2 {
		q.jobs = append(q.jobs[:0], q.jobs[q.head:]...)
		clear(q.jobs[len(q.jobs):cap(q.jobs)])
		q.head = 0
	}
	q.jobs = append(q.jobs, j)
}

func (q *fifo) pop() *job {
	for q.head < len(q.jobs) {
		j := q.jobs[q.head]
		q.jobs[q.head] = nil
		q.head++
		if j.open > 0 {
			return j
		}
	}
	q.jobs, q.head = q.jobs[:0], 0
	return nil
}

func (q *fifo) empty() bool { return q.head == len(q.jobs) }
