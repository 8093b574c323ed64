package routing

// window bounds the attempts that await a receipt. Receipts clock it, as ACKs clock TCP's: at thousands of messages a
// second a carrier that swallows them would otherwise get tens of thousands before the first receipt is due.
type window struct {
	size     float64
	awaiting int
}

const (
	windowFirst = 200.0
	windowTimes = 3 // rates × receipt latencies that it can hold
)

func newWindow() window { return window{size: windowFirst} }

func (w *window) full() bool { return float64(w.awaiting) >= w.size }

// receipt makes room for one more, up to most.
func (w *window) receipt(most float64) {
	w.size = min(w.size+1, max(most, windowFirst))
}

func (w *window) halve() { w.size = max(w.size/2, windowFirst/8) }
