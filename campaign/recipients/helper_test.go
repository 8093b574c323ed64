package recipients

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// newChunks is a reader that, like a pipe, is nothing but a reader.
func newChunks(data []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(data)} }

// result is all that a list gives.
type result struct {
	*Reader
	good []Row
	bad  []*RowError
	end  *FileError // nil at a proper end
}

// readAll reads a list to its end. An error of Open is the end too.
func readAll(t *testing.T, input string, o Options) result {
	t.Helper()
	var got result
	rd, err := Open(newChunks([]byte(input)), o)
	if err != nil {
		if !errors.As(err, &got.end) {
			t.Fatalf("Open: %v is no *FileError", err)
		}
		return got
	}
	got.Reader = rd
	for {
		row, err := rd.Next()
		var bad *RowError
		switch {
		case err == nil:
			got.good = append(got.good, row)
		case errors.As(err, &bad):
			got.bad = append(got.bad, bad)
		case err == io.EOF:
			return got
		case errors.As(err, &got.end):
			if _, again := rd.Next(); again != err {
				t.Errorf("after %v came %v", err, again)
			}
			return got
		default:
			t.Fatalf("Next: %v is neither a *RowError nor a *FileError", err)
		}
	}
}

// cells are the good rows, for comparison.
func (r result) cells() [][]string {
	var all [][]string
	for _, row := range r.good {
		all = append(all, row.Cells)
	}
	return all
}

// wantFileError checks an error for its code, its place, and words of what and fix.
func wantFileError(t *testing.T, err *FileError, code, where string, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if err.Code != code || err.Where != where {
		t.Errorf("got %s at %q, want %s at %q", err.Code, err.Where, code, where)
	}
	if err.What == "" || err.Fix == "" {
		t.Errorf("incomplete: %+v", err)
	}
	for _, word := range words {
		if !strings.Contains(err.What+" | "+err.Fix, word) {
			t.Errorf("%q not in: %s | %s", word, err.What, err.Fix)
		}
	}
}
