package sinch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	// maxBatch is how many numbers Sinch takes in one batch.
	maxBatch = 1000
	// maxValue is how many characters a parameter of a batch may have.
	maxValue = 160
	// batchMark stands before the client_reference of a batch for several: the reference of its first message follows.
	batchMark = "batch."
)

// BatchSize is batch_size, within what Sinch takes. Without signed callbacks messages go one by one: the receipts of a
// batch share an address, which then proves nothing.
func (c *Carrier) BatchSize() int {
	if len(c.secret) == 0 {
		return 1
	}
	return min(c.Info().Common.BatchSize, maxBatch)
}

// SubmitBatch creates a batch for several. What Sinch has but once for a batch, sender and end, must be the same for all
// its messages: those that differ go in batches of their own. A batch is taken or refused as a whole; what becomes of each
// number the receipts say, which name batch and number. That pair is the id of a message.
func (c *Carrier) SubmitBatch(ctx context.Context, ms []carriers.Message) []carriers.Result {
	results := make([]carriers.Result, len(ms))
	for _, group := range c.groups(ms) {
		if len(group) == 1 {
			results[group[0]] = c.Submit(ctx, ms[group[0]])
			continue
		}
		together := make([]carriers.Message, len(group))
		for i, at := range group {
			together[i] = ms[at]
		}
		r, got := c.create(ctx, c.common(together))
		for i, one := range carriers.ForAll(r, len(group)) {
			switch to := together[i].To; {
			case got.ID == "":
			case got.has(to):
				one.ID = partID(got.ID, to)
			default:
				one = carriers.Ambiguous("batch", r.Status, "the batch that Sinch made has not this number")
			}
			results[group[i]] = one
		}
	}
	return results
}

// groups are the positions of messages that may share a batch, in their order. A number stands in a batch once.
func (c *Carrier) groups(ms []carriers.Message) (groups [][]int) {
	byKey, seen := map[string]int{}, map[string]int{}
	for i, m := range ms {
		seen[m.To]++
		key := fmt.Sprint(cmp.Or(m.From, c.From), "\x00", m.Validity.Round(time.Minute), len(pieces(m.Text)), m.ReceiptURL != "", seen[m.To])
		at, known := byKey[key]
		if !known {
			at = len(groups)
			byKey[key], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], i)
	}
	return groups
}

// common is the batch of several messages. Their texts are parameters of it, in pieces, as a parameter is short; that the
// pieces are not searched for placeholders themselves is not confirmed.
func (c *Carrier) common(ms []carriers.Message) batch {
	first := ms[0]
	for _, m := range ms[1:] {
		first.Validity = min(first.Validity, m.Validity) // they differ by less than a minute
	}
	first.ReceiptURL = c.address
	b := c.batch(first)
	b.To, b.Reference = make([]string, len(ms)), batchMark+ms[0].Ref
	same := true
	for i, m := range ms {
		b.To[i] = m.To
		same = same && m.Text == first.Text
	}
	if same {
		return b
	}
	b.Body, b.Parameters = "", map[string]map[string]string{}
	for _, m := range ms {
		for i, piece := range pieces(m.Text) {
			name := "t" + strconv.Itoa(i)
			if b.Parameters[name] == nil {
				b.Parameters[name] = map[string]string{}
				b.Body += "${" + name + "}"
			}
			b.Parameters[name][m.To] = piece
		}
	}
	return b
}

// pieces cuts a text into parameters. A character beyond the basic plane counts twice.
func pieces(text string) (all []string) {
	start, n := 0, 0
	for at, r := range text {
		size := 1
		if r > 0xffff {
			size = 2
		}
		if n+size > maxValue {
			all = append(all, text[start:at])
			start, n = at, 0
		}
		n += size
	}
	return append(all, text[start:])
}

// placeholder is one of a batch's body.
var placeholder = regexp.MustCompile(`\$\{([^{}]*)\}`)

// textFor is what a batch says to a number, by its parameters.
func (b *created) textFor(number string) string {
	return placeholder.ReplaceAllStringFunc(b.Body, func(found string) string {
		values := b.Parameters[found[2:len(found)-1]]
		for _, key := range []string{number, strings.TrimPrefix(number, "+"), "default"} {
			if value, ok := values[key]; ok {
				return value
			}
		}
		return found
	})
}

// has says whether a number is in the batch; Sinch may leave its plus out.
func (b *created) has(number string) bool {
	return slices.Contains(b.To, number) || slices.Contains(b.To, strings.TrimPrefix(number, "+"))
}

// partID is the id of one message of a batch, and takeApart reads it: a batch for one alone has no number in it.
func partID(id, number string) string { return id + "/" + strings.TrimPrefix(number, "+") }

func takeApart(id string) string {
	id, _, _ = strings.Cut(id, "/")
	return id
}

// inBatches searches the batches of the time of a submit for a message that may have gone with others. There is no
// reference of its own to search by: a batch of ours that says this very text to this number at that time is the one.
// complete says that all of them were seen.
func (c *Carrier) inBatches(ctx context.Context, s carriers.Submitted) (id string, complete bool, err error) {
	for page := range listPages {
		u := *c.batches
		u.RawQuery = strings.Join([]string{
			"page=" + strconv.Itoa(page), "page_size=" + strconv.Itoa(listPage),
			"start_date=" + s.At.Add(-batchSkew).UTC().Format(timeFormat), "end_date=" + s.At.Add(c.Timeout+batchSkew).UTC().Format(timeFormat),
		}, "&")
		var got list
		if _, err := c.Get(ctx, &u, listLimit, &got); err != nil {
			return "", false, fmt.Errorf("searching sinch for a batch: %w", err)
		}
		for i := range got.Batches {
			b := &got.Batches[i]
			if strings.HasPrefix(b.Reference, batchMark) && b.has(s.To) && b.textFor(s.To) == s.Text && b.ID != "" {
				return partID(b.ID, s.To), true, nil
			}
		}
		if got.Count == nil {
			return "", false, nil
		}
		if (page+1)*listPage >= *got.Count {
			return "", true, nil
		}
	}
	return "", false, nil
}

// create hands a batch over, and returns it as Sinch has made it, or nothing if it was not taken for certain.
func (c *Carrier) create(ctx context.Context, b batch) (r carriers.Result, got created) {
	body, err := json.Marshal(b)
	if err != nil {
		return carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the message cannot be written as JSON"), created{}
	}
	a := c.Post(ctx, c.batches, body)
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r, created{}
	}
	if !a.OK() {
		var f fault
		_ = json.Unmarshal(a.Body, &f) // 401 and 429 have no such body, and then the status decides
		return a.Refused(c.Codes, f.Code, f.Text), created{}
	}
	if r, failed := a.Decode(&got); failed {
		return r, created{}
	}
	if got.ID == "" {
		return a.Unreadable("the answer has no id"), created{}
	}
	return carriers.Accept(got.ID, a.StatusLine()), got
}
