package report

import (
	"cmp"
	"fmt"
	"slices"
)

// The lengths of the page's own tables.
const (
	pageCarriers  = 40
	pageCountries = 60
	pageSpent     = 60
	pageMatrix    = 10
	pageBars      = 15
	pageHistory   = 100
	pageOutages   = 100
)

// sections makes the twelve parts of the page. Each says something even when there is nothing to show.
func (v *view) sections() []section {
	all := []section{
		v.funnel(), v.overTime(), v.carriers(), v.latency(), v.errors(), v.countries(),
		v.failover(), v.moneySection(), v.message(), v.exclusions(), v.failures(), v.audit(),
	}
	for i := range all {
		all[i].N = i + 1
	}
	return all
}

func folded(t *htmlTable) block { return block{Table: t, Folded: true} }

// firstOf says that a list was cut; "" when it was not.
func firstOf(all, shown int, what string) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf("The first %d of %s %s. All of them: smsctl report --table %s.", shown, thousands(int64(all)), what, what)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	return keys
}
