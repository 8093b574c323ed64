package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// The decoder of the YAML library stops at the first fault, reads `from: +1500` as a number, and cannot say where a
// value stood that refused itself. So a walk over the file's tree against the Go type comes first: it finds all
// unknown keys and bad values with their places, and turns scalars that belong into strings back into their text.
// What is left then fits, and the library fills the struct.

// decode checks node against the type of into and fills it. key is where node stands in the file.
func (f *configFile) decode(node ast.Node, key string, into any) problems {
	w, t := walk{file: f}, reflect.TypeOf(into).Elem()
	w.value(node, t, key)
	if len(w.found) > 0 {
		return w.found
	}
	if err := yaml.NodeToValue(asText(node, t), into, yaml.Strict()); err != nil {
		return problems{f.at(node, "config.bad_value", key, libraryMessage(err))}
	}
	return nil
}

// libraryMessage is the library's error without its source excerpt, which could show a secret.
func libraryMessage(err error) string {
	if y, ok := err.(yaml.Error); ok { //nolint:errorlint // the library does not wrap
		return y.GetMessage()
	}
	return oneLine(err.Error())
}

type walk struct {
	file  *configFile
	found problems
}

func (w *walk) complain(node ast.Node, key, format string, args ...any) {
	w.found = append(w.found, w.file.at(node, "config.bad_value", key, fmt.Sprintf(format, args...)))
}

// value checks node against t.
func (w *walk) value(node ast.Node, t reflect.Type, key string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if _, isNull := node.(*ast.NullNode); isNull || opaque(t) {
		return
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		w.text(node, t, key)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		w.structure(node, t, key)
	case reflect.Map:
		if w.isA(node, key, "a mapping", ast.MappingType, ast.MappingValueType) {
			mapping, _ := asMapping(node)
			for _, kv := range mapping {
				w.entry(kv, t.Elem(), key+"."+keyText(kv))
			}
		}
	case reflect.Slice:
		if w.isA(node, key, "a list", ast.SequenceType) {
			sequence := node.(*ast.SequenceNode) // its type was just checked
			for i, v := range sequence.Values {
				w.value(v, t.Elem(), fmt.Sprintf("%s[%d]", key, i))
				sequence.Values[i] = asText(v, t.Elem())
			}
		}
	case reflect.Bool:
		w.isA(node, key, "true or false", ast.BoolType)
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64:
		w.isA(node, key, "a whole number", ast.IntegerType)
	case reflect.Float64:
		w.isA(node, key, "a number", ast.IntegerType, ast.FloatType)
	case reflect.String:
		w.isA(node, key, "a text", scalars()...)
	}
}

// entry checks the value of one key, and keeps text as text.
func (w *walk) entry(kv *ast.MappingValueNode, t reflect.Type, key string) {
	w.value(kv.Value, t, key)
	kv.Value = asText(kv.Value, t)
}

func (w *walk) structure(node ast.Node, t reflect.Type, key string) {
	if !w.isA(node, key, "a mapping", ast.MappingType, ast.MappingValueType) {
		return
	}
	fields := yamlFields(t)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	mapping, _ := asMapping(node)
	for _, kv := range mapping {
		name := keyText(kv)
		i := slices.Index(names, name)
		if i < 0 {
			w.found = append(w.found, w.file.unknownKey(kv.Key, key, name, names))
			continue
		}
		w.entry(kv, fields[i].typ, strings.TrimPrefix(key+"."+name, "."))
	}
}

// text lets the type itself judge the scalar, so that its complaint gets a place.
func (w *walk) text(node ast.Node, t reflect.Type, key string) {
	if !w.isA(node, key, "a single value", scalars()...) {
		return
	}
	value := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	if err := value.UnmarshalText([]byte(scalarText(node))); err != nil {
		w.complain(node, key, "%s: %s", lastKey(key), oneLine(err.Error()))
	}
}

func (w *walk) isA(node ast.Node, key, want string, types ...ast.NodeType) bool {
	if slices.Contains(types, node.Type()) {
		return true
	}
	w.complain(node, key, "%s must be %s", lastKey(key), want)
	return false
}

func scalars() []ast.NodeType {
	return []ast.NodeType{ast.StringType, ast.LiteralType, ast.IntegerType, ast.FloatType, ast.BoolType, ast.InfinityType, ast.NanType}
}

// opaque types decode themselves or take anything.
func opaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Interface ||
		p.Implements(reflect.TypeFor[yaml.InterfaceUnmarshaler]()) || p.Implements(reflect.TypeFor[yaml.BytesUnmarshaler]()) ||
		p.Implements(reflect.TypeFor[yaml.NodeUnmarshaler]())
}

// asText is node as a string node when it goes into a text and YAML would read it as something else: an unquoted
// +15005550006 or 0123 is a phone number and a password, not an integer.
func asText(node ast.Node, t reflect.Type) ast.Node {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	wantsText := t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	if !wantsText || opaque(t) {
		return node
	}
	switch node.Type() {
	case ast.IntegerType, ast.FloatType, ast.BoolType, ast.InfinityType, ast.NanType:
		value := scalarText(node)
		return ast.String(token.DoubleQuote(value, strconv.Quote(value), node.GetToken().Position))
	}
	return node
}

// yamlField is a key that a struct knows.
type yamlField struct {
	name  string
	typ   reflect.Type
	index []int
}

// yamlFields lists the keys of a struct, those of inlined structs among them.
func yamlFields(t reflect.Type) []yamlField {
	var fields []yamlField
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			for _, inner := range yamlFields(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
		case name != "" && name != "-":
			fields = append(fields, yamlField{name, f.Type, []int{i}})
		}
	}
	return fields
}

// asMapping are the entries of a mapping; the library has two kinds of node for it.
func asMapping(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// keyText is the key of an entry as it was written, without quotes.
func keyText(kv *ast.MappingValueNode) string {
	if s, ok := kv.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return kv.Key.GetToken().Value
}

// scalarText is a scalar as it was written, without quotes.
func scalarText(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case nil, *ast.NullNode:
		return ""
	}
	return node.GetToken().Value
}

func lastKey(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
