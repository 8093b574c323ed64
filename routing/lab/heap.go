package lab

// event is something that happens at a moment.
type event struct {
	at      float64
	took    float32
	job     int32
	carrier int8
	what    occasion
}

type occasion uint8

const (
	askAgain occasion = iota
	submit
	accepted
	refused
	stays // silent for longer than patience
	delivers
	fails
	isDead
	overdue // whether its silence is to be taken for a no
)

// heap hands events out in the order of time.
type heap struct{ e []event }

func (h *heap) len() int         { return len(h.e) }
func (h *heap) at(i int) float64 { return h.e[i].at }

func (h *heap) push(v event) {
	h.e = append(h.e, v)
	i := len(h.e) - 1
	for i > 0 {
		up := (i - 1) / 4
		if h.e[up].at <= v.at {
			break
		}
		h.e[i] = h.e[up]
		i = up
	}
	h.e[i] = v
}

func (h *heap) pop() event {
	top, n := h.e[0], len(h.e)-1
	v := h.e[n]
	h.e = h.e[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		least, first := -1, 4*i+1
		for k := first; k < first+4 && k < n; k++ {
			if least < 0 || h.e[k].at < h.e[least].at {
				least = k
			}
		}
		if least < 0 || h.e[least].at >= v.at {
			break
		}
		h.e[i] = h.e[least]
		i = least
	}
	h.e[i] = v
	return top
}
