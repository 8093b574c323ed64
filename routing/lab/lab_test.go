package lab

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func number(t *testing.T, name string, otherwise float64) float64 {
	if s := os.Getenv(name); s != "" {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	return otherwise
}

// TestTable prints the comparison; `make bench-routing` calls it with sizes.
func TestTable(t *testing.T) {
	if os.Getenv("LAB_MESSAGES") == "" {
		t.Skip("make bench-routing")
	}
	size := Size{Messages: int(number(t, "LAB_MESSAGES", 20000)), Rate: number(t, "LAB_RATE", 0)}
	seeds, first := int(number(t, "LAB_SEEDS", 1)), uint64(number(t, "LAB_FIRST", 1))
	var all []Scenario
	kinds := Kinds()
	if s := os.Getenv("LAB_KINDS"); s != "" {
		kinds = strings.Split(s, ";")
	}
	for _, k := range kinds {
		for i := range seeds {
			all = append(all, Scenario{k, size, first + uint64(i)})
		}
	}
	for i := range int(number(t, "LAB_RANDOM", 0)) * seeds {
		all = append(all, Scenario{"random", size, 1000*first + uint64(i)})
	}
	policies := Policies()
	if s := os.Getenv("LAB_POLICIES"); s != "" {
		policies = strings.Split(s, ";")
	}
	Print(os.Stdout, Summarize(RunAll(all, policies, int(number(t, "LAB_CORES", 1)))), policies)
}
