package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// configFile is a parsed file that can say where everything in it stands.
type configFile struct {
	path   string
	lines  []string
	root   []*ast.MappingValueNode
	places map[string]ast.Node // by dotted key, of the values in force
}

// config is the loaded config, read once; a command that needs none never asks.
func (a *app) config() (*config, error) {
	if a.cfg != nil {
		return a.cfg, nil
	}
	cfg, found, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		if cfg != nil {
			found = append(found, a.carrierFaults(context.Background(), cfg)...)
		}
		return nil, found.cliError()
	}
	a.cfg = cfg
	return cfg, nil
}

// loadConfig finds, reads and checks the file. What is wrong in it comes back whole, for `config validate`.
func (a *app) loadConfig() (*config, problems, error) {
	path, origin, err := a.configPath()
	if err != nil {
		return nil, nil, err
	}
	if path == "" {
		return defaultConfig(), nil, nil
	}
	raw, err := readConfigFile(path, origin)
	if err != nil {
		return nil, nil, err
	}
	a.secrets.dir = filepath.Dir(path)
	cfg, found := parseConfig(path, raw, a.flags.profile)
	if cfg != nil {
		for _, s := range cfg.settings() {
			if s.literal != "" {
				a.secrets.remember(s.literal)
			}
		}
	}
	return cfg, found, nil
}

// parseConfig reads a file's content. The config is nil only when nothing of it could be understood.
func parseConfig(path string, raw []byte, profile string) (*config, problems) {
	file := &configFile{path: path, lines: strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), places: map[string]ast.Node{}}
	cfg := defaultConfig()
	cfg.file, cfg.profile = file, profile
	if found := file.parse(raw); len(found) > 0 {
		return nil, found
	}
	sections, found := file.sections(profile)
	found = append(found, cfg.fill(sections)...)
	if len(found) == 0 {
		found = cfg.check()
	}
	return cfg, found
}

// parse builds the tree and refuses what our files do not use: several documents and anchors, which would let one
// line change another far away.
func (f *configFile) parse(raw []byte) problems {
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		p := problem{Code: "config.syntax", Message: "not valid YAML: " + libraryMessage(err), File: f.path, Hint: "smsctl help configuration"}
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil && y.GetToken().Position != nil {
			p.Line, p.Column = y.GetToken().Position.Line, y.GetToken().Position.Column
			p.Source = f.keyOnly(p.Line) // what is a value and what a secret is not known yet
		}
		return problems{p}
	}
	var body ast.Node
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return problems{f.at(doc.Body, "config.syntax", "", "a config file is one YAML document, this is a second one")}
		}
		body = doc.Body
	}
	if body == nil {
		return nil
	}
	var found problems
	ast.Walk(visitor(func(n ast.Node) {
		switch n.Type() {
		case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
			found = append(found, f.at(n, "config.syntax", "", "anchors, aliases and tags are not supported: write the value out"))
		}
	}), body)
	if len(found) > 0 {
		return found
	}
	root, ok := asMapping(body)
	if _, onlyComments := body.(*ast.CommentGroupNode); !ok && !onlyComments {
		return problems{f.at(body, "config.syntax", "", "a config file is a mapping of keys to values")}
	}
	f.root = root
	return nil
}

type visitor func(ast.Node)

func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}

// sections are the top-level entries in force: those of the profile replace those of the file.
func (f *configFile) sections(profile string) ([]*ast.MappingValueNode, problems) {
	var sections []*ast.MappingValueNode
	var profiles *ast.MappingValueNode
	for _, kv := range f.root {
		if keyText(kv) == "profiles" {
			profiles = kv
		} else {
			sections = append(sections, kv)
		}
	}
	var names []string
	if profiles != nil {
		all, ok := asMapping(profiles.Value)
		if !ok {
			return sections, problems{f.at(profiles.Key, "config.bad_value", "profiles", "profiles must be a mapping of names to keys")}
		}
		for _, kv := range all {
			names = append(names, keyText(kv))
			if keyText(kv) != profile {
				continue
			}
			own, ok := asMapping(kv.Value)
			if !ok {
				return sections, problems{f.at(kv.Key, "config.bad_value", "profiles."+profile, "a profile is a mapping of keys")}
			}
			return overlay(sections, own), nil
		}
	}
	if profile != "default" {
		p := f.problem("config.no_profile", "profiles", fmt.Sprintf("no profile %q", profile))
		p.Valid = names
		p.Hint = "profiles of this file: " + strings.Join(append([]string{"default"}, names...), ", ")
		return sections, problems{p}
	}
	return sections, nil
}

// overlay replaces sections by those of the same key in own, and adds the rest.
func overlay(sections, own []*ast.MappingValueNode) []*ast.MappingValueNode {
	result := append([]*ast.MappingValueNode(nil), sections...)
next:
	for _, kv := range own {
		for i := range result {
			if keyText(result[i]) == keyText(kv) {
				result[i] = kv
				continue next
			}
		}
		result = append(result, kv)
	}
	return result
}

// fill decodes each section into its field. One bad section does not hide the faults of the next.
func (c *config) fill(sections []*ast.MappingValueNode) problems {
	var found problems
	fields := yamlFields(reflect.TypeFor[config]())
	names := []string{"profiles"}
	for _, field := range fields {
		names = append(names, field.name)
	}
	for _, kv := range sections {
		name := keyText(kv)
		i := indexOf(fields, name)
		if i < 0 {
			found = append(found, c.file.unknownKey(kv.Key, "", name, names))
			continue
		}
		c.notePlaces(kv, name)
		if name == "carriers" {
			entries, bad := c.file.readCarriers(kv.Value)
			c.Carriers = entries
			found = append(found, bad...)
			continue
		}
		target := reflect.ValueOf(c).Elem().FieldByIndex(fields[i].index)
		bad := c.file.decode(kv.Value, name, target.Addr().Interface())
		found = append(found, bad...)
	}
	return found
}

func indexOf(fields []yamlField, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

// notePlaces remembers where every value in force stands, for --origin and for later faults.
func (c *config) notePlaces(kv *ast.MappingValueNode, key string) {
	c.file.places[key] = kv.Key
	c.origins[key] = fmt.Sprintf("%s:%d", c.file.path, kv.Key.GetToken().Position.Line)
	if inner, ok := asMapping(kv.Value); ok {
		for _, sub := range inner {
			c.notePlaces(sub, key+"."+keyText(sub))
		}
	}
}
