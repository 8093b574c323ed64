package carriertest

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// answer is a recorded answer of the vendor.
type answer struct {
	name   string
	want   []string
	status int
	header http.Header
	body   string
}

// ServeHTTP replays it.
func (a answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// recorded reads the payloads of one kind; there may be none.
func (s Suite) recorded(t testing.TB, kind string) (names []string, texts [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Folder, kind, "*.http"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".http"))
		texts = append(texts, text)
	}
	return names, texts
}

// answersOf reads the recorded answers of one kind.
func (s Suite) answersOf(t testing.TB, kind string) []answer {
	t.Helper()
	names, texts := s.recorded(t, kind)
	var all []answer
	for i, text := range texts {
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			t.Fatalf("%s/%s.http: %v", kind, names[i], err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("%s/%s.http: %v", kind, names[i], err)
		}
		_ = resp.Body.Close()
		a := answer{name: names[i], want: strings.Fields(resp.Header.Get("Want")), status: resp.StatusCode, header: resp.Header}
		a.header.Del("Want")
		a.body = strings.TrimSuffix(string(body), "\n")
		if len(a.want) == 0 {
			t.Fatalf("%s/%s.http: no Want header", kind, names[i])
		}
		all = append(all, a)
	}
	return all
}

// wanted is the word at i, "" where it is missing or "-".
func wanted(want []string, i int) string {
	if i >= len(want) || want[i] == "-" {
		return ""
	}
	return want[i]
}

// callback is a recorded request to our listener, as the listener hands it on.
type callback struct {
	name string
	want []string
	text string // of an inbound message
	carriers.Callback
}

// callbacks reads the recorded receipts or inbound messages, unsigned.
func (s Suite) callbacks(t testing.TB, kind string) []callback {
	t.Helper()
	names, texts := s.recorded(t, kind)
	var all []callback
	for i, text := range texts {
		// A file ends with the body, so its length need not be written down in it.
		head, body, ok := bytes.Cut(text, []byte("\n\n"))
		if !ok {
			t.Fatalf("%s/%s.http: no empty line after the header", kind, names[i])
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(head, "\n\n"...))))
		if err != nil {
			t.Fatalf("%s/%s.http: %v", kind, names[i], err)
		}
		c := callback{name: names[i], want: strings.Fields(req.Header.Get("Want"))}
		req.Header.Del("Want")
		c.text = strings.TrimSpace(req.Header.Get("Want-Text"))
		req.Header.Del("Want-Text")
		c.Callback = carriers.Callback{
			Method: req.Method, URL: PublicURL + req.RequestURI, Query: req.URL.Query(), Header: req.Header,
			Body: bytes.TrimSuffix(body, []byte("\n")), ReceivedAt: Now(),
		}
		if part := strings.Split(req.URL.Path, "/"); len(part) == 4 { // /receipts/{carrier}/{ref}
			c.Ref = part[3]
		}
		all = append(all, c)
	}
	return all
}
