package bandwidth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/smsctl/smsctl/carriers"
)

const (
	listLimit = 1 << 20 // bytes of a page of a hundred

	// settle is how long after the submit a message may be missing from the list. Bandwidth documents no figure.
	settle = 2 * time.Minute
	// skew is how far the two clocks may be apart.
	skew = 2 * time.Minute
	// kept is how far back Bandwidth searches.
	kept = 14*24*time.Hour - time.Hour
)

// list is a page of messages.
type list struct {
	TotalCount *int     `json:"totalCount"`
	Messages   []listed `json:"messages"`
}

// listed is a message of the list: without its text and tag.
type listed struct {
	ID           string `json:"messageId"`
	To           string `json:"destinationTn"`
	Status       string `json:"messageStatus"`
	ErrorCode    int    `json:"errorCode"`
	ReceiveTime  string `json:"receiveTime"`
	Length       int    `json:"messageLength"`
	SegmentCount int    `json:"segmentCount"`
}

// Poll searches the list for a message's id: there is no address of a message.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("bandwidth cannot be asked about a message without its id")
	}
	page, raw, err := c.list(ctx, url.Values{"messageId": {s.ID}})
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking bandwidth about a message: %w", err)
	}
	i := slices.IndexFunc(page.Messages, func(m listed) bool { return m.ID == s.ID && m.Status != "" })
	if i < 0 {
		return carriers.Receipt{}, errors.New("asking bandwidth about a message: the answer does not have it")
	}
	r := c.stateOf(page.Messages[i])
	r.Ref, r.Raw = s.Ref, raw
	return r, nil
}

// stateOf is the receipt that a listed message stands for.
func (c *Carrier) stateOf(m listed) carriers.Receipt {
	r := c.receipt(m.Status, m.ErrorCode, "")
	r.ID, r.To, r.Segments = m.ID, m.To, max(0, m.SegmentCount)
	return r
}

// Lookup searches the messages to the number. The list has neither text nor tag, so a message is ours only if it is the
// only one at that time and as long as our text; and it is absent only if there is none at all, long enough after.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	page, _, err := c.list(ctx, url.Values{
		"destinationTn": {s.To}, "messageDirection": {"OUTBOUND"}, "fromDateTime": {s.At.Add(-skew).UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return carriers.Finding{}, fmt.Errorf("searching bandwidth for a message: %w", err)
	}
	if page.TotalCount == nil || *page.TotalCount != len(page.Messages) {
		return carriers.Finding{Verdict: carriers.Undecided}, nil // more than a page, or not an answer at all
	}
	near := slices.DeleteFunc(page.Messages, func(m listed) bool {
		at, err := time.Parse(time.RFC3339, m.ReceiveTime)
		return err == nil && at.Sub(s.At) > c.Timeout+skew // a time that cannot be read is any time
	})
	switch {
	case len(near) == 1 && near[0].ID != "" && sameLength(near[0].Length, s.Text):
		r := c.stateOf(near[0])
		r.Ref = s.Ref
		return carriers.Finding{Verdict: carriers.Found, ID: near[0].ID, Receipt: r}, nil
	case len(near) == 0 && c.Now().Sub(s.At) < kept:
		return carriers.Missing(c.Now(), s.At.Add(c.Timeout+settle)), nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// sameLength compares with each of the ways to count: Bandwidth does not document its own.
func sameLength(n int, text string) bool {
	return n == len(text) || n == utf8.RuneCountInString(text) || n == len(utf16.Encode([]rune(text)))
}

func (c *Carrier) list(ctx context.Context, query url.Values) (page list, raw []byte, err error) {
	u := *c.messages
	u.RawQuery = query.Encode()
	a := c.HTTP.Do(ctx, carriers.Request{Method: http.MethodGet, URL: &u, Header: c.Header, Limit: listLimit})
	defer a.Release()
	if err := a.Problem(); err != nil {
		return list{}, nil, err
	}
	if err := json.Unmarshal(a.Body, &page); err != nil {
		return list{}, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return page, carriers.RawPayload(a.Body), nil
}

// Check asks for messages of an id that is none: Bandwidth has no balance to ask for.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	u := *c.messages
	u.RawQuery = url.Values{"messageId": {"none"}}.Encode()
	return c.Ask(ctx, &u, nil)
}
