package routing

// flights follows attempts from the submit until nothing more is to be learned from them. It is a conveyor: a queue for
// each age in ages, in the order of submits, so that letting time pass costs only the attempts that reach an age.
type flights struct {
	slots []flight
	free  []uint32
	queue [steps + 1]fifo // the last holds those that are silent beyond the last age
	byKey map[int64]uint32
}

// flight is one attempt.
type flight struct {
	key     int64
	sent    float64
	marks   marks   // how far the tree had faded when it was sent
	p       float32 // how likely its receipt seemed when it was sent
	later   float32 // the share of a loss that was counted with its early outcome
	owed    float32 // the share of a receipt that is due by now
	to      cell
	carrier uint8
	got     uint8 // 1 + the interval in which it was delivered
	weight  uint8 // how many attempts it stands for
	state   flightState
	epoch   uint8 // of the carrier's alarm
	here    uint8 // and of the country's
}

type flightState uint8

const (
	over     flightState = 1 << iota // its fate is known
	lost                             // and it is not "delivered"
	windowed                         // it takes a place in the windows
	unjudged                         // nothing can be concluded from its silence
	tried                            // its silence was counted as a loss
	lateLoss                         // and that showed late
	counted                          // its suspect carrier has been judged by it
	unheard                          // it was sent while no receipt could come in: nobody knows how soon its own came
)

// followMost bounds the attempts that are followed; above half of it, only some are followed beyond thinAge.
const (
	followMost = 100_000
	longWait   = 7200.0 // seconds after which a receipt changes nothing any more
	thinStage  = 6      // index in ages
	thinBy     = 16
)

func newFlights() flights { return flights{byKey: map[int64]uint32{}} }

func (f *flights) add(fl flight) {
	if len(f.byKey) >= followMost {
		return
	}
	var id uint32
	if n := len(f.free); n > 0 {
		id, f.free = f.free[n-1], f.free[:n-1]
		f.slots[id] = fl
	} else {
		id = uint32(len(f.slots))
		f.slots = append(f.slots, fl)
	}
	f.byKey[fl.key] = id
	f.queue[0].push(id)
}

func (f *flights) drop(id uint32) {
	delete(f.byKey, f.slots[id].key)
	f.free = append(f.free, id)
}

// thins says whether an attempt is let go to keep the number bounded; the others stand for it.
func (f *flights) thins(j int, fl *flight) bool {
	if j != thinStage || len(f.byKey) < followMost/2 {
		return false
	}
	fl.weight = thinBy
	return draw(0, uint64(fl.key), 0, 0)%thinBy != 0
}

// fifo is a queue in a ring that grows.
type fifo struct {
	ring       []uint32
	head, size int
}

func (q *fifo) push(id uint32) {
	if q.size == len(q.ring) {
		bigger := make([]uint32, max(64, 2*len(q.ring)))
		n := copy(bigger, q.ring[q.head:])
		copy(bigger[n:], q.ring[:q.head])
		q.ring, q.head = bigger, 0
	}
	q.ring[(q.head+q.size)&(len(q.ring)-1)] = id
	q.size++
}

func (q *fifo) first() uint32 { return q.ring[q.head] }

func (q *fifo) pop() {
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.size--
}
