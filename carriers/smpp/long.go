package smpp

import (
	"fmt"

	"github.com/smsctl/smsctl/carriers"
)

// long is a message of several parts, of which receipts speak one by one. The book's mutex guards it.
type long struct {
	ref, to string
	best    []carriers.ReceiptState // of each part, as far as it is known
}

func newLong(ref, to string, parts int) *long {
	return &long{ref: ref, to: to, best: make([]carriers.ReceiptState, parts)}
}

// apply enters what is said of a part and returns what that says of the message. It goes under our reference: its id is
// not whole before all parts are answered.
func (l *long) apply(part int, r carriers.Receipt) carriers.Receipt {
	if r.State.Rank() > l.best[part].Rank() {
		l.best[part] = r.State
	}
	delivered, failed := 0, 0
	for _, s := range l.best {
		switch {
		case s == carriers.ReceiptDelivered:
			delivered++
		case s.Final():
			failed++
		}
	}
	r.Ref, r.ID, r.To = l.ref, "", l.to
	switch {
	case delivered == len(l.best):
		r.State, r.Class, r.Code = carriers.ReceiptDelivered, "", ""
		r.Detail = fmt.Sprintf("all %d parts", delivered)
	case failed > 0:
		if !r.State.Final() || r.State == carriers.ReceiptDelivered {
			r.Class = carriers.ClassUnknown
		}
		r.State, r.Detail = carriers.ReceiptFailed, fmt.Sprintf("partial %d/%d: %s", delivered, len(l.best), r.Detail)
	case delivered > 0:
		r.State, r.Class, r.Code = carriers.ReceiptSent, "", ""
		r.Detail = fmt.Sprintf("%d of %d parts delivered", delivered, len(l.best))
	}
	return r
}
