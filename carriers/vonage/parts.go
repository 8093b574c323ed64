package vonage

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// A receipt of the SMS API speaks of one part and does not say of how many. So the number of parts travels in the
// callback URL, and whoever keeps the receipts puts them together ([carriers.Receipt].Parts), whichever process they come
// to. Where Vonage itself cut the text in another number, which is rare, the process that heard so remembers; what a
// restart forgets is asked for by [Carrier.Poll] at the receipt deadline, which looks at all parts at once.

const (
	partsKey = "parts"
	maxParts = 255   // as many as the header of a concatenated SMS can number
	maxOpen  = 65536 // messages that are remembered, some 8 MB; the oldest is forgotten first
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

// tally remembers how many parts long messages have, by our reference, where the callback URL says another number.
type tally struct {
	mu    sync.Mutex
	of    map[string]int
	order []string
	next  int // index in order, once that is full
}

func newTally() *tally { return &tally{of: make(map[string]int)} }

// expect notes the number of parts that Vonage itself named, if it is another than the callback URL says.
func (t *tally) expect(ref string, parts, said int) {
	if parts == max(1, said) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.of[ref]; !known {
		if len(t.order) < maxOpen {
			t.order = append(t.order, ref)
		} else {
			delete(t.of, t.order[t.next])
			t.order[t.next] = ref
			t.next = (t.next + 1) % maxOpen
		}
	}
	t.of[ref] = parts
}

// parts is the number of parts of a message, where the callback URL says one.
func (t *tally) parts(ref string, said int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if parts, known := t.of[ref]; known {
		return parts
	}
	return said
}
