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
	to, ok := cut(path)
	rc, known := l.receivers[to.carrier]
	if !ok || !known || to.inbound && (rc.InboundReceiver == nil || l.inbound == nil) || !to.inbound && rc.Receiver == nil {
		l.refuse(w, r, to.carrier, &refusal{http.StatusNotFound, "no such carrier", &l.stats.unknown})
		return
	}
	reply, refused := l.take(w, r, rc, path, to)
	if refused != nil {
		l.refuse(w, r, to.carrier, refused)
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

// take verifies a request, reads what it brings and commits that.
func (l *Listener) take(w http.ResponseWriter, r *http.Request, rc receiver, path string, to route) (carriers.Reply, *refusal) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		return carriers.Reply{}, &refusal{http.StatusMethodNotAllowed, "only GET and POST", &l.stats.method}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return carriers.Reply{}, &refusal{http.StatusBadRequest, "the query cannot be read", &l.stats.payload}
	}
	if refused := l.ours(rc, to, query.Get("k")); refused != nil {
		return carriers.Reply{}, refused
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
	return l.commit(r, rc, to, carriers.Callback{
		Method: r.Method, URL: l.public.seen(path, r.URL), Query: query, Header: r.Header, Body: body, Ref: to.ref,
		ReceivedAt: l.now(),
	})
}

// ours refuses an address whose mac is wrong, or that proves nothing where the content proves nothing either.
func (l *Listener) ours(rc receiver, to route, mac string) *refusal {
	wrong := &refusal{http.StatusForbidden, "the address is not one of ours", &l.stats.mac}
	unproved := &refusal{http.StatusForbidden, "neither a signature nor an address of ours", &l.stats.unsigned}
	switch {
	case to.inbound && mac != "":
		if !l.key.holds("inbound", to.carrier, "", mac) {
			return wrong
		}
	case to.inbound:
		if !rc.signedInbound && !l.unsigned {
			return unproved
		}
	case to.ref != "":
		if !l.key.holds("receipt", to.carrier, to.ref, mac) {
			return wrong
		}
	case !rc.signed && !l.unsigned:
		return unproved
	}
	return nil
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
func (l *Listener) commit(r *http.Request, rc receiver, to route, c carriers.Callback) (reply carriers.Reply, refused *refusal) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("receipt adapter broke", "carrier", to.carrier, "panic", p, "stack", string(debug.Stack()))
			refused = &refusal{http.StatusInternalServerError, "internal error", &l.stats.broken}
		}
	}()
	reply, read, refused := l.parse(rc, to, c)
	if refused != nil || read.count() == 0 {
		return reply, refused
	}
	// The vendor's hanging up must not undo a commit; a database that stands still must not hold the vendor for ever.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), l.limits.Commit)
	defer cancel()
	var err error
	if len(read.inbound) > 0 {
		err = l.inbound.TakeInbound(ctx, to.carrier, read.inbound)
	} else {
		err = l.sink.ApplyReceipts(ctx, to.carrier, Via, read.receipts)
	}
	if err != nil {
		l.complain.Do(func() {
			l.log.Error("receipts were not committed, the carrier will come again", "carrier", to.carrier, "inbound", len(read.inbound) > 0, "error", err)
		})
		return reply, &refusal{http.StatusServiceUnavailable, "not committed", &l.stats.sink}
	}
	l.stats.receipts.Add(int64(len(read.receipts)))
	l.stats.heard.Add(int64(len(read.inbound)))
	return reply, nil
}

// content is what a request brings: one or the other.
type content struct {
	receipts []carriers.Receipt
	inbound  []carriers.Inbound
}

func (c content) count() int { return len(c.receipts) + len(c.inbound) }

// parse has the adapter read the request. Some vendors have one address for everything: where both kinds are signed, an
// address takes the other kind too.
func (l *Listener) parse(rc receiver, to route, c carriers.Callback) (reply carriers.Reply, read content, refused *refusal) {
	either := rc.signed && rc.signedInbound && to.ref == "" && rc.Receiver != nil && rc.InboundReceiver != nil && l.inbound != nil
	var err error
	if to.inbound {
		read.inbound, reply, err = rc.Inbound(c)
	} else {
		read.receipts, reply, err = rc.Receipts(c)
	}
	if either && errors.Is(err, carriers.ErrPayload) && !errors.Is(err, carriers.ErrSignature) {
		var other error
		if to.inbound {
			read.receipts, reply, other = rc.Receipts(c)
		} else {
			read.inbound, reply, other = rc.Inbound(c)
		}
		if other == nil {
			err = nil
		}
	}
	if err != nil {
		return carriers.Reply{}, content{}, l.unread(to.carrier, err)
	}
	for i := range read.receipts {
		rs := read.receipts
		if rs[i].Ref == "" {
			rs[i].Ref = c.Ref
		}
		if c.Ref != "" && !rc.signed && rs[i].Ref != c.Ref {
			return reply, content{}, &refusal{http.StatusForbidden, "a receipt of another message", &l.stats.mismatch}
		}
	}
	return reply, read, nil
}

// unread is the answer to what the adapter refuses.
func (l *Listener) unread(name string, err error) *refusal {
	switch {
	case errors.Is(err, carriers.ErrSignature):
		return &refusal{http.StatusForbidden, "the signature does not hold", &l.stats.signature}
	case errors.Is(err, carriers.ErrPayload):
		return &refusal{http.StatusBadRequest, "the payload cannot be read", &l.stats.payload}
	}
	l.log.Error("receipt adapter failed", "carrier", name, "error", err)
	return &refusal{http.StatusInternalServerError, "internal error", &l.stats.broken}
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
