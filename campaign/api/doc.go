// Package api is the service's way in for other programs, over HTTP:
//
//	POST /v1/messages        one message; GET /v1/messages/{id} is what became of it
//	POST /v1/campaigns       a list as CSV, for one message; GET /v1/campaigns/{id}
//	GET  /v1/openapi.json    the contract, as OpenAPI 3
//
// A 2xx is given only after the commit: what was answered with one is sent, whatever dies. An Idempotency-Key makes a
// request repeatable: the same key with the same request makes nothing new, with another it is refused. Whoever sends
// faster than messages leave is told 429 with a Retry-After.
//
// The package knows HTTP and the contract. What it needs of the program are three small interfaces.
package api
