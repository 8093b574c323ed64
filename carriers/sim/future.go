package sim

import (
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// earlyGap is how long an answer is held back at least so that a receipt can come before it.
const earlyGap = 100 * time.Millisecond

// future fills in what becomes of a message that was taken.
func (e *engine) future(f *fate, b *Behaviour, l luck, m *carriers.Message) {
	number := luckOf(e.seed, m.To) // the person's luck is the same on every carrier
	f.done = f.latency + b.Delivery.at(l.draw(qDelivery))
	if number.draw(qHandsetOff) < *b.HandsetOff {
		f.done += b.HandsetOffFor.at(number.draw(qHandsetOffFor))
	}
	f.final = e.end(f.done, b, l, number, m)
	f.delivered = f.final.state == carriers.ReceiptDelivered
	silent := !f.delivered && l.draw(qSilent) < *b.SilentFailures
	if !f.delivered && l.draw(qForged) < *b.ForgedReceipts {
		f.final, silent = outcome{state: carriers.ReceiptDelivered}, false
	}
	if m.Validity > 0 && f.done > m.Validity {
		f.done = m.Validity
	}
	if silent || l.draw(qLostReceipt) < *b.LostReceipts {
		return
	}
	e.receipts(f, b, l)
}

// end decides how the message ends.
func (e *engine) end(done time.Duration, b *Behaviour, l, number luck, m *carriers.Message) outcome {
	switch {
	case number.draw(qDead) < *b.DeadNumbers:
		return outcome{carriers.ReceiptUndelivered, carriers.ClassRecipientInvalid, ""}
	case m.Validity > 0 && done > m.Validity:
		return outcome{carriers.ReceiptExpired, carriers.ClassExpired, ""}
	case l.draw(qDeliver) < *b.Deliver:
		return outcome{state: carriers.ReceiptDelivered}
	}
	why := choose(b.Failures, l.draw(qFailure), func(f *Failure) float64 { return f.Share })
	if why == nil {
		why = &Failure{Class: carriers.ClassCarrierTransient}
	}
	state := why.State
	if state == "" {
		state = carriers.ReceiptUndelivered
	}
	return outcome{state, or(why.Class, carriers.ClassUnknown), why.Code}
}

// receipts plans what is told of the end, and when.
func (e *engine) receipts(f *fate, b *Behaviour, l luck) {
	told := f.done + b.ReceiptDelay.at(l.draw(qReceiptDelay))
	if l.draw(qLate) < *b.LateReceipts {
		told += b.LateBy.at(l.draw(qLateBy))
	}
	if l.draw(qEarly) < *b.EarlyReceipts {
		f.latency = max(f.latency, earlyGap)
		told, f.done = f.latency/4, 0
	}
	unordered := l.draw(qUnordered) < *b.UnorderedReceipts
	if l.draw(qBadSignature) < *b.BadSignatures {
		f.add(planned{told / 2, outcome{state: carriers.ReceiptDelivered}, true})
	}
	if *b.SentReceipts && !unordered {
		f.add(planned{f.latency + (told-f.latency)/2, outcome{state: carriers.ReceiptSent}, false})
	}
	f.add(planned{told, f.final, false})
	if unordered {
		f.add(planned{told + told/8 + 50*time.Millisecond, outcome{state: carriers.ReceiptSent}, false})
	}
	if l.draw(qDuplicate) < *b.DuplicateReceipts {
		f.add(planned{told + time.Duration(l.draw(qDuplicateAfter)*float64(2*time.Second)), f.final, false})
	}
}

// add appends a receipt; bad signature, sent, final and duplicate are the most there can be.
func (f *fate) add(p planned) {
	f.plan[f.planned] = p
	f.planned++
}
