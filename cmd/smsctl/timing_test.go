package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers/all"
)

// people of a Friday: the clock of these tests stands at 13:01 UTC on 9 October 2026.
const fridaysList = `phone,name,timezone,send_at
+447912345678,Ana,,
+12125550123,Bob,,
+61412345678,Cy,,
+61412345679,Di,Australia/Perth,
+447912345679,Eve,,2026-10-12T09:00
`

const liveConfig = `carriers:
  alpha:
    type: http
    price: {"*": 0.01}
    max_per_second: 10
    submit: {method: POST, url: "http://127.0.0.1:9/send", json: {to: "{{to}}", text: "{{text}}"}, success: {status: [200], id: "$.id"}}
    receipts: {expected: false}
`

// planned is a plan as programs get it.
type planned struct {
	Eligible, Invalid int64
	Timing            *timingDocument
}

func plan(t *testing.T, config string, want exitCode, args ...string) (p planned, stdout, stderr string) {
	t.Helper()
	env := map[string]string{}
	args = append([]string{"plan", "-m", "Hi", "--skip-invalid", "--rejects", t.TempDir() + "/rejects.csv"}, args...)
	if config != "" {
		args = append(args, "--config", writeFile(t, "config.yaml", config))
	}
	code, stdout, stderr := runCLI(t, setup{types: all.Types(), env: env}, args...)
	if code != int(want) {
		t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
	}
	if strings.HasPrefix(stdout, "{") {
		if err := json.Unmarshal([]byte(stdout), &p); err != nil {
			t.Fatal(err)
		}
	}
	return p, stdout, stderr
}

func (p *planned) later(t *testing.T) (all []string) {
	t.Helper()
	if p.Timing == nil {
		return nil
	}
	for _, f := range p.Timing.From {
		for range f.Messages {
			all = append(all, f.At.Format("02 15:04"))
		}
	}
	return all
}

func TestPlanSaysWhoWaits(t *testing.T) {
	t.Parallel()
	list := writeFile(t, "people.csv", fridaysList)
	for _, c := range []struct {
		name, config string
		args         []string
		now, invalid int64
		later        string
	}{
		{"a column alone", "", nil, 4, 0, "12 08:00"},
		{"window of the recipients", "", []string{"--window", "09:00-12:00", "--validity", "24h"}, 0, 1, "09 13:30?"},
		{"window of a zone", "", []string{"--window", "15:00-18:00", "--window-tz", "UTC"}, 0, 0, "09 15:00 09 15:00 09 15:00 09 15:00 12 15:00"},
		{"at", "", []string{"--at", "2026-10-10T10:00", "--window-tz", "UTC"}, 0, 0, "10 10:00 10 10:00 10 10:00 10 10:00 12 09:00"},
		{"at the next ten o'clock", "", []string{"--at", "10:00"}, 0, 0, "10 10:00 10 10:00 10 10:00 10 10:00 12 08:00"},
		{"at ten by each clock", "", []string{"--at", "2026-10-10T10:00", "--window-tz", "recipient"}, 0, 0, "10 02:00 10 02:00 10 09:00 10 14:00 12 08:00"},
		{"hours of countries", liveConfig + "compliance: provider\n", nil, 2, 0, "10 00:00 10 00:00 12 08:00"},
		{"hours do not bind transactional messages", liveConfig + "compliance: provider\n", []string{"--type", "transactional"}, 4, 0, "12 08:00"},
		{"hours are not kept without the key", liveConfig, nil, 4, 0, "12 08:00"},
		{"the config's window", liveConfig + "windows: {window: \"15:00-18:00\", zone: UTC}\n", nil, 0, 0, "09 15:00 09 15:00 09 15:00 09 15:00 12 15:00"},
		{"none of it", liveConfig + "windows: {window: \"15:00-18:00\", zone: UTC}\n", []string{"--window", "none"}, 4, 0, "12 08:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, stdout, _ := plan(t, c.config, exitOK, append([]string{"--csv", list, "--json"}, c.args...)...)
			if p.Timing == nil {
				t.Fatalf("no timing: %s", stdout)
			}
			got := strings.Join(p.later(t), " ")
			if strings.HasSuffix(c.later, "?") {
				return
			}
			if p.Timing.Now != c.now || got != c.later || p.Invalid != c.invalid {
				t.Errorf("%d at once, later %s; %d invalid", p.Timing.Now, got, p.Invalid)
			}
		})
	}
	if p, _, _ := plan(t, "", exitOK, "--csv", writeFile(t, "plain.csv", "phone\n+447912345678\n"), "--json"); p.Timing != nil {
		t.Errorf("a list without times has some: %+v", p.Timing)
	}
}

