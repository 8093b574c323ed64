package main

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/smsctl/smsctl/carriers"
)

// setting is one value of the config in force, as it may be shown: a secret is its reference, a literal secret is
// redacted.
type setting struct {
	path    []string
	Value   any
	Origin  string
	literal string // the literal secret behind a redacted value
}

func (s setting) key() string { return strings.Join(s.path, ".") }

// settings lists every value in force, in the order of the contract.
func (c *config) settings() []setting { return c.settingsOf(nil) }

// settingsOf knows the keys of carrier types too, which tell a secret from a text.
func (c *config) settingsOf(types []carriers.Type) []setting {
	l := lister{cfg: c}
	v := reflect.ValueOf(c).Elem()
	for _, field := range yamlFields(v.Type()) {
		if field.name == "carriers" {
			for _, e := range c.Carriers {
				l.node(e.node, configType(types, e), []string{"carriers", e.Name})
			}
			continue
		}
		l.value(v.FieldByIndex(field.index), []string{field.name})
	}
	return l.settings
}

// configType is the Go type into which a carrier's type decodes its part of the config, nil when it is not known.
func configType(types []carriers.Type, e carrierEntry) reflect.Type {
	typ, ok := typeNamed(types, e.Type)
	if !ok {
		return nil
	}
	var found reflect.Type
	asked := errors.New("only asked for the type")
	_, _ = typ.New(e.Name, func(into any) error { // it ends with asked, or with a fault that config validate reports
		found = reflect.TypeOf(into).Elem()
		return asked
	}, carriers.Env{})
	return found
}

type lister struct {
	cfg      *config
	settings []setting
}

func (l *lister) add(path []string, value any, literal string) {
	s := setting{path: append([]string(nil), path...), Value: value, literal: literal, Origin: "default"}
	if origin, ok := l.cfg.origins[s.key()]; ok {
		s.Origin = origin
	}
	l.settings = append(l.settings, s)
}

// value lists what was decoded.
func (l *lister) value(v reflect.Value, path []string) {
	if secret, ok := v.Interface().(carriers.Secret); ok {
		shown, literal := showSecret(string(secret))
		l.add(path, shown, literal)
		return
	}
	if list, ok := v.Interface().(secretList); ok {
		for i, secret := range list {
			l.value(reflect.ValueOf(secret), append(path, strconv.Itoa(i)))
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			l.add(path, nil, "")
			return
		}
		v = v.Elem()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		if text, err := m.MarshalText(); err == nil {
			l.add(path, tidyDuration(string(text)), "")
			return
		}
	}
	if s, ok := v.Interface().(fmt.Stringer); ok {
		l.add(path, s.String(), "")
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range yamlFields(v.Type()) {
			l.value(v.FieldByIndex(field.index), append(path, field.name))
		}
	case reflect.String:
		l.add(path, redactURL(v.String()), "")
	default:
		l.add(path, v.Interface(), "")
	}
}

// tidyDuration drops the zeros that time.Duration prints: 72h0m0s is 72h. Other texts do not end so.
func tidyDuration(text string) string {
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// yamlText is a tree as YAML, ended by a line break.
func yamlText(tree yaml.MapSlice) (string, error) {
	text, err := yaml.Marshal(tree)
	if err != nil {
		return "", fmt.Errorf("writing the config as YAML: %w", err)
	}
	return strings.TrimRight(string(text), "\n") + "\n", nil
}

// node lists a part of the file whose Go type may be known.
func (l *lister) node(node ast.Node, t reflect.Type, path []string) {
	if mapping, ok := asMapping(node); ok {
		for _, kv := range mapping {
			key := keyText(kv)
			l.node(kv.Value, inside(t, key), append(path, key))
		}
		return
	}
	if list, ok := node.(*ast.SequenceNode); ok {
		l.add(path, l.list(list, elem(t), path), "")
		return
	}
	shown, literal := showScalar(node, t, path)
	l.add(path, shown, literal)
}

// list is a sequence as one value.
func (l *lister) list(list *ast.SequenceNode, t reflect.Type, path []string) []any {
	values := make([]any, 0, len(list.Values))
	for _, v := range list.Values {
		inner := lister{cfg: l.cfg}
		inner.node(v, t, path)
		if _, isMapping := asMapping(v); isMapping {
			values = append(values, nested(inner.settings, len(path)))
			continue
		}
		values = append(values, inner.settings[0].Value)
	}
	return values
}

// inside is the type under a key of t.
func inside(t reflect.Type, key string) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		fields := yamlFields(t)
		if i := indexOf(fields, key); i >= 0 {
			return fields[i].typ
		}
	case reflect.Map:
		return t.Elem()
	}
	return nil
}

