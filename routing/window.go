package routing

// window bounds the attempts that await a receipt. Receipts clock it, as ACKs clock TCP's: at thousands of messages a
// second a carrier that swallows them would otherwise get tens of thousands before the first receipt is due.
//
// It grows by one with each delivered receipt, and holds at most windowTimes what is sent while a receipt is on its way.
// But it is never so small that the carriers together could not hold what there is to send: a message that waits for
// receipts of carriers with which nothing is wrong costs more than the few that one of them may swallow.
type window struct {
	size     float64
	awaiting int
}

const (
	windowFirst = 200.0
	windowTimes = 4.0 // rates × median receipt latency that it can hold at most
	windowHold  = 2.0 // median receipt latencies that an attempt takes a place on average, the silent ones included
	windowCrowd = 2.0 // times its even part that a country may take of it
)

func newWindow() window { return window{size: windowFirst} }

// room is how many attempts may await a receipt where at least floor may.
func (w *window) room(floor float64) float64 { return max(w.size, floor) }

// full says whether no more may be sent; floor is what may await receipts at least.
func (w *window) full(floor float64) bool { return float64(w.awaiting) >= w.room(floor) }

// receipt makes room for one more, up to most.
func (w *window) receipt(most float64) {
	w.size = min(w.size+1, max(most, windowFirst))
}

func (w *window) halve() { w.size = max(w.size/2, windowFirst/8) }

// flow is a rate: events a second, of the best second lately. What has happened since the second began does not count
// yet: a burst is no rate.
type flow struct{ n, rate, since float64 }

const (
	flowEach = 1.0  // seconds between two looks
	flowTime = 10.0 // seconds after which a better second weighs 1/e
)

func (f *flow) add(now, n float64) {
	f.look(now)
	f.n += n
}

func (f *flow) look(now float64) float64 {
	switch dt := now - f.since; {
	case f.rate == 0 && f.n == 0:
		f.since = now
	case dt >= flowEach:
		f.rate, f.n, f.since = max(f.n/dt, f.rate*fade(dt/flowTime)), 0, now
	}
	return f.rate
}
