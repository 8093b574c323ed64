//go:build unix

package main

import (
	"fmt"
	"io"
)

// table prints the figures as they come.
type table struct{ w io.Writer }

func newTable(w io.Writer) *table { return &table{w: w} }

func (t *table) head(format string, args ...any) { fmt.Fprintf(t.w, "\n"+format+"\n", args...) }

func (t *table) row(label, format string, args ...any) {
	fmt.Fprintf(t.w, "  %-14s %s\n", label, fmt.Sprintf(format, args...))
}
