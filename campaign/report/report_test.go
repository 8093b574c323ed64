package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
)

// spring is the campaign of the contract's example, finished but for some receipts.
func spring() *report.Report {
	at := time.Date(2026, 10, 9, 13, 1, 31, 20e6, time.UTC)
	ceiling := carriers.Price(1_100_000_000)
	c := &campaign.Campaign{
		PublicID: "cmp_7f3k9q2a", Name: "spring-sale-2026", Mode: campaign.Live, Profile: "default", Status: campaign.Incomplete,
		Type: campaign.Promotional, Currency: "EUR", Estimate: 967_680_000, Ceiling: &ceiling, Source: "customers.csv",
		CreatedAt: at, StartedAt: at, FinishedAt: at.Add(574 * time.Second), Active: 574 * time.Second,
	}
	n := campaign.Counts{
		Rows: 25_120, Invalid: 58, Duplicate: 41, OptedOut: 1021, Eligible: 24_000,
		Delivered: 22_871, Undelivered: 602, Awaiting: 211, Failed: 304, Unknown: 12, FailedActionable: 173,
		Attempts: 24_500, AcceptedAttempts: 23_684, RefusedAttempts: 804, AmbiguousAttempts: 12, Segments: 26_526, FailedOver: 640, Rescued: 630,
	}
	r := report.New(c, n, at.Add(10*time.Minute))
	ms := func(v float64) *float64 { return &v }
	r.Cost.Actual = 954_940_000
	r.Latency.DLR = report.Quantiles{N: 23_473, P50: ms(3600), P90: ms(12_000), P95: ms(17_000), P99: ms(40_000), Max: ms(90_000)}
	r.Carriers = []report.Carrier{
		{Name: "twilio-main", Attempts: 12_772, Accepted: 12_606, Refused: 166, Delivered: 12_210, Undelivered: 224, Rescued: 512, Cost: 508_270_000,
			Latency: report.Latency{DLR: report.Quantiles{N: 1, P50: ms(3100), P95: ms(11_000)}}},
		{Name: "smpp-local", Attempts: 3442, Accepted: 2788, Refused: 642, Ambiguous: 12, Delivered: 2600, Undelivered: 160, Cost: 112_420_000,
			Latency: report.Latency{DLR: report.Quantiles{N: 1, P50: ms(9600), P95: ms(40_000)}}},
	}
	r.Countries = []report.Country{{Country: "GB", Eligible: 24_000, Accepted: 23_684, Delivered: 22_871, Cost: 954_940_000}}
	r.Errors = []report.Error{report.ErrorOf(carriers.ClassThrottled, 173), report.ErrorOf(carriers.ClassRecipientInvalid, 131)}
	r.Finish()
	return r
}

func empty() *report.Report {
	c := &campaign.Campaign{PublicID: "cmp_0", Name: "empty", Mode: campaign.Simulated, Profile: "default", Status: campaign.Planned, CreatedAt: time.Unix(0, 0)}
	r := report.New(c, campaign.Counts{}, time.Unix(60, 0))
	r.Finish()
	return r
}

func TestReportsKeepTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("report-1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*report.Report{"a finished campaign": spring(), "one without a message": empty()} {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
	}
}

func TestRatesWithoutAWholeAreNull(t *testing.T) {
	raw, err := json.Marshal(empty().Rates)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(raw), `{"value":null,"num":0,"den":0}`); n != 6 {
		t.Errorf("%d of 6 rates are null: %s", n, raw)
	}
	raw, err = json.Marshal(spring().Rates.Confirmed)
	if err != nil || string(raw) != `{"value":0.974354,"num":22871,"den":23473}` {
		t.Errorf("confirmed = %s, %v", raw, err)
	}
}

func TestMoneyIsExact(t *testing.T) {
	r := spring()
	for _, c := range []struct {
		got  string
		want string
	}{
		{r.Cost.Actual.String(), "954.94"},
		{r.Cost.PerDelivered.String(), "0.041753"},
		{report.Money(7900).String(), "0.0079"},
	} {
		if c.got != c.want {
			t.Errorf("money %s, want %s", c.got, c.want)
		}
	}
}

