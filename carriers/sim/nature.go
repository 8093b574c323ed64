package sim

import "time"

// What the laboratory of package routing needs to play a carrier in virtual time.

// Check refuses what cannot be meant.
func (m Model) Check() error { return m.check() }

// Settled is the behaviour outside all phases, with the defaults filled in.
func (m Model) Settled() Behaviour { return m.over(defaults()) }

// Quantile is the delay that a share u of all delays stays below.
func (d Delay) Quantile(u float64) time.Duration { return d.at(u) }
