package generic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// finder finds a value in an answer or a receipt. A nil finder finds nothing.
type finder struct {
	path   []step // of JSON, or one name among the fields of a form
	header string
	re     *regexp.Regexp
}

// step goes down by a name or, where name is "", by an index.
type step struct {
	name  string
	index int
}

// maxIndex bounds what a config can ask for.
const maxIndex = 10_000

// compileFinder reads "$.a[0].b", "/regex/" or "header:Name"; "" is no finder.
func compileFinder(where, text string) (*finder, error) {
	if text == "" {
		return nil, nil
	}
	if name, ok := strings.CutPrefix(text, "header:"); ok && name != "" {
		return &finder{header: name}, nil
	}
	if len(text) > 2 && text[0] == '/' && text[len(text)-1] == '/' {
		re, err := compileRegexp(where, text[1:len(text)-1])
		if err != nil {
			return nil, err
		}
		return &finder{re: re}, nil
	}
	path, err := compilePath(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", where, text, err)
	}
	return &finder{path: path}, nil
}

func compileRegexp(where, text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return re, nil
}

var errPath = errors.New("is not a path: write $.name, $.list[0].name, /regex/ or header:Name")

// compilePath reads the small part of JSONPath that names one value: $.a, $['a b'], $[0] and so on.
func compilePath(text string) ([]step, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, errPath
	}
	var path []step
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "['"):
			name, after, ok := strings.Cut(rest[2:], "']")
			if !ok || name == "" {
				return nil, errPath
			}
			path, rest = append(path, step{name: name}), after
		case rest[0] == '[':
			digits, after, ok := strings.Cut(rest[1:], "]")
			n, err := strconv.ParseUint(digits, 10, 32)
			if !ok || err != nil || n > maxIndex {
				return nil, errPath
			}
			path, rest = append(path, step{index: int(n)}), after
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			name := rest[1 : 1+end]
			if name == "" || strings.ContainsAny(name, "]'* ") {
				return nil, errPath
			}
			path, rest = append(path, step{name: name}), rest[1+end:]
		default:
			return nil, errPath
		}
	}
	return path, nil
}

// document is what a finder searches. It is read when first asked for a path.
type document struct {
	header http.Header
	body   []byte

	read bool
	root any
}

func newDocument(h http.Header, body []byte) *document { return &document{header: h, body: body} }

// value is the JSON of the body, nil if it is none.
func (d *document) value() any {
	if d.read {
		return d.root
	}
	d.read = true
	dec := json.NewDecoder(bytes.NewReader(d.body))
	dec.UseNumber() // an id of twenty digits stays one
	if dec.Decode(&d.root) != nil {
		d.root = nil
	}
	return d.root
}

// fieldsOf makes a document's root of form fields: the first value of each.
func fieldsOf(form url.Values) map[string]any {
	root := make(map[string]any, len(form))
	for name, values := range form {
		if len(values) > 0 {
			root[name] = values[0]
		}
	}
	return root
}

// find returns a value as text; null, objects and arrays are no values.
func (f *finder) find(d *document) (string, bool) {
	switch {
	case f == nil:
		return "", false
	case f.header != "":
		v := d.header.Get(f.header)
		return v, v != ""
	case f.re != nil:
		m := f.re.FindSubmatch(d.body)
		if m == nil {
			return "", false
		}
		return string(m[min(1, len(m)-1)]), true
	}
	return textOf(walk(d.value(), f.path))
}

// walk goes down a path; nil is what it finds where there is nothing.
func walk(v any, path []step) any {
	for _, s := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[s.name]
		case []any:
			if s.name != "" || s.index >= len(x) {
				return nil
			}
			v = x[s.index]
		default:
			return nil
		}
	}
	return v
}

func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