func elem(t reflect.Type) reflect.Type {
	if t != nil && t.Kind() == reflect.Slice {
		return t.Elem()
	}
	return nil
}

// showScalar is a scalar as it may be shown. Where the type says "secret" or is free text under a telling name
// (a header, an unknown type's key), it is treated as a secret; a text field of a known struct is what its type says.
func showScalar(node ast.Node, t reflect.Type, path []string) (shown any, literal string) {
	if _, isNull := node.(*ast.NullNode); isNull {
		return nil, ""
	}
	text := scalarText(node)
	secretType := t == reflect.TypeFor[carriers.Secret]()
	if secretType || mayBeSecret(t, path) {
		return showSecret(text)
	}
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		if t == nil || t.Kind() != reflect.String {
			return n.(ast.ScalarNode).GetValue(), ""
		}
	}
	return redactURL(text), ""
}

var (
	placeholders = regexp.MustCompile(`\$\{[^}]*\}|\{\{[^}]*\}\}|(?i)bearer|basic`)
	tellingQuery = regexp.MustCompile(`(?i)([?&][^=&]*(?:token|key|secret|passw|auth|sign)[^=&]*=)[^&${]+`)
)

// mayBeSecret judges a text by its names where its type is too general to tell.
func mayBeSecret(t reflect.Type, path []string) bool {
	if t == nil { // an unknown type: only the names are left
		return secretWords.MatchString(strings.Join(path[2:], "."))
	}
	for _, name := range path[:len(path)-1] {
		if name == "headers" || name == "secrets" || name == "params" || name == "form" || name == "json" {
			return secretWords.MatchString(strings.Join(path[2:], "."))
		}
	}
	return false
}

// showSecret is a reference as it is, a text of nothing but placeholders as it is, and a literal redacted.
func showSecret(text string) (shown, literal string) {
	if text == "" || isReference(text) {
		return text, ""
	}
	bare := placeholders.ReplaceAllString(text, "")
	if strings.TrimSpace(bare) == "" {
		return text, ""
	}
	return redacted, text
}

// redactURL takes passwords and telling query values out of a URL.
func redactURL(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	if u, err := url.Parse(text); err == nil && u.User != nil {
		u.User = url.UserPassword(u.User.Username(), "xxxxx")
		text = u.String()
	}
	return tellingQuery.ReplaceAllString(text, "${1}xxxxx")
}

// nested builds the tree of settings, keys in order, without the first skip names of each path.
func nested(settings []setting, skip int) yaml.MapSlice {
	var tree yaml.MapSlice
	for i := 0; i < len(settings); {
		name := settings[i].path[skip]
		j := i
		for j < len(settings) && settings[j].path[skip] == name {
			j++
		}
		if len(settings[i].path) == skip+1 {
			tree = append(tree, yaml.MapItem{Key: name, Value: settings[i].Value})
		} else {
			tree = append(tree, yaml.MapItem{Key: name, Value: nested(settings[i:j], skip+1)})
		}
		i = j
	}
	return tree
}

// asMap turns a tree into what JSON can write.
func asMap(value any) any {
	switch v := value.(type) {
	case yaml.MapSlice:
		m := map[string]any{}
		for _, item := range v {
			m[fmt.Sprint(item.Key)] = asMap(item.Value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = asMap(v[i])
		}
		return list
	}
	return value
}
