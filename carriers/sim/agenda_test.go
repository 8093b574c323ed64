package sim

import (
	"math/rand/v2"
	"sort"
	"testing"
	"testing/synctest"
	"time"
)

func TestAgendaIsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgenda[int](time.Now)
		r := rand.New(rand.NewPCG(1, 2))
		began := time.Now()
		var want []int
		for range 5000 {
			ms := r.IntN(10_000)
			want = append(want, ms)
			a.add(began.Add(time.Duration(ms)*time.Millisecond), ms)
		}
		sort.Ints(want)
		var got []int
		for len(got) < len(want) {
			due, err := a.next(t.Context(), nil, 64)
			if err != nil {
				t.Fatal(err)
			}
			late := time.Since(began) - time.Duration(due[0])*time.Millisecond
			if late < 0 || late > grain {
				t.Fatalf("%d ms came %s late", due[0], late)
			}
			got = append(got, due...)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d: %d, want %d", i, got[i], want[i])
			}
		}
		if a.len() != 0 {
			t.Errorf("%d are left", a.len())
		}
	})
}

func TestAgendaWakesForWhatIsEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgenda[string](time.Now)
		began := time.Now()
		a.add(began.Add(time.Hour), "late")
		go func() {
			time.Sleep(time.Second)
			a.add(began.Add(2*time.Second), "early")
		}()
		got, err := a.next(t.Context(), nil, 10)
		if err != nil || len(got) != 1 || got[0] != "early" || time.Since(began) > 2*time.Second+grain {
			t.Errorf("%v, %v after %s", got, err, time.Since(began))
		}
	})
}
