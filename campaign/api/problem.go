package api

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// Problem is an error as the caller gets it: application/problem+json (RFC 9457) with a stable code.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Field  string `json:"field,omitempty"` // of the request
	Fix    string `json:"hint,omitempty"`

	after time.Duration
}

// Error is its title.
func (p *Problem) Error() string { return p.Title }

func problem(status int, code, title string) *Problem {
	return &Problem{Status: status, Code: code, Title: title}
}

// Refuse makes a problem of what the program says about a request.
func Refuse(status int, code, title, hint string) *Problem {
	return problem(status, code, title).hint(hint)
}

func (p *Problem) hint(text string) *Problem { p.Fix = text; return p }

func (p *Problem) in(field string) *Problem { p.Field = field; return p }

// busy asks the caller to come again.
func busy(title string, after time.Duration) *Problem {
	p := problem(http.StatusTooManyRequests, "busy", title).hint("come again after Retry-After, with the same Idempotency-Key")
	p.after = after
	return p
}

// explain makes a problem of any error. What is not the caller's fault is logged, and told without its details.
func (s *Server) explain(err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, campaign.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "there is none of that id")
	case errors.Is(err, campaign.ErrKeyUsed):
		return problem(http.StatusUnprocessableEntity, "idempotency_key.used", err.Error()).hint("use a new key for each new message")
	case errors.Is(err, campaign.ErrOptedOut):
		return problem(http.StatusUnprocessableEntity, campaign.CodeOptedOut, "the number is on the opt-out list").in("to").hint("smsctl optout explain NUMBER")
	}
	s.Log.Error("a request failed", "error", err)
	p = problem(http.StatusServiceUnavailable, "unavailable", "the request could not be made durable").hint("come again with the same Idempotency-Key")
	p.after = 5 * time.Second
	return p
}

type answer struct {
	status int
	body   any
}

// write answers with JSON.
func write(w http.ResponseWriter, v any) {
	a, ok := v.(answer)
	if !ok {
		p := v.(*Problem)
		a = answer{p.Status, p}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if p, ok := a.body.(*Problem); ok {
		h.Set("Content-Type", "application/problem+json")
		if p.after > 0 {
			h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.after.Seconds()))))
		}
	}
	b, err := json.Marshal(a.body)
	if err != nil { // our own types: it cannot be
		a.status, b = http.StatusInternalServerError, []byte(`{}`)
	}
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(a.status)
	_, _ = w.Write(append(b, '\n')) // who asked may have gone
}
