package generic

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/smsctl/smsctl/carriers"
)

// call is a compiled CallConfig.
type call struct {
	method  string
	url     template
	fixed   *url.URL // the whole address if no placeholder is in it
	query   []field
	headers []field
	common  http.Header // those without placeholders
	body    func(dst []byte, value func(string) string) []byte
	parts   []template // all of them, for uses
}

// field is a name and what is put there.
type field struct {
	name string // escaped where it has to be
	template
}

// compiler turns the config into calls.
type compiler struct {
	scope
	base   string
	client *carriers.Client
}

// call compiles one request; where is its key in the config.
func (c compiler) call(where string, cfg CallConfig, method string) (call, error) {
	var out call
	var err error
	if out.method, err = methodOf(where, cfg.Method, method); err != nil {
		return out, err
	}
	if err := c.address(where, cfg, &out); err != nil {
		return out, err
	}
	contentType, err := c.body(where, cfg, &out)
	if err != nil {
		return out, err
	}
	pairs := []string{}
	if contentType != "" {
		pairs = append(pairs, "Content-Type", contentType)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Headers)) {
		key := where + ".headers." + name
		t, err := c.compile(cfg.Headers[name], escNone)
		if err == nil && t.uses("text") {
			err = errors.New("a text does not fit into a header")
		}
		if err == nil && strings.ContainsAny(cfg.Headers[name], "\r\n") {
			err = errors.New("has a line break in it")
		}
		if err != nil {
			return out, fmt.Errorf("%s: %w", key, err)
		}
		if value, ok := t.static(); ok {
			pairs = append(pairs, name, value)
			continue
		}
		out.headers = append(out.headers, field{http.CanonicalHeaderKey(name), t})
		out.parts = append(out.parts, t)
	}
	out.common = c.client.Headers(pairs...)
	return out, nil
}

// fixedHost wants the host of an address written out: no message decides where it goes.
var fixedHost = regexp.MustCompile(`^https?://[^/?#{}@]+(?:[/?]|$)`)

func (c compiler) address(where string, cfg CallConfig, out *call) (err error) {
	text := cfg.URL
	switch {
	case text == "":
		return fmt.Errorf("%s.url: is missing", where)
	case strings.HasPrefix(text, "/") && c.base == "":
		return fmt.Errorf("%s.url: %q has no host: write https://host/path, or set base_url", where, text)
	case strings.HasPrefix(text, "/"):
		text = strings.TrimSuffix(c.base, "/") + text
	}
	if !fixedHost.MatchString(text) {
		return fmt.Errorf("%s.url: is not an address: write https://host/path, with placeholders behind the host only", where)
	}
	if out.url, err = c.compile(text, escURL); err != nil {
		return fmt.Errorf("%s.url: %w", where, err)
	}
	out.parts = append(out.parts, out.url)
	if out.query, err = c.fields(where+".query", cfg.Query, out); err != nil {
		return err
	}
	sample, err := url.Parse(string(out.address(func(string) string { return "1" })))
	if err != nil || sample.Fragment != "" {
		return fmt.Errorf("%s.url: cannot be read as an address", where)
	}
	if _, static := out.url.static(); static && len(out.query) == 0 {
		out.fixed = sample
	}
	return nil
}

// address renders the URL and its query.
func (c *call) address(value func(string) string) []byte {
	b := c.url.append(make([]byte, 0, 256), value)
	sep := byte('?')
	if slices.Contains(b, '?') {
		sep = '&'
	}
	for _, f := range c.query {
		if name := f.lone(); name != "" && value(name) == "" {
			continue
		}
		b = f.append(append(append(append(b, sep), f.name...), '='), value)
		sep = '&'
	}
	return b
}

// fields compiles the members of a form or query, in the order of their names.
func (c compiler) fields(where string, members map[string]string, out *call) ([]field, error) {
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(members)) {
		t, err := c.quoted(members[name], escURL)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", where, name, err)
		}
		fields = append(fields, field{string(escURL(nil, name)), t})
		out.parts = append(out.parts, t)
	}
	return fields, nil
}

// request renders the call.
func (c *call) request(value func(string) string) (carriers.Request, error) {
	r := carriers.Request{Method: c.method, URL: c.fixed, Header: c.common}
	if r.URL == nil {
		u, err := url.Parse(string(c.address(value)))
		if err != nil {
			return r, errors.New("the address cannot be built from this message")
		}
		r.URL = u
	}
	if len(c.headers) > 0 {
		r.Header = c.common.Clone()
		for _, f := range c.headers {
			v := string(f.append(nil, value))
			if strings.ContainsFunc(v, unicode.IsControl) {
				return r, fmt.Errorf("the header %s would hold a control character", f.name)
			}
			r.Header.Set(f.name, v)
		}
	}
	if c.body != nil {
		r.Body = c.body(make([]byte, 0, 512), value)
	}
	return r, nil
}

// uses says whether the placeholder occurs anywhere in the call.
func (c *call) uses(name string) bool {
	return slices.ContainsFunc(c.parts, func(t template) bool { return t.uses(name) })
}
