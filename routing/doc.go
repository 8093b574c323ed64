// Package routing decides which carrier gets a message next, and why. It does no I/O and reads no clock: time comes
// with every call, so that a whole campaign runs in virtual time (package lab does that).
//
// # How a carrier is chosen
//
// The candidates of a message are the carriers that serve its country and type, that are neither drained nor down, and
// that have not refused this message before; those not tried yet come first. Each gets a score in money ([Candidacy]):
//
//	score = weight · value · trust · mean  −  price  −  queue  −  late
//
// value is what one delivered message is worth, mean how likely this carrier delivers in time, queue the price of
// waiting for it and of a place with it where its rate binds, late what its slowness costs. The highest score wins; if
// its carrier is busy, the message waits for it, because waiting is in the score already.
//
// # What is learned
//
//   - Quality (tree.go): discounted counts of deliveries by carrier, type, country, network, each level the prior of the
//     one below. A little noise is added, bounded to 2 % (transactional) and 5 % (promotional) of the decisions, so that
//     what is not used is still heard of. Losses show later than deliveries; learn.go keeps that from favouring whoever
//     has just been given more.
//   - How fast receipts come (curve.go), for detection and deadlines only.
//   - Outages (detect.go, scan.go, learn.go): receipts that are due and do not come raise an alarm for the carrier, or for it
//     in one country, unless nobody else's come either (hush.go): then it is we who do not hear. What was known is set
//     aside, probes ask now and then, and deliveries in a row bring it back. What was sent before it is known how fast
//     receipts come, or while we did not hear, is weighed once it is (recount.go).
//   - Routes that never send receipts, and receipts that cannot be true (route.go).
//   - What the two types of message have in common in places: the other type's trials count as well there, as far as the
//     types have been alike so far (tree.go).
//   - How much may await receipts (window.go, demand.go), what a place costs (score.go), when silence means no (silence.go).
//
// # How well
//
// Package lab measures it (make bench-routing). Of the gap between a perfect static list and an oracle the router captures
// 86 %, over 13 kinds of trouble, four seeds each that it was not tuned on; where simpler policies were tried as well it is
// 83 % against 39 % for the best of ε-greedy, Thompson sampling and a sliding window. It loses 0.7 % of the value against the
// oracle, and in a calm market at most 0.03 % against the list. Where rates bind it captures 83 %: told every true quality
// it would capture 95 %, the rest is learning. What was mended for machines that stand still was not counted again.
//
// # How it is used
//
// [Router.Choose] picks; [Router.Done] takes the submit's outcome, [Router.Await] follows what was accepted,
// [Router.Receipt] takes the final receipt, [Router.Tick] lets time pass. [Router.Why] packs a decision for the attempt's
// record and [ParseWhy] unpacks it; [Router.Explain] asks without taking. [Router.Changes] and [Router.Remember] carry what
// was learned from one campaign to the next.
package routing
