// Package routing decides which carrier gets a message next, and why. It does no I/O and reads no clock: time comes
// with every call, so that a whole campaign can run in virtual time.
//
// # How a carrier is chosen
//
// The candidates of a message are the carriers that serve its country and type, that are not drained, and that have
// not refused this message, its sender or its country before. They are asked in the order of the config's weights,
// those that this message has not tried first. The first one whose breaker is closed, whose window has room and whose
// rate allows it gets the message. If none is free now, the answer says when to ask again; if there is none at all,
// that the message has no route.
package routing
