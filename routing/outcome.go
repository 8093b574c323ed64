package routing

// outcome enters a trial. Losses that show late, by silence above all, would otherwise make every carrier look better
// as long as its traffic grows, and worse once it shrinks: so each early outcome brings the share of a late loss that is
// usual, which is balanced when the attempt has grown old.
func (m *model) outcome(now float64, fl *flight, good bool) {
	c := int(fl.carrier)
	switch {
	case fl.state&tried != 0:
		if good {
			m.per[c].silent = max(0, m.per[c].silent-1)
			m.tree.correct(now, c, fl.to, &fl.marks, float64(fl.weight), 0)
		}
	case now-fl.sent <= ages[earlyStage]:
		fl.later = float32(m.hiddenLoss(c, fl.to.kind))
		m.tree.learn(now, c, fl.to, one(good), float64(fl.later))
	default:
		if !good {
			fl.state |= lateLoss
		}
		m.tree.correct(now, c, fl.to, &fl.marks, one(good), 1)
		m.tree.updates++
	}
}

// hidden counts the early outcomes of a carrier and type, and the losses that showed late.
type hidden struct{ early, late float64 }

const (
	earlyStage  = 7 // index in ages: outcomes until then are early
	hiddenWorth = 60
	hiddenKeep  = 20000
)

// hiddenLoss is how many late losses there are for each early outcome.
func (m *model) hiddenLoss(c int, kind uint8) float64 {
	all := hidden{early: hiddenWorth, late: hiddenWorth * hiddenPrior[kind]}
	for i := range m.per {
		all.early += m.per[i].hidden[kind].early
		all.late += m.per[i].hidden[kind].late
	}
	b := &m.per[c].hidden[kind]
	if b.early > hiddenKeep {
		b.early, b.late = b.early/2, b.late/2
	}
	return (b.late + hiddenWorth*all.late/all.early) / (b.early + hiddenWorth)
}

// hiddenPrior is the same before anything is known: handsets that are off lose what must arrive at once.
//
//nolint:gochecknoglobals // constants that the language has no word for
var hiddenPrior = [kinds]float64{.08, .04}

// balance replaces the share of a loss that was expected of an attempt by what it was in the end.
func (m *model) balance(now float64, fl *flight) {
	b := &m.per[fl.carrier].hidden[fl.to.kind]
	switch w := float64(fl.weight); {
	case fl.later > 0:
		b.early += w
		m.tree.correct(now, int(fl.carrier), fl.to, &fl.marks, 0, -w*float64(fl.later))
	case fl.state&lateLoss != 0 || fl.state&tried != 0:
		b.late += w
	}
}
