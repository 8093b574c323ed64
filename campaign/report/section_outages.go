package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/smsctl/smsctl/routing"
)

// troubles are the words for people, and the colours, of the reasons why a carrier is not used as usual.
func troubles() []struct {
	trouble     routing.Trouble
	class, word string
} {
	return []struct {
		trouble     routing.Trouble
		class, word string
	}{
		{routing.TroubleBreaker, "o-breaker", "breaker open"},
		{routing.TroubleSilent, "o-silent", "receipts stopped coming"},
		{routing.TroubleDropped, "o-dropped", "a country dropped"},
		{routing.TroubleDrained, "o-drained", "drained"},
	}
}

func (o *Outage) style() (class, word string) {
	for _, t := range troubles() {
		if t.trouble == o.Trouble {
			return t.class, t.word
		}
	}
	return "o-breaker", string(o.Trouble)
}

// until is its end, or for one that goes on the moment of the report.
func (o *Outage) until(now time.Time) time.Time {
	if o.Ended == nil {
		return now
	}
	return *o.Ended
}

func (o *Outage) where() string {
	if o.Country == "" {
		return "everywhere"
	}
	return countryName(o.Country)
}

func (v *view) outageTable() *htmlTable {
	t := &htmlTable{Caption: "When a carrier was not used as usual", Heads: []string{"Carrier", "Where", "What", "From", "Until", ">Lasted", ">Times", "Why"}}
	for i := range v.Outages[:min(len(v.Outages), pageOutages)] {
		o := &v.Outages[i]
		_, word := o.style()
		until := "goes on"
		if o.Ended != nil {
			until = v.time(*o.Ended)
		}
		t.Rows = append(t.Rows, []string{clip(o.Carrier, 40), o.where(), word, v.time(o.Began), until,
			v.lasted(o), fmt.Sprint(o.Times), clip(o.Why, 120)})
	}
	return t
}

func (v *view) lasted(o *Outage) string {
	return duration(float64(o.until(v.GeneratedAt).Sub(o.Began).Milliseconds()))
}

// firstOutages says that the list was cut; "" when it was not.
func (r *Report) firstOutages(shown int) string {
	kept := len(r.Outages)
	switch all := int64(kept) + r.OutagesDropped; {
	case all <= int64(shown):
		return ""
	case r.OutagesDropped > 0:
		return fmt.Sprintf("The first %d of %s: no more than the first %d were kept, smsctl report --format json has them.", min(shown, kept), thousands(all), kept)
	default:
		return fmt.Sprintf("The first %d of %d. All of them: smsctl report --format json.", shown, all)
	}
}

// outageLegends are those of the colours that the carriers' chart has.
func (v *view) outageLegends() (all []legend) {
	for _, t := range troubles() {
		if slices.ContainsFunc(v.Outages, func(o Outage) bool { return o.Trouble == t.trouble }) {
			all = append(all, legend{t.class, t.word})
		}
	}
	return all
}

// outageBand is drawn where an outage lies on the axis; one before or after all of it is not.
func (v *view) outageBand(c *canvas, o *Outage, s steps, left, width, top, high float64) {
	end := o.until(v.GeneratedAt)
	if end.Before(s.t0) || o.Began.After(s.end()) {
		return
	}
	a, _ := s.x(o.Began, left, width)
	b, _ := s.x(end, left, width)
	class, word := o.style()
	if o.Country != "" {
		word = o.where() + ": " + word
	}
	c.rect(class, a, top, max(b-a, 1.5), high, clip(o.Carrier, 40)+", "+word+" for "+v.lasted(o)+" from "+v.time(o.Began))
}

// outagesOf draws a carrier's outages as a line of their own, those of all countries above those of one.
func (v *view) outagesOf(c *canvas, carrier string, s steps, left, width, top float64) {
	const high = 6.0
	for _, everywhere := range []bool{false, true} {
		for i := range v.Outages[:min(len(v.Outages), pageOutages)] {
			if o := &v.Outages[i]; o.Carrier == carrier && (o.Country == "") == everywhere {
				v.outageBand(c, o, s, left, width, top, high)
			}
		}
	}
}

// out names the carrier that was away longest, by what smsctl noticed itself.
func (v *view) out() string {
	type away struct {
		carrier string
		time    time.Duration
		times   int
		still   bool
	}
	var all []away
	for i := range v.Outages {
		o := &v.Outages[i]
		if o.Country != "" || o.Trouble == routing.TroubleDrained {
			continue
		}
		k := slices.IndexFunc(all, func(a away) bool { return a.carrier == o.Carrier })
		if k < 0 {
			k, all = len(all), append(all, away{carrier: o.Carrier})
		}
		a := &all[k]
		a.time, a.times, a.still = a.time+o.until(v.GeneratedAt).Sub(o.Began), a.times+1, a.still || o.Ended == nil
	}
	if len(all) == 0 {
		return ""
	}
	a := slices.MaxFunc(all, func(a, b away) int { return cmp.Compare(a.time, b.time) })
	atLeast := ""
	if v.OutagesDropped > 0 {
		atLeast = "at least "
	}
	text := fmt.Sprintf("%s was avoided for %s%s", clip(a.carrier, 40), atLeast, duration(float64(a.time.Milliseconds())))
	if a.times > 1 {
		text += fmt.Sprintf(" in %d outages", a.times)
	}
	if a.still {
		text += ", and still is"
	}
	return text + "."
}
