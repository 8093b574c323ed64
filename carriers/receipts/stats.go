package receipts

import "sync/atomic"

type count = atomic.Int64

// Stats is what a listener has seen since it was built.
type Stats struct {
	Requests int64 `json:"requests"`
	Receipts int64 `json:"receipts"` // committed
	Inbound  int64 `json:"inbound"`  // messages from people, committed

	UnknownCarrier int64 `json:"unknown_carrier"`
	WrongMethod    int64 `json:"wrong_method"`
	WrongMAC       int64 `json:"wrong_mac"`
	WrongSignature int64 `json:"wrong_signature"`
	Unsigned       int64 `json:"unsigned"`
	WrongRef       int64 `json:"wrong_ref"` // a receipt of another attempt than the address proves
	TooLarge       int64 `json:"too_large"`
	TooSlow        int64 `json:"too_slow"`
	Unreadable     int64 `json:"unreadable"`
	SinkErrors     int64 `json:"sink_errors"`
	Busy           int64 `json:"busy"`
	Broken         int64 `json:"broken"` // the adapter panicked or failed
}

// Refused is how many requests were turned away for good.
func (s Stats) Refused() int64 {
	return s.UnknownCarrier + s.WrongMethod + s.WrongMAC + s.WrongSignature + s.Unsigned + s.WrongRef + s.TooLarge +
		s.TooSlow + s.Unreadable + s.Broken
}

// Stats counts what the listener has seen.
func (l *Listener) Stats() Stats {
	c := &l.stats
	return Stats{
		Requests: c.requests.Load(), Receipts: c.receipts.Load(), Inbound: c.heard.Load(),
		UnknownCarrier: c.unknown.Load(), WrongMethod: c.method.Load(), WrongMAC: c.mac.Load(),
		WrongSignature: c.signature.Load(), Unsigned: c.unsigned.Load(), WrongRef: c.mismatch.Load(),
		TooLarge: c.tooLarge.Load(), TooSlow: c.tooSlow.Load(), Unreadable: c.payload.Load(),
		SinkErrors: c.sink.Load(), Busy: c.busy.Load(), Broken: c.broken.Load(),
	}
}
