package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var metricWord = regexp.MustCompile(`\b(smsctl|process)_[a-z_]+`)

// metricNames are those that the service registers.
func metricNames() map[string]bool {
	known := map[string]bool{"process_resident_memory_bytes": true, "smsctl_api_requests_total": true, "smsctl_api_request_seconds_bucket": true}
	descs := make(chan *prometheus.Desc, 100)
	storeMetrics{}.Describe(descs)
	close(descs)
	word := regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range descs {
		known[word.FindStringSubmatch(d.String())[1]] = true
	}
	return known
}

func TestHealth(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := newHealth(func() time.Time { return now })
	if h.alive() != nil || h.ready() == nil {
		t.Error("a service that has just begun is alive and not ready")
	}
	h.tried = now
	if err := h.ready(); err != nil {
		t.Error(err)
	}
	now = now.Add(2 * healthStale)
	if h.alive() == nil || h.ready() == nil {
		t.Error("a service that hangs says that it is well")
	}
	h.turned()
	if h.alive() != nil || h.ready() != nil {
		t.Error("a service that turns again is well")
	}
	h.stopping()
	now = now.Add(2 * healthStale)
	if h.alive() != nil || h.ready() == nil {
		t.Error("a service that stops is alive and takes nothing")
	}
}
