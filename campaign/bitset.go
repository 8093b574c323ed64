package campaign

// bitset remembers numbers that follow each other closely. The first one that it is told is the least that it knows.
type bitset struct {
	base int64
	bits []uint64
}

func (b *bitset) set(n int64) {
	if b.bits == nil {
		b.base = n &^ 63
	}
	if n < b.base || n-b.base > bitsetMost {
		return
	}
	at := int((n - b.base) / 64)
	for at >= len(b.bits) {
		b.bits = append(b.bits, 0)
	}
	b.bits[at] |= 1 << (n & 63)
}

func (b *bitset) has(n int64) bool {
	at := (n - b.base) / 64
	return n >= b.base && at < int64(len(b.bits)) && b.bits[at]>>(n&63)&1 == 1
}

// bitsetMost bounds it: eight megabytes.
const bitsetMost = 1 << 26
