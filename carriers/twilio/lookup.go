package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	listPage  = 200
	listPages = 5
	listLimit = 2 << 20 // bytes of a page: a message is about 1 KB, ten times that in a bad case

	// settle is how long after the submit a message may be missing from the list. Twilio documents no figure.
	settle = 15 * time.Second
	// skew is how far the two clocks may be apart.
	skew = 2 * time.Minute
)

// list is a page of messages.
type list struct {
	Messages    []message `json:"messages"`
	NextPageURI string    `json:"next_page_uri"`
}

// Poll fetches a message by its SID.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("twilio cannot be asked about a message without its SID")
	}
	var m message
	u := *c.messages
	u.Path = strings.TrimSuffix(u.Path, ".json")
	raw, err := c.Get(ctx, u.JoinPath(s.ID+".json"), 0, &m)
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking twilio about a message: %w", err)
	}
	if m.Status == "" {
		return carriers.Receipt{}, errors.New("asking twilio about a message: the answer has no status")
	}
	r := c.stateOf(m)
	r.Ref, r.Raw = s.Ref, raw
	return r, nil
}

// stateOf is the receipt that a message resource stands for.
func (c *Carrier) stateOf(m message) carriers.Receipt {
	code := ""
	if m.ErrorCode != nil && *m.ErrorCode != 0 {
		code = strconv.Itoa(*m.ErrorCode)
	}
	r := c.Receipt(m.Status, code)
	r.ID, r.To, r.Segments = m.SID, m.To, segments(m.NumSegments)
	return r
}

// Lookup searches the messages to the number for the text. Twilio stores nothing of ours that could be searched by, so
// the proof is made of three things: one message with this very text at that time is ours; two or more cannot be told
// apart; and none is proof of absence only if the whole list was read, long enough after the submit, with nothing else
// to that number at that time which might be our text rewritten (redaction, smart encoding). The list is not filtered
// by DateSent or From: a message that is still queued has no date, and a messaging service picks the sender.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	var near, others int
	var found message
	complete, err := c.each(ctx, s.To, func(m message) {
		if m.Direction == "inbound" {
			return
		}
		switch when := c.when(m, s.At); {
		case when == atThatTime && m.Body == s.Text:
			near++
			found = m
		case when == atThatTime, when == thatDay && m.Body == s.Text:
			others++
		}
	})
	switch {
	case err != nil:
		return carriers.Finding{}, fmt.Errorf("searching twilio for a message: %w", err)
	case near == 1:
		r := c.stateOf(found)
		r.Ref = s.Ref
		return carriers.Finding{Verdict: carriers.Found, ID: found.SID, Receipt: r}, nil
	case near == 0 && others == 0 && complete:
		return carriers.Missing(c.Now(), s.At.Add(c.Timeout+settle)), nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// The distances of a listed message from the submit in question.
const (
	another = iota
	thatDay
	atThatTime
)

// when judges by date_created, the time at which Twilio took the message. A date that cannot be read is any time.
func (c *Carrier) when(m message, at time.Time) int {
	created, err := time.Parse(time.RFC1123Z, m.DateCreated)
	if err != nil {
		return atThatTime
	}
	switch since := created.Sub(at); {
	case since >= -skew && since <= c.Timeout+skew:
		return atThatTime
	case since.Abs() <= 24*time.Hour:
		return thatDay
	}
	return another
}

// each calls visit for every message to a number and says whether it saw all of them.
func (c *Carrier) each(ctx context.Context, to string, visit func(message)) (complete bool, err error) {
	u := *c.messages
	u.RawQuery = url.Values{"To": {to}, "PageSize": {strconv.Itoa(listPage)}}.Encode()
	for range listPages {
		var page list
		if _, err := c.Get(ctx, &u, listLimit, &page); err != nil {
			return false, err
		}
		if page.Messages == nil {
			return false, errors.New("the answer has no messages")
		}
		for _, m := range page.Messages {
			visit(m)
		}
		if page.NextPageURI == "" {
			return true, nil
		}
		next, err := url.Parse(page.NextPageURI)
		if err != nil {
			return false, fmt.Errorf("reading next_page_uri: %w", err)
		}
		u.RawQuery = next.RawQuery // the path is known, and credentials go to no other host
	}
	return false, nil
}

// Check asks for the account's balance.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	u := *c.messages
	u.Path = strings.TrimSuffix(u.Path, "Messages.json") + "Balance.json"
	return c.Ask(ctx, &u, func(body []byte) string {
		var got struct{ Balance, Currency string }
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		return strings.TrimSpace(got.Balance + " " + got.Currency)
	})
}
