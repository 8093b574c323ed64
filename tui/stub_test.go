package tui

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// noon is when every test takes place.
func noon() time.Time { return time.Date(2026, 10, 9, 13, 7, 42, 0, time.UTC) }

// world is a campaign as the tests see it: it answers for the store and the engine.
type world struct {
	mu      sync.Mutex
	snap    *report.Snapshot
	wishes  []Wish
	refuse  error
	choices []Choice
}

var (
	_ Source   = (*world)(nil)
	_ Controls = (*world)(nil)
	_ Stories  = (*world)(nil)
)

func (w *world) Snapshot(context.Context) (*report.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.snap == nil {
		return nil, errors.New("reading: the disk is gone")
	}
	return w.snap, nil
}

func (w *world) Do(_ context.Context, wish Wish) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wishes = append(w.wishes, wish)
	return "done: " + string(wish.Kind), w.refuse
}

func (w *world) wished() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, wish := range w.wishes {
		all = append(all, strings.TrimSpace(fmt.Sprint(wish.Kind, " ", wish.Carrier, " ", wish.Rate, " ", wish.Number)))
	}
	if len(all) == 0 {
		return "[]"
	}
	return "[{" + strings.Join(all, "} {") + "}]"
}

// comesTo are the wishes as soon as they are what they should be: the last may still be on its way when the screen has gone.
func (w *world) comesTo(want string) string {
	for end := time.Now().Add(patience); w.wished() != want && want != "[]" && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return w.wished()
}

func (w *world) Messages(_ context.Context, c Choice) (all []report.Message, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.choices = append(w.choices, c)
	for i := range 3 {
		all = append(all, report.Message{
			ID: fmt.Sprintf("msg_7f3k9q2a.%d", i+1), Row: i + 2, To: "+44 7700 •••123", Country: "GB", State: campaign.Failed,
			Carrier: "smpp-local", Attempts: 2, Class: carriers.ClassThrottled,
		})
	}
	return all, nil
}

func (w *world) Message(_ context.Context, id string, reveal bool) (*report.Detail, error) {
	if !strings.HasPrefix(id, "msg_") {
		return nil, campaign.ErrNotFound
	}
	d := &report.Detail{Source: "customers.csv", Text: "Hi Ana, 20 % off this weekend."}
	d.ID, d.Row, d.To, d.State, d.Campaign, d.QueuedAt = id, 8412, "+44 7700 •••123", campaign.Delivered, "spring-sale-2026", noon()
	if reveal {
		d.To = "+447700900123"
	}
	a := report.Attempt{N: 1, Carrier: "twilio-main", SubmittedAt: noon(), Outcome: campaign.AttemptAccepted}
	a.Decision = &report.Decision{Type: "transactional", Value: 1_000_000, Margin: 20_000, Candidates: []report.Candidate{
		{Carrier: "twilio-main", Chosen: true, Mean: 0.97, SD: 0.01, Trust: 1, Weight: 1, Worth: 970_000, Price: 33_000, Score: 937_000},
		{Carrier: "vonage-eu", RunnerUp: true, Mean: 0.95, SD: 0.02, Trust: 1, Weight: 1, Worth: 950_000, Price: 35_000, Score: 915_000},
		{Carrier: "smpp-local", Excluded: "tried"},
	}}
	d.History = append(d.History, a)
	d.Tell()
	return d, nil
}