// The screen's forms are golden: run with -update to accept a change.
func TestTextGolden(t *testing.T) {
	paused := spring()
	reason := "guard failed_rate"
	paused.Campaign.State, paused.Campaign.Reason, paused.Counts.Queued, paused.Partial = campaign.Paused, &reason, 1096, true
	broken := spring()
	broken.Reconciled, broken.Counts.PossibleDuplicates = false, 3
	broken.Guards = []report.Guard{{Expr: "failed_rate<2%", Value: 0.021, Passed: false}}
	for _, c := range []struct {
		name  string
		r     *report.Report
		style report.Style
	}{
		{"wide", spring(), report.Style{Width: 120}},
		{"80", spring(), report.Style{Width: 80}},
		{"40-ascii", spring(), report.Style{Width: 40, ASCII: true}},
		{"30", spring(), report.Style{Width: 30}},
		{"empty", empty(), report.Style{Width: 80}},
		{"paused", paused, report.Style{Width: 80}},
		{"broken", broken, report.Style{Width: 80, ASCII: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := c.r.WriteText(&b, c.style); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if w := len([]rune(strings.TrimSuffix(line, "\n"))); w > c.style.Width {
					t.Errorf("%d columns: %q", w, line)
				}
				if c.style.ASCII && strings.IndexFunc(line, func(r rune) bool { return r > 127 }) >= 0 {
					t.Errorf("not ASCII: %q", line)
				}
			}
			golden(t, "testdata/text-"+c.name+".txt", b.Bytes())
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (accept with UPDATE_GOLDEN=1):\n%s", path, diff)
	}
}

func TestExitCode(t *testing.T) {
	done := campaign.Counts{Eligible: 1000, Delivered: 900, Failed: 60, Undelivered: 40}
	with := func(edit func(*campaign.Counts)) campaign.Counts { n := done; edit(&n); return n }
	for _, c := range []struct {
		name string
		n    campaign.Counts
		s    campaign.Settings
		want int
	}{
		{"dead numbers are results", done, campaign.Settings{}, 0},
		{"actionable failures remain", with(func(n *campaign.Counts) { n.FailedActionable = 1 }), campaign.Settings{}, 3},
		{"an outcome is unknown", with(func(n *campaign.Counts) { n.Unknown = 1 }), campaign.Settings{}, 3},
		{"strict counts every failure", done, campaign.Settings{Strict: true}, 3},
		{"a share is tolerated", done, campaign.Settings{Strict: true, MaxFailed: "10%"}, 0},
		{"one more than the share", with(func(n *campaign.Counts) { n.Failed++ }), campaign.Settings{Strict: true, MaxFailed: "10%"}, 3},
		{"a number is tolerated", with(func(n *campaign.Counts) { n.FailedActionable = 20 }), campaign.Settings{MaxFailed: "20"}, 0},
		{"one more than the number", with(func(n *campaign.Counts) { n.FailedActionable = 21 }), campaign.Settings{MaxFailed: "20"}, 3},
		{"messages wait", with(func(n *campaign.Counts) { n.Queued = 1 }), campaign.Settings{}, 8},
		{"receipts are open", with(func(n *campaign.Counts) { n.Awaiting = 5 }), campaign.Settings{}, 0},
		{"an unreadable tolerance tolerates nothing", with(func(n *campaign.Counts) { n.Unknown = 1 }), campaign.Settings{MaxFailed: "many"}, 3},
	} {
		if got := report.ExitCode(c.n, c.s); got != c.want {
			t.Errorf("%s: exit %d, want %d", c.name, got, c.want)
		}
	}
}

func TestParseMaxFailedRefuses(t *testing.T) {
	for _, s := range []string{"x", "-1", "%", "101%", "-1%", "NaN%", "2 %%"} {
		if got, err := report.ParseMaxFailed(s); err == nil {
			t.Errorf("ParseMaxFailed(%q) = %+v, no error", s, got)
		}
	}
}
