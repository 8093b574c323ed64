package carriers

import "context"

// BatchSubmitter is a carrier that can hand several messages over in one call, and whose answer says of each on its own
// what became of it. Each message keeps its own reference, by which it is found again.
type BatchSubmitter interface {
	// BatchSize is the most messages of one call, as the config's batch_size says; below 2 they go one by one.
	BatchSize() int

	// SubmitBatch hands messages over, as Submit does: each belongs to an attempt that is committed, none is sent twice,
	// and nothing is an error beside the results. There is one for each message, in their order. Of a call without a
	// readable answer every message is Unknown.
	SubmitBatch(ctx context.Context, ms []Message) []Result
}

// ForAll makes the result of a call as a whole that of each of its messages.
func ForAll(r Result, n int) []Result {
	all := make([]Result, n)
	for i := range all {
		all[i] = r
		all[i].Together = n > 1
	}
	return all
}
