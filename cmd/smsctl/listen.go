package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"syscall"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/receipts"
)

// listen starts the receipt listener if the config has one, and returns how to stop it and where carriers shall send
// receipts. An address that smsctl holds already with this database is used, not an error: the receipts arrive in the
// same rows.
func (s *session) listen(ctx context.Context) (stop func() error, callback func(carrier, ref string) string, err error) {
	stop = func() error { return nil }
	key, err := s.callbackKey()
	if err != nil {
		return stop, nil, err
	}
	public := string(s.cfg.Receipts.PublicURL)
	if public != "" {
		callback = func(carrier, ref string) string { return receipts.URL(public, carrier, ref, key) }
	}
	address := string(s.cfg.Receipts.Listen)
	if address == "" || !s.receives() {
		return stop, callback, nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return stop, callback, s.alreadyListening(ctx, address, key, err)
	}
	if err != nil {
		return stop, nil, fail(exitConfig, "receipts.listen", "cannot listen for receipts").at("%s: %v", address, err).
			fix("change receipts.listen in the config").because(err)
	}
	return s.serve(ctx, ln, key), callback, nil
}

// serve runs the listener until the returned function is called.
func (s *session) serve(ctx context.Context, ln net.Listener, key []byte) (stop func() error) {
	byName := make(map[string]carriers.Carrier, len(s.carriers))
	for _, c := range s.carriers {
		byName[c.Info().Name] = c
	}
	l := receipts.New(receipts.Options{
		Carriers: byName, Sink: s.store, Key: key, PublicURL: string(s.cfg.Receipts.PublicURL),
		AllowUnsigned: s.cfg.Receipts.AllowUnsigned, Log: s.log(), Now: s.now,
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- s.serveTLS(ctx, l, ln) }()
	return func() error {
		cancel()
		return <-done
	}
}

// alreadyListening accepts a taken address when the process behind it works on this database.
func (s *session) alreadyListening(ctx context.Context, address string, key []byte, cause error) error {
	same, err := receipts.Probe(ctx, "http://"+address, key)
	if err == nil && same {
		s.log().Info("another process of this database receives the receipts", "address", address)
		return nil
	}
	return fail(exitConfig, "receipts.address_in_use", "another program listens where receipts should arrive").at("%s", address).
		fix("change receipts.listen in the config, or stop the other program").because(cause)
}

// receives says whether receipts of any carrier come by HTTP.
func (s *session) receives() bool {
	for _, c := range s.carriers {
		if _, ok := c.(carriers.Receiver); ok {
			return true
		}
	}
	return false
}

func (s *session) callbackKey() ([]byte, error) {
	ref := s.cfg.Keys.Callback
	if ref == "" {
		return s.store.CallbackKey(), nil
	}
	key, err := s.secrets.resolve(string(ref))
	return []byte(key), err
}

// serveTLS serves with the config's certificate, or plainly behind a proxy that ends TLS.
func (s *session) serveTLS(ctx context.Context, l *receipts.Listener, ln net.Listener) error {
	pair := s.cfg.Receipts.TLS
	if pair.Cert == "" {
		return l.Serve(ctx, ln)
	}
	cert, err := tls.LoadX509KeyPair(s.cfg.relative(pair.Cert), s.cfg.relative(pair.Key))
	if err != nil {
		return errors.Join(fail(exitConfig, "receipts.tls", "the listener's certificate cannot be used").at("%v", err).
			fix("check receipts.tls in the config").because(err), ln.Close())
	}
	return l.Serve(ctx, tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
}

// relative makes a path of the config relative to the config file.
func (c *config) relative(path string) string {
	if c.file == nil || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.file.path), path)
}
