package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// dossier is the spring campaign with something in every section.
func dossier() *report.Dossier {
	r := spring()
	at := r.Campaign.CreatedAt
	r.Series = report.Series{StepS: 10, T0: at, ByCarrier: map[string][]int64{}}
	lines := []report.Line{{Carrier: "twilio-main"}, {Carrier: "smpp-local"}}
	for i := range 57 {
		a, b, f := int64(200+i%7*10), int64(90-i), int64(0)
		if i > 20 && i < 35 {
			b, f = 10, 60
		}
		r.Series.Accepted, r.Series.Failed = append(r.Series.Accepted, a+b), append(r.Series.Failed, f)
		for k, n := range []int64{a, b} {
			l := &lines[k]
			l.Accepted, l.Failed, l.Delivered = append(l.Accepted, n), append(l.Failed, f*int64(k)), append(l.Delivered, n*9/10)
			l.Scores = append(l.Scores, report.Score{At: at.Add(time.Duration(i) * 10 * time.Second), Value: 0.9 - float64(k*i%9)/20})
		}
	}
	d := &report.Dossier{
		Report: r, Template: "Hi {{first_name}}, 20 % off this weekend.\nReply STOP to opt out.", Lines: lines,
		Spreads: []report.Spread{{Accept: []report.Bucket{{UpTo: 120, N: 900}, {UpTo: 420, N: 100}}, DLR: []report.Bucket{{UpTo: 3600, N: 500}}}},
		Codes:   []report.Code{{Carrier: "smpp-local", Class: carriers.ClassThrottled, Code: "0x58", N: 642}},
		Moves:   []report.Move{{From: "smpp-local", To: "twilio-main", N: 640, Cost: 25_000_000, Twice: 1_000_000}},
		Spent: []report.Spent{{Carrier: "twilio-main", Country: "GB", Segments: 14_000, Cost: 508_270_000, Wasted: 8_000_000},
			{Carrier: "smpp-local", Country: "DE", Segments: 3000, Cost: 112_420_000}},
		Sizes:      []report.Size{{Segments: 1, N: 21_120}, {Segments: 2, N: 2784}, {Segments: 2, UCS2: true, N: 96}},
		Costly:     []report.Costly{{Char: '’', N: 96}},
		CostlyOf:   96,
		Exclusions: []report.Exclusion{{Code: "opted_out", N: 1021}, {Code: "phone.too_short", N: 58}},
		Excluded: []report.Reject{{Columns: []string{"phone", "name"}, Reject: campaign.Reject{
			Line: 17, Record: 16, Column: "phone", Code: "phone.too_short", Message: "0770 900 12 is too short", Cells: []string{"0770 900 12", "Ann"},
		}}},
		History: []report.Control{
			{At: at, Actor: "ana@box", Action: "create", Detail: "customers.csv"},
			{At: at.Add(100 * time.Second), Actor: "ana@box", Action: "pause", Detail: "lunch"},
			{At: at.Add(160 * time.Second), Actor: "ana@box", Action: "resume"},
			{At: at.Add(300 * time.Second), Actor: "ana@box", Action: "throttle", Detail: "50/s"},
		},
	}
	ended := at.Add(340 * time.Second)
	r.Outages = []report.Outage{
		{Carrier: "smpp-local", Trouble: routing.TroubleBreaker, Began: at.Add(210 * time.Second), Ended: &ended, Times: 7, Why: "too fast"},
		{Carrier: "smpp-local", Country: "FR", Trouble: routing.TroubleDropped, Began: at.Add(400 * time.Second), Times: 1, Why: "no route"},
	}
	d.Settings.Rate = 20
	m := message()
	d.Failures = []report.Message{*m}
	return d
}

