package smpp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/carriertest"
)

// foreign is a message center that somebody else has written, as a process of its own.
type foreign struct {
	address string
	lines   *bufio.Scanner
}

// start runs a script of testdata/interop: on npm's smpp or on Perl's Net::SMPP (libnet-smpp-perl, which may also lie
// unpacked in the folder of SMSCTL_INTEROP).
func start(t *testing.T, name string, args ...string) *foreign {
	t.Helper()
	folder := carriertest.Interop(t)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = filepath.Join("..", "..", "testdata", "interop")
	cmd.Env = append(os.Environ(), "PERL5LIB="+filepath.Join(folder, "perl", "usr", "share", "perl5"))
	cmd.Stderr = logs{t}
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
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // killed
	})
	f := &foreign{lines: bufio.NewScanner(out)}
	port, ok := strings.CutPrefix(f.line(t), "listening ")
	if !ok {
		t.Fatalf("%s does not listen", name)
	}
	f.address = "127.0.0.1:" + port
	return f
}

// line is what the message center says next.
func (f *foreign) line(t *testing.T) string {
	t.Helper()
	if !f.lines.Scan() {
		t.Fatalf("the message center has ended: %v", f.lines.Err())
	}
	return f.lines.Text()
}

// heard is a message as npm's smpp reads it.
type heard struct {
	From, To, Text               string
	Coding, TON, Receipt, Header int
}

// TestInteropNode: npm's smpp reads our messages as they were meant, and we its answers and receipts.
func TestInteropNode(t *testing.T) {
	f := start(t, "node", "smsc.cjs", password)
	c := build(t, f.address, "")
	d := run(t, c)
	var inbound = make(chan carriers.Inbound, 1)
	c.Hear(func(_ context.Context, in []carriers.Inbound) error {
		inbound <- in[0]
		return nil
	})
	for _, tt := range []struct {
		text   string
		coding int
	}{{"Hello {you}: 5 € @ 50 %", 0}, {"Жители 😀", 8}} {
		res := c.Submit(t.Context(), message(tt.text))
		expect(t, res, carriers.Yes, "", "")
		var got heard
		if err := json.Unmarshal([]byte(f.line(t)), &got); err != nil {
			t.Fatal(err)
		}
		if want := (heard{"ACME", "447700900123", tt.text, tt.coding, 5, 1, 0}); got != want {
			t.Errorf("node reads %+v, want %+v", got, want)
		}
		r := d.next(t)
		if r.ID != res.ID { // the receipt was faster than the answer: it comes again under its own id
			r = d.next(t)
		}
		if r.ID != res.ID || r.State != carriers.ReceiptDelivered {
			t.Errorf("receipt %+v of %+v", r, res)
		}
	}
	expect(t, c.Submit(t.Context(), message("too fast")), carriers.No, carriers.ClassThrottled, "ESME_RTHROTTLED")
	f.line(t)
	expect(t, c.Submit(t.Context(), message("STOP me")), carriers.Yes, "", "")
	f.line(t)
	if in := <-inbound; in.Text != "STOP" || in.From != "+447700900123" || in.To != "ACME" {
		t.Errorf("%+v", in)
	}
}

// TestInteropNodeLong: npm's smpp finds the header of each part, and reads the texts; a payload comes whole.
func TestInteropNodeLong(t *testing.T) {
	f := start(t, "node", "smsc.cjs", password)
	for mode, parts := range map[string]int{longUDH: 3, longUDH16: 3, longSAR: 3, longPayload: 1} {
		c := build(t, f.address, "long_messages: "+mode+"\n")
		d := run(t, c)
		m := threeParts()
		if res := c.Submit(t.Context(), m); res.Accepted != carriers.Yes || res.Segments != parts {
			t.Fatalf("%s: %+v", mode, res)
		}
		text := ""
		for range parts {
			var got heard
			if err := json.Unmarshal([]byte(f.line(t)), &got); err != nil {
				t.Fatal(err)
			}
			text += got.Text
			if want := (mode == longUDH || mode == longUDH16); (got.Header > 0) != want {
				t.Errorf("%s: header of %d octets", mode, got.Header)
			}
		}
		if text != m.Text {
			t.Errorf("%s: %q", mode, text)
		}
		for r := d.next(t); r.State != carriers.ReceiptDelivered || r.Ref == ""; r = d.next(t) {
		}
		d.stop()
	}
}

func TestInteropNodeBinds(t *testing.T) {
	cert := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"cert": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, "key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain := start(t, "node", "smsc.cjs", password)
	secure := start(t, "node", "smsc.cjs", password, idRespHex, filepath.Join(folder, "cert"), filepath.Join(folder, "key"))
	wrong := start(t, "node", "smsc.cjs", "another")
	print := sha256.Sum256(cert.Certificate[0])
	for _, tt := range []struct {
		name, address, config string
		accepted              carriers.Acceptance
		class                 carriers.Class
		code                  string
	}{
		{"two binds", plain.address, "bind: transmitter+receiver\nbinds: 2\n", carriers.Yes, "", ""},
		{"TLS", secure.address, fmt.Sprintf("tls: true\ntls_fingerprint: \"%x\"\n", print), carriers.Yes, "", ""},
		{"wrong password", wrong.address, "", carriers.No, carriers.ClassAccountAuth, "ESME_RINVPASWD"},
	} {
		c := build(t, tt.address, tt.config)
		d := run(t, c)
		expect(t, c.Submit(t.Context(), message(tt.name)), tt.accepted, tt.class, tt.code)
		d.stop()
	}
}

