package routing

// demand is how much there is to send.
type demand struct {
	all    flow
	here   []flow  // by country
	queued float64 // messages that waited at the last round of questions
}

func (x *demand) took(now float64, to cell) {
	x.here = grown(x.here, int(to.country)+1)
	x.all.add(now, 1)
	x.here[to.country].add(now, 1)
}

// wait notes how many messages wait: if they have become more, they would have been sent if they could.
func (x *demand) wait(now, queued float64) {
	if more := queued - x.queued; more > 0 {
		x.all.add(now, more)
	}
	x.queued = queued
}

// floors is how many attempts may always await receipts of a carrier, altogether and in a message's country: its part of
// what there is to send while receipts are on their way, as far as it can take that. Under suspicion it is nothing.
func (r *Router) floors(d *decision, i int) (all, here float64) {
	x := &r.demand
	if all = x.all.look(d.at); all == 0 || d.rows[i].suspect || int(d.to.country) >= len(x.here) {
		return 0, 0
	}
	part := min(all/float64(d.pool), r.lines[i].speed()) * windowHold * r.model.per[i].curve.quantile(.5)
	return part, part * min(1, windowCrowd*x.here[d.to.country].look(d.at)/all)
}
