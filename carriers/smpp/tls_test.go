package smpp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/smpp/smsc"
)

// TestTLS: with a certificate that no authority has signed only its fingerprint opens the door.
func TestTLS(t *testing.T) {
	cert := certificate(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &center{Server: &smsc.Server{}, address: l.Addr().String()}
	s.Handler = s
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	sum := sha256.Sum256(cert.Certificate[0])
	for _, tt := range []struct {
		name, config string
		want         carriers.Acceptance
	}{
		{"no authority", "tls: true\n", carriers.No},
		{"the fingerprint", fmt.Sprintf("tls: true\ntls_fingerprint: \"sha256:%x\"\n", sum), carriers.Yes},
		{"another fingerprint", fmt.Sprintf("tls: true\ntls_fingerprint: \"%x\"\n", sha256.Sum256(nil)), carriers.No},
		{"no TLS at all", "timeout: 100ms\n", carriers.No},
	} {
		c := build(t, s.address, tt.config)
		d := run(t, c)
		if got := c.Submit(t.Context(), message("Hello")); got.Accepted != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
		d.stop()
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
