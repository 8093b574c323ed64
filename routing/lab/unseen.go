package lab

import (
	"math"
	"math/rand/v2"
)

// The unseen kinds were written after the router's parameters had been frozen, and no parameter was changed for them:
// they show how it does with troubles that nobody had in mind.

// UnseenKinds are the names of these kinds.
func UnseenKinds() []string {
	return []string{"flapping", "two-at-once", "step-down", "slow-recovery", "swap"}
}

// unseen lets the trouble of one of these kinds happen.
func (w *World) unseen(kind string, rnd *rand.Rand, span float64, best int) {
	second := w.second(best)
	switch kind {
	case "flapping": // well and ill in turns of a few minutes
		for t := .2 * span; t < .8*span; t += .1 * span {
			w.incidents = append(w.incidents, incident{best, -1, t, t + .04*span, false, .1})
		}
	case "two-at-once": // the two best fall silent together
		from := span * (.3 + .2*rnd.Float64())
		for _, c := range []int{best, second} {
			w.incidents = append(w.incidents, incident{c, -1, from, from + .2*span, false, .05})
		}
	case "step-down": // the best one is weaker from one moment on, and tells its failures
		from := span * (.2 + .3*rnd.Float64())
		w.drift[best] = func(t float64) float64 {
			if t < from {
				return 0
			}
			return -1.5
		}
	case "slow-recovery": // it falls at once and gets well little by little
		from := span * (.2 + .1*rnd.Float64())
		w.drift[best] = func(t float64) float64 {
			if t < from {
				return 0
			}
			return -4 * math.Exp(-(t-from)/(.15*span))
		}
	case "swap": // the best and the worst change places, slowly
		worst := 0
		for c := range w.Carriers {
			if w.mean(c, 0)+w.mean(c, 1) < w.mean(worst, 0)+w.mean(worst, 1) {
				worst = c
			}
		}
		gap := w.base[best] - w.base[worst] + .5
		w.drift[best], w.drift[worst] = ramp(.2*span, .6*span, -gap), ramp(.2*span, .6*span, gap)
	}
}
