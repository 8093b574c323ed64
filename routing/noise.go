package routing

// draw is a number that looks random and follows from its arguments alone: a decision can be repeated, whatever
// happened between.
func draw(seed, message uint64, try, carrier int) uint64 {
	x := seed ^ message*0x9e3779b97f4a7c15 ^ uint64(try)<<56 ^ uint64(carrier+1)*0xd6e8feb86659fd93
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// normal makes a standard normal number of a draw: the sum of four uniform ones, which ends at ±3.5. The same bits on
// every machine, and no surprise from a far tail.
func normal(x uint64) float64 {
	sum := x&0xffff + x>>16&0xffff + x>>32&0xffff + x>>48
	return (float64(sum) - 2*65535) * (1.7320508075688772 / 65535)
}

// ration bounds how many of the last 1,000 decisions of a message type were made by noise alone.
type ration struct {
	bits [(rationSpan + 63) / 64]uint64
	at   int
	sum  int
}

const rationSpan = 1000

// most is how many of rationSpan decisions noise may make, by type.
//
//nolint:gochecknoglobals // constants that the language has no word for
var most = [kinds]int{20, 50}

// left says whether the next decision may be made by noise.
func (r *ration) left(limit int) bool { return r.sum-r.oldest() < limit }

func (r *ration) oldest() int { return int(r.bits[r.at/64] >> (r.at % 64) & 1) }

func (r *ration) note(byNoise bool) {
	r.sum -= r.oldest()
	r.bits[r.at/64] &^= 1 << (r.at % 64)
	if byNoise {
		r.bits[r.at/64] |= 1 << (r.at % 64)
		r.sum++
	}
	r.at = (r.at + 1) % rationSpan
}
