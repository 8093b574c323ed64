package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newCarrierCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{Use: "carrier", Aliases: []string{"carriers"}, Short: "Look at carriers, try them, take them out of use",
		Example: "smsctl carrier list\nsmsctl carrier test alpha"},
		newCarrierListCommand(a), newCarrierShowCommand(a), newCarrierTestCommand(a), newCarrierDrainCommand(a),
		newCarrierUndrainCommand(a), newCarrierStatsCommand(a), newCarrierLoginCommand(a), newCarrierPricesCommand(a))
}

// trafficWindow is what `carrier list` judges by.
const trafficWindow = 24 * time.Hour

func newCarrierListCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the carriers: in use or not, what went over them, limits and prices", Args: cobra.NoArgs,
		Long: `List the carriers of the config. The numbers are of the last 24 hours, all campaigns together; a price list older than
30 days is marked.`,
		Example: "smsctl carrier list\nsmsctl carrier list --json --jq '.carriers[] | select(.state != \"ready\") | .name'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.listCarriers(ctx) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

// carrierRow is a carrier for programs.
type carrierRow struct {
	Name        string                    `json:"name"`
	Type        string                    `json:"type"`
	State       string                    `json:"state"` // ready, drained, failing
	Reason      string                    `json:"reason"`
	Simulated   bool                      `json:"simulated"`
	Accepted    int64                     `json:"accepted"`
	Failed      int64                     `json:"failed"`
	Delivered   int64                     `json:"delivered"`
	AcceptRate  share                     `json:"accept_rate"`
	LastUsedAt  *string                   `json:"last_used_at"`
	MaxPerSec   float64                   `json:"max_per_second"`
	MaxInFlight int                       `json:"max_in_flight"`
	Countries   []string                  `json:"countries"`
	Excluded    []string                  `json:"exclude_countries"`
	Weight      float64                   `json:"weight"`
	Prices      map[string]carriers.Price `json:"prices"`
	PricesFrom  string                    `json:"prices_from"` // config, import, none
	PricesAt    *string                   `json:"prices_imported_at"`
	priceAge    time.Duration
	priced      bool
	last        time.Time
}

// staleAfter is how old an imported price list may be.
const staleAfter = 30 * 24 * time.Hour

func (s *session) listCarriers(ctx context.Context) error {
	rows, err := s.carrierRows(ctx)
	if err != nil {
		return err
	}
	t, err := s.newTable(columns("name", "type", "state", ">accepted", ">failed", ">accept_rate", ">delivered", "last_used", ">limit", "price", "price_age", "reason"))
	if err != nil {
		return err
	}
	for _, r := range rows {
		limit := "none"
		if r.MaxPerSec > 0 {
			limit = fmt.Sprintf("%g/s", r.MaxPerSec)
		}
		var last any
		if !r.last.IsZero() {
			last = r.last
		}
		t.row(r.Name, r.Type, r.State, r.Accepted, r.Failed, r.AcceptRate, r.Delivered, last, limit, r.priceText(string(s.cfg.Currency)), r.ageText(), r.Reason)
	}
	return s.print(map[string]any{"schema": "smsctl.carriers/1", "carriers": rows}, t.flush)
}

// carrierRows describes the carriers of the session's mode.
func (s *session) carrierRows(ctx context.Context) ([]carrierRow, error) {
	if err := s.useCarriers(ctx, nil); err != nil {
		return nil, err
	}
	traffic, err := s.store.Traffic(ctx, s.now().Add(-trafficWindow))
	if err != nil {
		return nil, err
	}
	drains, err := s.store.Drains(ctx)
	if err != nil {
		return nil, err
	}
	rows := []carrierRow{}
	for _, c := range s.carriers {
		rows = append(rows, s.carrierRow(c.Info(), traffic[c.Info().Name], drains))
	}
	return rows, nil
}

func (s *session) carrierRow(info carriers.Info, t store.Traffic, drains []store.Drain) carrierRow {
	r := carrierRow{
		Name: info.Name, Type: info.Type, State: "ready", Simulated: info.Simulated, Accepted: t.Accepted, Failed: t.Failed, Delivered: t.Delivered,
		AcceptRate: share{t.Accepted, t.Accepted + t.Failed}, MaxPerSec: info.Common.MaxPerSecond, MaxInFlight: info.Common.MaxInFlight,
		Countries: info.Common.Countries, Excluded: info.Common.ExcludeCountries, Weight: 1, Prices: info.Common.Price, PricesFrom: "none", last: t.Last,
	}
	if info.Common.Weight != nil {
		r.Weight = *info.Common.Weight
	}
	if r.Countries == nil {
		r.Countries = []string{}
	}
	if r.Excluded == nil {
		r.Excluded = []string{}
	}
	if !t.Last.IsZero() {
		at := utcTime(t.Last)
		r.LastUsedAt = &at
	}
	if r.Failed > r.Accepted {
		r.State, r.Reason = "failing", "more refused than taken in the last 24 hours"
	}
	if i := slices.IndexFunc(drains, func(d store.Drain) bool { return d.Carrier == info.Name }); i >= 0 {
		r.State, r.Reason = "drained", strings.TrimSuffix("by "+drains[i].Actor+": "+drains[i].Reason, ": ")
	}
	r.priced = len(r.Prices) > 0
	if r.priced {
		r.PricesFrom = "config"
	}
	if r.Prices == nil {
		r.Prices = map[string]carriers.Price{}
	}
	if l, ok := s.prices[info.Name]; ok {
		at := utcTime(l.At)
		r.PricesFrom, r.PricesAt, r.priceAge = "import", &at, s.now().Sub(l.At)
	}
	return r
}

