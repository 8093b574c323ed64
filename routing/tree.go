package routing

import "math"

// What is known of a carrier's quality hangs in a tree: the carrier, its messages of one type, those to one country,
// those to one network. Each node is a discounted count of trials and deliveries; each level is the prior of the one
// below, so that a network nobody has sent to is judged by its country, and a new country by the carrier.
const levels = 4

// node is a discounted count. t is when it was last touched; faded is how much everything in it has been discounted so
// far, as a logarithm: what belongs to an older attempt is entered with the weight that the attempt's time has by now.
type node struct{ d, n, t, faded float64 }

const (
	halfTime  = 4 * 3600.0 // τ: after so many seconds evidence weighs 1/e
	priorMean = .93
	priorVar  = .006
	rootKappa = 10
	meanFloor = .002 // no estimate is certain
	refitEach = 5000 // updates between two looks at how much the cells of a level differ
)

// horizon is how many trials of a level are remembered when time stands still.
//
//nolint:gochecknoglobals // constants that the language has no word for
var horizon = [levels]float64{20000, 10000, 6000, 5000}

// fade is exp(-x), for the small x that most nodes have aged by; the same bits everywhere.
func fade(x float64) float64 {
	if x < .1 {
		return 1 - x*(1-x*(.5-x*(1./6-x*(1./24))))
	}
	return math.Exp(-x)
}

// aged is the node's content at a moment.
func (x *node) aged(now float64) (d, n float64) {
	if dt := now - x.t; dt > 0 {
		f := fade(dt / halfTime)
		return x.d * f, x.n * f
	}
	return x.d, x.n
}

// touch brings the node up to a moment.
func (x *node) touch(now float64) {
	if dt := now - x.t; dt > 0 {
		f := fade(dt / halfTime)
		x.d, x.n, x.t, x.faded = x.d*f, x.n*f, now, x.faded+dt/halfTime
	}
}

// trial adds an outcome y, and a share of a loss that will only show later.
func (x *node) trial(now, h, y, later float64) {
	x.touch(now)
	keep := 1 - 1/h
	x.d, x.n, x.faded = x.d*keep+y, x.n*keep+1+later, x.faded+1/h
}

// add corrects the counts by what an attempt brought that was sent when the node had faded so far.
func (x *node) add(now, mark, d, n float64) {
	x.touch(now)
	w := math.Exp(min(0, mark-x.faded))
	x.n = max(0, x.n+n*w)
	x.d = min(max(0, x.d+d*w), x.n)
}

func (x *node) scale(f float64) {
	x.d, x.n, x.faded = x.d*f, x.n*f, x.faded-math.Log(f)
}

// cell is where a message goes to, by position in places.
type cell struct {
	country, network int32
	kind             uint8
}

// Message types, as the tree knows them.
const (
	transactional = iota
	promotional
	kinds
)

//nolint:gochecknoglobals // constants that the language has no word for
var kindNames = [kinds]string{"transactional", "promotional"}

func kindOf(messageType string) uint8 {
	if messageType == kindNames[transactional] {
		return transactional
	}
	return promotional
}

// tree holds the nodes of all carriers, level by level, carriers innermost.
type tree struct {
	width   int
	level   [levels][]node
	kappa   [levels]float64 // how many trials the level above is worth
	ratio   [kinds]float64  // what a type's rate is of promotional's, with the same carrier
	kin     float64         // how many trials all those of the other type are worth in the same place
	prior   []float64       // the mean of a carrier of which nothing is known, from the last run
	updates int
}

func newTree(width int) *tree {
	t := &tree{width: width, kappa: [levels]float64{rootKappa, 20, 15, 15}, ratio: [kinds]float64{1, 1}, kin: kinFirst, prior: make([]float64, width)}
	for i := range t.prior {
		t.prior[i] = priorMean
	}
	t.level[0] = make([]node, width)
	t.level[1] = make([]node, width*kinds)
	return t
}

// room makes place for so many countries and networks.
func (t *tree) room(countries, networks int) {
	t.level[2] = grown(t.level[2], countries*kinds*t.width)
	t.level[3] = grown(t.level[3], networks*kinds*t.width)
}

