// Package campaign is the domain of smsctl: one message to the people of one list, and what becomes of each of them.
//
// # Life of a recipient
//
// A recipient row moves left to right through the packages, and every step is a committed state in the database.
//
//	#  where                       what                                                      durable after it
//	1  cmd/smsctl runSend          flags to options; opens store and carriers; calls the rest  -
//	2  campaign/recipients         CSV to Row, or RowError                                     -
//	3  Intake                      normalise, opt-out, render, segments; in parallel           recipients, rejects
//	4  feeder <- store.Fresh       pages of due recipients, retries first; those never tried
//	                               in blocks spread over the list (blocks.go)                  -
//	5  dispatch -> worker          router.Choose, store.Begin, carrier.Submit (or one call
//	                               for several messages: batch.go), decide                     the attempt, before the request
//	6  store.Record                the outcome                                                 attempt, recipient
//	7  carriers/receipts           verify, parse, store.ApplyReceipts, then 2xx; of what
//	                               people write, a STOP is an opt-out first                    receipts, states raised; opt-outs
//	8  watch                       receipts teach the router, and are asked for where none can
//	                               be pushed (pull.go); none in time, and it is likely lost:
//	                               poll, failover or hold                                      queued again, with the reason
//	9  campaign/report             sums                                                        -
//
// Intake decides rows = invalid + duplicate + opted_out + eligible. Every eligible recipient is then in exactly one
// [State]:
//
//	queued       may be sent to when its moment has come
//	sending      an attempt is committed; the call may be under way
//	awaiting     a carrier took it; no final receipt yet
//	no_receipt   the receipt deadline passed, and no re-route was due or allowed
//	undelivered  a final receipt says so
//	delivered    a receipt of any of its attempts says so
//	failed       no carrier may or would take it
//	expired      its validity ended before it could be sent
//	unknown      a submit's outcome is not known
//	cancelled    the campaign was cancelled first
//	suppressed   an opt-out came after intake, or a frequency cap does not allow it in its validity
//
// What may follow what is the table in state.go, and a CHECK in the database. Two sums hold in every output
// ([Counts.Laws]):
//
//	eligible = queued + sending + accepted + failed + expired + unknown + cancelled + suppressed
//	accepted = delivered + undelivered + awaiting + no_receipt
//
// # The promise
//
// An attempt is committed before the call, an outcome and a receipt before they are acknowledged. What a crash leaves
// in doubt is what was under way, at most the carriers' windows; those attempts are ambiguous when the campaign is
// taken up again. A promotional message of unknown outcome is held; a transactional one is looked up first and goes to
// the next carrier after the deadline. Only proof of non-acceptance lets a message be sent again without doubt:
// policy.go is the one place that decides.
//
// # A run
//
// [Runner.Run] owns its goroutines and returns when all have ended:
//
//	feeder    reads due recipients ahead
//	dispatch  knows every message in hand; gives each to a worker when a carrier is free for it
//	worker    begins, submits, records; as many as the carriers' windows hold
//	watch     follows receipts, their deadlines, and submits whose outcome is not known
//	control   keeps the lease and brings what people want (pause, rate, drain), four times a second
//
// Nothing calls back: they speak by channels and through the database. Stop order is data order.
package campaign
