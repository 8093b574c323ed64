// Package windows says when somebody may be written to: in a window of a person's choice, in the hours that a country or a
// state allows to promotional messages, by the clock of whoever gets the message.
//
// A [Gate] is all of that for one place: it is open when every clause is, in every zone that the place may be in. [Gates]
// finds the gate of a number; numbers of one place share it, and it remembers until when its answer holds, so that asking
// once more costs a comparison.
//
// Everything is reckoned on instants. A local time of day is only ever read from an instant, never turned into one, but for
// [Local], which says so when a change of the clocks makes that impossible.
//
// None of it knows a database, a carrier or the program's flags. The rules of countries are those of package rules.
package windows
