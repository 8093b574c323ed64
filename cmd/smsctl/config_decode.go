package main

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
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

// problem is one fault of the config file.
type problem struct {
	Code    string   `json:"code"`
	Key     string   `json:"key"`
	Message string   `json:"message"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Column  int      `json:"column"`
	Source  string   `json:"source"` // the line, without values that may be secret
	Hint    string   `json:"hint"`
	Valid   []string `json:"valid,omitempty"`
}

func (p problem) Error() string {
	if p.Line == 0 {
		return p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// problems is an error of all that is wrong at once.
type problems []problem

func (ps problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "; ")
}

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

// at describes a fault at a node's place.
func (f *configFile) at(node ast.Node, code, key, message string) problem {
	p := problem{Code: code, Key: key, Message: message, File: f.path, Hint: "smsctl help configuration"}
	if node != nil && node.GetToken() != nil && node.GetToken().Position != nil {
		p.Line, p.Column = node.GetToken().Position.Line, node.GetToken().Position.Column
		p.Source = f.excerpt(p.Line)
	}
	return p
}

// problem describes a fault of a key that was decoded already.
func (f *configFile) problem(code, key, message string) problem {
	if f == nil {
		return problem{Code: code, Key: key, Message: message}
	}
	for k := key; k != ""; k = k[:max(strings.LastIndexByte(k, '.'), 0)] {
		if node, ok := f.places[k]; ok {
			return f.at(node, code, key, message)
		}
	}
	return problem{Code: code, Key: key, Message: message, File: f.path}
}

func (f *configFile) unknownKey(node ast.Node, parent, name string, valid []string) problem {
	message := fmt.Sprintf("unknown key %q", name)
	if parent != "" {
		message += " in " + parent
	}
	p := f.at(node, "config.unknown_key", strings.TrimPrefix(parent+"."+name, "."), message)
	p.Valid = valid
	p.Hint = "known here: " + strings.Join(valid, ", ")
	if near := nearest(name, valid); near != "" {
		p.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	p.Source = f.keyOnly(p.Line) // not its value: this may be a misspelt auth_token
	return p
}

var (
	secretWords = regexp.MustCompile(`(?i)secret|token|passw|api_?key|auth|credential|private|signature|bearer|\bkeys?\b|://[^/@\s]*@`)
	keyOfLine   = regexp.MustCompile(`^["'\w.*-]+\s*:`)
)

// excerpt is one line of the file for an error, without what may be a secret.
func (f *configFile) excerpt(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	text := strings.TrimSpace(f.lines[line-1])
	if secretWords.MatchString(text) || slices.ContainsFunc(f.enclosing(line), secretWords.MatchString) {
		return f.keyOnly(line)
	}
	return text
}

// keyOnly is a line without its value: "auth_token: …".
func (f *configFile) keyOnly(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	return keyOfLine.FindString(strings.TrimSpace(f.lines[line-1])) + " …"
}

// enclosing are the lines above a line that have less indentation, each less than the one before: its parents.
func (f *configFile) enclosing(line int) []string {
	indentation := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	var parents []string
	indent := indentation(f.lines[line-1])
	for i := line - 2; i >= 0 && indent > 0; i-- {
		if l := f.lines[i]; strings.TrimSpace(l) != "" && indentation(l) < indent {
			parents = append(parents, l)
			indent = indentation(l)
		}
	}
	return parents
}
