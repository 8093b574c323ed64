package campaign

import (
	"fmt"
	"testing"
)

// Every recipient is taken up once, whatever the length of the list and however much is read at once.
func TestBlocksCoverTheList(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 2, 63, 64, 65, 100, 129, 1000, 4096, 4097, 100_003} {
		for _, spread := range []bool{false, true} {
			for _, limit := range []int64{1, 7, 64, 1000} {
				const first = 5<<32 | 1
				seen := make([]int, n)
				b := newBlocks(first, first+n-1, spread)
				for after, until, ok := b.present(); ok; after, until, ok = b.present() {
					upTo := min(after+limit, until)
					for id := after + 1; id <= upTo; id++ {
						seen[id-first]++
					}
					b.read(upTo, upTo == until)
				}
				for i, times := range seen {
					if times != 1 {
						t.Fatalf("%d recipients, spread %v, %d at once: the %d. was read %d times", n, spread, limit, i, times)
					}
				}
			}
		}
	}
	if _, _, ok := newBlocks(0, 0, true).present(); ok {
		t.Error("an empty list has a block")
	}
}

// After any thousand messages of a list that is sorted by country, all twenty countries have had about their share.
func TestBlocksSpread(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{20_000, 200_000, 999_983} {
		b := newBlocks(1, n, true)
		got := make([]int, 20)
		sent := 0
		for after, until, ok := b.present(); ok; after, until, ok = b.present() {
			for id := after + 1; id <= until; id++ {
				got[(id-1)*20/n]++
				sent++
			}
			b.read(until, true)
			if sent < 4000 {
				continue
			}
			for k, m := range got {
				if share := float64(m) / float64(sent); share < .02 || share > .09 {
					t.Fatalf("of %d messages of a list of %d, country %d had %d: %s", sent, n, k, m, fmt.Sprint(got))
				}
			}
			clear(got)
			sent = 0
		}
	}
}
