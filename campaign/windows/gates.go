package windows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/carriers/phone"
)

// Recipient is the zone of a window that is reckoned by the clock of whoever gets the message.
const Recipient = "recipient"

// DefaultMargin is how long before the end of a window or of a country's hours the last message is begun: carriers have
// queues too.
const DefaultMargin = 10 * time.Minute

// Options are what gates are made of.
type Options struct {
	Window   *Window // nil: none was chosen
	Zone     string  // of the window: Recipient, or a name of the tz database
	Margin   time.Duration
	Mode     rules.Mode // whose hours of countries are obeyed; off for what is not promotional
	Book     *rules.Book
	Holidays *Holidays
}

// Gates are the gates of numbers. It may be used by many goroutines at once.
type Gates struct {
	o      Options
	fixed  *time.Location // of a window with a zone of its own
	mu     sync.RWMutex
	places map[string]*Gate // by country, place and zone
	gates  map[string]*Gate // by what they are made of
}

// ErrNoZone says that it is not known where a number is, so its hours are not either.
var ErrNoZone = errors.New("its time zone is not known")

// New returns the gates, or nil if anybody may be written to at any time.
func New(o Options) (*Gates, error) {
	if o.Window != nil && daily(*o.Window) == nil {
		o.Window = nil
	}
	if o.Window == nil && !o.Mode.On() {
		return nil, nil
	}
	g := &Gates{o: o, places: map[string]*Gate{}, gates: map[string]*Gate{}}
	if o.Window != nil && o.Zone != Recipient && o.Zone != "" {
		zone, err := LoadZone(o.Zone)
		if err != nil {
			return nil, err
		}
		g.fixed = zone
	}
	return g, nil
}

// LoadZone finds a zone of the tz database. The machine's own is none: it is another on another machine.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone: write a name like Europe/London, or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone: write a name like Europe/London, or UTC", name)
	}
	return zone, nil
}

// Of returns the gate of a number of a country. zone is where its owner is, if that is known; else all zones count that
// the number may be in.
func (g *Gates) Of(e164, country, zone string) (*Gate, error) {
	if g == nil {
		return nil, nil
	}
	key := zone + " " + country
	if !g.local() {
		key = ""
	} else if zone == "" || country == "US" { // the state counts though the zone be known
		key += " " + phone.PlaceKey(e164, country)
	}
	g.mu.RLock()
	gate, known := g.places[key]
	g.mu.RUnlock()
	if known {
		return gate, nil
	}
	zones, state, err := g.where(e164, country, zone)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if gate, err = g.build(country, state, zones); err == nil {
		g.places[key] = gate
	}
	return gate, err
}

// local says whether it matters where a number is.
func (g *Gates) local() bool { return g.o.Mode.On() || g.fixed == nil }

// Zones returns the zones in which a number's owner may be.
func Zones(e164, country, zone string) ([]*time.Location, error) {
	names := []string{zone}
	if zone == "" {
		names = phone.PlaceOf(e164, country).Zones
	}
	if len(names) == 0 {
		return nil, ErrNoZone
	}
	zones := make([]*time.Location, len(names))
	for i, name := range names {
		var err error
		if zones[i], err = LoadZone(name); err != nil {
			return nil, err
		}
	}
	return zones, nil
}

func (g *Gates) where(e164, country, zone string) (zones []string, state string, err error) {
	if !g.local() {
		return nil, "", nil
	}
	if zone == "" || country == "US" {
		place := phone.PlaceOf(e164, country)
		zones, state = place.Zones, place.State
	}
	if zone != "" {
		zones = []string{zone}
	}
	if len(zones) == 0 {
		return nil, "", ErrNoZone
	}
	slices.Sort(zones)
	return zones, state, nil
}

// build makes a gate, or finds the one that is made of the same. It is called under the lock.
func (g *Gates) build(country, state string, zones []string) (*Gate, error) {
	rows, stateRows := g.rows(country, state)
	if len(stateRows) == 0 {
		state = ""
	}
	key := strings.Join(zones, ",") + "|" + country + "|" + state
	if gate, ok := g.gates[key]; ok {
		return gate, nil
	}
	gate := &Gate{}
	add := func(zone *time.Location, h *hours) {
		if h != nil {
			gate.arrive = append(gate.arrive, clause{zone, h})
			gate.begin = append(gate.begin, clause{zone, h.narrowed(g.o.Margin)})
		}
	}
	var why []string
	if w := g.o.Window; w != nil {
		why = append(why, "the window "+w.String())
		if g.fixed != nil {
			add(g.fixed, daily(*w))
			why[0] += " in " + g.fixed.String()
		}
	}
	if len(rows)+len(stateRows) > 0 {
		why = append(why, "the hours of "+strings.TrimSuffix(country+"-"+state, "-"))
	}
	gate.why = strings.Join(why, " and ")
	if len(zones) > 0 {
		gate.why += " in " + strings.Join(zones, ", ")
	}
	for _, name := range zones {
		zone, err := LoadZone(name)
		if err != nil {
			return nil, err
		}
		if g.o.Window != nil && g.fixed == nil {
			add(zone, daily(*g.o.Window))
		}
		add(zone, g.official(rows))
		add(zone, g.official(stateRows))
	}
	if len(gate.begin) == 0 {
		gate = nil // open at any time
	}
	g.gates[key] = gate
	return gate, nil
}

// rows are the rules of a country, and of a state beside them.
func (g *Gates) rows(country, state string) (rows, ofState []rules.Hours) {
	if !g.o.Mode.On() {
		return nil, nil
	}
	if rows = g.o.Book.HoursOf(country, ""); len(rows) == 0 {
		rows = g.o.Book.HoursOf(rules.Anywhere, "")
	}
	if state != "" {
		ofState = g.o.Book.HoursOf(country, state)
	}
	return rows, ofState
}

func (g *Gates) official(rows []rules.Hours) *hours {
	if len(rows) == 0 {
		return nil
	}
	return official(rows, g.o.Mode, g.o.Holidays.of(rows[0].Country))
}

// Uncharted lists which of the countries close on public holidays of which none is known.
func (g *Gates) Uncharted(countries []string) (out []string) {
	if g == nil || !g.o.Mode.On() {
		return nil
	}
	for _, c := range countries {
		special := slices.ContainsFunc(g.o.Book.Hours, func(h rules.Hours) bool {
			return h.Country == c && h.Known && h.Holidays != rules.HolidaysOpen
		})
		if special && g.o.Holidays.of(c) == nil {
			out = append(out, c)
		}
	}
	return out
}
