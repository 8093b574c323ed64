// Package lab measures how well the router chooses. It builds worlds of carriers with their incidents (an outage, a
// carrier that swallows messages, one that calls everything delivered), sends campaigns through them in virtual time,
// and compares the router with simpler policies, with a perfect static list, and with an oracle that knows everything
// but the dice. Nothing in it does I/O, and everything follows from seeds.
package lab
