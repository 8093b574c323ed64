package vonage

import (
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
	reportLimit = 2 << 20         // bytes of an answer: a record has about 600
	skew        = 2 * time.Minute // how far the two clocks may be apart
)

// records is an answer of the Reports API.
type records struct {
	Records []record `json:"records"`
}

// record is what Reports knows of a message or, with the SMS API, of a part.
type record struct {
	ID        string `json:"message_id"`
	ClientRef string `json:"client_ref"`
	To        string `json:"to"`
	Status    string `json:"status"`
	Code      string `json:"error_code"`
	Words     string `json:"error_code_description"`
}

// Poll asks Reports for all parts of a message at once.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" {
		return carriers.Receipt{}, errors.New("vonage cannot be asked about a message without its id")
	}
	found, raw, err := c.ask(ctx, url.Values{"id": {s.ID}})
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking vonage about a message: %w", err)
	}
	if len(found) == 0 {
		return carriers.Receipt{}, errors.New("asking vonage about a message: it has no report yet")
	}
	r := c.together(found, strings.Count(s.ID, ",")+1)
	r.Ref, r.ID, r.Raw = s.Ref, s.ID, raw
	return r, nil
}

// Lookup searches what went to the number at that time for our reference. Found is certain. Absence never is: how long
// a message takes to come into a report is not documented.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	end := s.At.Add(c.Timeout + skew)
	if now := c.Now(); end.After(now) {
		end = now // it must not lie in the future
	}
	all, raw, err := c.ask(ctx, url.Values{
		"to": {digits(s.To)}, "date_start": {s.At.Add(-skew).UTC().Format(time.RFC3339)}, "date_end": {end.UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return carriers.Finding{}, fmt.Errorf("searching vonage for a message: %w", err)
	}
	var ours []record
	var ids []string
	for _, rec := range all {
		if rec.ClientRef == s.Ref && rec.ID != "" {
			ours, ids = append(ours, rec), append(ids, rec.ID)
		}
	}
	if len(ours) == 0 {
		return carriers.Finding{Verdict: carriers.Undecided}, nil
	}
	r := c.together(ours, len(ours))
	r.Ref, r.ID, r.Raw = s.Ref, strings.Join(ids, ","), raw
	return carriers.Finding{Verdict: carriers.Found, ID: r.ID, Receipt: r}, nil
}

// together is the state of a message of which these are the reported parts: a failure of one is a failure of all, and
// otherwise it is as far as its slowest part.
func (c *Carrier) together(parts []record, want int) carriers.Receipt {
	var slowest carriers.Receipt
	for i, part := range parts {
		code := part.Code
		if c.api == apiSMS {
			code = errCode(code)
		} else if code == "0" {
			code = ""
		}
		r := c.receipt(part.Status, code)
		if r.Detail == "" && r.Class != carriers.ClassNone {
			r.Detail = c.HTTP.Redact(part.Words)
		}
		r.To = number(part.To)
		switch {
		case r.State.Final() && r.State != carriers.ReceiptDelivered:
			return r
		case i == 0 || r.State.Rank() < slowest.State.Rank():
			slowest = r
		}
	}
	if len(parts) < want && slowest.State == carriers.ReceiptDelivered {
		slowest.State = carriers.ReceiptSent
	}
	return slowest
}

// ask calls Reports. It is a product of its own: an account without it is refused, and nothing is learned.
func (c *Carrier) ask(ctx context.Context, query url.Values) (found []record, raw []byte, err error) {
	if c.basic == "" {
		return nil, nil, errors.New("the Reports API wants api_secret, which is not set")
	}
	query.Set("account_id", c.account)
	query.Set("direction", "outbound")
	query.Set("product", strings.ToUpper(c.api))
	u := *c.reports
	u.RawQuery = query.Encode()
	a := c.HTTP.Do(ctx, carriers.Request{Method: http.MethodGet, URL: &u, Header: c.jsonHeader(c.basic), Limit: reportLimit})
	defer a.Release()
	if err := a.Problem(); err != nil {
		return nil, nil, err
	}
	var got records
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return got.Records, carriers.RawPayload(a.Body), nil
}

// Check asks for the account's balance, with key and secret, whichever API sends. An application has none to ask for.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	if c.basic == "" {
		return carriers.Standing{}, errors.New("the balance is asked for with api_secret, which is not set")
	}
	a := c.HTTP.Do(ctx, carriers.Request{Method: http.MethodGet, URL: c.balance, Header: c.jsonHeader(c.basic)})
	return c.Asked(a, func(body []byte) string {
		var got struct {
			Value json.Number `json:"value"`
		}
		_ = json.Unmarshal(body, &got) // that it answered is what counts
		if got.Value == "" {
			return ""
		}
		return got.Value.String() + " EUR" // Vonage counts in it
	})
}
