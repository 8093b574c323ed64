package recipients

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzReader holds for any bytes: no panic; an error is of the two kinds and complete; lines and records rise; every
// row is good, bad or blank; and how the bytes come in pieces changes nothing.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		accents, "phone\n1\n\n2,x\n", "\ufeffphone;name\n1;\"a\nb\"\n", "sep=|\nphone|b\n1|\"x\n", "phone,b\n1,a\"b\n2,\"c\"d\n",
		"name,phone\rAna,1\r", "\xff\xfep\x00h\x00o\x00n\x00e\x00\n\x001\x00", "phone\n\x00", "phone\n\xc3", "phone,smsctl_code\n'+44 1,x\ny\n",
		"phone\n1\r", "phone,\"a\n\"\n1\n", "\n\r\n,\n", "07700900123,Ana\n1,2\n",
	} {
		f.Add([]byte(seed), false, 0)
		f.Add([]byte(seed), true, 2)
	}
	f.Fuzz(func(t *testing.T, data []byte, noHeader bool, limit int) {
		o := Options{NoHeader: noHeader, Limit: limit}
		whole := account(t, bytes.NewReader(data), o)
		pieces := account(t, iotest.OneByteReader(bytes.NewReader(data)), o)
		if whole != pieces {
			t.Errorf("whole %+v, in pieces %+v", whole, pieces)
		}
	})
}

type tally struct {
	good, bad, blank, last int
	end                    string
}

// account reads a list to its end and checks what must hold of any.
func account(t *testing.T, r io.Reader, o Options) (sum tally) {
	rd, err := Open(r, o)
	if err != nil {
		sum.end = complete(t, err)
		return sum
	}
	record := 0
	rise := func(line, at int) {
		if line <= sum.last || at != record+1 {
			t.Fatalf("line %d, record %d after line %d, record %d", line, at, sum.last, record)
		}
		sum.last, record = line, at
	}
	for {
		row, err := rd.Next()
		var bad *RowError
		switch {
		case err == nil:
			rise(row.Line, row.Record)
			sum.good++
			if len(row.Cells) != len(rd.Header()) || row.Phone != row.Cells[rd.PhoneColumn()] {
				t.Fatalf("%+v of %q", row, rd.Header())
			}
		case errors.As(err, &bad):
			rise(bad.Line, bad.Record)
			sum.bad++
			if bad.Code == "" || bad.Message == "" || bad.Fix == "" {
				t.Fatalf("incomplete: %+v", bad)
			}
		default:
			sum.blank = rd.Blank()
			if rd.Rows() != sum.good+sum.bad {
				t.Fatalf("%d rows, but %d good and %d bad", rd.Rows(), sum.good, sum.bad)
			}
			if err != io.EOF {
				sum.end = complete(t, err)
			}
			return sum
		}
	}
}

func complete(t *testing.T, err error) string {
	var file *FileError
	if !errors.As(err, &file) {
		t.Fatalf("%v is no *FileError", err)
	}
	if file.Code == "" || file.What == "" || file.Fix == "" || file.Code == "csv.read" {
		t.Fatalf("incomplete: %+v", file)
	}
	return file.Code + " " + file.Where
}
