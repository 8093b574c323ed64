package clicksend

import (
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
	listLimit = 1 << 20 // bytes of a page of a hundred
	// skew is how far the two clocks may be apart.
	skew = 5 * time.Minute
)

// page is a page of the history.
type page struct {
	Rows []receipt `json:"data"`
}

// Poll asks for a message's receipt. As long as there is none ClickSend answers 404, and nothing is learned.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("clicksend cannot be asked about a message without its id")
	}
	var got envelope[receipt]
	raw, err := c.Get(ctx, c.sms.JoinPath("receipts", s.ID), listLimit, &got)
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking clicksend for a receipt: %w", err)
	}
	if got.Data.StatusCode == "" {
		return carriers.Receipt{}, errors.New("asking clicksend for a receipt: the answer has no status_code")
	}
	r := c.receipt(got.Data)
	r.Ref, r.ID, r.Raw = s.Ref, s.ID, raw
	return r, nil
}

// Lookup searches the history of the number for our reference, by which it cannot be searched. That a message is not
// there proves nothing: ClickSend documents neither when a message appears in its history nor that it always does.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	u := c.sms.JoinPath("history")
	u.RawQuery = url.Values{
		"q": {"to:" + s.To}, "date_from": {strconv.FormatInt(s.At.Add(-skew).Unix(), 10)}, "order_by": {"date:asc"}, "limit": {"100"},
	}.Encode()
	var got envelope[page]
	if _, err := c.Get(ctx, u, listLimit, &got); err != nil {
		return carriers.Finding{}, fmt.Errorf("searching clicksend for a message: %w", err)
	}
	for _, row := range got.Data.Rows {
		if row.ID == "" || s.Ref == "" || string(row.CustomString) != s.Ref || row.Direction == "in" {
			continue
		}
		found := carriers.Finding{Verdict: carriers.Found, ID: string(row.ID)}
		if _, known := c.State(string(row.StatusCode)); known { // null as long as there is no receipt
			found.Receipt = c.receipt(row)
		}
		return found, nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// Check asks for the account's balance.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	return c.Ask(ctx, c.sms.JoinPath("..", "account"), func(body []byte) string {
		var got envelope[struct {
			Balance text `json:"balance"`
		}]
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		return string(got.Data.Balance)
	})
}
