// Package sim is carriers that reach nobody: one engine that decides what becomes of a message, and three faces on it.
//
//   - In process ([Type], [New]): a carrier of type `sim`, whose receipts come back through a session. It answers
//     polls and lookups with the truth. [Default] is the pair that the program runs with when it has no config.
//   - As a server in Twilio's language ([Serve], dialect twilio): submit, fetch, list, signed status callbacks.
//   - As a server in the language of a small JSON gateway (dialect plain), as in the config's example of a generic
//     connector.
//
// A message's fate is a function of the seed, the carrier's name and the message's reference (its number and text
// where it has none). The same message has the same luck in every run, in whatever order messages come and whatever
// phase is on: a phase moves the thresholds, never the dice. Whether a number is dead or its handset off depends on
// seed and number alone, so it is so on every carrier of the same seed.
//
// # The scenario file
//
//	seed: 7                          # of all carriers that have none of their own
//	carriers:
//	  alpha:                         # served under /alpha
//	    dialect: twilio              # base address: http://HOST/alpha
//	    account_sid: AC00000000000000000000000000000000
//	    auth_token: alpha-secret     # checked on submits, key of X-Twilio-Signature
//	    latency: lognormal(40ms, 0.4)
//	    deliver: 0.97
//	    failures:
//	      - {class: recipient_unreachable, code: "30003", share: 3}
//	      - {class: carrier_transient}
//	    receipt_delay: 200ms..2s
//	    phases:
//	      - {after: 300, for: 250, accept: 0.2, errors: [{class: throttled}, {class: carrier_transient}]}
//	      - {from: 60s, until: 90s, countries: [GB], deliver: 0.3, silent_failures: 0.9}   # a grey failure
//	      - {countries: [IE], deliver: 0.9}                                                # quality of a country
//	  delta:
//	    dialect: plain               # POST /delta/send, GET /delta/status/{id}
//	    token: delta-secret          # bearer token of submits and of receipts
//	    poll: false                  # cannot be asked
//	    lost_answers: 0.05           # taken, and the connection breaks (lost_by: hang = silence)
//	    receipt_retries: 10
//
// The keys of a carrier's behaviour are those of [Behaviour], the same in a phase and in the config of a carrier of
// type sim; those of a phase are in [Phase]. Phases count time from the first submit to any carrier of the scenario
// (in process: to this carrier), and messages by submits to the carrier. Delays are written as [ParseDelay] says.
// Under testdata/scenarios there is a file for each kind of trouble.
//
// # The truth
//
// The truth log has a JSON line for each event: time, carrier, event, and what is known of id, to, ref, class, state,
// http (the callback's status, 0 = nobody answered), error and text (a hash). Events: submit_accepted,
// submit_refused, answer_lost (taken, but the sender cannot know), submit_lost (not taken, and the sender cannot know),
// receipt_sent. The same is counted at GET /truth/summary ([Summary]); GET /truth/accepted[?carrier=NAME] lists the
// number of every message that was taken, one a line.
package sim
