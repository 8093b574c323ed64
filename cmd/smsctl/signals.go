package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
)

// interrupts turns signals into two contexts: the first SIGINT or SIGTERM ends drain (no new work, what is in flight
// finishes), the second ends abort too.
type interrupts struct {
	drain, abort context.Context

	mu    sync.Mutex
	first os.Signal
	stop  func()
}

// watchSignals listens until close is called. note is told about each signal as it comes: 1 for the first, 2 for the
// second.
func watchSignals(ctx context.Context, note func(n int, s os.Signal)) *interrupts {
	arrivals := make(chan os.Signal, 2) // two signals mean something; a third says nothing new
	signal.Notify(arrivals, stopSignals()...)
	in := handleSignals(ctx, arrivals, note)
	end := in.stop
	in.stop = func() {
		signal.Stop(arrivals)
		end()
	}
	return in
}

func handleSignals(ctx context.Context, arrivals <-chan os.Signal, note func(n int, s os.Signal)) *interrupts {
	in := &interrupts{}
	var cancelDrain, cancelAbort context.CancelFunc
	in.abort, cancelAbort = context.WithCancel(ctx)
	in.drain, cancelDrain = context.WithCancel(in.abort)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		cancels := []context.CancelFunc{cancelDrain, cancelAbort}
		for n := 0; n < len(cancels); n++ {
			select {
			case <-quit:
				return
			case s := <-arrivals:
				in.noteFirst(s)
				cancels[n]()
				note(n+1, s)
			}
		}
	}()
	in.stop = func() {
		close(quit)
		<-ended
		cancelDrain()
		cancelAbort()
	}
	return in
}

func (in *interrupts) noteFirst(s os.Signal) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.first == nil {
		in.first = s
	}
}

// close stops listening and releases the contexts. It is called once.
func (in *interrupts) close() { in.stop() }

// exitCode is what an interrupted process ends with: 130 or 143 by its first signal, exitOK without any.
func (in *interrupts) exitCode() exitCode {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch in.first {
	case nil:
		return exitOK
	case os.Interrupt:
		return exitInterrupted
	}
	return exitTerminated
}