func grown[T any](s []T, n int) []T {
	if len(s) < n {
		s = append(s, make([]T, n-len(s))...)
	}
	return s
}

// index says where carrier c's node of a level is for messages to a cell.
func (t *tree) index(l, c int, to cell) int {
	k := int(to.kind)
	switch l {
	case 0:
		return c
	case 1:
		return k*t.width + c
	case 2:
		return (int(to.country)*kinds+k)*t.width + c
	}
	return (int(to.network)*kinds+k)*t.width + c
}

// learn adds an outcome to all levels.
func (t *tree) learn(now float64, c int, to cell, y, later float64) {
	t.level[0][c].trial(now, horizon[0], y/t.ratio[to.kind], later)
	for l := 1; l < levels; l++ {
		t.level[l][t.index(l, c, to)].trial(now, horizon[l], y, later)
	}
	t.updates++
}

// marks is how far the nodes of a cell had faded at some moment.
type marks [levels]float32

func (t *tree) mark(now float64, c int, to cell) (k marks) {
	for l := range levels {
		x := &t.level[l][t.index(l, c, to)]
		k[l] = float32(x.faded + max(0, now-x.t)/halfTime)
	}
	return k
}

// correct adds to all levels what an attempt brought late.
func (t *tree) correct(now float64, c int, to cell, k *marks, d, n float64) {
	t.level[0][c].add(now, float64(k[0]), d/t.ratio[to.kind], n)
	for l := 1; l < levels; l++ {
		t.level[l][t.index(l, c, to)].add(now, float64(k[l]), d, n)
	}
}

// belief is an estimate: how likely a message arrives in time, and how sure that is.
type belief struct {
	mean, variance float64
	here, above    float64 // trials at the leaf and one level up
}

// estimate descends the tree. depth is levels, or one less for a route that sends no receipts. In a country and on a
// network the other type's trials count as well, as far as the types have been alike in places so far.
func (t *tree) estimate(now float64, c int, to cell, depth int) (b belief) {
	other := to
	other.kind = kinds - 1 - to.kind
	m, v, ratio := t.prior[c], priorVar, 1.0
	for l := range depth {
		d, n := t.level[l][t.index(l, c, to)].aged(now)
		k := t.kappa[l]
		own := n
		switch l {
		case 0:
		case 1:
			ratio = t.against(now, c, other, m)
		default:
			d1, n1 := t.level[l][t.index(l, c, other)].aged(now)
			w := t.kin / (n1 + t.kin)
			d, n = d+w*d1*ratio, n+w*n1
		}
		inverse := 1 / (n + k)
		m = bounded((d + k*m) * inverse)
		rest := k * inverse
		v = m*(1-m)/(n+k+1) + rest*rest*v
		switch l {
		case 0:
			m = bounded(m * t.ratio[to.kind])
		case 1:
			ratio = m / ratio
		}
		b.above, b.here = b.here, own
	}
	b.mean, b.variance = m, v
	return b
}

// against is a carrier's rate for the other type, where m is what it should be for this one.
func (t *tree) against(now float64, c int, other cell, m float64) float64 {
	d, n := t.level[1][t.index(1, c, other)].aged(now)
	k := t.kappa[1]
	return bounded((d + k*bounded(m*t.ratio[other.kind]/t.ratio[kinds-1-other.kind])) / (n + k))
}

func bounded(m float64) float64 { return min(max(m, meanFloor), 1-meanFloor) }

// within calls do for every node of carrier c that lies in a country, or everywhere, top first; at is its position among
// the carrier's nodes of the level.
func (t *tree) within(c int, country int32, countryOf []int32, do func(l, at int, x *node)) {
	for l := range levels {
		if country >= 0 && l < 2 {
			continue
		}
		for i := c; i < len(t.level[l]); i += t.width {
			place := int32(i / t.width / kinds)
			if country >= 0 && (l == 2 && place != country || l == 3 && countryOf[place] != country) {
				continue
			}
			do(l, i/t.width, &t.level[l][i])
		}
	}
}
