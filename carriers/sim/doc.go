// Package sim is carriers that reach nobody: one engine that decides what becomes of a message, and several faces on it.
//
//   - In process ([Type], [New]): a carrier of type `sim`, whose receipts come back through a session. It answers
//     polls and lookups with the truth. [Default] is the pair that the program runs with when it has no config.
//   - As servers ([Serve]): over HTTP in the language of Twilio (submit, fetch, list, signed status callbacks), of Vonage
//     (SMS API and Reports) and of a small JSON gateway (dialect plain, as in the config's example of a generic
//     connector), and over SMPP, by the message center of package smsc.
//
// A message's fate is a function of the seed, the carrier's name and the message's reference (its number and text
// where it has none). The same message has the same luck in every run, in whatever order messages come and whatever
// phase is on: a phase moves the thresholds, never the dice. Whether a number is dead or its handset off depends on
// seed and number alone, so it is so on every carrier of the same seed.
//
// # The scenario file
//
// `smsctl help scenario` explains it. The keys of a carrier's behaviour are those of [Behaviour], the same in a phase and
// in the config of a carrier of type sim; those of a phase are in [Phase], those of a carrier of a server in [Peer].
// Phases count time from the first submit to any carrier of the scenario (in process: to this carrier), and messages by
// submits to the carrier. Delays are written as [ParseDelay] says. Under testdata/scenarios there is a file for each kind
// of trouble.
//
// # The truth
//
// The truth log has a JSON line for each event: time, carrier, event, and what is known of id, to, ref, class, state,
// http (the callback's status, 0 = nobody answered), error and text (a hash). Events: submit_accepted,
// submit_refused, answer_lost (taken, but the sender cannot know), submit_lost (not taken, and the sender cannot know),
// part_accepted (a further part of a long message: not a message), receipt_sent. Over SMPP a receipt has the status of its
// answer instead of http, and what was taken and not yet answered when the connections broke is a submit_accepted. The
// same is counted at GET /truth/summary ([Summary]); GET /truth/accepted[?carrier=NAME] lists the number of every message
// that was taken, one a line.
package sim
