// Package receipts is the HTTP listener to which carriers post their receipts, and the messages that people send to our
// numbers.
//
//	{public_url}/receipts/{carrier}/{ref}?k={mac}   a receipt of one attempt: [URL] makes the address
//	{public_url}/receipts/{carrier}                 receipts of an account, told apart by their content
//	{public_url}/inbound/{carrier}                  messages from people: [InboundURL] makes the address, with a mac
//	{public_url}/receipts/.well-known/smsctl?nonce= says who is listening: see [Probe]
//
// The mac proves that we made the address, so that a receipt finds its attempt even when the submit's answer was lost,
// and nobody can invent receipts for a carrier type that signs nothing. It does not stand in for a signature: where
// the type has one, that must hold as well. An inbound message cannot name an attempt, so its mac proves the carrier's
// address alone, and it is needed only where the type signs nothing.
//
// # What is answered, and why
//
// A 2xx is given only after the sink has committed. Everything else fails closed:
//
//	400  the adapter cannot read it, or the body broke off
//	403  wrong mac, wrong signature, no signature where there is no other proof, another attempt's reference
//	404  no such carrier, or not an address of ours
//	405  neither GET nor POST
//	408  the body came too slowly
//	413  the body is too long
//	500  the adapter broke
//	503  not committed, or too much at once: vendors come again
package receipts
