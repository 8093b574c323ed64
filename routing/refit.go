package routing

import "math"

// refit asks the data how alike the cells of each level are (method of moments), once in a while.
func (t *tree) refit(now float64, countryOf []int32) {
	if t.updates < refitEach {
		return
	}
	t.updates = 0
	t.compare(now)
	for l := 1; l < levels; l++ {
		t.kappa[l] = t.spread(now, l, countryOf)
	}
	t.kin = t.likeness(now)
}

// likeness asks how far a carrier's two types differ in single countries, beyond what they differ everywhere.
func (t *tree) likeness(now float64) float64 {
	sum, weight := refitPrior*priorSpread/kinFirst, float64(refitPrior)
	for i := range t.level[2] {
		c, k, place := i%t.width, i/t.width%kinds, i/t.width/kinds
		if k != transactional {
			continue
		}
		d0, n0 := t.level[2][i].aged(now)
		d1, n1 := t.level[2][t.index(2, c, cell{country: int32(place), kind: promotional})].aged(now)
		if n0 <= fewTrials || n1 <= fewTrials {
			continue
		}
		m0 := t.estimate(now, c, cell{kind: transactional}, 2).mean
		m1 := t.estimate(now, c, cell{kind: promotional}, 2).mean
		off := d0/n0 - d1/n1*m0/m1
		if math.Abs(off) > farOff {
			continue
		}
		w := n0 * n1 / (n0 + n1)
		sum += w*off*off - m0*(1-m0)*n1/(n0+n1) - m1*(1-m1)*n0/(n0+n1)
		weight += w
	}
	return min(max(cellSpread/max(leastSpread, sum/weight)-1, leastKappa), kinMost)
}

// compare learns how much harder one type is than the other, whoever carries it: what must arrive at once fails with
// every handset that is off. Without it a carrier would look better for being sent the easier type.
func (t *tree) compare(now float64) {
	sum, weight := ratioPrior, ratioPrior
	for c := range t.width {
		d0, n0 := t.level[1][transactional*t.width+c].aged(now)
		d1, n1 := t.level[1][promotional*t.width+c].aged(now)
		if n0 < fewTrials || n1 < fewTrials || d1 == 0 {
			continue
		}
		w := n0 * n1 / (n0 + n1)
		sum += w * min(d0/n0*n1/d1, 1.5)
		weight += w
	}
	t.ratio[transactional] = max(sum/weight, .5)
}

const (
	kinFirst    = 200.0 // trials that those of the other type are worth, where nothing is known
	kinMost     = 5000.0
	ratioPrior  = 200.0 // trials that "no difference" is worth
	refitPrior  = 300   // how many trials the prior spread of a level is worth
	priorSpread = .0475 // .95·.05, the variance of one trial
	cellSpread  = .0736 // .92·.08
	farOff      = .35   // a cell so far from its parent is an outage, not a difference
	fewTrials   = 8     // cells with fewer say nothing about the spread
	leastSpread = 1e-5  // of a level
	leastKappa  = 8.0   // trials the parent is always worth
	mostKappa   = 600.0 // and at most
)

func (t *tree) spread(now float64, l int, countryOf []int32) float64 {
	sum, weight := refitPrior*priorSpread/40, float64(refitPrior)
	for i := range t.level[l] {
		d, n := t.level[l][i].aged(now)
		if n <= fewTrials {
			continue
		}
		c, k := i%t.width, i/t.width%kinds
		to := cell{kind: uint8(k)}
		switch place := int32(i / t.width / kinds); l {
		case 2:
			to.country = place
		case 3:
			to.network, to.country = place, countryOf[place]
		}
		m := t.estimate(now, c, to, l).mean
		if off := d/n - m; math.Abs(off) < farOff {
			sum += n * (off*off - m*(1-m)/n)
			weight += n
		}
	}
	s := max(leastSpread, sum/weight)
	return min(max(cellSpread/s-1, leastKappa), mostKappa)
}
