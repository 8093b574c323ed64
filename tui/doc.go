// Package tui is the full-screen view of campaigns: a dashboard of one, a browser of all, and the story of a message.
//
// It is a view and never the engine. A [Source] gives it an immutable snapshot at most five times a second, and what a
// person wants goes out as a [Wish]; nothing in here knows how to send, and nobody who sends waits for it. A terminal that
// takes no output stops the screen and nothing else.
//
// How it is built: [Model] is the one tea.Model. It has a stack of panels (dashboard, browser, list, page) of which the
// top one is drawn and gets the keys, unless a dialog is open. A panel draws lines of exactly the screen's width, counted
// in cells. Colours are the 16 of the terminal, and never the only sign of anything.
package tui

import (
	"context"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
)

// Source gives the state of one campaign. It is asked for the next snapshot only after the last one was shown.
type Source interface {
	Snapshot(ctx context.Context) (*report.Snapshot, error)
}

// Controls carries out what a person wants of a campaign and says in words what was done.
type Controls interface {
	Do(ctx context.Context, w Wish) (said string, err error)
}

// Wish is something that a person wants of a campaign.
type Wish struct {
	Kind    Kind
	Carrier string  // of Drain, Undrain, Reset and Test
	Rate    float64 // of Rate: segments a second, 0 lifts the cap
	Number  string  // of Test: whom it goes to
}

// Kind is what is wanted.
type Kind string

// The kinds of wishes.
const (
	Pause     Kind = "pause"
	Resume    Kind = "resume"
	Cancel    Kind = "cancel"
	Rate      Kind = "rate"
	Drain     Kind = "drain"
	Undrain   Kind = "undrain"
	Reset     Kind = "reset"     // close a carrier's breaker
	Test      Kind = "test"      // send one message over a carrier
	Detach    Kind = "detach"    // go on in the background; of the owner only
	Interrupt Kind = "interrupt" // Ctrl-C: stop this process; of the owner only
	Report    Kind = "report"    // write the report to a file
)

// Stories tells of single messages. Numbers are masked unless reveal asks for them, which is written down.
type Stories interface {
	Messages(ctx context.Context, c Choice) ([]report.Message, error)
	Message(ctx context.Context, id string, reveal bool) (*report.Detail, error)
}

// Choice chooses messages of a campaign; its zero value chooses the first ones.
type Choice struct {
	States  []campaign.State
	Class   carriers.Class
	Carrier string
	Country string
	Limit   int
}

// Subject is one campaign with everything that can be seen of it and done to it.
type Subject struct {
	Source
	Controls Controls // nil: nothing may be done
	Stories  Stories  // nil: no messages
	Owner    bool     // this process sends it
	Leave    bool     // close when the campaign comes to its end
}
