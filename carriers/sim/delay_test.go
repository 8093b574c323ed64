package sim

import (
	"testing"
	"time"
)

func TestParseDelay(t *testing.T) {
	for in, want := range map[string]string{
		"50ms": "50ms", " 20ms .. 80ms ": "20ms..80ms", "lognormal(50ms, 0.6)": "lognormal(50ms, 0.6)",
		"lognormal(1s,0)": "lognormal(1s, 0)", "0s": "0s",
	} {
		d, err := ParseDelay(in)
		if err != nil || d.String() != want {
			t.Errorf("%q: %q, %v; want %q", in, d, err, want)
		}
	}
	for _, in := range []string{
		"", "50", "-1s", "80ms..20ms", "lognormal(50ms)", "lognormal(50ms, -1)", "lognormal(50ms, NaN)", "lognormal(50ms, 0.6",
		"1000h", "1s..", "uniform(1s,2s)",
	} {
		if d, err := ParseDelay(in); err == nil {
			t.Errorf("%q was read as %s", in, d)
		}
	}
}

func TestDelayQuantiles(t *testing.T) {
	cases := []struct {
		d    string
		u    float64
		want time.Duration
	}{
		{"50ms", 0.99, 50 * time.Millisecond},
		{"20ms..80ms", 0, 20 * time.Millisecond},
		{"20ms..80ms", 0.5, 50 * time.Millisecond},
		{"lognormal(50ms, 0.6)", 0.5, 50 * time.Millisecond},
		{"lognormal(100ms, 1)", 0.8413447, 271828 * time.Microsecond}, // one sigma up: e times the median
		{"lognormal(1h, 10)", 0.9999999, maxDelay},
		{"lognormal(1h, 10)", 0, 0},
	}
	for _, c := range cases {
		d, err := ParseDelay(c.d)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.at(c.u); (got - c.want).Abs() > c.want/10_000+1 {
			t.Errorf("%s at %v: %s, want %s", c.d, c.u, got, c.want)
		}
	}
}

func FuzzParseDelay(f *testing.F) {
	for _, s := range []string{"50ms", "20ms..80ms", "lognormal(50ms, 0.6)", "lognormal(,)", ".."} {
		f.Add(s, 0.5)
	}
	f.Fuzz(func(t *testing.T, s string, u float64) {
		d, err := ParseDelay(s)
		if err != nil {
			return
		}
		if again, err := ParseDelay(d.String()); err != nil || again != d {
			t.Errorf("%q reads as %s, which reads as %s, %v", s, d, again, err)
		}
		if u >= 0 && u < 1 {
			if v := d.at(u); v < 0 || v > maxDelay {
				t.Errorf("%s at %v is %s", d, u, v)
			}
		}
	})
}
