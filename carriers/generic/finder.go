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

	"github.com/tidwall/gjson"
)

// finder finds a value in an answer or a receipt. A nil finder finds nothing.
type finder struct {
	path   []step // of JSON, or one name among the fields of a form
	query  string // path, as gjson writes it
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
	return &finder{path: path, query: queryOf(path)}, nil
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

// queryOf writes a path as gjson reads it.
func queryOf(path []step) string {
	words := make([]string, len(path))
	for i, s := range path {
		if words[i] = gjson.Escape(s.name); s.name == "" {
			words[i] = strconv.Itoa(s.index)
		}
	}
	return strings.Join(words, ".")
}

// document is what a finder searches: JSON, or the fields of a form. Its JSON is checked when first asked for a path.
type document struct {
	header http.Header
	body   []byte

	read bool
	json string // one whole value, "" if there is none
	form url.Values
}

func newDocument(h http.Header, body []byte) *document { return &document{header: h, body: body} }

// value is the JSON value that the body begins with, "" if that is none.
func (d *document) value() string {
	if d.read {
		return d.json
	}
	d.read = true
	if gjson.ValidBytes(d.body) {
		d.json = string(d.body)
		return d.json
	}
	var first json.RawMessage // something may follow it
	if json.NewDecoder(bytes.NewReader(d.body)).Decode(&first) == nil {
		d.json = string(first)
	}
	return d.json
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
	case d.form != nil:
		if len(f.path) == 1 && f.path[0].name != "" && d.form.Has(f.path[0].name) {
			return d.form.Get(f.path[0].name), true
		}
		return "", false
	}
	return textOf(f.at(d.value()))
}

// at is what stands at the path in one JSON value.
func (f *finder) at(value string) gjson.Result {
	if f.query == "" {
		return gjson.Parse(value)
	}
	return gjson.Get(value, f.query)
}

// textOf writes a number as it stands: an id of twenty digits stays one.
func textOf(v gjson.Result) (string, bool) {
	switch v.Type {
	case gjson.String:
		return strings.ToValidUTF8(v.Str, "\uFFFD"), true
	case gjson.Number, gjson.True, gjson.False:
		return v.Raw, true
	}
	return "", false
}
