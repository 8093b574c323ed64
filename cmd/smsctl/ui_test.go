package main

import (
	"strings"
	"testing"
)

// The browser's filter works on the command line, and what it does not understand is an error of use.
func TestCampaignListFilter(t *testing.T) {
	t.Parallel()
	v, open := newGate(t)
	open()
	for _, name := range []string{"spring", "summer"} {
		v.run(exitOK, append(v.sending(v.list(name+".csv", 3), "--yes"), "--tag", "season="+name, "-m", "Hi {{name}} "+name)...)
	}
	for filter, want := range map[string]string{
		"": "spring summer", "spr": "spring", "tag:season=summer": "summer", "tag:season accepted>=3": "spring summer", "failed>0": "", "state:settling sum": "summer",
	} {
		p := v.run(exitOK, append([]string{"campaign", "list", "--plain", "--no-header", "--fields", "name"}, strings.Fields(filter)...)...)
		got := strings.Fields(p.stdout.String())
		if len(got) == 2 && got[0] == "summer" {
			got[0], got[1] = got[1], got[0]
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q lists %q", filter, got)
		}
	}
	v.run(exitUsage, "campaign", "list", "state:asleep").says("asleep")
	v.run(exitUsage, "ui").says("usage.no_terminal", "smsctl campaign list")
}
