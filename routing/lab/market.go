package lab

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/smsctl/smsctl/carriers/sim"
)

// Market is a scenario file: the carriers as `smsctl sim serve` plays them, and the campaign that is sent through them.
// A file of sim serve can be read as it is.
type Market struct {
	Seed          uint64             `yaml:"seed"`
	Messages      int                `yaml:"messages"`      // 20000
	Rate          float64            `yaml:"rate"`          // messages a second; 28
	Transactional *float64           `yaml:"transactional"` // share that must arrive within 90 s; 0.4
	Countries     map[string]float64 `yaml:"countries"`     // parts of the traffic; those that phases name, GB, DE and FR
	Networks      int                `yaml:"networks"`      // in each country; 3
	Value         struct {           // of one message that arrives in time; 20 and 10 times the middle price
		Transactional float64 `yaml:"transactional"`
		Promotional   float64 `yaml:"promotional"`
	} `yaml:"value"`
	Carriers map[string]Seller `yaml:"carriers"`
}

// Seller is one carrier of a market: what sim serve knows of it, and its prices.
type Seller struct {
	Price map[string]float64 `yaml:"price"` // by country, "*" for all others; 0

	sim.Peer `yaml:",inline"`
}

// ParseMarket reads a scenario, refuses keys that it does not know and values that cannot be meant.
func ParseMarket(b []byte) (m Market, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not readable as YAML: %v", p)
		}
	}()
	if err := yaml.UnmarshalWithOptions(b, &m, yaml.Strict()); err != nil {
		return m, fmt.Errorf("reading the scenario: %w", err)
	}
	return m, m.check()
}

func (m *Market) check() error {
	if len(m.Carriers) == 0 || len(m.Carriers) > 64 {
		return errors.New("carriers: from 1 to 64 are needed")
	}
	if m.Messages < 0 || !(m.Rate >= 0) || m.Networks < 0 || m.Networks > 100 || m.Transactional != nil && !(*m.Transactional >= 0 && *m.Transactional <= 1) {
		return errors.New("messages, rate and networks cannot be negative, transactional is a share between 0 and 1")
	}
	if !(m.Value.Transactional >= 0) || !(m.Value.Promotional >= 0) {
		return errors.New("value: a message is worth an amount, not less than nothing")
	}
	for k, part := range m.Countries {
		if !(part > 0) {
			return fmt.Errorf("countries: %s: %v is no part of the traffic", k, part)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Carriers)) {
		s := m.Carriers[name]
		if err := s.Model.Check(); err != nil {
			return fmt.Errorf("carrier %s: %w", name, err)
		}
		for k, p := range s.Price {
			if !(p >= 0) {
				return fmt.Errorf("carrier %s: price: %s: %v", name, k, p)
			}
		}
		for i, p := range s.Phases {
			if len(p.Prefixes) > 0 {
				return fmt.Errorf("carrier %s: phase %d: prefixes need numbers, and nobody is sent to here: write countries", name, i+1)
			}
		}
	}
	return nil
}

