package recipients

import (
	"fmt"
	"io"
	"testing"
)

// rowsOf is a list of n rows made as it is read, so that a test of memory measures the reader alone.
type rowsOf struct {
	n, i int
	rest []byte
}

func (r *rowsOf) Read(p []byte) (int, error) {
	total := 0
	for total < len(p) {
		if len(r.rest) == 0 {
			switch {
			case r.i > r.n:
				if total == 0 {
					return 0, io.EOF
				}
				return total, nil
			case r.i == 0:
				r.rest = append(r.rest[:0], "first_name,last_name,phone,country,city,order_no\n"...)
			default:
				r.rest = fmt.Appendf(r.rest[:0], "Ana,Müller,+4477%08d,GB,\"Leeds, West\",A-%d\n", r.i, r.i)
			}
			r.i++
		}
		n := copy(p[total:], r.rest)
		r.rest = r.rest[n:]
		total += n
	}
	return total, nil
}

func BenchmarkReader(b *testing.B) {
	const rows = 100_000
	data, err := io.ReadAll(&rowsOf{n: rows})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		rd, err := Open(newChunks(data), Options{})
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := rd.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
		if rd.Rows() != rows {
			b.Fatalf("read %d rows", rd.Rows())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
