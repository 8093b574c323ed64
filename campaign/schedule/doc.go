// Package schedule says when a campaign that repeats is due, and what becomes of a run that was not on time.
//
// It is arithmetic: cron.go turns an expression into local times, clock.go turns those into instants under the policy
// below, due.go decides what a look at the clock starts and what it has missed. The clock is given, rows live in store,
// and whoever looks at the clock (`schedule run --due`, `serve`) lives in cmd/smsctl.
//
// # When the clocks change
//
// An expression without a star or a step in its minutes and hours names times of the day. One of them that a day does not
// have is run at the first instant after the gap; one that a day has twice is run once, at its first occurrence. Every
// other expression counts elapsed time: what the gap swallows is not run, and the hour that comes twice is run twice.
// It is the rule of Vixie's cron, and the one of npm's croner with fixedTimeRule "no-wildcard", which judges it
// (testdata/schedule).
//
// # Once
//
// A run is named by its [Slot], the local time at which it is due. A schedule has each slot once: the database says so
// (UNIQUE), whatever the clock, its zone's rules or a second process do.
package schedule
