package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestDebug(t *testing.T) {
	if os.Getenv("LAB_DEBUG") == "" {
		t.Skip()
	}
	size := Size{Messages: int(number(t, "LAB_MESSAGES", 20000)), Rate: number(t, "LAB_RATE", 0)}
	for _, k := range strings.Split(os.Getenv("LAB_DEBUG"), ";") {
		for seed := uint64(1); seed <= uint64(number(t, "LAB_SEEDS", 1)); seed++ {
			w := New(k, size, seed)
			a := Run(w, NewRouter(w), "router")
			b := Run(w, NewOracle(w), "oracle")
			s := Run(w, NewStatic(w, false), "static")
			fmt.Printf("%-12s %d regret %.2f below %.2f tenths", k, seed, 100*(b.Gain-a.Gain)/a.Value, 100*(s.Gain-a.Gain)/a.Value)
			for i := range a.Tenths {
				fmt.Printf(" %.2f", 1000*(b.Tenths[i]-a.Tenths[i])/a.Value)
			}
			fmt.Print("  static")
			for i := range a.Tenths {
				fmt.Printf(" %.2f", 1000*(b.Tenths[i]-s.Tenths[i])/a.Value)
			}
			fmt.Println()
			r := NewRouter(w).(*smart)
			to := map[int]int{}
			e := &engine{w: w, p: r, lanes: map[lane]*queue{}}
			_ = e
			_ = to
			if os.Getenv("LAB_EVENTS") != "" {
				Run(w, r, "x")
				for _, ev := range r.events {
					fmt.Printf("   %8.1f %s %s %s\n", ev.At.Sub(clock(0)).Seconds(), ev.Carrier, ev.Kind, ev.Text)
				}
				for c := range w.Carriers {
					fmt.Printf("   %s true %.4f %.4f", name(c), w.mean(0, c, 0), w.mean(0, c, 1))
					for _, st := range r.r.Snapshot(clock(1e6))[c : c+1] {
						fmt.Printf(" est %.4f n %.0f", st.Mean, st.Trials)
					}
					fmt.Printf(" lat %.1f\n", w.latency[c])
				}
			}
		}
	}
}
