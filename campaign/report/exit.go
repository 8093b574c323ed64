package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/smsctl/smsctl/campaign"
)

// The exit codes that a campaign's numbers decide. They are those of `smsctl help exit-codes`.
const (
	exitOK      = 0
	exitPartial = 3
	exitPending = 8
)

// ExitCode answers "is there something left to do?" for a campaign: 8 while messages wait or are under way, 3 when a
// retry or a reconcile would help, else 0. Dead numbers are results and give 0, because every list has some; --strict
// counts every failure, and --max-failed tolerates some. Whoever stopped a campaign half way knows a better code than 8.
func ExitCode(n campaign.Counts, s campaign.Settings) int {
	if n.Queued+n.Sending > 0 {
		return exitPending
	}
	failures := n.FailedActionable + n.Unknown
	if s.Strict {
		failures = n.Failed + n.Expired + n.Undelivered + n.Unknown
	}
	limit, err := ParseMaxFailed(s.MaxFailed)
	if err != nil { // it was checked when the campaign was made; tolerating nothing is the safe reading
		limit = Tolerance{}
	}
	if failures > limit.Of(n.Eligible) {
		return exitPartial
	}
	return exitOK
}

// Tolerance is how many failures are still a success: a number or a share of the eligible recipients.
type Tolerance struct {
	N       int64
	Percent float64
}

// ParseMaxFailed reads the value of --max-failed: "20" or "2%"; "" tolerates none.
func ParseMaxFailed(s string) (t Tolerance, err error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	switch {
	case digits == "" && !percent:
		return t, nil
	case percent:
		t.Percent, err = strconv.ParseFloat(strings.TrimSpace(digits), 64)
	default:
		t.N, err = strconv.ParseInt(digits, 10, 64)
	}
	if err != nil || t.N < 0 || !(t.Percent >= 0 && t.Percent <= 100) {
		return Tolerance{}, fmt.Errorf("%q is neither a number nor a share: write 20 or 2%%", s)
	}
	return t, nil
}

// Of is the number of failures among n recipients that are tolerated.
func (t Tolerance) Of(n int64) int64 { return t.N + int64(t.Percent*float64(n)/100+1e-9) }
