package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// smart is the router of this program, driven in virtual time through the calls that a campaign makes.
type smart struct {
	w         *World
	r         *routing.Router
	countries []string
	networks  []string
	tickets   map[int64]routing.Ticket // by attempt
	waiting   bool                     // for carriers that do not exist yet
	events    []routing.Event
	sent      []sent // to incidents' carriers
}

type sent struct {
	at       float64
	incident int
}

const unit = 50_000 // millionths that a message costs which costs 1 in the world

// NewRouter is the router as it is built into the program.
func NewRouter(w *World) Policy {
	s := &smart{w: w, tickets: map[int64]routing.Ticket{}}
	var infos []carriers.Info
	for k := range w.countries {
		s.countries = append(s.countries, w.country(k))
	}
	for n := range w.networks {
		s.networks = append(s.networks, fmt.Sprintf("N%02d", n))
	}
	for c := range w.Carriers {
		info := carriers.Info{Name: w.name(c)}
		info.Common.MaxPerSecond, info.Common.MaxInFlight = w.limit[c], 100_000
		info.Common.Price = map[string]carriers.Price{}
		for k, p := range w.price[c] {
			info.Common.Price[s.countries[k]] = carriers.Price(p * unit)
		}
		infos = append(infos, info)
	}
	s.r = routing.New(infos, routing.Options{
		Seed: w.Seed, Value: [2]carriers.Price{carriers.Price(w.value[0] * unit), carriers.Price(w.value[1] * unit)},
	})
	s.exist(0)
	return s
}

func (w *World) name(c int) string {
	if c < len(w.names) {
		return w.names[c]
	}
	return string(rune('a' + c))
}

func (w *World) country(k int) string {
	if k < len(w.countryNames) {
		return w.countryNames[k]
	}
	return fmt.Sprintf("C%02d", k)
}

func clock(t float64) time.Time {
	return time.Unix(1_750_000_000, 0).UTC().Add(time.Duration(t * float64(time.Second)))
}

func (s *smart) exist(now float64) {
	caps := map[string]float64{}
	for c, from := range s.w.from {
		if now < from {
			caps[s.w.name(c)] = 0
		}
	}
	s.waiting = len(caps) > 0
	s.r.SetCarrierCaps(clock(now), caps)
}

func (s *smart) choose(now float64, m *message, tried uint64, behind int) (int, float64) {
	c := s.r.Choose(clock(now), routing.Query{
		Message: uint64(m.n + 1), Country: s.countries[m.country], Network: s.networks[m.network],
		Type: kindName(m.kind), Segments: 1, Behind: behind,
		Waited: time.Duration((now - m.at) * float64(time.Second)), Tried: routing.Set(tried),
	})
	if c.Carrier < 0 {
		return -1, c.Wait.Seconds()
	}
	s.tickets[attempt(m, c.Carrier)] = c.Ticket
	for i := range s.w.incidents {
		if in := &s.w.incidents[i]; in.carrier == c.Carrier && now >= in.from && now < in.to && (in.country < 0 || in.country == m.country) {
			s.sent = append(s.sent, sent{now, i})
		}
	}
	return c.Carrier, 0
}

func (s *smart) submitted(now float64, m *message, c int, refusal carriers.Class) {
	res := carriers.Accept("", "")
	if refusal != "" {
		res = carriers.Refuse(refusal, "", "", "")
	}
	s.r.Done(clock(now), c, s.countries[m.country], res)
	if refusal == "" {
		s.r.Await(clock(now), attempt(m, c), s.tickets[attempt(m, c)])
	}
}

// attempt numbers a message's attempts: one with each carrier.
func attempt(m *message, c int) int64 { return int64(m.n+1)<<6 | int64(c) }

func (s *smart) deadline(now float64, m *message, c int) float64 {
	return s.r.Deadline(clock(now), s.tickets[attempt(m, c)], time.Duration(mostSilent*float64(time.Second))).Seconds()
}

func kindName(kind int) string { return [...]string{"transactional", "promotional"}[kind] }

func (s *smart) receipt(now float64, m *message, c int, v verdict, took float64) {
	delete(s.tickets, attempt(m, c))
	s.r.Receipt(clock(now), routing.Receipt{
		Attempt: attempt(m, c), Verdict: routing.Verdict(v), Took: time.Duration(took * float64(time.Second)),
		Carrier: c, Country: s.countries[m.country], Network: s.networks[m.network],
		Type: kindName(m.kind), Age: time.Duration((now - m.at) * float64(time.Second)),
	})
}

func (s *smart) converted(m *message, c int) { s.r.Converted(c, s.countries[m.country]) }

func (s *smart) silent(float64, *message, int) {}

func (s *smart) tick(now float64) {
	s.r.Tick(clock(now))
	s.events = append(s.events, s.r.Events()...)
	if s.waiting {
		s.exist(now)
	}
}

// noticed says how many messages each incident's carrier got, and how long it took, until the router said so; and how
// often it suspected a carrier with which nothing was wrong.
func (s *smart) noticed(w *World) (lost []int, after []float64, falseAlarms int) {
	for i := range w.incidents {
		in := &w.incidents[i]
		at := -1.0
		for _, e := range s.events {
			t := e.At.Sub(clock(0)).Seconds()
			here := in.country >= 0 && strings.HasPrefix(e.Text, s.countries[in.country]+": suspect")
			if e.Carrier == w.name(in.carrier) && t >= in.from && t < in.to &&
				(here || strings.HasPrefix(e.Text, "suspect") || e.Kind == "breaker" && strings.HasPrefix(e.Text, "open")) {
				at = t
				break
			}
		}
		n := 0
		for _, x := range s.sent {
			if x.incident == i && (at < 0 || x.at <= at) {
				n++
			}
		}
		lost = append(lost, n)
		if at < 0 {
			after = append(after, -1)
		} else {
			after = append(after, at-in.from)
		}
	}
	for _, e := range s.events {
		if strings.Contains(e.Text, "suspect:") && !s.sick(e) {
			falseAlarms++
		}
	}
	return lost, after, falseAlarms
}

// sick says whether something was wrong with the carrier of an event, or had been a short while before.
func (s *smart) sick(e routing.Event) bool {
	t := e.At.Sub(clock(0)).Seconds()
	for c := range s.w.Carriers {
		if s.w.name(c) != e.Carrier {
			continue
		}
		for i := range s.w.incidents {
			if in := &s.w.incidents[i]; in.carrier == c && t >= in.from && t < in.to+120 {
				return true
			}
		}
		if len(s.w.drift) == 0 {
			continue
		}
		if d := s.w.drift[c]; d != nil && d(t) < d(0)-.7 {
			return true
		}
	}
	return false
}
