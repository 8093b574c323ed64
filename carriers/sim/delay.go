package sim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Delay is a distribution of durations. Its written forms are
//
//	50ms                     always the same
//	20ms..80ms               uniform
//	lognormal(50ms, 0.6)     median and sigma: the shape of nearly everything that networks do
type Delay struct {
	kind   delayKind
	lo, hi time.Duration // uniform's ends; lo is the constant, or the median
	sigma  float64
}

type delayKind uint8

const (
	constant delayKind = iota
	uniform
	lognormal
)

// maxDelay bounds what is read and what is drawn: a tail of a lognormal must not overflow a time.
const maxDelay = 30 * 24 * time.Hour

// UnmarshalText reads one of the written forms.
func (d *Delay) UnmarshalText(b []byte) error {
	v, err := ParseDelay(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// ParseDelay reads one of the written forms of a [Delay].
func ParseDelay(s string) (Delay, error) {
	s = strings.TrimSpace(s)
	bad := fmt.Errorf("%q is not a delay: write 50ms, 20ms..80ms or lognormal(50ms, 0.6)", s)
	if inner, ok := strings.CutPrefix(s, "lognormal("); ok {
		inner, ok = strings.CutSuffix(inner, ")")
		median, sigma, comma := strings.Cut(inner, ",")
		m, err1 := span(median)
		sg, err2 := strconv.ParseFloat(strings.TrimSpace(sigma), 64)
		if !ok || !comma || err1 != nil || err2 != nil || !(sg >= 0 && sg <= 10) {
			return Delay{}, bad
		}
		return Delay{kind: lognormal, lo: m, sigma: sg}, nil
	}
	if lo, hi, ok := strings.Cut(s, ".."); ok {
		l, err1 := span(lo)
		h, err2 := span(hi)
		if err1 != nil || err2 != nil || h < l {
			return Delay{}, bad
		}
		return Delay{kind: uniform, lo: l, hi: h}, nil
	}
	c, err := span(s)
	if err != nil {
		return Delay{}, bad
	}
	return Delay{lo: c}, nil
}

func span(s string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(s))
	if err == nil && (d < 0 || d > maxDelay) {
		err = fmt.Errorf("%s is out of range", d)
	}
	return d, err
}

// String writes the form that ParseDelay reads.
func (d Delay) String() string {
	switch d.kind {
	case uniform:
		return d.lo.String() + ".." + d.hi.String()
	case lognormal:
		return fmt.Sprintf("lognormal(%s, %s)", d.lo, strconv.FormatFloat(d.sigma, 'g', -1, 64))
	}
	return d.lo.String()
}

// MarshalText writes the form that UnmarshalText reads.
func (d Delay) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// at is the delay at quantile u of [0, 1): one uniform number gives one delay, so that a message keeps its luck when
// the distribution changes under it.
func (d Delay) at(u float64) time.Duration {
	switch d.kind {
	case uniform:
		return d.lo + time.Duration(u*float64(d.hi-d.lo))
	case lognormal:
		z := math.Sqrt2 * math.Erfinv(2*u-1)
		v := float64(d.lo) * math.Exp(d.sigma*z)
		if !(v < float64(maxDelay)) { // +Inf and NaN (median 0 times Inf) too
			return maxDelay
		}
		return time.Duration(v)
	}
	return d.lo
}
