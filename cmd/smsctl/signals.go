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

	arrivals chan<- os.Signal

	mu       sync.Mutex
	first    os.Signal
	stop     func()
	detached bool // the first stop hands the campaign over to a worker
}

// watchSignals listens until close is called. note is told about each signal as it comes: 1 for the first, 2 for the
// second.
func watchSignals(ctx context.Context, note func(n int, s os.Signal)) *interrupts {
	arrivals := make(chan os.Signal, 2) // two signals mean something; a third says nothing new
	signal.Notify(arrivals, stopSignals()...)
	in := handleSignals(ctx, arrivals, note)
	in.arrivals = arrivals
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

// press is Ctrl-C typed on a screen, where the terminal makes no signal of it.
func (in *interrupts) press() {
	select {
	case in.arrivals <- os.Interrupt:
	default: // two have come already
	}
}

// detach stops as Ctrl-C does, so that a worker can go on.
func (in *interrupts) detach() {
	in.mu.Lock()
	in.detached = in.first == nil
	in.mu.Unlock()
	in.press()
}

// detaching says whether the campaign is to go on in a worker. A second stop has revoked that.
func (in *interrupts) detaching() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.detached && in.abort.Err() == nil
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
