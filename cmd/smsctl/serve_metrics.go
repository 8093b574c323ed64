package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/store"
)

// metrics are the numbers of the service for Prometheus. What messages have become is read from the store's rollups when
// somebody asks: it is the same whichever process has sent them, and a restart does not begin at zero.
type metrics struct {
	registry *prometheus.Registry
	v        *service
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec

	mu   sync.Mutex
	read time.Time
	last store.Totals
}

// metricsAge is how old the rollups may be that a scrape gets: several scrapers cost no more than one.
const metricsAge = 5 * time.Second

// description is a metric that is read from the store.
type description struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func metricOf(kind prometheus.ValueType, name, help string, labels ...string) description {
	return description{prometheus.NewDesc("smsctl_"+name, help, labels, nil), kind}
}

func (d description) value(v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d.desc, d.kind, v, labels...)
}

func newMetrics(v *service) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), v: v}
	m.registry.MustRegister(storeMetrics{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "smsctl_api_requests_total", Help: "Requests to the API by route and status.",
	}, []string{"route", "status"})
	m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "smsctl_api_request_seconds", Help: "How long a request to the API took, its commit included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route"})
	m.registry.MustRegister(m.requests, m.seconds)
	build := buildVersion()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "smsctl_build_info", Help: "Always 1; the version is in the label.",
		ConstLabels: prometheus.Labels{"version": build.Version, "mode": string(v.mode), "profile": v.flags.profile},
	})
	info.Set(1)
	m.registry.MustRegister(info)
	return m
}

// observe counts a request to the API.
func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// totals are the rollups, at most metricsAge old.
func (m *metrics) totals() (store.Totals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.v.now(); m.read.IsZero() || now.Sub(m.read) >= metricsAge {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		t, err := m.v.store.Totals(ctx)
		if err != nil {
			return t, err
		}
		m.last, m.read = t, now
	}
	return m.last, nil
}

// storeMetrics collects what the store and the keeper know.
type storeMetrics struct{ m *metrics }

//nolint:gochecknoglobals // constant descriptions
var (
	metricRecipients = metricOf(prometheus.GaugeValue, "recipients", "Recipients of all campaigns by the state they are in.", "state")
	metricCampaigns  = metricOf(prometheus.GaugeValue, "campaigns", "Campaigns by the state they are in.", "state")
	metricInHand     = metricOf(prometheus.GaugeValue, "campaigns_in_hand", "Campaigns that this process sends.")
	metricAttempts   = metricOf(prometheus.GaugeValue, "attempts", "Attempts by carrier, outcome, error class and receipt.", "carrier", "outcome", "class", "receipt")
	metricSegments   = metricOf(prometheus.CounterValue, "segments_total", "Segments handed to a carrier.", "carrier")
	metricCost       = metricOf(prometheus.CounterValue, "cost_total", "Cost of attempts in the config's currency.", "carrier")
	metricLatency    = metricOf(prometheus.GaugeValue, "latency_seconds", "How long a carrier takes to accept or to report, in the campaigns under way.", "carrier", "kind", "quantile")
	metricReceipts   = metricOf(prometheus.CounterValue, "receipts_total", "Receipts stored, applied or not.")
	metricOptOuts    = metricOf(prometheus.GaugeValue, "optouts", "Entries of the opt-out list.")
	metricReady      = metricOf(prometheus.GaugeValue, "ready", "1 while /readyz says yes.")
	metricFailed     = metricOf(prometheus.GaugeValue, "store_read_failed", "1 if the database could not be read for this scrape.")
)

// Describe names them.
func (s storeMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []description{
		metricRecipients, metricCampaigns, metricInHand, metricAttempts, metricSegments, metricCost, metricLatency, metricReceipts,
		metricOptOuts, metricReady, metricFailed,
	} {
		out <- d.desc
	}
}

// Collect reads them.
func (s storeMetrics) Collect(out chan<- prometheus.Metric) {
	ready := 0.0
	if s.m.v.health.ready() == nil {
		ready = 1
	}
	out <- metricReady.value(ready)
	out <- metricInHand.value(float64(s.m.v.keeper.inHand()))
	t, err := s.m.totals()
	if err != nil {
		s.m.v.log().Error("metrics cannot be read", "error", err)
		out <- metricFailed.value(1)
		return
	}
	out <- metricFailed.value(0)
	for _, state := range campaign.States() { // a state that nobody is in is a zero, not a gap
		out <- metricRecipients.value(float64(t.Recipients[state]), string(state))
	}
	for _, state := range campaign.Statuses() {
		out <- metricCampaigns.value(float64(t.Campaigns[state]), string(state))
	}
	segments, cost := map[string]int64{}, map[string]int64{}
	for _, a := range t.Attempts {
		out <- metricAttempts.value(float64(a.N), a.Carrier, string(a.State), a.Class, a.Receipt)
		segments[a.Carrier] += a.Segments
		cost[a.Carrier] += a.Cost
	}
	for carrier, n := range segments {
		out <- metricSegments.value(float64(n), carrier)
		out <- metricCost.value(float64(cost[carrier])/1e6, carrier)
	}
	for _, l := range t.Latencies {
		for _, q := range []float64{0.5, 0.95} {
			out <- metricLatency.value(quantile(l.Buckets, q), l.Carrier, l.Kind, strconv.FormatFloat(q, 'g', -1, 64))
		}
	}
	out <- metricReceipts.value(float64(t.Receipts))
	out <- metricOptOuts.value(float64(t.OptOuts))
}

// quantile is the upper bound, in seconds, of the bucket in which a share of all is reached.
func quantile(buckets []store.LatencyBucket, share float64) float64 {
	var all, seen int64
	for _, b := range buckets {
		all += b.N
	}
	for _, b := range buckets {
		if seen += b.N; float64(seen) >= share*float64(all) {
			return b.UpToMS / 1000
		}
	}
	return 0
}
