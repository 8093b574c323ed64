package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// defaultMetrics is where /metrics, /healthz and /readyz are without a word in the config.
const defaultMetrics = "127.0.0.1:9464"

// serveOps answers those who watch the service, at an address of its own that nobody else needs to reach.
func (v *service) serveOps(ctx context.Context) (stop func(), err error) {
	address := string(v.cfg.Serve.Metrics)
	if address == noAddress {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", v.health.probe(v.health.alive))
	mux.Handle("GET /readyz", v.health.probe(v.health.ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(v.metrics.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	return v.serveHTTPS(ctx, address, "serve.metrics", mux, nil)
}

// serveHTTPS answers at an address until stop is called, with TLS if there is a certificate; requests under way may finish.
func (v *service) serveHTTPS(ctx context.Context, address, key string, h http.Handler, secure *tls.Config) (stop func(), err error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fail(exitConfig, key, "cannot listen").at("%s: %v", address, err).
			fix("change %s in the config, or stop the other program", key).because(err)
	}
	if secure != nil {
		ln = tls.NewListener(ln, secure)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(v.log().Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			v.log().Error("nobody is answered any more", "address", address, "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
		}
		<-done
	}, nil
}
