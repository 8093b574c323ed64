package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/receipts"
)

// listen starts the receipt listener if the config has one, and returns how to stop it and where carriers shall send
// receipts. An address that smsctl holds already with this database is used, not an error: the receipts arrive in the
// same rows.
//
// Inbound messages come the same way, and on the carriers' own connections; what answers them runs until stop.
func (s *session) listen(ctx context.Context) (stop func() error, callback func(carrier, ref string) string, err error) {
	stop = func() error { return nil }
	box, err := s.newInbox()
	if err != nil {
		return stop, nil, err
	}
	box.hear()
	key, err := s.callbackKey()
	if err != nil {
		return stop, nil, err
	}
	public := string(s.cfg.Receipts.PublicURL)
	if public != "" {
		callback = func(carrier, ref string) string { return key.URL(public, carrier, ref) }
	}
	address := string(s.cfg.Receipts.Listen)
	if address == "" || !s.receives() {
		return box.answering(ctx, stop), callback, nil
	}
	secure, err := s.certificate()
	if err != nil {
		return stop, nil, err
	}
	ln, err := s.bind(ctx, address, key)
	if err != nil {
		return stop, nil, err
	}
	return box.answering(ctx, s.serve(ctx, ln, address, key, secure, box)), callback, nil
}

// bind takes the address; nil says that another smsctl of this database has it. One that has just ended, or is about
// to, is waited for.
func (s *session) bind(ctx context.Context, address string, key *receipts.Key) (net.Listener, error) {
	retry := time.NewTicker(bindRetry)
	defer retry.Stop()
	for began := s.now(); ; {
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			return ln, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fail(exitConfig, "receipts.listen", "cannot listen for receipts").at("%s: %v", address, err).
				fix("change receipts.listen in the config").because(err)
		}
		same, e := receipts.ProbeHere(ctx, address, s.cfg.Receipts.TLS.Cert != "", key, s.called()...)
		if errors.Is(e, receipts.ErrOtherCarriers) {
			return nil, fail(exitConfig, "receipts.other_config", "the smsctl that listens for receipts does not know all of these carriers").
				at("%s", address).fix("start both with the same config, or give one another receipts.listen and receipts.public_url").because(e)
		}
		if e == nil && same {
			s.log().Info("another process of this database receives the receipts", "address", address)
			return nil, nil
		}
		if s.now().Sub(began) >= bindWait {
			return nil, fail(exitConfig, "receipts.address_in_use", "another program listens where receipts should arrive").at("%s", address).
				fix("change receipts.listen in the config, or stop the other program").because(err)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

const (
	bindRetry = 250 * time.Millisecond
	bindWait  = 2 * time.Second
)

// serve runs the listener until the returned function is called. Without one it stands by to take the address over when
// the process that has it ends: receipts must always find somebody.
func (s *session) serve(ctx context.Context, ln net.Listener, address string, key *receipts.Key, secure *tls.Config, box *inbox) (stop func() error) {
	byName := make(map[string]carriers.Carrier, len(s.carriers))
	for _, c := range append(slices.Clone(s.carriers), s.others...) { // another process that uses the others may lean on this listener
		byName[c.Info().Name] = c
	}
	l := receipts.New(receipts.Options{
		Carriers: byName, Sink: s.store, Inbound: box, Key: key, PublicURL: string(s.cfg.Receipts.PublicURL),
		AllowUnsigned: s.cfg.Receipts.AllowUnsigned, Log: s.log(), Now: s.now,
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		if ln == nil {
			ln = inherit(ctx, address)
		}
		if ln == nil {
			done <- nil
			return
		}
		if secure != nil {
			ln = tls.NewListener(ln, secure)
		}
		err := l.Serve(ctx, ln)
		if err != nil && ctx.Err() == nil { // the campaign goes on, but silence is no evidence any more
			s.deaf.Store(true)
			s.log().Error("receipts cannot come in any more", "address", address, "error", err)
		}
		done <- err
	}()
	return func() error {
		cancel()
		return <-done
	}
}

// inherit waits until the address is free and takes it; nil says that ctx has ended.
func inherit(ctx context.Context, address string) net.Listener {
	retry := time.NewTicker(bindRetry)
	defer retry.Stop()
	for {
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil
		}
		if ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address); err == nil {
			return ln
		}
	}
}

// called are the names of the carriers that call the listener.
func (s *session) called() (names []string) {
	for _, c := range s.carriers {
		if calls(c) {
			names = append(names, c.Info().Name)
		}
	}
	return names
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

func (s *session) callbackKey() (*receipts.Key, error) {
	ref := s.cfg.Keys.Callback
	if ref == "" {
		return receipts.NewKey(s.store.CallbackKey()), nil
	}
	key, err := s.secrets.resolve(string(ref))
	return receipts.NewKey([]byte(key)), err
}

// certificate is what the listener proves itself with, nil behind a proxy that ends TLS. It is read before anything is
// sent: a listener that fails afterwards would make all receipts look lost.
func (s *session) certificate() (*tls.Config, error) {
	return s.pair("receipts.tls", s.cfg.Receipts.TLS)
}

// relative makes a path of the config relative to the config file.
func (c *config) relative(path string) string {
	if c.file == nil || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.file.path), path)
}
