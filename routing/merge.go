package routing

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Merge is what a record becomes when two processes have learned: what the database has by now, theirs, with what this
// process has learned since base, which is the record as it was when this process read or wrote it last. Counts are added
// up, what is no count is taken from whoever has changed it.
func Merge(key string, base, mine, theirs []byte) []byte {
	if len(base) == 0 || len(base) != len(mine) || len(theirs) != len(mine) || bytes.Equal(base, theirs) || key == recordModel {
		return mine
	}
	b, m, t := numbers(base), numbers(mine), numbers(theirs)
	if !readable(b) || !readable(m) || !readable(t) {
		return mine
	}
	was, is := 1.0, 1.0
	level := key[0] >= '0' && key[0] < '0'+levels
	if level { // the tree's counts fade
		was, is = faded(base, mine), faded(theirs, mine)
		if len(t) == 2 && t[1] > 0 {
			is = max(is, min(1, historyTrials/t[1])) // as it would be read
		}
	}
	counts := countsOf(key[0])
	out := append([]byte{}, mine[:4]...)
	for i := range m {
		v := m[i]
		switch {
		case level || counts(i):
			v = min(max(0, t[i]*is+m[i]-b[i]*was), 1e12)
		case m[i] == b[i]:
			v = t[i]
		}
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}

// countsOf says which numbers of a kind of record are counts.
func countsOf(kind byte) func(i int) bool {
	switch string(kind) {
	case recordAccount: // not the prior, the mean latency, and what stands between the two rows of counts
		return func(i int) bool { return i >= 2 && i <= 8 || i >= accountValues-2*kinds-3*steps }
	case recordGround:
		return func(i int) bool { return i < 2 || i >= groundValues-2*steps }
	case recordRoute:
		return func(i int) bool { return i < 4 }
	}
	return func(int) bool { return false }
}

// faded is what is left of a count when a later record is written.
func faded(from, to []byte) float64 {
	age := float64(binary.LittleEndian.Uint32(to)) - float64(binary.LittleEndian.Uint32(from))
	return math.Exp(-max(0, age) / halfTime)
}

func numbers(record []byte) (v []float64) {
	if len(record) < 12 || len(record)%8 != 4 {
		return nil
	}
	for b := record[4:]; len(b) > 0; b = b[8:] {
		v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return v
}

func readable(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return len(v) > 0
}
