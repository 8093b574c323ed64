package campaign

import "math"

// blocks is the order in which a campaign's recipients are taken up: block by block of neighbours, each next block far
// from the last, so that at every moment what was sent is spread evenly over the list. A list that is sorted by country
// would otherwise show the router one country after the other, and each too late. Neighbours stay together because they
// lie on the same page of the database. The order follows from the list's length: a campaign that is taken up again goes
// on where it was.
type blocks struct {
	first, last int64 // recipients' ids
	size        int64
	count, step int64
	done        int64
	cursor      int64 // the last recipient read of the present block, 0 = none
}

const (
	blockMost  = 64 // about what a page of the database holds
	blocksMost = 64 // of a short list: its blocks are smaller
)

// newBlocks orders the recipients from first to last; what need not be spread is one block.
func newBlocks(first, last int64, spread bool) *blocks {
	b := &blocks{first: first, last: last}
	n := last - first + 1
	if last == 0 || n <= 0 {
		return b
	}
	if b.size = n; spread {
		b.size = min(max(1, n/blocksMost), blockMost)
	}
	b.count = (n + b.size - 1) / b.size
	b.step = max(1, int64(float64(b.count)/math.Phi))
	for gcd(b.step, b.count) > 1 {
		b.step++
	}
	return b
}

// present is the ids to read now: those after one, up to and with another.
func (b *blocks) present() (after, until int64, ok bool) {
	if b.done >= b.count {
		return 0, 0, false
	}
	start := b.first + b.done*b.step%b.count*b.size
	return max(start-1, b.cursor), min(start+b.size-1, b.last), true
}

// read notes that of the present block the recipients up to an id were read, or all.
func (b *blocks) read(upTo int64, all bool) {
	if b.cursor = upTo; all {
		b.cursor = 0
		b.done++
	}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
