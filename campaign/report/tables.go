package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Table names what `report --table` shows.
type Table string

// The tables. The first five are made of the report, the others of the campaign's rows.
const (
	Summary    Table = "summary"
	Carriers   Table = "carriers"
	Countries  Table = "countries"
	Errors     Table = "errors"
	TimeSeries Table = "timeseries"
	Messages   Table = "messages"
	Attempts   Table = "attempts"
	Failures   Table = "failures"
	Invalid    Table = "invalid"
	Excluded   Table = "excluded"
)

// Tables lists them.
func Tables() []Table {
	return []Table{Summary, Messages, Attempts, Failures, Carriers, Countries, Errors, TimeSeries, Invalid, Excluded}
}

// ParseTable reads the value of --table.
func ParseTable(name string) (Table, error) {
	if t := Table(name); slices.Contains(Tables(), t) {
		return t, nil
	}
	return "", fmt.Errorf("%q is none of %v", name, Tables())
}

// Aggregate says whether the table is made of the report alone.
func (t Table) Aggregate() bool {
	return slices.Contains([]Table{Summary, Carriers, Countries, Errors, TimeSeries}, t)
}

// Like is an empty row of the table, for its header; columns are the list's, for the tables that give its rows back.
func (t Table) Like(columns []string) Row {
	switch t {
	case Messages:
		return &Message{}
	case Attempts:
		return &Attempt{}
	case Failures:
		return &Failure{Columns: columns}
	case Invalid, Excluded:
		return &Reject{Columns: columns}
	}
	return line{t.columns(), nil, nil}
}

// Rows are the report's lines of an aggregate table.
func (r *Report) Rows(t Table) []Row {
	var rows []Row
	add := func(json any, values ...any) {
		rows = append(rows, line{t.columns(), append([]any{r.Campaign.ID, r.Campaign.Name}, values...), json})
	}
	switch t {
	case Summary:
		add(r, r.summary()...)
	case Carriers:
		for i := range r.Carriers {
			c := &r.Carriers[i]
			add(c, c.Name, c.Attempts, c.Accepted, c.Refused, c.Ambiguous, c.Sending, c.Delivered, c.Undelivered, c.Rescued, c.Segments,
				c.Acceptance.Value, c.Confirmed.Value, c.Latency.Accept.P50, c.Latency.Accept.P95, c.Latency.DLR.P50, c.Latency.DLR.P95,
				c.Cost, r.Cost.Currency)
		}
	case Countries:
		for i := range r.Countries {
			c := &r.Countries[i]
			add(c, c.Country, c.Eligible, c.Accepted, c.Delivered, c.Undelivered, c.Failed, c.Confirmed.Value, c.Cost, c.PerDelivered, r.Cost.Currency)
		}
	case Errors:
		for i := range r.Errors {
			e := &r.Errors[i]
			add(e, string(e.Class), e.Title, string(e.Party), e.Retryable, e.Actionable, e.Count, e.Advice)
		}
	case TimeSeries:
		r.seriesRows(add)
	}
	return rows
}

func (r *Report) seriesRows(add func(json any, values ...any)) {
	type point struct {
		At        time.Time        `json:"at"`
		StepS     int64            `json:"step_s"`
		Accepted  int64            `json:"accepted"`
		Failed    int64            `json:"failed"`
		ByCarrier map[string]int64 `json:"by_carrier"`
	}
	for i := range r.Series.Accepted {
		p := point{
			At: r.Series.T0.Add(time.Duration(int64(i)*r.Series.StepS) * time.Second), StepS: r.Series.StepS,
			Accepted: r.Series.Accepted[i], Failed: r.Series.Failed[i], ByCarrier: map[string]int64{},
		}
		for name, points := range r.Series.ByCarrier {
			p.ByCarrier[name] = points[i]
		}
		add(p, p.At, p.StepS, p.Accepted, p.Failed)
	}
}

// columns are the CSV columns of an aggregate table after the campaign's two.
func (t Table) columns() []string {
	var names []string
	switch t {
	case Summary:
		names = summaryColumns()
	case Carriers:
		names = []string{
			"carrier", "attempts", "accepted", "refused", "ambiguous", "sending", "delivered", "undelivered", "rescued", "segments",
			"acceptance", "confirmed", "accept_ms_p50", "accept_ms_p95", "dlr_ms_p50", "dlr_ms_p95", "cost", "currency",
		}
	case Countries:
		names = []string{
			"country", "eligible", "accepted", "delivered", "undelivered", "failed", "confirmed", "cost", "cost_per_delivered", "currency",
		}
	case Errors:
		names = []string{"class", "title", "party", "retryable", "actionable", "count", "advice"}
	case TimeSeries:
		names = []string{"at", "step_s", "accepted", "failed"}
	}
	return append([]string{"campaign_id", "campaign"}, names...)
}

