package plivo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	listPage  = 20 // Plivo's own ceiling
	listPages = 5
	timeForm  = "2006-01-02 15:04:05"

	// settle is how long after the submit a message may be missing from the list. Plivo documents no figure.
	settle = 2 * time.Minute
	// skew is how far the two clocks may be apart.
	skew = 2 * time.Minute
)

// message is the part of Plivo's message resource that counts here. It has no text.
type message struct {
	ID        string      `json:"message_uuid"`
	State     string      `json:"message_state"`
	Direction string      `json:"message_direction"`
	From      string      `json:"from_number"`
	To        string      `json:"to_number"`
	Time      string      `json:"message_time"`
	Code      string      `json:"error_code"`
	Units     json.Number `json:"units"`
}

// list is a page of messages.
type list struct {
	Objects []message `json:"objects"`
	Meta    struct {
		Next string `json:"next"`
	} `json:"meta"`
}

// Poll fetches a message by its id.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("plivo cannot be asked about a message without its id")
	}
	var m message
	raw, err := c.Get(ctx, c.messages.JoinPath(s.ID, "/"), 0, &m)
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking plivo about a message: %w", err)
	}
	if m.State == "" {
		return carriers.Receipt{}, errors.New("asking plivo about a message: the answer has no message_state")
	}
	r := c.stateOf(m)
	r.ID, r.Ref, r.Raw = s.ID, s.Ref, raw
	return r, nil
}

// stateOf is the receipt that a message resource stands for.
func (c *Carrier) stateOf(m message) carriers.Receipt {
	r := c.receipt(m.State, m.Code)
	r.ID, r.To, r.Segments = m.ID, number(m.To), units(m.Units.String())
	return r
}

// Lookup searches the messages to the number. Plivo shows neither a text nor anything else of ours. So one outbound
// message to the number at that time, from the sender if that is known, is ours; two or more cannot be told apart; and
// none is proof of absence, long enough after the submit. Either only if the whole list was read.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	var near, others int
	var found message
	from := digits(cmp.Or(s.From, c.From))
	complete, err := c.each(ctx, s, func(m message) {
		switch {
		case m.Direction == "inbound" || digits(m.To) != digits(s.To) || !c.atThatTime(m, s.At):
		case from != "" && digits(m.From) != from:
			others++ // Plivo may have replaced the sender, as some countries want it
		default:
			near++
			found = m
		}
	})
	switch {
	case err != nil:
		return carriers.Finding{}, fmt.Errorf("searching plivo for a message: %w", err)
	case near == 1 && complete && found.ID != "":
		r := c.stateOf(found)
		r.Ref = s.Ref
		return carriers.Finding{Verdict: carriers.Found, ID: found.ID, Receipt: r}, nil
	case near == 0 && others == 0 && complete:
		return carriers.Missing(c.Now(), s.At.Add(c.Timeout+settle)), nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// atThatTime judges by message_time, at which Plivo took the message. A time that cannot be read is any time.
func (c *Carrier) atThatTime(m message, at time.Time) bool {
	taken, err := time.Parse(timeForm+"-07:00", m.Time)
	if err != nil {
		if taken, err = time.Parse(timeForm, m.Time); err != nil {
			return true
		}
	}
	since := taken.Sub(at)
	return since >= -skew && since <= c.Timeout+skew
}

// each calls visit for every message to the number since the submit and says whether it saw all of them.
func (c *Carrier) each(ctx context.Context, s carriers.Submitted, visit func(message)) (complete bool, err error) {
	u := *c.messages
	for page := range listPages {
		u.RawQuery = url.Values{
			"to_number": {s.To}, "message_time__gte": {s.At.Add(-skew).UTC().Format(timeForm)},
			"limit": {strconv.Itoa(listPage)}, "offset": {strconv.Itoa(page * listPage)},
		}.Encode()
		var l list
		if _, err := c.Get(ctx, &u, 0, &l); err != nil {
			return false, err
		}
		if l.Objects == nil {
			return false, errors.New("the answer has no objects")
		}
		for _, m := range l.Objects {
			visit(m)
		}
		if l.Meta.Next == "" {
			return true, nil
		}
	}
	return false, nil
}

// Check asks for the account's credit.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Ask(ctx, c.messages.JoinPath("..", "/"), func(body []byte) string {
		var got struct {
			Credit string `json:"cash_credits"`
		}
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		return got.Credit
	})
}