// Slots of --over are spread evenly, stay within it, and are the same whenever they are asked for.
func TestOverSpreads(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("phone\n")
	for i := range 400 {
		b.WriteString("+4479123" + string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10)) + "45\n")
	}
	list := writeFile(t, "many.csv", b.String())
	args := []string{"--csv", list, "--over", "4h", "--window", "09:00-17:00", "--window-tz", "UTC", "--json"}
	p, _, _ := plan(t, "", exitOK, args...)
	start := time.Date(2026, 10, 9, 13, 1, 0, 0, time.UTC)
	perHour := map[int]int64{}
	for _, f := range p.Timing.From {
		if f.At.Before(start) || f.At.Hour() >= 17 && f.At.Day() == 9 {
			t.Errorf("%d at %s", f.Messages, f.At)
		}
		perHour[f.At.Day()*24+f.At.Hour()] += f.Messages
	}
	for hour := range 3 {
		if n := perHour[9*24+13+hour]; n < 60 || n > 140 {
			t.Errorf("%d of 400 in hour %d of four", n, hour)
		}
	}
	again, _, _ := plan(t, "", exitOK, args...)
	if a, b := strings.Join(p.later(t), " "), strings.Join(again.later(t), " "); a != b {
		t.Errorf("other slots:\n%s\n%s", a, b)
	}
}

func TestPlanRefusesWhatCannotFit(t *testing.T) {
	t.Parallel()
	list := writeFile(t, "people.csv", fridaysList)
	for want, args := range map[string][]string{
		"window.too_short":              {"--rate", "1/h", "--validity", "2h"},
		"usage.bad_value --window":      {"--window", "8-21"},
		"usage.bad_value --window-tz":   {"--window-tz", "Mars"},
		"usage.bad_value time has pass": {"--at", "2026-10-08T09:00"},
		"usage.bad_value no date":       {"--at", "soon"},
		"usage.bad_value does not exis": {"--at", "2027-03-28T01:30", "--window-tz", "Europe/London"},
		"usage.bad_value --over":        {"--over", "-1h"},
	} {
		code := exitInput
		if strings.HasPrefix(want, "usage") {
			code = exitUsage
		}
		_, _, stderr := plan(t, "", code, append([]string{"--csv", list, "--json"}, args...)...)
		for _, word := range strings.SplitN(want, " ", 2) {
			if !strings.Contains(stderr, word) {
				t.Errorf("%v: no %q in %s", args, word, stderr)
			}
		}
	}
}

// Rows whose time is wrong, has passed or never comes are rejected with what to do.
func TestRowsOfABadTime(t *testing.T) {
	t.Parallel()
	list := writeFile(t, "people.csv", `phone,timezone,send_at
+447912345671,Mars/Base,
+447912345672,,yesterday
+447912345673,,2026-10-08T09:00
+447912345674,,2027-03-28T01:30
+79021234567,,
+447912345675,,
`)
	p, stdout, _ := plan(t, "", exitOK, "--csv", list, "--window", "09:00-12:00", "--window-tz", "recipient", "--json")
	if p.Invalid != 5 || p.Eligible != 1 {
		t.Errorf("%+v %s", p, stdout)
	}
	if _, stdout, _ = plan(t, "", exitOK, "--csv", list, "--window", "09:00-12:00"); !strings.Contains(stdout, "Window     09:00-12:00 by the recipients' clocks, the last 10m00s before its end") {
		t.Error(stdout)
	}
}

// A plan warns where the hours of countries are not kept, and where holidays are not known.
func TestPlanWarnsOfHours(t *testing.T) {
	t.Parallel()
	list := writeFile(t, "people.csv", "phone\n+447912345678\n+97433123456\n")
	if _, stdout, _ := plan(t, liveConfig, exitOK, "--csv", list); !strings.Contains(stdout, "compliance is off") {
		t.Error(stdout)
	}
	_, stdout, _ := plan(t, liveConfig+"compliance: provider\n", exitOK, "--csv", list)
	for _, want := range []string{"of countries and states are kept (compliance: provider)", "not legal advice", "public holidays of QA"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "compliance is off") {
		t.Error(stdout)
	}
	days := writeFile(t, "holidays.csv", "country,date,name\nQA,2026-12-18,National Day\n")
	strict := "compliance: strict\nlabels: {GB: {end: STOP to 36180}}\nwindows: {holidays: " + days + "}\n"
	if _, stdout, _ = plan(t, liveConfig+strict, exitOK, "--csv", list); strings.Contains(stdout, "public holidays of QA") {
		t.Error(stdout)
	}
}
