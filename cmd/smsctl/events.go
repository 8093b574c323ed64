package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// eventSchema names the shape of the lines that long-running commands print with --json.
const eventSchema = "smsctl.events/1"

// timeFormat of everything for machines: RFC 3339 in UTC with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// events writes JSON lines to stdout: hello first, summary last, a sequence number without gaps. It is safe for
// concurrent use.
type events struct {
	mu     sync.Mutex
	w      io.Writer
	now    func() time.Time
	quiet  bool
	filter *filter
	seq    int64
}

// newEvents starts a stream and writes its hello, which carries extra (say, the campaign).
func (a *app) newEvents(extra any) (*events, error) {
	e := &events{w: a.stdout, now: a.now, quiet: a.flags.quiet, filter: a.filter}
	hello, err := fieldsOf(extra)
	if err != nil {
		return nil, err
	}
	lead := fmt.Sprintf(`"schema":%q,"smsctl":%q`, eventSchema, buildVersion().Version)
	return e, e.write("hello", append([]byte(lead), hello...))
}

// emit writes one event; fields is a struct or a map. With --quiet only the summary is written.
func (e *events) emit(kind string, fields any) error {
	body, err := fieldsOf(fields)
	if err != nil {
		return err
	}
	if len(body) > 0 {
		body = body[1:]
	}
	return e.write(kind, body)
}

func (e *events) write(kind string, body []byte) error {
	if e.quiet && kind != "summary" {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq++
	line := fmt.Appendf(nil, `{"type":%q,"seq":%d,"ts":%q`, kind, e.seq, e.now().UTC().Format(timeFormat))
	if len(body) > 0 {
		line = append(append(line, ','), body...)
	}
	line = append(line, '}')
	if e.filter != nil {
		return e.filter.apply(e.w, json.RawMessage(line))
	}
	_, err := e.w.Write(append(line, '\n'))
	return err
}

// fieldsOf is the inside of v's JSON object with a comma before it, empty for nothing.
func fieldsOf(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding an event: %w", err)
	}
	if len(raw) < 2 || raw[0] != '{' {
		return nil, fmt.Errorf("an event must be an object, not %s", raw)
	}
	if inside := raw[1 : len(raw)-1]; len(inside) > 0 {
		return append([]byte{','}, inside...), nil
	}
	return nil, nil
}
