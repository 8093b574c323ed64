package routing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Record is a piece of what was learned, under a key that names carrier and place: the router's memory from one campaign
// to the next. What is in Data is the router's own affair.
type Record struct {
	Key  string
	Data []byte
	Base []byte // as it was when this process read or wrote it last: see Merge
}

const (
	historyTrials = 40   // an old cell is never worth less: last week's difference between two carriers is a hint today
	newRun        = 3600 // seconds after which a restored mean becomes the prior of this run
	keySeparator  = "\x1f"
)

// Kinds of record: the four levels of the tree are "0" to "3".
const (
	recordModel   = "m"
	recordAccount = "a"
	recordGround  = "g"
	recordRoute   = "r"
)

// Changes returns what has changed since the last call, all of it the first time. The caller stores the records and
// gives all that it has to [Router.Remember] at the next start.
func (r *Router) Changes(now time.Time) (out []Record) {
	m := r.model
	t := m.tick(now)
	s := scribe{r: r, wall: uint32(now.Unix())}
	for l := range levels {
		for i := range m.tree.level[l] {
			if x := &m.tree.level[l][i]; x.n > 0 && x.t >= m.saved {
				d, n := x.aged(t)
				s.add(s.nodeKey(l, i), d, n)
			}
		}
	}
	for i := range m.route {
		if x := &m.route[i]; x.at >= m.saved && x.due+x.seen > 0 {
			s.add(s.routeKey(i), x.due, x.seen, x.finals, x.permanent, one(x.blind))
		}
	}
	for i := range m.land {
		if g := &m.land[i]; g.at >= m.saved && g.claimed+float64(g.sent[0]) > 0 {
			s.add(s.groundKey(i), g.pack()...)
		}
	}
	for c := range m.per {
		s.add(recordAccount+keySeparator+r.lines[c].info.Name, m.per[c].pack(m.tree.prior[c])...)
	}
	s.add(recordModel, slices.Concat(m.tree.kappa[:], m.tree.ratio[:], []float64{m.tree.kin})...)
	m.saved = t
	return s.out
}

// scribe writes records.
type scribe struct {
	r    *Router
	wall uint32 // in seconds
	out  []Record
}

func (s *scribe) add(key string, values ...float64) {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 8*len(values)+4), s.wall)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	s.out = append(s.out, Record{Key: key, Data: b})
}

func (s *scribe) key(kind string, carrier int, parts ...string) string {
	return strings.Join(append([]string{kind, s.r.lines[carrier].info.Name}, parts...), keySeparator)
}

func (s *scribe) nodeKey(l, i int) string {
	p, width := s.r.model.places, s.r.model.width()
	level, kind, place := string(rune('0'+l)), kindNames[i/width%kinds], i/width/kinds
	switch l {
	case 0:
		return s.key(level, i)
	case 1:
		return s.key(level, i%width, kind)
	case 2:
		return s.key(level, i%width, kind, p.countries[place])
	}
	return s.key(level, i%width, kind, p.countries[p.countryOf[place]], p.networks[place])
}

func (s *scribe) routeKey(i int) string {
	p, width := s.r.model.places, s.r.model.width()
	return s.key(recordRoute, i%width, p.countries[p.countryOf[i/width]], p.networks[i/width])
}

func (s *scribe) groundKey(i int) string {
	return s.key(recordGround, i%s.r.model.width(), s.r.model.places.countries[i/s.r.model.width()])
}

func (g *ground) pack() []float64 {
	v := []float64{g.claimed, g.converted, g.candour.w, one(g.candour.distrust), one(g.alarm.suspect), g.alarm.before}
	for j := range ages {
		v = append(v, float64(g.sent[j]), float64(g.got[j]))
	}
	return v
}

func (g *ground) unpack(v []float64, t float64) {
	g.claimed, g.converted, g.candour = v[0], v[1], candour{v[2], v[3] == 1}
	if v[4] == 1 {
		g.alarm.raise(t, v[5])
	}
	for j := range ages {
		g.sent[j], g.got[j] = float32(v[6+2*j]), float32(v[7+2*j])
	}
}

func (a *account) pack(prior float64) []float64 {
	v := []float64{
		prior, a.lag, a.lagN, a.came, a.promised, a.silent, a.told, a.due, a.seen, a.candour.w, one(a.candour.distrust),
		one(a.alarm.suspect), a.alarm.before,
	}
	for _, h := range a.hidden {
		v = append(v, h.early, h.late)
	}
	v = append(v, a.failAge[:]...)
	v = append(v, a.curve.sent[:]...)
	return append(v, a.curve.got[:]...)
}

const accountValues, groundValues = 13 + 2*kinds + 3*steps, 6 + 2*steps

