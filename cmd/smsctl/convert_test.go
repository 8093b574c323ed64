package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Conversions are counted once each; what cannot be one is said, and everything else is kept.
func TestConvert(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.run(exitOK, v.sending(v.list("people.csv", 3), "--yes")...)
	sold := filepath.Join(t.TempDir(), "sold.csv")
	if err := os.WriteFile(sold, []byte("phone,at\n"+numbers(3)[0]+",2026-10-09\n"+numbers(3)[1]+",\n+447700999999,\nnonsense,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v.run(exitInput, "convert", "--csv", sold, "--campaign", "people").says("2 conversions added", "1 not in the campaign", "1 bad", "line 5")
	v.run(exitOK, "convert", numbers(3)[1], "--campaign", "people", "--json", "--jq", ".known").says("1")
	v.run(exitOK, "convert", numbers(3)[2]).says("1 conversions added")
	v.run(exitNotFound, "convert", "+447700999999").says("no message to this number")
	v.run(exitUsage, "convert").says("--csv sold.csv --campaign spring")
	v.run(exitUsage, "convert", "--csv", sold).says("--csv sold.csv --campaign spring")
	v.run(exitOK, "route", "rebuild").says("Learned from 3 attempts")
	v.run(exitOK, "db", "check")
}
