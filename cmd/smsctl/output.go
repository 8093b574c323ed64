package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/itchyny/gojq"
)

// print writes a command's result to stdout: doc as one JSON document when a program asked, else what text writes.
func (a *app) print(doc any, text func() error) error {
	if a.wantsJSON() {
		return a.document(doc)
	}
	return text()
}

// document writes one JSON document, indented for a terminal, or what --jq and --template make of it.
func (a *app) document(doc any) error {
	if a.filter != nil {
		return a.filter.apply(a.stdout, doc)
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	if a.stdout.tty {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(doc)
}

// stderrJSON writes one line of JSON to stderr.
func (a *app) stderrJSON(doc any) {
	if line, err := json.Marshal(doc); err == nil {
		fmt.Fprintf(a.stderr, "%s\n", line)
	}
}

// printf writes data for people to stdout.
func (a *app) printf(format string, args ...any) error {
	_, err := io.WriteString(a.stdout, a.glyphs(fmt.Sprintf(format, args...)))
	return err
}

// filter is --jq or --template, compiled before the command does anything.
type filter struct {
	code *gojq.Code
	tmpl *template.Template
}

// newFilter compiles the expressions; nil without any.
func newFilter(jq, tmpl string) (*filter, error) {
	switch {
	case jq != "" && tmpl != "":
		return nil, fail(exitUsage, "usage.jq_and_template", "--jq and --template exclude each other").
			at("both were given").fix("use one of them")
	case jq != "":
		query, err := gojq.Parse(jq)
		if err != nil {
			return nil, badFilter("jq", jq, err)
		}
		code, err := gojq.Compile(query)
		if err != nil {
			return nil, badFilter("jq", jq, err)
		}
		return &filter{code: code}, nil
	case tmpl != "":
		t, err := template.New("--template").Option("missingkey=error").Funcs(template.FuncMap{
			"json": func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
			"join": func(sep string, list []any) string {
				words := make([]string, len(list))
				for i, v := range list {
					words[i] = fmt.Sprint(v)
				}
				return strings.Join(words, sep)
			},
		}).Parse(tmpl)
		if err != nil {
			return nil, badFilter("template", tmpl, err)
		}
		return &filter{tmpl: t}, nil
	}
	return nil, nil
}

func badFilter(flag, expr string, err error) error {
	return fail(exitUsage, "usage."+flag, "--%s: %v", flag, err).at("%s", expr).
		fix("see: smsctl help formatting").because(err)
}

// apply writes what the expression makes of doc: one line a result; a string as it is, like jq -r.
func (f *filter) apply(w io.Writer, doc any) error {
	value, err := generic(doc)
	if err != nil {
		return err
	}
	if f.tmpl != nil {
		var text bytes.Buffer // all or nothing: a template that fails in the middle must not leave half a line
		if err := f.tmpl.Execute(&text, value); err != nil {
			return badFilter("template", "while applying it", err)
		}
		if !bytes.HasSuffix(text.Bytes(), []byte("\n")) {
			text.WriteByte('\n')
		}
		_, err := text.WriteTo(w)
		return err
	}
	results := f.code.Run(value)
	for {
		v, ok := results.Next()
		if !ok {
			return nil
		}
		if err, isErr := v.(error); isErr {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return nil
			}
			return badFilter("jq", "while applying it", err)
		}
		if s, isText := v.(string); isText {
			_, err = fmt.Fprintln(w, s)
		} else {
			var line []byte
			if line, err = gojq.Marshal(v); err == nil {
				_, err = fmt.Fprintf(w, "%s\n", line)
			}
		}
		if err != nil {
			return err
		}
	}
}

// generic is doc as the maps, slices and numbers that filters work on. Numbers keep their digits.
func generic(doc any) (any, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encoding the result as JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading the result back for the filter: %w", err)
	}
	return v, nil
}
