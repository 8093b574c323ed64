package carriertest

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers"
)

// Interop names the folder in which the foreign peers of `make interop` lie, and skips the test where there is none: that
// step fails if one of its tests is skipped.
func Interop(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("SMSCTL_INTEROP") //nolint:forbidigo // only tests import this package
	if folder == "" {
		t.Skip("SMSCTL_INTEROP is not set: make interop sets it")
	}
	return folder
}

// judge is the vendors' own libraries in a process of node.
type judge struct {
	in  *json.Encoder
	out *json.Decoder
}

// question is one to testdata/interop/judge.cjs.
type question struct {
	SDK    string            `json:"sdk"`
	Op     string            `json:"op"`
	Secret string            `json:"secret"`
	Now    int64             `json:"now"`
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Body   string            `json:"body"`
	Header map[string]string `json:"header"`
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	Interop(t)
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("..", "..", "testdata", "interop", "judge.cjs"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // it ends with its input
	})
	return &judge{json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))}
}

func (j *judge) ask(t *testing.T, q question) (holds bool, header map[string]string) {
	t.Helper()
	var a struct {
		Holds  bool
		Header map[string]string
		Error  string
	}
	if err := j.in.Encode(q); err != nil {
		t.Fatal(err)
	}
	if err := j.out.Decode(&a); err != nil || a.Error != "" {
		t.Fatalf("%s %s: %v %s", q.SDK, q.Op, err, a.Error)
	}
	return a.Holds, a.Header
}

// Judged says how a vendor's own library is asked.
type Judged struct {
	SDK     string // as testdata/interop/judge.cjs calls it
	Secret  string // to verify
	Signing string // to sign, where that is another; "-" = the library cannot
}

// Signatures compares with a vendor's own library in both directions: it judges what the suite's Sign has signed, and the
// carrier judges what the library signs; of what was changed on its way both say no.
func Signatures(t *testing.T, s Suite, by Judged) {
	j := newJudge(t)
	c := New[carriers.Receiver](t, s.Type, strings.ReplaceAll(s.Config, "{{server}}", PublicURL))
	n := 0
	for word := range s.States {
		for _, query := range []string{"", "?k=abc", "?k=a-b_c&x=%20y"} {
			cb := s.Callback(word)
			if cb.URL == "" {
				t.Fatal("the suite's callbacks have no address")
			}
			u, err := url.Parse(cb.URL)
			if err != nil {
				t.Fatal(err)
			}
			u.RawQuery = ""
			cb.URL, cb.Query = u.String()+query, nil
			if u, err = url.Parse(cb.URL); err != nil {
				t.Fatal(err)
			}
			cb.Query = u.Query()
			ours := copyOf(cb)
			s.Sign(&ours)
			j.agree(t, c, by, ours, true)
			j.agree(t, c, by, changed(ours), false)
			if by.Signing == "-" {
				continue
			}
			theirs := copyOf(cb)
			q := by.question("sign", theirs)
			if by.Signing != "" {
				q.Secret = by.Signing
			}
			_, header := j.ask(t, q)
			for name, value := range header {
				theirs.Header.Set(name, value)
			}
			j.agree(t, c, by, theirs, true)
			j.agree(t, c, by, changed(theirs), false)
			n++
		}
	}
	if n == 0 && by.Signing != "-" {
		t.Error("nothing was signed")
	}
}

// agree asks both about a callback.
func (j *judge) agree(t *testing.T, c carriers.Receiver, by Judged, cb carriers.Callback, want bool) {
	t.Helper()
	theirs, _ := j.ask(t, by.question("verify", cb))
	_, _, err := c.Receipts(cb)
	if theirs != want || (err == nil) != want {
		t.Errorf("%s %s %s %v: their library says %v, we say %v", cb.Method, cb.URL, cb.Body, cb.Header, theirs, err)
	}
}

func (by Judged) question(op string, cb carriers.Callback) question {
	header := map[string]string{}
	for name := range cb.Header {
		header[name] = cb.Header.Get(name)
	}
	return question{
		SDK: by.SDK, Op: op, Secret: by.Secret, Now: Now().Unix(), Method: cb.Method, URL: cb.URL, Body: string(cb.Body), Header: header,
	}
}

func copyOf(cb carriers.Callback) carriers.Callback {
	cb.Header = maps.Clone(cb.Header)
	if cb.Header == nil {
		cb.Header = http.Header{}
	}
	cb.Body = append([]byte(nil), cb.Body...)
	return cb
}

// changed is a callback of which somebody has changed the last letter of its body.
func changed(cb carriers.Callback) carriers.Callback {
	cb = copyOf(cb)
	for i := len(cb.Body) - 1; i >= 0; i-- {
		if b := cb.Body[i]; b >= 'a' && b <= 'z' {
			cb.Body[i] = 'a' + (b-'a'+1)%26
			return cb
		}
	}
	return cb
}
