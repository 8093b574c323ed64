package infobip

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	// settle is how long after the submit a message may be missing from the logs. Infobip documents no figure.
	settle = 30 * time.Second
	// kept is how long the logs go back.
	kept = 48 * time.Hour
)

// Poll asks the logs for a message by its id, which is our reference. (Infobip's delivery reports would say the same,
// but each only once: another program on the account would miss what was read here.)
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	found, err := c.search(ctx, s)
	switch {
	case err != nil:
		return carriers.Receipt{}, fmt.Errorf("asking infobip about a message: %w", err)
	case found == nil:
		return carriers.Receipt{}, errors.New("asking infobip about a message: it is not in the logs")
	}
	return *found, nil
}

// Lookup asks the logs whether a message was taken. Its absence is proof while the logs go back to the submit and once
// they have had the time to know of it: the reference is unique, so there is nothing to mistake it for.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	found, err := c.search(ctx, s)
	switch {
	case err != nil:
		return carriers.Finding{}, fmt.Errorf("searching infobip for a message: %w", err)
	case found != nil:
		return carriers.Finding{Verdict: carriers.Found, ID: found.ID, Receipt: *found}, nil
	case c.Now().Sub(s.At) < kept:
		return carriers.Missing(c.Now(), s.At.Add(c.Timeout+settle)), nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// search returns what the logs know of a message, nil if nothing.
func (c *Carrier) search(ctx context.Context, s carriers.Submitted) (*carriers.Receipt, error) {
	id := cmp.Or(s.ID, s.Ref)
	if id == "" {
		return nil, errors.New("there is no id to ask by")
	}
	u := *c.logs
	u.RawQuery = url.Values{"messageId": {id}}.Encode()
	a := c.HTTP.Do(ctx, carriers.Request{Method: http.MethodGet, URL: &u, Header: c.Header})
	defer a.Release()
	if err := a.Problem(); err != nil {
		return nil, err
	}
	var got struct {
		Results []result `json:"results"`
	}
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if got.Results == nil {
		return nil, errors.New("the answer has no results")
	}
	for _, r := range got.Results {
		if r.ID == id {
			found := c.receipt(r)
			found.Ref, found.Raw = s.Ref, carriers.RawPayload(a.Body)
			return &found, nil
		}
	}
	return nil, nil
}

// Check asks for the account's balance.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Ask(ctx, c.logs.JoinPath("..", "..", "..", "account", "1", "balance"), func(body []byte) string {
		var got struct {
			Balance  json.Number `json:"balance"`
			Currency string      `json:"currency"`
		}
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		return strings.TrimSpace(got.Balance.String() + " " + got.Currency)
	})
}
