package sim

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// Named is a carrier's name and config.
type Named struct {
	Name   string
	Config Config
}

// Default is the pair of carriers that the program runs with when it has no config: both work, one is dearer and
// slower, and the cheaper one falls ill between its 300th and 550th message, so that the first campaign anybody sends
// shows what the product is for. Prices are in EUR.
func Default() []Named {
	north := Config{
		Common: carriers.Common{
			Type: "sim", MaxPerSecond: 150, MaxInFlight: 32, Timeout: carriers.Duration(5 * time.Second),
			Price: map[string]carriers.Price{
				"*": 58_000, "GB": 34_000, "IE": 49_000, "DE": 71_000, "FR": 52_000, "ES": 45_000, "IT": 55_000,
				"NL": 68_000, "PL": 26_000, "US": 7_900, "CA": 7_900,
			},
		},
		Model: Model{Seed: 1, Behaviour: demo(30*time.Millisecond, 700*time.Millisecond)},
	}
	north.Phases = []Phase{{After: 300, For: 250, Behaviour: Behaviour{
		Accept: ptr(0.25),
		Errors: []Refusal{
			{Class: carriers.ClassCarrierTransient, Share: 3},
			{Class: carriers.ClassThrottled, RetryAfter: carriers.Duration(500 * time.Millisecond)},
		},
		Deliver:  ptr(0.6),
		Failures: []Failure{{Class: carriers.ClassCarrierTransient}},
	}}}
	south := Config{
		Common: carriers.Common{
			Type: "sim", MaxPerSecond: 100, MaxInFlight: 32, Timeout: carriers.Duration(5 * time.Second),
			Price: map[string]carriers.Price{
				"*": 64_000, "GB": 37_500, "IE": 46_000, "DE": 74_000, "FR": 57_000, "ES": 43_000, "IT": 60_000,
				"NL": 72_000, "PL": 29_000, "US": 8_300, "CA": 8_600,
			},
		},
		Model: Model{Seed: 1, Behaviour: demo(45*time.Millisecond, 1100*time.Millisecond)},
	}
	return []Named{{"sim-north", north}, {"sim-south", south}}
}

// demo is a good carrier with the small faults that every carrier has.
func demo(answer, receipt time.Duration) Behaviour {
	return Behaviour{
		Latency:      &Delay{kind: lognormal, lo: answer, sigma: 0.4},
		Delivery:     &Delay{kind: lognormal, lo: receipt, sigma: 0.5},
		ReceiptDelay: &Delay{kind: lognormal, lo: 200 * time.Millisecond, sigma: 0.6},
		DeadNumbers:  ptr(0.01),
		Deliver:      ptr(0.985),
		Failures: []Failure{
			{Class: carriers.ClassRecipientUnreachable, Share: 4},
			{Class: carriers.ClassCarrierTransient, Share: 1},
		},
		SentReceipts:      ptr(true),
		DuplicateReceipts: ptr(0.02),
		UnorderedReceipts: ptr(0.02),
	}
}
