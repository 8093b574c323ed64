package main

import (
	"context"
	"errors"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// standing is what a carrier answered when it was asked how the account stands, or why it did not answer.
type standing struct {
	Balance string
	Ahead   time.Duration // our clock against the carrier's; 0 where it does not tell its own
	Took    time.Duration
	err     error // [errors.ErrUnsupported] where the type cannot be asked without sending
}

// checkTimeout bounds a question to a carrier.
const checkTimeout = 15 * time.Second

// askCarrier asks how the account stands, where the type can be asked without sending.
func (a *app) askCarrier(ctx context.Context, c carriers.Carrier) standing {
	checker, ok := c.(carriers.Checker)
	if !ok {
		return standing{err: errors.ErrUnsupported}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	began := a.now()
	st, err := checker.Check(ctx)
	now := a.now()
	out := standing{Balance: st.Balance, Took: now.Sub(began), err: err}
	if !st.Date.IsZero() { // in whole seconds: half of one is in doubt
		out.Ahead = now.Sub(st.Date.Add(500 * time.Millisecond))
	}
	return out
}
