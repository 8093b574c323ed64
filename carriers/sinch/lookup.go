package sinch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	// settle is how long after the submit a batch may be missing from the list. Sinch documents no figure.
	settle = 30 * time.Second
	// skew is how far the two clocks may be apart.
	skew = 10 * time.Minute
	// kept is how long Sinch lists a batch.
	kept = 14*24*time.Hour - skew
	// batchSkew is the same for batches that are searched by time alone: a narrow window keeps them few.
	batchSkew = 2 * time.Minute

	listPage  = 100 // Sinch's most
	listPages = 20
	listLimit = 8 << 20 // bytes of a page: a batch of 1000 numbers with texts of their own is 200 KB
)

// list is a page of batches.
type list struct {
	Count   *int      `json:"count"`
	Batches []created `json:"batches"`
}

// Poll fetches the delivery report of the number in its batch.
func (c *Carrier) Poll(ctx context.Context, s carriers.Submitted) (carriers.Receipt, error) {
	if s.ID == "" || s.To == "" {
		return carriers.Receipt{}, errors.New("sinch cannot be asked about a message without its batch and number")
	}
	var got report
	raw, err := c.Get(ctx, c.batches.JoinPath(takeApart(s.ID), "delivery_report", s.To), 0, &got)
	if err != nil {
		return carriers.Receipt{}, fmt.Errorf("asking sinch about a message: %w", err)
	}
	if got.Status == "" {
		return carriers.Receipt{}, errors.New("asking sinch about a message: the answer has no status")
	}
	r := c.receipt(got)
	r.Ref, r.ID, r.Raw = s.Ref, s.ID, raw
	return r, nil
}

// Lookup searches the batches for our reference. An empty list is proof of absence once the submit has surely ended and
// the list has caught up, as long as Sinch still lists batches of that time.
func (c *Carrier) Lookup(ctx context.Context, s carriers.Submitted) (carriers.Finding, error) {
	if s.ID != "" {
		return carriers.Known(ctx, c, s)
	}
	u := *c.batches
	u.RawQuery = url.Values{
		"client_reference": {s.Ref}, "start_date": {s.At.Add(-skew).UTC().Format(timeFormat)}, "page_size": {"10"},
	}.Encode()
	var page list
	if _, err := c.Get(ctx, &u, 0, &page); err != nil {
		return carriers.Finding{}, fmt.Errorf("searching sinch for a message: %w", err)
	}
	for _, b := range page.Batches {
		if b.ID != "" && b.Reference == s.Ref {
			return carriers.Finding{Verdict: carriers.Found, ID: b.ID}, nil
		}
	}
	empty := page.Count != nil && *page.Count == 0 && len(page.Batches) == 0
	if c.BatchSize() > 1 {
		id, complete, err := c.inBatches(ctx, s)
		switch {
		case err != nil:
			return carriers.Finding{}, err
		case id != "":
			return carriers.Finding{Verdict: carriers.Found, ID: id}, nil
		}
		empty = empty && complete
	}
	if empty && c.Now().Sub(s.At) < kept {
		return carriers.Missing(c.Now(), s.At.Add(c.Timeout+settle)), nil
	}
	return carriers.Finding{Verdict: carriers.Undecided}, nil
}

// Check asks for a page of batches: Sinch has no balance to ask for.
func (c *Carrier) Check(ctx context.Context) (carriers.Standing, error) {
	u := *c.batches
	u.RawQuery = "page_size=1"
	return c.Ask(ctx, &u, nil)
}
