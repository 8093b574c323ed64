package vonage

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// A receipt of the SMS API speaks of one part and does not say of how many. So the number of parts travels in the
// callback URL, and the carrier counts which of them have been delivered: until the last one has, a delivered part says
// "sent" of the message; one failed part fails it. The count lives in memory. What a restart forgets is asked for by
// [Carrier.Poll] at the receipt deadline, which looks at all parts at once.

const (
	partsKey = "parts"
	maxParts = 255   // as many as the header of a concatenated SMS can number
	maxOpen  = 65536 // messages that are counted at once, some 20 MB; the oldest is forgotten first
)

// withParts adds the number of parts to a callback URL.
func withParts(receiptURL string, parts int) string {
	if parts < 2 {
		return receiptURL
	}
	sep := "?"
	if strings.Contains(receiptURL, sep) {
		sep = "&"
	}
	return receiptURL + sep + partsKey + "=" + strconv.Itoa(min(parts, maxParts))
}

// partsOf reads it back. Whoever can forge it could forge the whole receipt.
func partsOf(query url.Values) int {
	n, err := strconv.Atoi(query.Get(partsKey))
	if err != nil {
		return 1
	}
	return max(1, min(n, maxParts))
}

// tally counts the delivered parts of long messages, by our reference.
type tally struct {
	mu    sync.Mutex
	open  map[string]*count
	order []string // of their first receipts
	next  int      // index in order, once that is full
}

type count struct {
	of        int             // parts, 0 = as the callback URL says
	delivered map[string]bool // ids of parts
}

func newTally() *tally { return &tally{open: make(map[string]*count)} }

// expect notes the number of parts that Vonage itself named, if it is another than the callback URL says.
func (t *tally) expect(ref string, parts, said int) {
	if parts == max(1, said) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at(ref).of = parts
}

// parts is the number of parts of a message, where the callback URL says one.
func (t *tally) parts(ref string, said int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.open[ref]; c != nil && c.of > 0 {
		return c.of
	}
	return said
}

// deliver notes a delivered part and says how many have been. The same part twice counts once.
func (t *tally) deliver(ref, part string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.at(ref)
	if len(c.delivered) < maxParts {
		c.delivered[part] = true
	}
	return len(c.delivered)
}

// at finds the count of a message or begins one.
func (t *tally) at(ref string) *count {
	if c := t.open[ref]; c != nil {
		return c
	}
	if len(t.order) < maxOpen {
		t.order = append(t.order, ref)
	} else {
		delete(t.open, t.order[t.next])
		t.order[t.next] = ref
		t.next = (t.next + 1) % maxOpen
	}
	c := &count{delivered: make(map[string]bool, 2)}
	t.open[ref] = c
	return c
}
