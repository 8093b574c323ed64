// Package carriers is the contract between smsctl and the companies that carry its messages.
//
// A carrier is a configured account ("twilio-main") of a type ("twilio"). Each type lives in a folder of its own
// below this package and is the only code that knows its vendor; everything to the right of it sees a [Carrier], a
// [Result] and a [Receipt].
//
// # How to add a carrier
//
//  1. carriers/<type>/: <type>.go in the order package doc with the vendor's links, Config, wire structs, New, Submit,
//     receipts, poll, helpers; codes.tsv (code, class, note, source) embedded. New is a call of [Open], which reads and
//     checks the config, and the carrier embeds the [Account] that it builds: that has Info and Close, the one
//     [Client] for HTTP, the table of codes and the vendor's words, both overridable in the config (`codes:`,
//     `states:`). [Client.Do] says what is proved when a call fails, [Answer.Failed] and [Answer.Refused] make a
//     [Result] of it, [Account.Receipt] makes a [Receipt] of a word and a code.
//  2. carriers/<type>/<type>_test.go: one call of carriertest.Run with recorded payloads of testdata/carriers/<type>,
//     and the checks of carriertest that are about config and tables.
//  3. One line in carriers/all.
//
// # The one question that matters
//
// After a submit there is one question: has the carrier taken the message? [Result.Accepted] answers Yes, No or
// Unknown, and No needs proof: nothing was written to the wire, or the vendor documents that this answer means
// refused. Everything else is Unknown, because a message resent by mistake cannot be taken back.
package carriers