func page(t testing.TB, d *report.Dossier, o report.PageOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteHTML(&b, o); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("SMSCTL_PAGES"); dir != "" { // to be opened in a browser: make browser
		name := strings.NewReplacer("Test", "", "/", "-").Replace(t.Name()) + ".html"
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

var (
	idAttribute = regexp.MustCompile(` id="([^"]+)"`)
	embedded    = regexp.MustCompile(`(?s)<script type="application/json" id="smsctl-report">(.*?)</script>`)
	outside     = regexp.MustCompile(`(?i)(?:https?:)?//[a-z]|<script(?: |>)[^>]*>|\bon[a-z]+=|javascript:|<link[^>]+href="[^d#]|@import|url\(`)
)

// A page has its twelve sections whatever there is to tell, loads nothing, runs nothing, and carries the report for
// programs.
func TestPages(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("report-1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*report.Dossier{"full": dossier(), "empty": {Report: empty()}, "one": {Report: few(1)}, "three": {Report: few(3)}} {
		t.Run(name, func(t *testing.T) {
			text := page(t, d, report.PageOptions{Version: "1.2.3", Compare: spring()})
			if n := strings.Count(text, `<section class="card"`); n != 13 { // and the comparison
				t.Errorf("%d sections", n)
			}
			if !strings.Contains(text, `content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`) {
				t.Error("no content security policy")
			}
			if partial := strings.Contains(text, "PARTIAL as of "); partial != d.Partial {
				t.Errorf("it says that it is partial: %v, and it is: %v", partial, d.Partial)
			}
			seen := map[string]bool{}
			for _, m := range idAttribute.FindAllStringSubmatch(text, -1) {
				if seen[m[1]] {
					t.Errorf("id %s twice", m[1])
				}
				seen[m[1]] = true
			}
			if svg, described := strings.Count(text, "<svg "), strings.Count(text, "</desc>"); svg == 0 || svg != described {
				t.Errorf("%d charts, %d descriptions", svg, described)
			}
			m := embedded.FindStringSubmatch(text)
			if m == nil {
				t.Fatal("no report for programs")
			}
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Error(err)
			}
			for _, bad := range outside.FindAllString(embedded.ReplaceAllString(text, ""), -1) {
				t.Errorf("the page has %q", bad)
			}
			for _, broken := range []string{"NaN", "Inf", "%!", "<no value>", "ZgotmplZ"} {
				if strings.Contains(text, broken) {
					t.Errorf("the page says %s", broken)
				}
			}
		})
	}
}

// A page shows when a carrier was not used as usual: as a line in the charts, in words for those who cannot see it, and in a
// table. It is in Markdown too.
func TestPagesShowOutages(t *testing.T) {
	d := dossier()
	text := page(t, d, report.PageOptions{})
	for _, want := range []string{
		`<rect class="o-breaker"`, "smpp-local, breaker open for 2m10s from 9 Oct 2026", "smpp-local, FR: a country dropped for ",
		`<span class="key k-o-breaker"></span>breaker open`, "When a carrier was not used as usual", "<td>too fast</td>", "goes on",
		"smpp-local was avoided for 2m10s.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if n := strings.Count(text, `<rect class="o-breaker"`); n != 2 {
		t.Errorf("%d marks of one open breaker, in two charts", n)
	}
	var md bytes.Buffer
	if err := d.WriteMarkdown(&md, nil); err != nil {
		t.Fatal(err)
	}
	if want := `| smpp-local | everywhere | breaker open | 2026-10-09 13:05:01 UTC | 2m10s | 7 | too fast |`; !strings.Contains(md.String(), want) {
		t.Errorf("%s", md.String())
	}
	for len(d.Outages) < 300 {
		d.Outages = append(d.Outages, d.Outages[0])
	}
	if text := page(t, d, report.PageOptions{}); !strings.Contains(text, "The first 100 of 300. All of them:") {
		t.Error("the page does not say that it shows the first outages only")
	}
	d.OutagesDropped = 1700
	if text := page(t, d, report.PageOptions{}); !strings.Contains(text, "The first 100 of 2,000: no more than the first 300 were kept") ||
		!strings.Contains(text, "smpp-local was avoided for at least ") {
		t.Error("the page does not say that outages were dropped")
	}
	d.Outages, d.OutagesDropped = nil, 0
	if text := page(t, d, report.PageOptions{}); strings.Contains(text, `class="o-`) || strings.Contains(text, "not used as usual</caption>") {
		t.Error("there were none, and the page has some")
	}
}

// few is a campaign of so many messages, over within a heartbeat.
func few(n int64) *report.Report {
	at := time.Date(2026, 10, 9, 13, 1, 31, 20e6, time.UTC)
	c := &campaign.Campaign{PublicID: "cmp_1", Name: "few", Mode: campaign.Simulated, Profile: "default", Status: campaign.Settling, CreatedAt: at, StartedAt: at}
	r := report.New(c, campaign.Counts{Rows: n, Eligible: n, Awaiting: n, Attempts: n, AcceptedAttempts: n, Segments: n}, at.Add(time.Second))
	r.Series.Accepted, r.Series.Failed = []int64{n}, []int64{0}
	r.Carriers = []report.Carrier{{Name: "alpha", Attempts: n, Accepted: n}}
	r.Countries = []report.Country{{Country: "GB", Eligible: n, Accepted: n}}
	r.Finish()
	return r
}

// Whatever names, texts and codes say, it is shown as text.
func TestPagesShowHostileTextAsText(t *testing.T) {
	const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&` + "\x1b[31m"
	d := dossier()
	d.Campaign.Name, d.Campaign.Source, d.Campaign.Profile, d.Campaign.Sender, d.Template = evil, evil, evil, evil, evil
	d.Campaign.Tags = map[string]string{evil: evil}
	d.Campaign.Reason, d.Campaign.State = func() *string { s := evil; return &s }(), campaign.Paused
	d.Carriers[0].Name, d.Lines[0].Carrier, d.Codes[0].Carrier, d.Codes[0].Code, d.Moves[0].From, d.Spent[0].Carrier = evil, evil, evil, evil, evil, evil
	d.Countries[0].Country, d.Failures[0].Code, d.Failures[0].Carrier, d.History[1].Detail, d.History[1].Actor = evil, evil, evil, evil, evil
	d.Outages[0].Carrier, d.Outages[0].Why, d.Outages[1].Country, d.Lines[1].Carrier = evil, evil, evil, evil
	d.Exclusions[0].Code, d.Excluded[0].Reject.Message, d.Excluded[0].Reject.Cells[0] = evil, evil, evil
	d.Guards = []report.Guard{{Expr: evil}}
	text := page(t, d, report.PageOptions{Version: evil})
	for _, bad := range []string{"<script>alert", "<img", "\x1b"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if m := embedded.FindStringSubmatch(text); m == nil || !json.Valid([]byte(m[1])) {
		t.Error("the embedded report is broken off")
	}
}

// However much there is, a page stays small enough for a mail.
func TestPagesAreBounded(t *testing.T) {
	d := dossier()
	long := strings.Repeat("long ", 40)
	d.Campaign.Name, d.Template = long+long, strings.Repeat(long, 100)
	d.Series = report.Series{StepS: 10, T0: d.Campaign.CreatedAt, ByCarrier: map[string][]int64{}}
	for range 360 {
		d.Series.Accepted, d.Series.Failed = append(d.Series.Accepted, 123_456), append(d.Series.Failed, 65_432)
	}
	d.Lines, d.Carriers, d.Countries, d.Spent, d.Moves = nil, nil, nil, nil, nil
	for i := range 150 {
		name := fmt.Sprintf("carrier-%d-%.50s", i, long)
		d.Series.ByCarrier[name] = d.Series.Accepted
		d.Lines = append(d.Lines, report.Line{Carrier: name, Accepted: d.Series.Accepted, Failed: d.Series.Failed, Delivered: d.Series.Accepted})
		d.Carriers = append(d.Carriers, report.Carrier{Name: name, Attempts: 123_456_789, Accepted: 123_456_789, Cost: 99_999_999_999})
		for k := range 30 {
			d.Moves = append(d.Moves, report.Move{From: name, To: fmt.Sprintf("carrier-%d-%.50s", k, long), N: 123_456})
		}
		for k := range 200 {
			d.Spent = append(d.Spent, report.Spent{Carrier: name, Country: string([]byte{'A' + byte(k/26), 'A' + byte(k%26)}), Cost: 99_999_999_999})
		}
	}
	for k := range 240 {
		d.Countries = append(d.Countries, report.Country{Country: string([]byte{'A' + byte(k/26), 'A' + byte(k%26)}), Eligible: 123_456_789, Cost: 99_999_999_999})
	}
	for len(d.Failures) < report.MaxFailures {
		m := *message()
		m.Code, m.Carrier = long, long
		d.Failures = append(d.Failures, m)
	}
	for len(d.Excluded) < report.MaxExcluded {
		x := d.Excluded[0]
		x.Reject.Message = long + long
		d.Excluded = append(d.Excluded, x)
	}
	for len(d.Codes) < report.MaxCodes {
		d.Codes = append(d.Codes, report.Code{Carrier: long, Code: long, Class: carriers.ClassUnknown, N: 1})
	}
	for i := range 300 {
		d.Outages = append(d.Outages, report.Outage{Carrier: d.Lines[0].Carrier, Trouble: routing.TroubleSilent, Why: long,
			Began: d.Campaign.CreatedAt.Add(time.Duration(10*i) * time.Second)})
	}
	for range 1000 {
		d.History = append(d.History, report.Control{At: d.Campaign.CreatedAt, Actor: long, Action: "throttle", Detail: long})
	}
	if n := len(page(t, d, report.PageOptions{})); n >= 500_000 {
		t.Errorf("the page has %d bytes", n)
	}
}

// No phone number stands on a page in full, unless somebody asked for it.
func TestPagesMaskNumbers(t *testing.T) {
	d := dossier()
	text := page(t, d, report.PageOptions{})
	if full := regexp.MustCompile(`\+?44 ?7700 ?900123|0770 900 12\b`).FindString(text); full != "" {
		t.Errorf("the page has %s", full)
	}
	if text = page(t, d, report.PageOptions{Privacy: privacy(t, report.Full)}); !strings.Contains(text, "447700900123") {
		t.Error("--pii full shows no number")
	}
	if text = page(t, d, report.PageOptions{Privacy: privacy(t, report.Hash)}); strings.Contains(text, "•••") {
		t.Error("--pii hash masks")
	}
}

func TestVerdictAndWarnings(t *testing.T) {
	d := dossier()
	for i := range d.Errors {
		if d.Errors[i].Class == carriers.ClassRecipientInvalid {
			d.Errors[i].Count = 2000
		}
	}
	text := page(t, d, report.PageOptions{})
	for _, want := range []string{
		"96.6 % of what was accepted is delivered so far, 97.4 % of what is confirmed.",
		"smpp-local took only 81.0 % of 3,442 attempts, mostly “throttled”.",
		"640 messages went on to another carrier; 630 of them got through that way.", "173 recipients can still be retried.",
		"of the numbers are invalid, unreachable or blocked", "paused 9 Oct 2026 13:03:11 UTC to 9 Oct 2026 13:04:11 UTC", "rate cap 20/s",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say: %s", want)
		}
	}
}

func TestMarkdownGolden(t *testing.T) {
	var b bytes.Buffer
	r := spring()
	r.Campaign.Name = "a|b *c* <d>"
	if err := r.WriteMarkdown(&b, time.UTC); err != nil {
		t.Fatal(err)
	}
	if err := report.Compare(spring(), few(3)).WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.md", b.Bytes())
}

func TestCompare(t *testing.T) {
	c := report.Compare(spring(), few(3))
	by := map[string]report.Delta{}
	for _, d := range c.Deltas {
		by[d.Metric] = d
	}
	if d := by["acceptance"]; d.Delta == nil || d.N != 24_000 || d.OtherN != 3 || !d.Noise {
		t.Errorf("three messages prove a difference: %+v", d)
	}
	if d := by["confirmed"]; d.Other != nil || d.Delta != nil {
		t.Errorf("a rate of nothing has a difference: %+v", d)
	}
	worse := spring()
	worse.Rates.Acceptance = report.RateOf(20_000, 24_000)
	for _, d := range report.Compare(worse, spring()).Deltas {
		if d.Metric == "acceptance" && (d.Noise || *d.Delta > -0.15) {
			t.Errorf("a real difference is taken for chance: %+v", d)
		}
	}
	var b bytes.Buffer
	if err := c.WriteText(&b, report.Style{Width: 80}); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/compare-80.txt", b.Bytes())
}

func BenchmarkPage(b *testing.B) {
	d := dossier()
	for b.Loop() {
		if err := d.WriteHTML(io.Discard, report.PageOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
