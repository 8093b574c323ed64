package routing

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// A decision is stored with its attempt, so it is packed: about eleven bytes a candidate, three for a carrier that was none,
// in base64. Amounts are ten-thousandths of the message's value, means have sixteen bits, the rest eight: enough to
// show what it rested on. What the router itself computes with is not rounded.
//
//	version·8 + probe·4 + noise·2 + type | rows | chosen | second | value
//	a row: hash of the name, two bytes | flags·16 + reason | if a candidate: mean² sd here above noise price queue late [trust] [weight²]

const (
	whyVersion = 2
	whyRows    = 16 // the carriers that are written down at most
	nobody     = 0xff
	fine       = 1e4 // parts of the value
)

// Flags in a row, above the reason.
const (
	rowSuspect = 16 << iota
	rowBlind
	rowDistrusted
	rowWeighted
)

// AppendWhy appends the last choice to buf, in a form that [ParseWhy] reads.
func (r *Router) AppendWhy(buf []byte) []byte {
	var raw [whyRows*20 + 16]byte
	return base64.RawURLEncoding.AppendEncode(buf, r.pack(raw[:0]))
}

// Why is the last choice as text, for the attempt's record; "" where there is nothing to choose.
func (r *Router) Why() string {
	if len(r.lines) == 1 || !r.opts.Policy.learned() { // there was nothing to decide
		return ""
	}
	var buf [256]byte
	return string(r.AppendWhy(buf[:0]))
}

func (r *Router) pack(b []byte) []byte {
	d := &r.last
	b = append(b, whyVersion<<3|bit(d.probe)<<2|bit(d.byNoise)<<1|d.to.kind, byte(min(len(d.rows), whyRows)), place(d.chosen), place(d.second))
	b = binary.AppendUvarint(b, uint64(d.value))
	for i := range d.rows[:min(len(d.rows), whyRows)] {
		b = r.packRow(b, d, i)
	}
	return b
}

func (r *Router) packRow(b []byte, d *decision, i int) []byte {
	x, weight := &d.rows[i], r.lines[i].weight
	flags := byte(x.why)
	if x.suspect {
		flags |= rowSuspect
	}
	if x.blind {
		flags |= rowBlind
	}
	if x.why != Candidate {
		return append(binary.BigEndian.AppendUint16(b, nameHash(r.lines[i].info.Name)), flags)
	}
	if x.trust < 1 {
		flags |= rowDistrusted
	}
	if weight != 1 {
		flags |= rowWeighted
	}
	b = append(binary.BigEndian.AppendUint16(b, nameHash(r.lines[i].info.Name)), flags)
	b = binary.BigEndian.AppendUint16(b, uint16(math.Round(x.mean*65535)))
	b = append(b, packSmall(math.Sqrt(x.variance)), packCount(x.here), packCount(x.above), byte(int8(math.Round(min(max(x.noise, -1.5), 1.5)*80))))
	for _, term := range [...]float64{x.price, x.queue, x.late} {
		b = binary.AppendUvarint(b, uint64(math.Round(min(max(term/d.value, 0), 1e6)*fine)))
	}
	if x.trust < 1 {
		b = append(b, byte(math.Round(x.trust*255)))
	}
	if weight != 1 {
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(min(max(weight, 0), 65)*1000)))
	}
	return b
}

func bit(yes bool) byte {
	if yes {
		return 1
	}
	return 0
}

func place(i int) byte {
	if i < 0 || i >= whyRows {
		return nobody
	}
	return byte(i)
}

// nameHash tells carriers apart when the config has changed since.
func nameHash(name string) uint16 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return uint16(h ^ h>>16)
}

// Deviations and counts are stored as logarithms: sixteenths of a doubling.
func packSmall(x float64) byte {
	return byte(math.Round(min(max(-16*math.Log2(max(x, 1e-9)), 0), 255)))
}
func unpackSmall(b byte) float64 { return math.Exp2(-float64(b) / 16) }
func packCount(n float64) byte   { return byte(math.Round(min(12*math.Log2(1+max(n, 0)), 255))) }
func unpackCount(b byte) float64 { return math.Exp2(float64(b)/12) - 1 }

// Decision is a choice as people see it. Amounts are in millionths of the currency; the terms add up to the score.
type Decision struct {
	Type       string
	Value      float64 // of one delivered message
	ByNoise    bool    // the noise made the difference: this was an experiment
	Probe      bool    // the chosen carrier is suspect, and was asked whether it is well again
	Margin     float64 // of the chosen one over the next, without noise
	Candidates []Candidacy
}

// Candidacy is what a carrier was in a decision.
type Candidacy struct {
	Carrier string
	Chosen  bool
	Next    bool   // the runner-up
	Reason  Reason // why it was none; the rest is zero then
	Suspect bool
	Blind   bool // it sends no receipts for this network

	Mean, SD           float64 // of the share that it delivers in time
	Here, Above        float64 // trials on this network, and in this country
	Noise              float64 // standard deviations added to the mean by chance
	Trust, Weight      float64
	Worth              float64 // weight · value · trust · mean
	Price, Queue, Late float64 // what is taken off: price, waiting, the carrier's own slowness
	Score              float64
	Wait               time.Duration
}

