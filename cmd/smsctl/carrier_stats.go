package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newCarrierStatsCommand(a *app) *cobra.Command {
	var since, by string
	var simulate bool
	cmd := &cobra.Command{
		Use: "stats [NAME]", Short: "Show what went over the carriers: taken, refused, delivered, paid", Args: cobra.MaximumNArgs(1),
		Long: `Show what became of the submits to the carriers, all campaigns together, in whole hours. Carriers that have left the
config are shown too.

accept_rate is the share of the answered submits that were taken; "too fast" is counted apart (throttled). confirm_rate is the
share of the final receipts that say delivered. Sums by country, type, hour and class are kept as messages are sent; by network
the attempts themselves are read, which takes a few seconds for each million.`,
		Example: `smsctl carrier stats
smsctl carrier stats alpha --by country --since 7d
smsctl carrier stats --by hour --json --jq '.rows[] | select(.refused > 0)'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				return s.carrierStats(ctx, append(args, "")[0], since, store.StatsBy(by))
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "24h", "submits since `WHEN`: 24h, 7d, 2026-10-09")
	cmd.Flags().Var(newEnum(&by, "", "country", "network", "type", "hour", "class"), "by", "a row for each country, network, type, hour, class")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked)
}

// statRow is a carrier's sums for programs.
type statRow struct {
	Carrier     string          `json:"carrier"`
	By          string          `json:"by"`
	Key         string          `json:"key"`
	Attempts    int64           `json:"attempts"`
	Accepted    int64           `json:"accepted"`
	Refused     int64           `json:"refused"`
	Throttled   int64           `json:"throttled"`
	Ambiguous   int64           `json:"ambiguous"`
	Sending     int64           `json:"sending"`
	Delivered   int64           `json:"delivered"`
	Undelivered int64           `json:"undelivered"`
	Awaiting    int64           `json:"awaiting"` // accepted, without a final receipt
	AcceptRate  share           `json:"accept_rate"`
	ConfirmRate share           `json:"confirm_rate"`
	Segments    int64           `json:"segments"`
	Cost        *carriers.Price `json:"cost"` // null where campaigns have several currencies
	Currency    string          `json:"currency"`
	hour        time.Time
}

func (s *session) carrierStats(ctx context.Context, name, since string, by store.StatsBy) error {
	from, err := s.moment("since", since)
	if err != nil {
		return err
	}
	from = from.Truncate(time.Hour)
	sums, err := s.store.CarrierStats(ctx, from, name, by)
	if err != nil {
		return storeError(err, s.store.Path())
	}
	if name != "" && len(sums) == 0 {
		if _, err := s.carrier(ctx, name); err != nil { // neither used nor known
			return err
		}
	}
	rows := statRows(sums, by)
	key := string(by)
	if by == store.StatsTotal {
		key = "key"
	}
	names := []string{"carrier", key, ">attempts", ">accepted", ">accept_rate", ">refused", ">throttled", ">unknown", ">delivered", ">undelivered", ">awaiting", ">confirm_rate", ">cost"}
	if by == store.StatsTotal {
		names = slices.Delete(names, 1, 2)
	}
	t, err := s.newTable(columns(names...))
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		cells := []any{r.Carrier, r.label(), r.Attempts, r.Accepted, r.AcceptRate, r.Refused, r.Throttled, r.Ambiguous, r.Delivered, r.Undelivered, r.Awaiting, r.ConfirmRate, r.money()}
		if by == store.StatsTotal {
			cells = slices.Delete(cells, 1, 2)
		}
		t.row(cells...)
	}
	return s.print(map[string]any{"schema": "smsctl.carrier_stats/1", "since": utcTime(from), "by": string(by), "rows": rows}, t.flush)
}

// statRows orders the sums: hours as they went by, else by carrier and what most went to.
func statRows(sums map[[2]string]*store.CarrierStat, by store.StatsBy) []statRow {
	rows := make([]statRow, 0, len(sums))
	for _, x := range sums {
		r := statRow{
			Carrier: x.Carrier, By: string(by), Key: x.Key, Attempts: x.Attempts, Accepted: x.Accepted, Refused: x.Refused, Throttled: x.Throttled,
			Ambiguous: x.Ambiguous, Sending: x.Sending, Delivered: x.Delivered, Undelivered: x.Undelivered,
			Awaiting: x.Accepted - x.Delivered - x.Undelivered, AcceptRate: share{x.Accepted, x.Accepted + x.Refused + x.Ambiguous},
			ConfirmRate: share{x.Delivered, x.Delivered + x.Undelivered}, Segments: x.Segments, Currency: x.Currency,
		}
		if x.Currency != "" {
			r.Cost = &x.Cost
		}
		if n, err := strconv.ParseInt(x.Key, 10, 64); by == store.StatsByHour && err == nil {
			r.hour = time.Unix(n*3600, 0)
			r.Key = utcTime(r.hour)
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b statRow) int {
		return cmp.Or(a.hour.Compare(b.hour), cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Key, b.Key))
	})
	return rows
}

// label is the key as people read it.
func (r *statRow) label() any {
	switch {
	case !r.hour.IsZero():
		return r.hour
	case r.Key == "" && r.By == string(store.StatsByClass):
		return "none"
	case r.Key == "":
		return "unknown"
	}
	return r.Key
}

func (r *statRow) money() any {
	if r.Cost == nil {
		return nil
	}
	return money{*r.Cost, r.Currency}
}