func (a *account) unpack(v []float64, t float64) {
	a.lag, a.lagN, a.came, a.promised, a.silent, a.told, a.due, a.seen = v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8]
	a.candour = candour{v[9], v[10] == 1}
	if v[11] == 1 {
		a.alarm.raise(t, v[12])
	}
	v = v[13:]
	for k := range a.hidden {
		a.hidden[k] = hidden{v[2*k], v[2*k+1]}
	}
	v = v[2*kinds:]
	copy(a.failAge[:], v)
	copy(a.curve.sent[:], v[steps:])
	copy(a.curve.got[:], v[2*steps:])
	a.curve.refresh()
}

var errRecord = errors.New("not a record of routing")

// Remember takes records back, at a start. Carriers that have left the config are passed over; an unreadable record is
// an error, and the others are taken all the same.
func (r *Router) Remember(now time.Time, records []Record) error {
	r.model.tick(now)
	var errs []error
	old := make([]bool, r.model.width())
	for _, rec := range records {
		if err := r.remember(now, rec, old); err != nil {
			errs = append(errs, fmt.Errorf("reading %q: %w", rec.Key, err))
		}
	}
	for c, long := range old { // what it was like at last is where this run begins
		if long {
			r.model.tree.prior[c] = r.model.tree.estimate(r.model.clock.sec, c, cell{kind: promotional}, 1).mean
		}
	}
	clear(r.model.elsewhere)
	for i := range r.model.route {
		for c := range r.model.elsewhere {
			if c != i%r.model.width() {
				r.model.elsewhere[c].finals += r.model.route[i].finals
				r.model.elsewhere[c].permanent += r.model.route[i].permanent
			}
		}
	}
	r.model.judgeTrust()
	return errors.Join(errs...)
}

func (r *Router) remember(now time.Time, rec Record, old []bool) error {
	key := strings.Split(rec.Key, keySeparator)
	v, age, err := unpack(now, rec.Data)
	if err != nil {
		return err
	}
	m, t := r.model, r.model.clock.sec
	if key[0] == recordModel {
		if len(v) != levels+kinds+1 || slices.Min(v) <= 0 {
			return errRecord
		}
		copy(m.tree.kappa[:], v)
		copy(m.tree.ratio[:], v[levels:])
		m.tree.kin = v[levels+kinds]
		return nil
	}
	c, err := r.carrierOf(key)
	if err != nil || c < 0 {
		return err
	}
	switch key[0] {
	case recordAccount:
		if len(key) != 2 || len(v) != accountValues {
			return errRecord
		}
		m.per[c].unpack(v, t)
		m.tree.prior[c], old[c] = bounded(v[0]), age > newRun
	case recordGround:
		if len(key) != 3 || len(v) != groundValues {
			return errRecord
		}
		m.ground(c, m.at(key[2], "", 0)).unpack(v, t)
	case recordRoute:
		if len(key) != 4 || len(v) != 5 {
			return errRecord
		}
		*m.routeOf(c, m.at(key[2], key[3], 0)) = route{due: v[0], seen: v[1], finals: v[2], permanent: v[3], blind: v[4] == 1, at: t}
	default:
		return r.rememberNode(key, c, v, age)
	}
	return nil
}

func (r *Router) rememberNode(key []string, c int, v []float64, age float64) error {
	l := int(key[0][0] - '0')
	if len(key[0]) != 1 || l < 0 || l >= levels || len(key) != l+2 || len(v) != 2 || v[0] < 0 || v[1] < v[0]*.5 {
		return errRecord
	}
	to := cell{}
	if l > 0 {
		to.kind = kindOf(key[2])
	}
	if l > 1 {
		network := ""
		if l == 3 {
			network = key[4]
		}
		to = r.model.at(key[3], network, to.kind)
	}
	x := &r.model.tree.level[l][r.model.tree.index(l, c, to)]
	f := math.Exp(-age / halfTime)
	if v[1] > 0 {
		f = max(f, min(1, historyTrials/v[1]))
	}
	x.d, x.n, x.t = v[0]*f, v[1]*f, r.model.clock.sec
	return nil
}

// carrierOf finds the carrier that a key names, -1 if there is none by that name.
func (r *Router) carrierOf(key []string) (int, error) {
	if len(key) < 2 {
		return -1, errRecord
	}
	for i := range r.lines {
		if r.lines[i].info.Name == key[1] {
			return i, nil
		}
	}
	return -1, nil
}

// unpack reads a record's numbers, and how many seconds old they are. Nothing that is not a number gets in.
func unpack(now time.Time, b []byte) (v []float64, age float64, err error) {
	if len(b) < 12 || len(b)%8 != 4 {
		return nil, 0, errRecord
	}
	wall := int64(binary.LittleEndian.Uint32(b))
	for b = b[4:]; len(b) > 0; b = b[8:] {
		x := math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 || x > 1e12 {
			return nil, 0, errRecord
		}
		v = append(v, x)
	}
	return v, max(0, float64(now.Unix()-wall)), nil
}
