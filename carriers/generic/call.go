package generic

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/smsctl/smsctl/carriers"
)

const formType = "application/x-www-form-urlencoded"

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

// body compiles the body and says its type.
func (c compiler) body(where string, cfg CallConfig, out *call) (contentType string, err error) {
	kinds := 0
	for _, set := range []bool{cfg.JSON != nil, cfg.Form != nil, cfg.Body != ""} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return "", fmt.Errorf("%s: has several of json, form and body: keep one", where)
	case kinds == 1 && out.method == http.MethodGet:
		return "", fmt.Errorf("%s: a GET has no body: use query, or another method", where)
	case cfg.JSON != nil:
		n, err := c.node(where+".json", cfg.JSON, out)
		if err != nil {
			return "", err
		}
		out.body = n.append
		return "application/json", nil
	case cfg.Form != nil:
		fields, err := c.fields(where+".form", cfg.Form, out)
		if err != nil {
			return "", err
		}
		out.body = func(dst []byte, value func(string) string) []byte { return appendForm(dst, fields, value) }
		return formType, nil
	case cfg.Body != "":
		esc, err := escapeFor(cfg.ContentType)
		if err != nil {
			return "", fmt.Errorf("%s.content_type: %w", where, err)
		}
		t, err := c.compile(cfg.Body, esc)
		if err != nil {
			return "", fmt.Errorf("%s.body: %w", where, err)
		}
		out.parts = append(out.parts, t)
		out.body = t.append
		return cfg.ContentType, nil
	}
	return "", nil
}

func appendForm(dst []byte, fields []field, value func(string) string) []byte {
	for _, f := range fields {
		if name := f.lone(); name != "" && value(name) == "" {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, '&')
		}
		dst = f.append(append(append(dst, f.name...), '='), value)
	}
	return dst
}

// escapeFor chooses the escaping of a written-out body.
func escapeFor(contentType string) (escape, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q does not say how to escape the body: write application/json, text/xml, %s or text/plain", contentType, formType)
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return escJSON, nil
	case kind == "text/xml" || kind == "application/xml" || strings.HasSuffix(kind, "+xml"):
		return escXML, nil
	case kind == formType:
		return escURL, nil
	case kind == "text/plain":
		return escNone, nil
	}
	return nil, fmt.Errorf("%q is not known: write application/json, text/xml, %s or text/plain", contentType, formType)
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

// node is a JSON value with placeholders in its strings.
type node struct {
	raw     string   // a number, true, false, null
	members []member // of an object
	items   []node   // of an array
	text    template
	kind    byte // r, o, a, t
}

type member struct {
	name string // quoted
	node
}

func (c compiler) node(where string, v any, out *call) (node, error) {
	switch v := v.(type) {
	case string:
		t, err := c.quoted(v, escJSON)
		if err != nil {
			return node{}, fmt.Errorf("%s: %w", where, err)
		}
		out.parts = append(out.parts, t)
		return node{kind: 't', text: t}, nil
	case map[string]any:
		n := node{kind: 'o'}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			child, err := c.node(where+"."+name, v[name], out)
			if err != nil {
				return node{}, err
			}
			n.members = append(n.members, member{`"` + string(escJSON(nil, name)) + `":`, child})
		}
		return n, nil
	case []any:
		n := node{kind: 'a'}
		for i, item := range v {
			child, err := c.node(fmt.Sprintf("%s[%d]", where, i), item, out)
			if err != nil {
				return node{}, err
			}
			n.items = append(n.items, child)
		}
		return n, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return node{}, fmt.Errorf("%s: %w", where, err)
	}
	return node{kind: 'r', raw: string(raw)}, nil
}

// append renders the value. A lone {{segments}} or {{validity_s}} is a number.
func (n node) append(dst []byte, value func(string) string) []byte {
	switch n.kind {
	case 'o':
		dst = append(dst, '{')
		first := true
		for _, m := range n.members {
			if name := m.text.lone(); m.kind == 't' && name != "" && value(name) == "" {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = m.append(append(dst, m.name...), value)
		}
		return append(dst, '}')
	case 'a':
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.append(dst, value)
		}
		return append(dst, ']')
	case 't':
		if name := n.text.lone(); (name == "segments" || name == "validity_s") && value(name) != "" {
			return append(dst, value(name)...)
		}
		return append(n.text.append(append(dst, '"'), value), '"')
	}
	return append(dst, n.raw...)
}
