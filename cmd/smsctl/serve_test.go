package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/api"
	"github.com/smsctl/smsctl/campaign/rules"
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

// Promotional messages that are ordered keep the hours that a list would keep; transactional ones go at once.
func TestOrdersKeepHours(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.Compliance = rules.Provider
	o := &orders{service: &service{session: &session{app: &app{}, cfg: cfg, mode: campaign.Live}}}
	at := &collector{day: "2026-10-12"}
	if c := o.collecting(api.Kind{Type: campaign.Promotional}, at); c.Settings.Compliance != rules.Provider {
		t.Errorf("promotional: compliance %q", c.Settings.Compliance)
	}
	if c := o.collecting(api.Kind{Type: campaign.Transactional}, at); c.Settings.Compliance.On() {
		t.Errorf("transactional: compliance %q", c.Settings.Compliance)
	}
}
