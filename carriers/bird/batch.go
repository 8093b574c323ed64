package bird

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/smsctl/smsctl/carriers"
)

// BatchSize is batch_size, within what Bird takes.
func (c *Carrier) BatchSize() int { return min(c.Info().Common.BatchSize, maxBatch) }

// SubmitBatch creates messages that have nothing to do with each other in one call. Bird validates all before it queues
// any, so a refusal is of all; its answer has an entry for each, with an id of its own, in the order of the request.
// Tags, by which a message is found again, and metadata, by which receipts name it, are each message's own.
func (c *Carrier) SubmitBatch(ctx context.Context, ms []carriers.Message) []carriers.Result {
	if len(ms) == 1 {
		return []carriers.Result{c.Submit(ctx, ms[0])}
	}
	all := make([]request, len(ms))
	for i, m := range ms {
		all[i] = c.request(m)
	}
	body, err := json.Marshal(all)
	if err != nil {
		return carriers.ForAll(carriers.Refuse(carriers.ClassRequestInvalid, "", "", "the messages cannot be written as JSON"), len(ms))
	}
	// A message that goes alone later has its reference for a key: the key of the call must be another.
	a := c.post(ctx, c.batches, "batch-"+ms[0].Ref, body)
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return carriers.ForAll(r, len(ms))
	}
	if !a.OK() {
		return carriers.ForAll(c.refused(a), len(ms))
	}
	var got struct {
		Data []message `json:"data"`
	}
	if r, failed := a.Decode(&got); failed {
		return carriers.ForAll(r, len(ms))
	}
	results := make([]carriers.Result, len(ms))
	for i, m := range ms {
		results[i] = c.judge(a, entry(got.Data, i, m, len(ms)))
	}
	return results
}

// entry is what an answer says of the message at a place. An entry that has tags names its message by them; one without
// is taken by its place, if the answer is whole and the number is the right one. What it does not speak of is in doubt.
func entry(data []message, at int, m carriers.Message, of int) message {
	for _, got := range data {
		if slices.Contains(got.Tags, tag{refKey, m.Ref}) {
			return got
		}
	}
	if len(data) == of && len(data[at].Tags) == 0 && data[at].To == m.To {
		return data[at]
	}
	return message{}
}