func summaryColumns() []string {
	names := []string{
		"state", "mode", "profile", "created_at", "started_at", "finished_at", "settled_at", "active_s",
		"rows", "invalid", "duplicate", "opted_out", "eligible", "queued", "sending", "accepted", "failed", "failed_actionable", "expired",
		"unknown", "cancelled", "suppressed", "delivered", "undelivered", "awaiting", "no_receipt", "possible_duplicates", "attempts",
		"accepted_attempts", "refused_attempts", "ambiguous_attempts", "sending_attempts", "failed_over", "rescued", "segments", "optouts_after",
		"acceptance_rate", "delivery_rate", "confirmed_rate", "receipt_coverage", "failover_rate", "failed_rate", "avg_per_s", "peak_per_s",
	}
	for _, kind := range []string{"accept", "dlr"} {
		for _, q := range []string{"n", "p50", "p90", "p95", "p99", "max"} {
			names = append(names, kind+"_ms_"+q)
		}
	}
	return append(names, "cost_estimated", "cost", "cost_ceiling", "cost_per_delivered", "currency", "partial", "reconciled", "exit_code", "generated_at")
}

func (r *Report) summary() []any {
	c, n, a, d := &r.Campaign, &r.Counts, &r.Latency.Accept, &r.Latency.DLR
	return []any{
		string(c.State), string(c.Mode), c.Profile, c.CreatedAt, c.StartedAt, c.FinishedAt, c.SettledAt, c.ActiveS,
		n.Rows, n.Invalid, n.Duplicate, n.OptedOut, n.Eligible, n.Queued, n.Sending, n.Accepted, n.Failed, n.FailedActionable, n.Expired,
		n.Unknown, n.Cancelled, n.Suppressed, n.Delivered, n.Undelivered, n.Awaiting, n.NoReceipt, n.PossibleDuplicates, n.Attempts,
		n.AcceptedAttempts, n.RefusedAttempts, n.AmbiguousAttempts, n.SendingAttempts, n.FailedOver, n.Rescued, n.Segments, n.OptOutsAfter,
		r.Rates.Acceptance.Value, r.Rates.Delivery.Value, r.Rates.Confirmed.Value, r.Rates.Coverage.Value, r.Rates.Failover.Value,
		r.Rates.Failed.Value, r.Throughput.Average, r.Throughput.Peak,
		a.N, a.P50, a.P90, a.P95, a.P99, a.Max, d.N, d.P50, d.P90, d.P95, d.P99, d.Max,
		r.Cost.Estimated, r.Cost.Actual, r.Cost.Ceiling, r.Cost.PerDelivered, r.Cost.Currency, r.Partial, r.Reconciled, r.ExitCode, r.GeneratedAt,
	}
}

// line is a row of an aggregate table. No number of a person is in it.
type line struct {
	names  []string
	values []any
	json   any
}

func (l line) header() []string { return l.names }

func (l line) cells(Privacy) []cell {
	cells := make([]cell, len(l.values))
	for i, v := range l.values {
		cells[i] = valueCell(v)
	}
	return cells
}

func (l line) private(Privacy) any {
	if _, whole := l.json.(*Report); whole {
		return l.json
	}
	return tagged{l.values[0], l.values[1], l.json}
}

// tagged puts the campaign before the fields of a line, because a table may hold those of several.
type tagged struct{ id, name, row any }

// MarshalJSON writes one flat object.
func (t tagged) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(map[string]any{"campaign_id": t.id, "campaign": t.name})
	if err != nil {
		return nil, err
	}
	row, err := json.Marshal(t.row)
	if err != nil || len(row) <= 2 {
		return head, err
	}
	return append(append(head[:len(head)-1], ','), row[1:]...), nil
}

func valueCell(v any) cell {
	switch v := v.(type) {
	case string:
		return free(v)
	case *float64:
		if v == nil {
			return cell{}
		}
		return cell{text: strconv.FormatFloat(*v, 'f', -1, 64)}
	case float64:
		return cell{text: strconv.FormatFloat(v, 'f', -1, 64)}
	case *Money:
		if v == nil {
			return cell{}
		}
		return cell{text: v.String()}
	case time.Time:
		return cell{text: stamp(&v)}
	case *time.Time:
		return cell{text: stamp(v)}
	}
	return cell{text: fmt.Sprint(v)}
}
