# make ci is what CI runs (.ci/run calls it); each of its steps can be run alone.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GOLANGCI_LINT_VERSION := 2.15.0
GOTESTSUM_VERSION := 1.13.0
TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/smsctl-ci/bin
LINT := $(TOOLS)/golangci-lint
GOTESTSUM := $(TOOLS)/gotestsum
FUZZTIME ?= 2s
CI_STEPS := tools fmt tidy vet lint terminal ahead retest interop fuzz build cross browser

.PHONY: build test retest terminal interop lint fuzz bench bench-long bench-routing bench-micro cross browser picture ci ahead tools fmt tidy vet clean

build: ## the program, without cgo
	CGO_ENABLED=0 go build -o bin/smsctl ./cmd/smsctl

# The race detector watches our code. SQLite itself is C in Go's clothes: watching it finds nothing and takes most of the time.
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false

# Most tests that run side by side wait for each other's processes.
TEST_FLAGS := $(RACE) -shuffle=on -parallel 6 -timeout 20m

test: terminal ## all tests, with the race detector and in random order
	CI_TERMINAL=1 go test $(TEST_FLAGS) ./...

# What fails beside everything else is run once more, alone. If it passes then, a busy machine may have been all there was
# to it: it is named, to be looked at. Many failures, or a data race, are no such thing.
retest: terminal tools
	@[ -x $(GOTESTSUM) ] || exec $(MAKE) --no-print-directory test; \
	again=$$(mktemp); \
	CI_TERMINAL=1 $(GOTESTSUM) --format=pkgname --hide-summary=skipped --jsonfile-timing-events=$(TOOLS)/../tests.json \
		--rerun-fails=1 --rerun-fails-max-failures=4 --rerun-fails-run-root-test --rerun-fails-abort-on-data-race --rerun-fails-report=$$again \
		--packages=./... -- $(TEST_FLAGS); \
	if [ -s $$again ]; then echo "FAILED AT FIRST, in this shuffle, beside the others:"; cat $$again; fi

terminal: ## tmux, in which the tests type keys and read the screen
	@command -v tmux >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tmux; }

interop: ## the foreign peers, installed by apt and npm: SMPP, Kannel, the vendors' own libraries and OpenAPI documents
	.ci/interop

lint: tools
	$(LINT) run --allow-parallel-runners ./...

fuzz: ## every fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) .ci/fuzz

bench: build ## the figures of README's table, of one run on this machine
	go run ./cmd/smsctl/bench -smsctl bin/smsctl

bench-long: build ## the same with 5,000,000 rows and 1,000,000 messages: a quarter of an hour
	go run ./cmd/smsctl/bench -smsctl bin/smsctl -more-rows 5000000 -long 1000000

# LAB_FLAGS='-seeds 1 -policies static;router;oracle' makes it short; flags given later win.
LAB_FLAGS ?=
LAB = go test -v -count=1 -timeout 3h -run TestTable ./routing/lab -cores $$(nproc)

bench-routing: ## the router against simpler policies in simulated markets; half an hour on two quiet cores
	$(LAB) -messages 200000 $(LAB_FLAGS)
	$(LAB) -messages 200000 -kinds calm -random 20 $(LAB_FLAGS)
	$(LAB) -messages 20000 $(LAB_FLAGS)
	$(LAB) -messages 20000 -kinds calm -random 20 $(LAB_FLAGS)
	$(LAB) -messages 200000 -rate 2000 -policies 'static;router;oracle' $(LAB_FLAGS)
	$(LAB) -messages 200000 -unseen $(LAB_FLAGS)
	go test -run '^$$' -bench . -benchmem ./routing

bench-micro: ## Go benchmarks of the hot paths
	go test -run '^$$' -bench . -benchmem ./...

cross: ## it builds for the systems that nobody here runs
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -o bin/windows-amd64/smsctl.exe ./cmd/smsctl
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build -o bin/darwin-arm64/smsctl ./cmd/smsctl

browser: build ## HTML reports opened in Chromium: no script, no network, no complaint of axe-core
	TOOLS=$(TOOLS) .ci/browser/run

picture: build terminal ## README's pictures: the dashboard from a real terminal, the HTML report from a real browser
	.ci/screen/picture
	TOOLS=$(TOOLS) .ci/browser/picture

fmt:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi

tidy:
	go mod tidy -diff

vet:
	go vet ./...

tools: ## golangci-lint at the pinned version, built once and kept
	@if [ "$$($(LINT) version --short 2>/dev/null || true)" != "$(GOLANGCI_LINT_VERSION)" ]; then \
		GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI_LINT_VERSION); \
	fi
	@[ -x $(GOTESTSUM) ] || GOBIN=$(TOOLS) go install gotest.tools/gotestsum@v$(GOTESTSUM_VERSION) || echo "without gotestsum, tests run once"

ahead: ## starts what the later steps compile and install: the tests wait for each other and leave room for it
	@nice -n 19 bash -c 'TOOLS=$(TOOLS) .ci/browser/install; $(MAKE) --no-print-directory cross' </dev/null >/dev/null 2>&1 &

ci: ## everything, with the time of each step
	@total=$$SECONDS; for step in $(CI_STEPS); do \
		began=$$SECONDS; \
		echo "== $$step"; \
		$(MAKE) --no-print-directory "$$step" || { echo "== $$step FAILED after $$((SECONDS - began)) s"; exit 1; }; \
		echo "== $$step ok, $$((SECONDS - began)) s"; \
	done; echo "== ci ok, $$((SECONDS - total)) s"

clean:
	rm -rf bin
