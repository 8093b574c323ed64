package generic

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

const formType = "application/x-www-form-urlencoded"

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
