package receipts

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/smsctl/smsctl/carriers"
)

// refusal is an answer other than what the vendor wants to hear.
type refusal struct {
	status int
	why    string // to the client and the log: says nothing that an attacker does not know
	count  *count
}

// Handler is the listener's address space, for a server of one's own: its limits of time are then that server's.
func (l *Listener) Handler() http.Handler { return http.HandlerFunc(l.serve) }

func (l *Listener) serve(w http.ResponseWriter, r *http.Request) {
	path := l.public.strip(r.URL.EscapedPath())
	if path == prefix+wellKnown {
		l.identify(w, r)
		return
	}
	l.stats.requests.Add(1)
	name, ref, ok := cut(path)
	rc, known := l.receivers[name]
	if !ok || !known {
		l.refuse(w, r, name, &refusal{http.StatusNotFound, "no such carrier", &l.stats.unknown})
		return
	}
	reply, refused := l.take(w, r, name, rc, path, ref)
	if refused != nil {
		l.refuse(w, r, name, refused)
		return
	}
	if reply.ContentType != "" {
		w.Header().Set("Content-Type", reply.ContentType)
	}
	w.WriteHeader(or(reply.Status, http.StatusNoContent))
	if reply.Body != "" {
		_, _ = io.WriteString(w, reply.Body) // the vendor left: the receipts are safe all the same
	}
}

// take verifies a request, reads its receipts and commits them.
func (l *Listener) take(w http.ResponseWriter, r *http.Request, name string, rc receiver, path, ref string) (carriers.Reply, *refusal) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		return carriers.Reply{}, &refusal{http.StatusMethodNotAllowed, "only GET and POST", &l.stats.method}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return carriers.Reply{}, &refusal{http.StatusBadRequest, "the query cannot be read", &l.stats.payload}
	}
	switch {
	case ref != "" && !holds(l.key, "receipt", name, ref, query.Get("k")):
		return carriers.Reply{}, &refusal{http.StatusForbidden, "the address is not one of ours", &l.stats.mac}
	case ref == "" && !rc.signed && !l.unsigned:
		return carriers.Reply{}, &refusal{http.StatusForbidden, "neither a signature nor an address of ours", &l.stats.unsigned}
	}
	body, refused := l.read(w, r)
	if refused != nil {
		return carriers.Reply{}, refused
	}
	// A place is taken only now, when nothing depends on the sender any more: slow bodies cannot use the places up.
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	default:
		return carriers.Reply{}, &refusal{http.StatusServiceUnavailable, "too much at once", &l.stats.busy}
	}
	return l.commit(r, name, rc, carriers.Callback{
		Method: r.Method, URL: l.public.seen(path, r.URL), Query: query, Header: r.Header, Body: body, Ref: ref,
		ReceivedAt: l.now(),
	})
}

// seen is the address as the carrier knows it.
func (p public) seen(path string, u *url.URL) string {
	if u.RawQuery == "" && !u.ForceQuery {
		return p.base + path
	}
	return p.base + path + "?" + u.RawQuery
}

// read reads the body within its limits.
func (l *Listener) read(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLarge := &refusal{http.StatusRequestEntityTooLarge, "the body is too long", &l.stats.tooLarge}
	if r.ContentLength > l.limits.Body {
		w.Header().Set("Connection", "close") // nobody reads the rest of it
		return nil, tooLarge
	}
	var b []byte
	var err error
	if r.ContentLength >= 0 {
		b = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, b)
	} else {
		b, err = io.ReadAll(http.MaxBytesReader(w, r.Body, l.limits.Body))
	}
	var most *http.MaxBytesError
	switch {
	case err == nil:
		return b, nil
	case errors.As(err, &most):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &refusal{http.StatusRequestTimeout, "the body came too slowly", &l.stats.tooSlow}
	}
	return nil, &refusal{http.StatusBadRequest, "the body broke off", &l.stats.payload}
}

// commit runs the adapter and the sink. Whatever they do, the listener goes on.
func (l *Listener) commit(r *http.Request, name string, rc receiver, c carriers.Callback) (reply carriers.Reply, refused *refusal) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("receipt adapter broke", "carrier", name, "panic", p, "stack", string(debug.Stack()))
			refused = &refusal{http.StatusInternalServerError, "internal error", &l.stats.broken}
		}
	}()
	rs, reply, err := rc.Receipts(c)
	switch {
	case errors.Is(err, carriers.ErrSignature):
		return reply, &refusal{http.StatusForbidden, "the signature does not hold", &l.stats.signature}
	case errors.Is(err, carriers.ErrPayload):
		return reply, &refusal{http.StatusBadRequest, "the payload cannot be read", &l.stats.payload}
	case err != nil:
		l.log.Error("receipt adapter failed", "carrier", name, "error", err)
		return reply, &refusal{http.StatusInternalServerError, "internal error", &l.stats.broken}
	}
	for i := range rs {
		if rs[i].Ref == "" {
			rs[i].Ref = c.Ref
		}
		if c.Ref != "" && !rc.signed && rs[i].Ref != c.Ref {
			return reply, &refusal{http.StatusForbidden, "a receipt of another message", &l.stats.mismatch}
		}
	}
	if len(rs) == 0 {
		return reply, nil
	}
	// The vendor's hanging up must not undo a commit; a database that stands still must not hold the vendor for ever.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), l.limits.Commit)
	defer cancel()
	if err := l.sink.ApplyReceipts(ctx, name, Via, rs); err != nil {
		l.complain.Do(func() {
			l.log.Error("receipts were not committed, the carrier will come again", "carrier", name, "error", err)
		})
		return reply, &refusal{http.StatusServiceUnavailable, "not committed", &l.stats.sink}
	}
	l.stats.receipts.Add(int64(len(rs)))
	return reply, nil
}

// retryAfter is what a 503 asks for, in seconds.
const retryAfter = 2

func (l *Listener) refuse(w http.ResponseWriter, r *http.Request, name string, why *refusal) {
	why.count.Add(1)
	l.complain.Do(func() {
		// The name is the stranger's own word unless it is a carrier's: slog quotes it, and it is cut.
		l.log.Warn("receipt request refused", "carrier", name[:min(len(name), 64)], "status", why.status, "reason", why.why,
			"remote", r.RemoteAddr)
	})
	if why.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	http.Error(w, why.why, why.status)
}
