package carriers

import (
	"fmt"
	"time"

	"github.com/govalues/decimal"
)

// Duration is a time.Duration written as "10s" or "2m".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads, and days as "3d".
func (d *Duration) UnmarshalText(b []byte) error {
	s := string(b)
	if n := len(s); n > 1 && s[n-1] == 'd' {
		var days int
		if _, err := fmt.Sscanf(s, "%dd", &days); err == nil && fmt.Sprintf("%dd", days) == s && days >= 0 {
			*d = Duration(time.Duration(days) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration: write 10s, 2m, 4h or 3d", s)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Or is d, or def where d is not set.
func (d Duration) Or(def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return time.Duration(d)
}

// Price is an amount in millionths of the currency: exact, and an integer in SQL.
type Price int64

// UnmarshalText reads a decimal of up to six places.
func (p *Price) UnmarshalText(b []byte) error {
	v, err := ParsePrice(string(b))
	if err != nil {
		return err
	}
	*p = v
	return nil
}

// ParsePrice reads a decimal of up to six places, zero or more.
func ParsePrice(s string) (Price, error) {
	d, err := decimal.Parse(s)
	if err != nil || d.IsNeg() || d.MinScale() > 6 {
		return 0, fmt.Errorf("%q is not an amount: write 0.0079, with at most six decimals", s)
	}
	whole, frac, ok := d.Int64(6)
	if !ok || whole > 1_000_000_000 {
		return 0, fmt.Errorf("%q is too large an amount", s)
	}
	return Price(whole*1_000_000 + frac), nil
}

// String writes the amount without a currency, with two decimals or as many as it needs.
func (p Price) String() string {
	d, err := decimal.New(int64(p), 6)
	if err != nil {
		return fmt.Sprint(int64(p), "e-6")
	}
	return d.Trim(2).String()
}

// PriceFor is the price of a segment to a country; not known is not the same as nothing.
func (c Common) PriceFor(country string) (p Price, known bool) {
	if p, known = c.Price[country]; !known {
		p, known = c.Price["*"]
	}
	return p, known
}