// places are the countries with traffic, in order, and their parts of it.
func (m *Market) places() (names []string, parts []float64) {
	all := maps.Clone(m.Countries)
	if len(all) == 0 {
		all = map[string]float64{"GB": 1, "DE": 1, "FR": 1}
		for _, s := range m.Carriers {
			for _, p := range s.Phases {
				for _, k := range p.Countries {
					all[k] = 1
				}
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		names, parts = append(names, k), append(parts, all[k])
	}
	return names, parts
}

const (
	marketMessages = 20_000
	marketNetworks = 3
)

// World is the market as something that policies can be tried on. What size and seed leave open is the file's.
func (m *Market) World(name string, size Size, seed uint64) *World {
	names := slices.Sorted(maps.Keys(m.Carriers))
	w := &World{Kind: name, Seed: seed, Messages: size.Messages, Rate: size.Rate, Carriers: len(names), names: names}
	if w.Seed == 0 {
		w.Seed = m.Seed
	}
	if w.Messages == 0 {
		w.Messages = marketMessages
		if m.Messages > 0 {
			w.Messages = m.Messages
		}
	}
	if w.Rate == 0 {
		w.Rate = calmRate
		if m.Rate > 0 {
			w.Rate = m.Rate
		}
	}
	w.transactional = .4
	if m.Transactional != nil {
		w.transactional = *m.Transactional
	}
	m.landscape(w)
	n := w.Carriers
	w.limit, w.from, w.forges, w.blind = make([]float64, n), make([]float64, n), filled(n, math.Inf(1)), map[[2]int]bool{}
	for _, c := range names {
		s := m.Carriers[c]
		w.scripts = append(w.scripts, s.script(w.countryNames))
		w.limit[len(w.scripts)-1] = *w.scripts[len(w.scripts)-1].always.RateLimit
		prices := make([]float64, w.countries)
		for k, country := range w.countryNames {
			p, ok := s.Price[country]
			if !ok {
				p = s.Price["*"]
			}
			prices[k] = p
		}
		w.price = append(w.price, prices)
	}
	m.worth(w)
	for c := range w.scripts {
		w.incidentsOf(c)
	}
	w.settle()
	return w
}

func (m *Market) landscape(w *World) {
	names, parts := m.places()
	w.countryNames, w.countries = names, len(names)
	networks, sum, total := m.Networks, 0.0, 0.0
	if networks == 0 {
		networks = marketNetworks
	}
	for _, p := range parts {
		total += p
	}
	dead := 0.0
	for _, s := range m.Carriers {
		b := s.Settled()
		dead, w.offShare = max(dead, *b.DeadNumbers), max(w.offShare, *b.HandsetOff)
	}
	for k, p := range parts {
		for range networks {
			sum += p / total / float64(networks)
			w.traffic = append(w.traffic, sum)
			w.networks = append(w.networks, network{k, dead})
		}
	}
}

// worth settles what a message is worth: as the router would.
func (m *Market) worth(w *World) {
	var prices []float64
	for _, row := range w.price {
		for _, p := range row {
			if p > 0 {
				prices = append(prices, p)
			}
		}
	}
	middle := 1.0
	if len(prices) > 0 {
		slices.Sort(prices)
		middle = prices[len(prices)/2]
	}
	w.value = [2]float64{20 * middle, 10 * middle}
	if v := m.Value.Transactional; v > 0 {
		w.value[transactional] = v
	}
	if v := m.Value.Promotional; v > 0 {
		w.value[promotional] = v
	}
}

// script turns a carrier's phases into what can be asked quickly.
func (s *Seller) script(countries []string) script {
	out := script{always: s.Settled()}
	for _, p := range s.Phases {
		x := scene{from: time.Duration(p.From).Seconds(), to: math.Inf(1), after: p.After, end: math.MaxInt64, Behaviour: p.Behaviour}
		if p.For > 0 {
			x.end = p.After + p.For
		}
		if p.Until > 0 {
			x.to = time.Duration(p.Until).Seconds()
		}
		if len(p.Countries) > 0 {
			x.country = map[int]bool{}
			for _, k := range p.Countries {
				if i := slices.Index(countries, k); i >= 0 {
					x.country[i] = true
				}
			}
		}
		if len(p.Types) > 0 {
			x.kind = map[int]bool{transactional: slices.Contains(p.Types, "transactional"), promotional: slices.Contains(p.Types, "promotional")}
		}
		out.scenes = append(out.scenes, x)
	}
	return out
}

// incidentsOf notes the phases in which a carrier is much worse, so that it can be told how soon that was noticed;
// not those that begin by the number of messages, which depends on the policy.
func (w *World) incidentsOf(c int) {
	s := &w.scripts[c]
	for _, x := range s.scenes {
		hard := x.Outage != nil && *x.Outage != sim.OutageNone || x.Accept != nil && *x.Accept < .5
		if x.after > 0 || x.end < math.MaxInt64 || !hard && (x.Deliver == nil || *x.Deliver > .5**s.always.Deliver) {
			continue
		}
		in := incident{carrier: c, country: -1, from: x.from, to: x.to, hard: hard}
		if x.country == nil {
			w.incidents = append(w.incidents, in)
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(x.country)) {
			in.country = k
			w.incidents = append(w.incidents, in)
		}
	}
}
