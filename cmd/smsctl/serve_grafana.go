package main

import _ "embed"

// grafanaDashboard is what `serve --grafana` prints: Grafana imports it as it is.
//
//go:embed grafana.json
var grafanaDashboard string
