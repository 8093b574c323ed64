package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

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

// cliError is the first fault as the program's error, and how many more there are.
func (ps problems) cliError() *cliError {
	p := ps[0]
	e := fail(exitConfig, p.Code, "%s", p.Message).fix("%s", p.Hint).with("problems", ps)
	e.Where = p.File
	if p.Line > 0 {
		e.Where = fmt.Sprintf("%s:%d:%d   %s", p.File, p.Line, p.Column, p.Source)
	}
	if more := len(ps) - 1; more > 0 {
		e.Fix += fmt.Sprintf("   (%d more: smsctl config validate)", more)
	}
	return e
}

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
