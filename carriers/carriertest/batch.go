package carriertest

import (
	"fmt"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// batch submits several messages in one call: one request, one result each in their order, and of an answer that is lost
// or unreadable all are in doubt, each on its own.
func (r *run) batch(t *testing.T) {
	c, ok := r.patient(t).(carriers.BatchSubmitter)
	if !ok {
		t.Skip("messages of this type go one by one")
	}
	if c.BatchSize() > 1 {
		t.Errorf("batches of %d without batch_size in the config", c.BatchSize())
	}
	if r.Batch == nil {
		t.Fatal("the suite has no Batch")
	}
	ms := make([]carriers.Message, 3)
	for i := range ms {
		ms[i] = message()
		ms[i].Ref, ms[i].To = fmt.Sprint(Ref, i), fmt.Sprint("+44770090010", i)
	}
	results := func(what string, want carriers.Acceptance) []carriers.Result {
		t.Helper()
		got := c.SubmitBatch(t.Context(), ms)
		if n := len(r.vendor.requests()); n != 1 || len(got) != len(ms) {
			t.Fatalf("%s: %d requests and %d results for %d messages", what, n, len(got), len(ms))
		}
		for i, res := range got {
			r.hear(fmt.Sprintf("%+v", res))
			if res.Accepted != want {
				t.Errorf("%s: message %d: %+v", what, i, res)
			}
		}
		return got
	}
	r.vendor.plays(answers(200, "application/json", r.Batch(ms)))
	for i, res := range results("all taken", carriers.Yes) {
		if i > 0 && res.ID == "" {
			t.Errorf("message %d has no id", i)
		}
	}
	r.request(t, r.vendor.requests()[0], nil)
	r.vendor.plays(answers(200, "application/json", r.Batch(ms[:2])))
	got := c.SubmitBatch(t.Context(), ms)
	if got[0].Accepted != carriers.Yes || got[1].Accepted != carriers.Yes || got[2].Accepted != carriers.Unknown {
		t.Errorf("an answer that speaks of two of three: %+v", got)
	}
	r.vendor.plays(drops(true))
	results("the answer lost", carriers.Unknown)
	r.vendor.plays(answers(200, "text/html", "<html>"))
	results("garbage", carriers.Unknown)
	r.vendor.plays(answers(401, "application/json", "{}"))
	results("refused", carriers.No)
}
