package campaign

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHastened(t *testing.T) {
	noon := time.Date(2026, 10, 9, 12, 0, 0, 0, time.UTC)
	var table timetable[int]
	table.hasten(noon, func(int) bool { return true })
	for i := range 100 {
		table.add(noon.Add(time.Duration(i*37%100)*time.Second), i)
	}
	table.hasten(noon, func(i int) bool { return i%10 == 0 })
	var due []int
	for i, ok := table.due(noon); ok; i, ok = table.due(noon) {
		due = append(due, i)
	}
	if slices.Sort(due); !slices.Equal(due, []int{0, 10, 20, 30, 40, 50, 60, 70, 80, 90}) {
		t.Fatal(due)
	}
	for last := noon; table.len() > 0; {
		at, _ := table.next()
		if at.Before(last) {
			t.Fatal("out of order")
		}
		last = at
		table.due(at)
	}
}

// TestTimetable: whatever was added in whatever order comes out when it is due, earliest first, and not before.
func TestTimetable(t *testing.T) {
	start := time.Now()
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var table timetable[int]
		var want []int
		now := 0
		for range 300 {
			if rnd.IntN(3) > 0 {
				at := now + rnd.IntN(100) - 20
				table.add(start.Add(time.Duration(at)), at)
				want = append(want, at)
				slices.Sort(want)
				continue
			}
			now += rnd.IntN(30)
			for {
				got, ok := table.due(start.Add(time.Duration(now)))
				if expected := len(want) > 0 && want[0] <= now; ok != expected || ok && got != want[0] {
					t.Fatalf("seed %d at %d: %d %v, want %v", seed, now, got, ok, want)
				}
				if !ok {
					break
				}
				want = want[1:]
			}
			next, ok := table.next()
			if table.len() != len(want) || ok != (len(want) > 0) || ok && !next.Equal(start.Add(time.Duration(want[0]))) {
				t.Fatalf("seed %d at %d: next is %v of %d, want %v", seed, now, next, table.len(), want)
			}
		}
	}
}
