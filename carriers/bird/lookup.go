package bird

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	// settle is how long after the submit a message may be missing from the list. Bird documents no figure.
	settle = 30 * time.Second
	// kept is how long a message is surely listed. Bird documents no figure either.
	kept = 72 * time.Hour
)

// list is a page of messages.
type list struct {
	Data       []message `json:"data"`
	NextCursor *string   `json:"next_cursor"`
}

// Poll fetches a message by its id.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("bird cannot be asked about a message without its id")
	}
	var m message
	raw, err := c.Get(ctx, c.messages.JoinPath(s.ID), 0, &m)
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking bird about a message: %w", err)
	}
	if m.Status == "" {
		return carriers.Receipt{}, errors.New("asking bird about a message: the answer has no status")
	}
	r := c.stateOf(m)
	r.Ref, r.Raw = s.Ref, raw
	return r, nil
}

// Lookup searches the messages for our tag. That there is none proves absence once the submit has surely ended and the
// list has caught up.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	u := *c.messages
	u.RawQuery = url.Values{"tag": {refKey + ":" + s.Ref}, "direction": {"outbound"}, "limit": {"10"}}.Encode()
	var page list
	if _, err := c.Get(ctx, &u, 0, &page); err != nil {
		return carriers.Finding{}, fmt.Errorf("searching bird for a message: %w", err)
	}
	for _, m := range page.Data {
		if m.ID != "" && slices.Contains(m.Tags, tag{refKey, s.Ref}) {
			r := c.stateOf(m)
			r.Ref = s.Ref
			return carriers.Finding{Verdict: carriers.Found, ID: m.ID, Receipt: r}, nil
		}
	}
	empty := page.Data != nil && len(page.Data) == 0 && page.NextCursor == nil
	if empty && c.Now().Sub(s.At) < kept {
		return carriers.Missing(c.Now(), s.At.Add(c.Timeout+settle)), nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// Check asks for a page of messages: Bird has no balance to ask for.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	u := *c.messages
	u.RawQuery = "limit=1"
	return c.Ask(ctx, &u, nil)
}
