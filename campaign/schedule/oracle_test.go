package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// croner is what npm's croner has said: testdata/schedule/generate.mjs.
type croner struct {
	From, To int
	Zones    map[string]struct {
		Years   map[string][]string
		Changes map[string]map[string][]int
	}
}

// Ten years of runs in twelve zones are those of npm's croner, every one of them, and around every change of a clock they
// are shown where they differ.
func TestRunsAreCroners(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "schedule", "croner.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want croner
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Zones) < 12 || want.To-want.From < 9 {
		t.Fatalf("%d zones, %d to %d", len(want.Zones), want.From, want.To)
	}
	runs, changes := 0, 0
	for zone, z := range want.Zones {
		for expr, years := range z.Years {
			tm, err := ParseTiming(expr, zone, time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			for i, of := range years {
				from := time.Date(want.From+i, 1, 1, 0, 0, 0, 0, time.UTC)
				got, n := hashed(tm, from, from.AddDate(1, 0, 0))
				if runs += n; got != of {
					t.Errorf("%s in %s, %d: %s, not %s", expr, zone, from.Year(), got, of)
				}
			}
			for minute, by := range z.Changes {
				changes++
				at, err := strconv.ParseInt(minute, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(by[expr], around(tm, time.Unix(at*60, 0))); diff != "" {
					t.Errorf("%s in %s around %s: minutes from it (-croner +ours):\n%s", expr, zone, time.Unix(at*60, 0).In(tm.Zone), diff)
				}
			}
		}
	}
	t.Logf("%d runs, %d expressions at a change of the clocks", runs, changes)
	if runs < 400_000 || changes < 1000 {
		t.Errorf("only %d runs, %d changes", runs, changes)
	}
}

func hashed(tm Timing, from, to time.Time) (string, int) {
	var lines []string
	for s := range tm.Between(from.Add(-time.Second), to.Add(-time.Second)) {
		lines = append(lines, strconv.FormatInt(s.At.Unix()/60, 10))
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return fmt.Sprintf("%d:%s", len(lines), hex.EncodeToString(sum[:])[:10]), len(lines)
}

func around(tm Timing, change time.Time) (minutes []int) {
	for s := range tm.Between(change.Add(-12*time.Hour-time.Second), change.Add(12*time.Hour)) {
		minutes = append(minutes, int(s.At.Sub(change)/time.Minute))
	}
	return minutes
}
