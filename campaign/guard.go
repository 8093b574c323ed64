package campaign

import (
	"fmt"
	"strconv"
	"strings"
)

// Guard is a threshold that a campaign must keep: "failed_rate<2%".
type Guard struct {
	Expr   string  `json:"expr"`
	Metric string  `json:"metric"`
	Limit  float64 `json:"limit"`
}

// guardMetrics are what a guard can watch, all of them shares. The denominators are those of the report.
//
//nolint:gochecknoglobals // a table that nothing writes to
var guardMetrics = map[string]func(c Counts) (num, den int64){
	"failed_rate":      func(c Counts) (int64, int64) { return c.Failed + c.Expired, c.Handled() },
	"actionable_rate":  func(c Counts) (int64, int64) { return c.FailedActionable, c.Handled() },
	"unknown_rate":     func(c Counts) (int64, int64) { return c.Unknown, c.Handled() },
	"undelivered_rate": func(c Counts) (int64, int64) { return c.Undelivered, c.Delivered + c.Undelivered },
	"optout_rate":      func(c Counts) (int64, int64) { return c.Suppress, c.Handled() },
}

// guardFloor is how many recipients a share must be of before it can trip a guard: two failures of three mean nothing.
const guardFloor = 100

// ParseGuard reads a guard.
func ParseGuard(s string) (Guard, error) {
	metric, limit, ok := strings.Cut(s, "<")
	metric = strings.TrimSpace(metric)
	if _, known := guardMetrics[metric]; !ok || !known {
		return Guard{}, fmt.Errorf("%q is no guard: it reads METRIC<LIMIT, where METRIC is failed_rate, actionable_rate, "+
			"unknown_rate, undelivered_rate or optout_rate", s)
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(limit), "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || v <= 0 || v > 1 {
		return Guard{}, fmt.Errorf("%q is no limit: write 2%% or 0.02", limit)
	}
	return Guard{Expr: s, Metric: metric, Limit: v}, nil
}

// Value is the share that the guard watches, and whether the guard still holds.
func (g Guard) Value(c Counts) (value float64, passed bool) {
	f, ok := guardMetrics[g.Metric]
	if !ok {
		return 0, true
	}
	num, den := f(c)
	if den == 0 {
		return 0, true
	}
	value = float64(num) / float64(den)
	return value, value < g.Limit || den < guardFloor
}
