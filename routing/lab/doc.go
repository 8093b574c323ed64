// Package lab measures how well the router chooses. It builds worlds of carriers with their incidents (an outage, a
// carrier that swallows messages, one that calls everything delivered), sends campaigns through them in virtual time,
// and compares the router with simpler policies, with a perfect static list, and with an oracle that knows everything
// but the dice. Nothing in it does I/O, and everything follows from seeds.
//
// Worlds come from kinds.go (thirteen kinds of trouble, a cold start, random ones), from unseen.go (kinds that were written
// after the router's parameters had been frozen) and from scenario files (market.go, script.go). engine.go lets them happen
// to a policy: smart.go is the router behind the calls that a campaign makes, baselines.go are the simpler policies, with
// the same prices, limits and queues, and oracle.go is what nobody can beat. table.go sums up; history.go estimates
// policies on a user's own past attempts.
//
// Parameters of the router were tuned on seeds 1 to 10 of the thirteen kinds, and on nothing else. Tables are made with
// seeds from 501 on; those in the README with 902 to 905, and random worlds with 901001 to 901020.
package lab
