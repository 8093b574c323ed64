// Package optout is the rule of opting out: what a reply means, and which messages an entry of the opt-out list stops.
// The entries themselves are rows of the store.
//
// # What a reply means
//
// [Rules.Judge] reads a reply by the words of keywords.tsv, which is data with its sources and may be replaced by a file
// of one's own. A reply is brought to a plain form first: compatibility forms, case, accents, punctuation, emoji and
// invisible characters do not count, and a hyphen is a space.
//
//	the whole message is a keyword                      it is what the keyword says
//	at most four words, a strong keyword among them     stop ("please stop")
//	a keyword in any other message                      held for a person to review ("I have to cancel my appointment")
//	no keyword                                          an ordinary message
//
// A substring is never enough: "weekend" holds "end" and means nothing of the kind. A denial ("don't stop") makes a
// short message one for review. START counts as a whole message only, and YES is not among its words: a yes to a question
// must not subscribe anybody.
//
// # What an entry stops
//
// Any entry of a number whose scope [Target.Blocked] by it stops the message. A STOP reply stops the promotional messages
// of its brand; STOP ALL stops everything.
//
// None of this is legal advice.
package optout
