package main

import (
	"context"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// sessionRetry is how long after it broke down a carrier's own connection is begun again. The carrier itself reconnects
// much sooner; this is for errors that it does not mend.
const sessionRetry = 10 * time.Second

// holdSessions keeps the carriers' own connections until the returned function is called: all campaigns send over them,
// and receipts and messages come in whether or not anything is sent.
func (v *service) holdSessions(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, c := range v.carriers {
		if s, ok := c.(carriers.Session); ok {
			all.Go(func() { v.holdSession(ctx, c.Info().Name, s) })
		}
	}
	return func() { cancel(); all.Wait() }
}

func (v *service) holdSession(ctx context.Context, name string, s carriers.Session) {
	deliver := func(ctx context.Context, rs []carriers.Receipt) error {
		return v.store.ApplyReceipts(ctx, name, "session", rs)
	}
	for {
		err := s.Run(ctx, deliver)
		if ctx.Err() != nil {
			return
		}
		v.log().Error("a carrier's connection is begun again", "carrier", name, "error", err, "in", sessionRetry)
		select {
		case <-time.After(sessionRetry):
		case <-ctx.Done():
			return
		}
	}
}