// priceText is the span of the prices of a segment.
func (r *carrierRow) priceText(currency string) any {
	if !r.priced {
		return nil
	}
	least, most := carriers.Price(-1), carriers.Price(0)
	for _, p := range r.Prices {
		if least < 0 || p < least {
			least = p
		}
		most = max(most, p)
	}
	if least == most {
		return money{most, currency}
	}
	return money{least, currency}.String() + "–" + most.String()
}

func (r *carrierRow) ageText() string {
	switch {
	case r.PricesFrom != "import":
		return r.PricesFrom
	case r.priceAge > staleAfter:
		return shortDuration(r.priceAge) + ", stale"
	}
	return shortDuration(r.priceAge)
}

func newCarrierShowCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a carrier: what the config says, what it can, what went over it", Args: cobra.ExactArgs(1),
		Example: "smsctl carrier show alpha\nsmsctl carrier show alpha --json --jq .can",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.showCarrier(ctx, args[0]) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked)
}

// carrier builds the carriers and finds one of them.
func (s *session) carrier(ctx context.Context, name string) (carriers.Carrier, error) {
	if err := s.useCarriers(ctx, []string{name}); err != nil {
		return nil, err
	}
	return s.carriers[0], nil
}

// abilities are what can be done with a carrier beside sending, in words.
func abilities(c carriers.Carrier) map[string]bool {
	_, poll := c.(carriers.Poller)
	_, lookup := c.(carriers.Looker)
	_, receive := c.(carriers.Receiver)
	_, session := c.(carriers.Session)
	_, check := c.(carriers.Checker)
	_, inbound := c.(carriers.InboundReceiver)
	_, heard := c.(carriers.InboundSession)
	return map[string]bool{
		"poll": poll, "lookup": lookup, "receipts": receive || session, "signed_receipts": c.Info().Signed, "inbound": inbound || heard, "check": check,
	}
}

func (s *session) showCarrier(ctx context.Context, name string) error {
	c, err := s.carrier(ctx, name)
	if err != nil {
		return err
	}
	traffic, err := s.store.Traffic(ctx, s.now().Add(-trafficWindow))
	if err != nil {
		return err
	}
	drains, err := s.store.Drains(ctx)
	if err != nil {
		return err
	}
	address, err := s.callbackAddress(c)
	if err != nil {
		return err
	}
	row, can := s.carrierRow(c.Info(), traffic[name], drains), abilities(c)
	doc := map[string]any{"schema": "smsctl.carrier/1", "carrier": row, "can": can, "callback": address}
	return s.print(doc, func() error { return s.showCarrierText(c.Info(), &row, can, address) })
}

func (s *session) showCarrierText(info carriers.Info, r *carrierRow, can map[string]bool, address callbackAddress) error {
	var yes, no []string
	for _, word := range []string{"receipts", "signed_receipts", "poll", "lookup", "inbound", "check"} {
		if can[word] {
			yes = append(yes, strings.ReplaceAll(word, "_", " "))
		} else {
			no = append(no, strings.ReplaceAll(word, "_", " "))
		}
	}
	state := r.State
	if r.Reason != "" {
		state += ", " + r.Reason
	}
	rate := "no limit"
	if r.MaxPerSec > 0 {
		rate = fmt.Sprintf("at most %g segments/s", r.MaxPerSec)
	}
	countries := "all"
	if len(r.Countries) > 0 {
		countries = strings.Join(r.Countries, ", ")
	}
	if len(r.Excluded) > 0 {
		countries += ", not " + strings.Join(r.Excluded, ", ")
	}
	pairs := [][2]string{
		{"type", info.Type}, {"state", state}, {"mode", string(modeOf(info))},
		{"last 24 h", fmt.Sprintf("%s accepted, %s failed, %s delivered", count(r.Accepted), count(r.Failed), count(r.Delivered))},
		{"rate", fmt.Sprintf("%s, %d at once", rate, r.MaxInFlight)}, {"countries", countries}, {"weight", fmt.Sprintf("%g", r.Weight)},
		{"can", strings.Join(yes, ", ")}, {"cannot", strings.Join(no, ", ")}, {"receipts", address.String()},
		{"prices", fmt.Sprintf("%s, %d countries", r.ageText(), len(r.Prices))},
	}
	text := info.Name + "\n" + fields(pairs)
	for _, country := range sortedKeys(r.Prices) {
		text += fmt.Sprintf("    %-3s %s\n", country, money{r.Prices[country], string(s.cfg.Currency)})
	}
	return s.printf("%s", text)
}

func modeOf(info carriers.Info) campaign.Mode {
	if info.Simulated {
		return campaign.Simulated
	}
	return campaign.Live
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