// Explain says how the router would choose now, and takes nothing.
func (r *Router) Explain(now time.Time, q Query) Decision {
	d := &r.last
	d.begin(now, r, &q)
	if r.sift(now, d, &q); d.pool > 0 {
		d.chosen = r.pick(d, &q)
	}
	out := Decision{Type: q.Type, Value: d.value, ByNoise: d.byNoise, Probe: d.probe}
	for i := range d.rows {
		x := &d.rows[i]
		c := Candidacy{Carrier: r.lines[i].info.Name, Chosen: i == d.chosen, Next: i == d.second, Reason: x.why, Suspect: x.suspect, Blind: x.blind}
		if x.why == Candidate {
			c.Mean, c.SD, c.Here, c.Above = x.mean, math.Sqrt(x.variance), x.here, x.above
			c.Noise, c.Trust, c.Weight = x.noise, x.trust, r.lines[i].weight
			c.Worth, c.Price, c.Queue, c.Late, c.Score, c.Wait = x.worth, x.price, x.queue, x.late, x.score, x.wait
		}
		out.Candidates = append(out.Candidates, c)
	}
	out.margin()
	return out
}

func (d *Decision) margin() {
	var chosen, next float64
	for _, c := range d.Candidates {
		if c.Chosen {
			chosen = c.Score
		}
		if c.Next {
			next = c.Score
		}
	}
	if d.second() {
		d.Margin = chosen - next
	}
}

func (d *Decision) second() bool {
	for _, c := range d.Candidates {
		if c.Next {
			return true
		}
	}
	return false
}

var errWhy = errors.New("not a routing decision")

// ParseWhy reads what [Router.AppendWhy] wrote. names are the carriers of the config as it is now; one that has left it
// is called "?".
func ParseWhy(s string, names []string) (Decision, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) < 5 || raw[0]>>3 != whyVersion {
		return Decision{}, errWhy
	}
	head, rows, chosen, second := raw[0], int(raw[1]), raw[2], raw[3]
	value, n := binary.Uvarint(raw[4:])
	if n <= 0 || rows > whyRows {
		return Decision{}, errWhy
	}
	d := Decision{Type: kindNames[head&1], Value: float64(value), ByNoise: head&2 != 0, Probe: head&4 != 0}
	in := reader{b: raw[4+n:]}
	for i := range rows {
		c := in.row(d.Value)
		c.Chosen, c.Next = byte(i) == chosen, byte(i) == second
		c.Carrier = nameOf(names, i, in.hash)
		d.Candidates = append(d.Candidates, c)
	}
	if in.short || len(in.b) > 0 {
		return Decision{}, errWhy
	}
	d.margin()
	return d, nil
}

func nameOf(names []string, at int, hash uint16) string {
	if at < len(names) && nameHash(names[at]) == hash {
		return names[at]
	}
	for _, n := range names {
		if nameHash(n) == hash {
			return n
		}
	}
	return "?"
}

// reader takes a packed decision apart.
type reader struct {
	b     []byte
	hash  uint16
	short bool
}

func (in *reader) byte() byte {
	if len(in.b) == 0 {
		in.short = true
		return 0
	}
	x := in.b[0]
	in.b = in.b[1:]
	return x
}

func (in *reader) pair() float64 {
	hi := in.byte()
	return float64(uint16(hi)<<8 | uint16(in.byte()))
}

func (in *reader) amount(value float64) float64 {
	x, n := binary.Uvarint(in.b)
	if n <= 0 {
		in.short = true
		return 0
	}
	in.b = in.b[n:]
	return float64(x) / fine * value
}

func (in *reader) row(value float64) (c Candidacy) {
	in.hash = uint16(in.pair())
	flags := in.byte()
	c.Reason, c.Suspect, c.Blind = Reason(flags&15), flags&rowSuspect != 0, flags&rowBlind != 0
	if c.Reason != Candidate {
		return c
	}
	c.Mean = in.pair() / 65535
	c.SD, c.Here, c.Above = unpackSmall(in.byte()), unpackCount(in.byte()), unpackCount(in.byte())
	c.Noise = float64(int8(in.byte())) / 80
	c.Price, c.Queue, c.Late = in.amount(value), in.amount(value), in.amount(value)
	if c.Trust, c.Weight = 1, 1; flags&rowDistrusted != 0 {
		c.Trust = float64(in.byte()) / 255
	}
	if flags&rowWeighted != 0 {
		c.Weight = in.pair() / 1000
	}
	c.Worth = c.Weight * value * c.Trust * c.Mean
	c.Score = c.Worth - c.Price - c.Queue - c.Late
	return c
}

// String is the reason in a word.
func (r Reason) String() string {
	if words := [...]string{"candidate", "refused", "tried", "excluded", "drained", "down", "open"}; int(r) < len(words) {
		return words[r]
	}
	return "?"
}