// spring is the campaign of the contract's pictures.
func spring() *report.Snapshot {
	ceiling := carriers.Price(1_100_000_000)
	c := &campaign.Campaign{
		ID: 1, PublicID: "cmp_7f3k9q2a", Name: "spring-sale-2026", Mode: campaign.Live, Profile: "prod", Status: campaign.Running,
		Currency: "EUR", Estimate: 967_680_000, Ceiling: &ceiling, StartedAt: noon().Add(-6*time.Minute - 11*time.Second),
		CreatedAt: noon().Add(-7 * time.Minute), Settings: campaign.Settings{Rate: 50},
	}
	n := campaign.Counts{
		Rows: 25120, Invalid: 58, Duplicate: 41, OptedOut: 1021, Eligible: 24000, Queued: 8412, Sending: 64, Failed: 205, Unknown: 9,
		Delivered: 13906, Undelivered: 388, Awaiting: 1016, Attempts: 15981, AcceptedAttempts: 15310, RefusedAttempts: 598,
		AmbiguousAttempts: 9, SendingAttempts: 64, FailedActionable: 90, Segments: 26880,
	}
	r := report.New(c, n, noon())
	r.Cost.Actual = 617_290_000
	r.Carriers = []report.Carrier{
		carrierLine("twilio-main", 8214, 8099, 3100, 11000, 326_670_000),
		carrierLine("vonage-eu", 5390, 5298, 4400, 19000, 213_740_000),
		carrierLine("smpp-local", 2377, 1913, 9800, 41000, 76_880_000),
	}
	for _, e := range []struct {
		class carriers.Class
		n     int64
	}{
		{carriers.ClassRecipientUnreachable, 262}, {carriers.ClassRecipientInvalid, 121}, {carriers.ClassContentRejected, 92},
		{carriers.ClassUnknown, 74}, {carriers.ClassThrottled, 44},
	} {
		r.Errors = append(r.Errors, report.ErrorOf(e.class, e.n))
	}
	for _, e := range []struct {
		name                      string
		eligible, accepted, share int64
	}{{"GB", 14880, 9480, 981}, {"DE", 4320, 2750, 969}, {"FR", 2640, 1680, 958}, {"ES", 1440, 915, 932}, {"PT", 720, 459, 904}} {
		r.Countries = append(r.Countries, report.Country{
			Country: e.name, Eligible: e.eligible, Accepted: e.accepted, Failed: 12, Delivered: e.share, Undelivered: 1000 - e.share,
		})
	}
	r.Finish()
	fast, slow := 3600.0, 14000.0
	r.Latency.DLR = report.Quantiles{N: 14294, P50: &fast, P95: &slow}
	s := &report.Snapshot{
		At: noon(), Campaign: c, Alive: true, Counts: n, Spent: 617_290_000, Rate: 43.2, Left: 196 * time.Second, Report: r,
		Speeds: map[string]float64{"twilio-main": 22.1, "vonage-eu": 14.6, "smpp-local": 6.5},
		Vitals: &campaign.Vitals{At: noon(), Lines: []routing.Status{
			{Name: "twilio-main", Breaker: "closed", InFlight: 31, Window: 64, Rate: 25, Mean: 0.93, Trials: 5200, Awaiting: 420},
			{Name: "vonage-eu", Breaker: "closed", InFlight: 22, Window: 32, Rate: 15, Mean: 0.81, Trials: 3100},
			{Name: "smpp-local", Breaker: "half-open", InFlight: 11, Window: 16, Rate: 10, Mean: 0.42, Trials: 900},
		}},
	}
	for i := range 300 {
		s.Samples = append(s.Samples, report.Sample{Accepted: 30 + float64((i*7)%19), Failed: float64(i % 60 / 50)})
	}
	for _, e := range []struct {
		ago  int
		kind string
		text string
	}{
		{1, "breaker", "half-open"}, {30, "route", "no longer used for FR: no route to the country"}, {44, "breaker", "open for 15s: throttled"},
	} {
		s.Events = append(s.Events, campaign.Event{
			At: noon().Add(-time.Duration(e.ago) * time.Second), Kind: e.kind,
			Attrs: []slog.Attr{slog.String("carrier", "smpp-local"), slog.String("state", e.text)},
		}.Tell())
	}
	s.Events = append(s.Events, campaign.Told{At: noon().Add(-132 * time.Second), Kind: "throttle", Text: "50/s by ana@host"})
	return s
}

func carrierLine(name string, attempts, accepted int64, p50, p95 float64, cost report.Money) report.Carrier {
	return report.Carrier{
		Name: name, Attempts: attempts, Accepted: accepted, Refused: attempts - accepted, Delivered: accepted * 9 / 10, Undelivered: accepted / 40,
		Segments: accepted, Cost: cost, Latency: report.Latency{DLR: report.Quantiles{N: accepted, P50: &p50, P95: &p95}},
	}
}

// strange is a campaign whose names do their worst.
func strange() *report.Snapshot {
	s := spring()
	s.Campaign.Name = "春のセール🎉 spring\x1b[31m für 家族👨‍👩‍👧‍👦 und alle anderen Freunde des Hauses"
	s.Report.Carriers[0].Name = "キャリア東京一号線"
	s.Report.Carriers[1].Name = "vonage 🚀🚀 europe-west-and-some-more"
	s.Report.Countries[0].Country = "ÅÅ"
	s.Vitals = nil
	s.Events[0].Text = "キャリア東京一号線が開いた：スロットルされた送信が多すぎる 🎉🎉🎉 " + strings.Repeat("あ", 120)
	return s
}

// crowded is a campaign with more carriers, classes and countries than any screen has lines.
func crowded() *report.Snapshot {
	s := spring()
	for i := range 20 {
		s.Report.Carriers = append(s.Report.Carriers, carrierLine(fmt.Sprintf("carrier-%02d", i), 100, 90-int64(i), 1000, 2000, 1_000_000))
		s.Report.Countries = append(s.Report.Countries, report.Country{Country: fmt.Sprintf("X%c", 'A'+i), Eligible: 1})
		s.Report.Errors = append(s.Report.Errors, report.ErrorOf(carriers.ClassExpired, 1))
		s.Events = append(s.Events, campaign.Told{At: noon().Add(-time.Hour), Kind: "state", Text: fmt.Sprint("event ", i)})
	}
	return s
}
