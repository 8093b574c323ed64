package routing

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// dash is a campaign that is over in seconds. Its first carrier swallows nearly all after its first 500, and now and then
// our own machine stands still, so that receipts are taken in late.
type dash struct {
	rnd     *rand.Rand
	r       *Router
	now     time.Time
	sec     float64
	sent    int
	first   int // that went to the first carrier
	lost    int // that were swallowed
	pending []late
}

type late struct {
	at float64
	Receipt
}

const dashStep = .02

func (d *dash) step(rate int) {
	waiting := d.pending[:0]
	for _, rc := range d.pending {
		if rc.at <= d.sec {
			d.r.Receipt(d.now, rc.Receipt)
		} else {
			waiting = append(waiting, rc)
		}
	}
	d.pending = waiting
	d.r.Tick(d.now)
	for range int(float64(rate) * dashStep) {
		if d.sent < 3000 {
			d.send()
		}
	}
}

func (d *dash) send() {
	c := send(d.r, d.now, int64(d.sent+1), Query{Message: uint64(d.sent + 1), Country: "GB", Type: "promotional", Segments: 1})
	if c.Carrier < 0 {
		return
	}
	d.sent++
	if c.Carrier == 0 {
		if d.first++; d.first > 500 && d.rnd.Float64() > .05 {
			d.lost++
			return
		}
	}
	took := .3 * math.Exp(.8*d.rnd.NormFloat64())
	d.pending = append(d.pending, late{d.sec + took, Receipt{Attempt: int64(d.sent), Verdict: Delivered, Took: time.Duration(took * 1e9)}})
}

// Before it is known how fast receipts come, a campaign may be over: the silence of half of it must not pass for slowness.
func TestAnOutageBeforeAnythingIsKnown(t *testing.T) {
	t.Parallel()
	outages := 0
	for seed := range uint64(60) {
		infos := make([]carriers.Info, 2)
		infos[0].Name, infos[1].Name = "a", "b"
		infos[0].Common.MaxInFlight, infos[1].Common.MaxInFlight = 1000, 1000
		d := &dash{rnd: rand.New(rand.NewPCG(seed, 7)), r: New(infos, Options{}), now: at}
		noticed, still := false, 0.0
		for ; d.sec < 20; d.sec += dashStep {
			d.now = d.now.Add(time.Duration(dashStep * float64(time.Second)))
			if still < d.sec && d.rnd.Float64() < dashStep/2 {
				still = d.sec + d.rnd.ExpFloat64()
			}
			if still < d.sec {
				d.step([]int{800, 1500, 3000}[seed%3])
			}
			noticed = noticed || d.r.Snapshot(d.now)[0].Suspect
		}
		if d.lost < 300 {
			continue
		}
		if outages++; !noticed {
			t.Errorf("seed %d: %d of %d are silent, and nobody is under suspicion", seed, d.lost, d.sent)
		}
	}
	if outages < 15 {
		t.Errorf("only %d outages were played", outages)
	}
}