// TestInteropPerl: Net::SMPP, which is strict, takes what we send; its receipts speak in parameters.
func TestInteropPerl(t *testing.T) {
	f := start(t, "perl", "smsc.pl", password)
	c := build(t, f.address, "codes: {net/11: recipient_blocked}\nenquire_link: 20ms\n")
	d := run(t, c)
	for range 3 {
		res := c.Submit(t.Context(), message("Grüße: 5 €"))
		expect(t, res, carriers.Yes, "", "")
		want := "ACME|447700900123|0|0|" + hex.EncodeToString([]byte("Gr~\x1ee: 5 \x1be"))
		if got := f.line(t); got != want {
			t.Errorf("perl reads %s, want %s", got, want)
		}
		r := d.next(t)
		if r.ID != res.ID || r.State != carriers.ReceiptUndelivered || r.Class != carriers.ClassRecipientBlocked || r.Code != "11" {
			t.Errorf("%+v", r)
		}
	}
}

// TestInteropPerlLong: the header that Net::SMPP sees before each part, and the parts of our text behind it.
func TestInteropPerlLong(t *testing.T) {
	f := start(t, "perl", "smsc.pl", password)
	c := build(t, f.address, "")
	d := run(t, c)
	m := threeParts()
	r := c.Submit(t.Context(), m)
	if r.Accepted != carriers.Yes || r.Segments != 3 {
		t.Fatalf("%+v", r)
	}
	text := ""
	for i := range 3 {
		field := strings.Split(f.line(t), "|")
		b, err := hex.DecodeString(field[4])
		if err != nil || field[3] != "64" || len(b) < 6 || !bytes.Equal(b[:3], []byte{5, 0, 3}) || b[4] != 3 || int(b[5]) != i+1 {
			t.Fatalf("part %d: %v %v", i+1, field, err)
		}
		text += string(b[6:])
	}
	if text != m.Text {
		t.Errorf("%q", text)
	}
	for range 3 {
		if got := d.next(t); got.State != carriers.ReceiptUndelivered || !strings.Contains(r.ID, got.ID) {
			t.Errorf("%+v of %s", got, r.ID)
		}
	}
}

// TestInteropWindow: a thousand messages through a window of 100, and every receipt under the id of its message, though ids
// are hex here and decimal there.
func TestInteropWindow(t *testing.T) {
	for _, peer := range [][]string{{"node", "smsc.cjs"}, {"perl", "smsc.pl"}} {
		for _, ids := range []string{idRespHex, idRespDec} {
			t.Run(peer[0]+" "+ids, func(t *testing.T) {
				f := start(t, peer[0], peer[1], password, ids)
				c := build(t, f.address, "window: 100\n")
				d := run(t, c)
				const n = 1000
				var all sync.WaitGroup
				all.Go(func() { // what it says must be read
					for range n {
						f.line(t)
					}
				})
				taken := make([]string, n)
				for w := range 100 {
					all.Go(func() {
						for i := w; i < n; i += 100 {
							if r := c.Submit(t.Context(), message(fmt.Sprint("Hello ", i))); r.Accepted == carriers.Yes {
								taken[i] = r.ID
							}
						}
					})
				}
				all.Wait()
				missing := map[string]bool{}
				for i, id := range taken {
					if id == "" || missing[id] {
						t.Fatalf("message %d: id %q", i, id)
					}
					missing[id] = true
				}
				for len(missing) > 0 { // some come twice: as they are, and again when their message is known
					if r := d.next(t); r.State.Final() {
						delete(missing, r.ID)
					}
				}
			})
		}
	}
}

// TestInteropThrottledAndCut: what a foreign peer refuses is not sent, and what is under way when it cuts the connection is in
// doubt; then it goes on.
func TestInteropThrottledAndCut(t *testing.T) {
	for _, peer := range [][]string{{"node", "smsc.cjs"}, {"perl", "smsc.pl"}} {
		t.Run(peer[0], func(t *testing.T) {
			f := start(t, peer[0], peer[1], password)
			c := build(t, f.address, "")
			run(t, c)
			for range 3 {
				expect(t, c.Submit(t.Context(), message("too fast")), carriers.No, carriers.ClassThrottled, "ESME_RTHROTTLED")
				expect(t, c.Submit(t.Context(), message("Hello")), carriers.Yes, "", "")
				expect(t, c.Submit(t.Context(), message("cut")), carriers.Unknown, carriers.ClassAmbiguous, "closed")
			}
			expect(t, c.Submit(t.Context(), message("Hello again")), carriers.Yes, "", "")
			f.line(t)
		})
	}
}
