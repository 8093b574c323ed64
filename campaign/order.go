package campaign

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign/recipients"
)

// Order is a message that another program wants sent, by itself and not as a row of a list. Orders are collected in
// campaigns that stay open: one for each day, sender, type and group.
type Order struct {
	Campaign  int64
	Recipient Recipient
	Key       []byte // hash of the program's idempotency key; nil: it gave none
	Digest    []byte // hash of what it asks for
}

// OrderTaken is an order that is durable.
type OrderTaken struct {
	Recipient int64
	Again     bool // the key was known: nothing new was made
}

// ErrKeyUsed says that an idempotency key was given before, with something else.
var ErrKeyUsed = errors.New("the idempotency key was used for another request")

// Standing is the prefix of the identity of campaigns that collect orders.
const Standing = "orders:"

// Collects says whether a campaign collects orders: its messages have validities of their own, and it is never complete
// for good.
func (c *Campaign) Collects() bool { return strings.HasPrefix(c.Identity, Standing) }

// One makes a recipient of a single message, by the same rules as a list's rows.
func (in *Intake) One(one *Single) (Recipient, *Reject) {
	var t Tally
	its := *in
	if one.Type != Promotional {
		its.Labels = nil
	}
	r, reject := its.recipient(one.row(), &t)
	if reject == nil && r.Unlabelled && in.Strict {
		reject = in.reject(one.row(), -1, CodeTextLabel, "the text does not say what "+r.Country+" asks of promotional ones",
			"smsctl compliance show "+r.Country)
	}
	return r, reject
}

// OrderLinger is how long the runner of a campaign that collects orders waits for another one.
const OrderLinger = 5 * time.Second

// Single is a message outside of a list.
type Single struct {
	To, Text, Ref string
	Type          MessageType
}

// OrderColumns are the columns of campaigns that collect orders: failed ones can be exported and sent again as a list, with
// {{text}} for a message.
func OrderColumns() []string { return []string{"phone", "text", "ref"} }

// OrderRef is the program's own reference in the cells of an order, "" when they are not there any more.
func OrderRef(cells string) string {
	var all []string
	if json.Unmarshal([]byte(cells), &all) != nil || len(all) != len(OrderColumns()) {
		return ""
	}
	return all[2]
}

func (s *Single) row() *recipients.Row {
	return &recipients.Row{Phone: s.To, Cells: []string{s.To, s.Text, s.Ref}}
}

// ReadyText renders a row of OrderColumns: its text is ready.
type ReadyText struct{}

// Render is the text.
func (ReadyText) Render(cells []string) (string, error) { return cells[1], nil }

var _ Renderer = ReadyText{}
