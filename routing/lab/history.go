package lab

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Past is a first attempt that was made: who could have had the message, what the router thought of them, and what became
// of it.
type Past struct {
	Options []Option // the candidates
	Chosen  int      // index in Options
	ByNoise bool     // chance made the difference
	OnTime  bool
	Value   float64 // of a message that arrives in time, in money
	Cost    float64 // of this attempt
}

// Option is a candidate of a past decision.
type Option struct {
	Carrier string
	Score   float64 // without the noise, in money
	Spread  float64 // one standard deviation of the noise, in money
	Mean    float64
	Price   float64
}

// Estimate is what a policy would have made of the past, by the attempts in which it agrees with what was done, each
// weighted by how seldom chance does that (inverse propensity, self-normalised).
type Estimate struct {
	Policy    string
	OnTime    Interval
	Gain      Interval // a message's value less its price, on average
	Supported float64  // share of the messages for which the past can say anything: its choice had a chance then
	Worth     float64  // of how many attempts the estimate has the weight
}

// Interval is a mean with its 95 % interval.
type Interval struct{ Mean, Low, High float64 }

const (
	leastChance = .005 // a choice less likely than that was none: a single attempt would speak for too many
	fairWorth   = 30   // attempts below which an estimate says nothing
)

// Tells says whether the estimate rests on anything.
func (e *Estimate) Tells() bool { return e.Worth >= fairWorth }

// AsItWas is the name of what was done.
const AsItWas = "as it was"

// FromHistory estimates policies on past attempts: the router without experiments, whoever is likeliest to deliver, the
// cheapest, and every carrier alone, wherever it was a candidate.
func FromHistory(past []Past) []Estimate {
	luck := experiments(past)
	names := map[string]bool{}
	for i := range past {
		for _, o := range past[i].Options {
			names[o.Carrier] = true
		}
	}
	out := []Estimate{
		weigh(AsItWas, past, luck, func(p *Past) int { return p.Chosen }, true),
		weigh(router0, past, luck, func(p *Past) int { return p.top(func(o *Option) float64 { return o.Score }) }, false),
		weigh("likeliest", past, luck, func(p *Past) int { return p.top(func(o *Option) float64 { return o.Mean }) }, false),
		weigh("cheapest", past, luck, func(p *Past) int { return p.top(func(o *Option) float64 { return -o.Price }) }, false),
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, weigh("only "+name, past, luck, func(p *Past) int {
			return slices.IndexFunc(p.Options, func(o Option) bool { return o.Carrier == name })
		}, false))
	}
	return out
}

func (p *Past) top(by func(o *Option) float64) int {
	best := 0
	for i := range p.Options {
		if cmp.Compare(by(&p.Options[i]), by(&p.Options[best])) > 0 {
			best = i
		}
	}
	return best
}

// experiments is which share of the experiments that the noise asked for was made: they are rationed.
func experiments(past []Past) float64 {
	wanted, made := 0.0, 0.0
	for i := range past {
		p := &past[i]
		wanted += 1 - p.chance(p.top(func(o *Option) float64 { return o.Score }))
		if p.ByNoise {
			made++
		}
	}
	if wanted <= 0 {
		return 0
	}
	return min(1, made/wanted)
}

// chance is how likely the noise makes an option the best.
func (p *Past) chance(at int) (sum float64) {
	const steps, reach = 48, 3.5
	o := &p.Options[at]
	total := 0.0
	for i := range steps {
		x := (float64(i)+.5)*2*reach/steps - reach
		density := math.Exp(-x * x / 2)
		total += density
		for k := range p.Options {
			if r := &p.Options[k]; k != at {
				density *= beats(o.Score+x*o.Spread-r.Score, r.Spread)
			}
		}
		sum += density
	}
	return sum / total
}

// beats is how likely a margin is larger than a noise of a spread.
func beats(margin, spread float64) float64 {
	switch {
	case spread > 0:
		return .5 * math.Erfc(-margin/spread/math.Sqrt2)
	case margin > 0:
		return 1
	case margin == 0:
		return .5
	}
	return 0
}

// propensity is how likely an option was chosen, where only a share of the experiments that the noise asks for is made.
func (p *Past) propensity(at int, luck float64) float64 {
	if at != p.top(func(o *Option) float64 { return o.Score }) {
		return luck * p.chance(at)
	}
	return 1 - luck*(1-p.chance(at))
}

func weigh(name string, past []Past, luck float64, choose func(*Past) int, certain bool) Estimate {
	e := Estimate{Policy: name}
	var n, w1, w2, y, g float64
	type term struct{ w, y, g float64 }
	var terms []term
	for i := range past {
		p := &past[i]
		at := choose(p)
		if at < 0 {
			continue
		}
		n++
		chance := 1.0
		if !certain {
			chance = p.propensity(at, luck)
		}
		if chance < leastChance {
			continue
		}
		e.Supported++
		if at != p.Chosen {
			continue
		}
		x := term{w: 1 / chance}
		if p.OnTime {
			x.y = 1
		}
		x.g = x.y*p.Value - p.Cost
		w1, w2, y, g = w1+x.w, w2+x.w*x.w, y+x.w*x.y, g+x.w*x.g
		terms = append(terms, x)
	}
	if w1 == 0 {
		return e
	}
	e.Supported /= n
	e.Worth, y, g = w1*w1/w2, y/w1, g/w1
	var vy, vg float64
	for _, x := range terms {
		vy, vg = vy+x.w*x.w*(x.y-y)*(x.y-y), vg+x.w*x.w*(x.g-g)*(x.g-g)
	}
	sy, sg := 1.96*math.Sqrt(vy)/w1, 1.96*math.Sqrt(vg)/w1
	e.OnTime = Interval{y, max(0, y-sy), min(1, y+sy)}
	e.Gain = Interval{g, g - sg, g + sg}
	return e
}
