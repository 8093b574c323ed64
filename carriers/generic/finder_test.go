package generic

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// plainly finds as encoding/json does, the slow way.
func plainly(body []byte, path []step) (string, bool) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return "", false
	}
	for _, s := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[s.name]
		case []any:
			if s.name != "" || s.index >= len(x) {
				return "", false
			}
			v = x[s.index]
		default:
			return "", false
		}
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return map[bool]string{true: "true", false: "false"}[v], true
	}
	return "", false
}

// awkward are names and words that a path's or JSON's own characters are in.
var awkward = []string{"id", "a.b", "*", "a b", "@this", "#", "!x", "k\\", `say "so"`, "ключ", "{", "[0]", "a|b", "~x", ":1", "status"}

// value is any JSON value, deep enough.
func value(depth int) *rapid.Generator[any] {
	word := rapid.Map(rapid.SampledFrom(awkward), func(s string) any { return s })
	kinds := []*rapid.Generator[any]{
		word, rapid.Just[any](nil), rapid.Just[any](true),
		rapid.Map(rapid.Uint64(), func(n uint64) any { return n }), rapid.Map(rapid.String(), func(s string) any { return s }),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.Map(rapid.MapOfN(rapid.SampledFrom(awkward), value(depth-1), 0, 5), func(m map[string]any) any { return m }),
			rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []any) any { return l }))
	}
	return rapid.OneOf(kinds...)
}

// TestFinderAgreesWithEncodingJSON: the fast way finds what the plain one finds, whatever the names are.
func TestFinderAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(value(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		var path []step
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "index") {
				path = append(path, step{index: rapid.IntRange(0, 3).Draw(t, "at")})
			} else {
				path = append(path, step{name: rapid.SampledFrom(awkward).Draw(t, "name")})
			}
		}
		f := &finder{path: path, query: queryOf(path)}
		got, ok := f.find(newDocument(nil, body))
		want, wanted := plainly(body, path)
		if got != want || ok != wanted {
			t.Errorf("%s at %q: %q, %v; want %q, %v", body, f.query, got, ok, want, wanted)
		}
	})
}

func TestFinderAtTheEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, body, want string
		found            bool
	}{
		{"$.id", `{"id":12345678901234567890}`, "12345678901234567890", true},
		{"$.id", `{"id":"a"} trailing words`, "a", true},
		{"$.id", `{"id":"a"`, "", false},
		{"$.id", `{"id":null}`, "", false},
		{"$.id", `{"id":{"id":"a"}}`, "", false},
		{"$.id", "{\"id\":\"\xff\"}", "\uFFFD", true},
		{"$", `"whole"`, "whole", true},
		{"$[1].x", `[{"x":1},{"x":-2.50}]`, "-2.50", true},
		{"$['a.b']", `{"a":{"b":"deep"},"a.b":"flat"}`, "flat", true},
		{"$.id", ``, "", false},
		{"$.id", "null", "", false},
	} {
		f, err := compileFinder("test", c.path)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.find(newDocument(nil, []byte(c.body))); got != c.want || ok != c.found {
			t.Errorf("%s in %q: %q, %v; want %q, %v", c.path, c.body, got, ok, c.want, c.found)
		}
	}
}
