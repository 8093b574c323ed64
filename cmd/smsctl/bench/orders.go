//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// orderers is how many programs order messages at once, each over a connection of its own.
const orderers = 128

// ordered measures the service's API: messages that are ordered one by one, each durable before its 2xx, while the same
// process sends them and takes their receipts in.
func (b *bench) ordered(ctx context.Context, t *table, n int) error {
	t.head("api: %d messages ordered one by one by %d programs, sent and reported by the same service", n, orderers)
	var took []time.Duration
	var wall time.Duration
	s, err := b.against(ctx, "http", "", n, func(base, listen string) (u usage, err error) {
		home, err := os.MkdirTemp(b.dir, "serve-")
		if err != nil {
			return u, err
		}
		defer os.RemoveAll(home)
		api, err := freeAddress(ctx)
		if err != nil {
			return u, err
		}
		config := filepath.Join(home, "config.yaml")
		text := fmt.Sprintf("database: bench.db\nsender: %q\nreceipts: {listen: %s, public_url: \"http://%s\"}\nserve: {metrics: none}\n"+
			"api: {listen: %s, token: bench, max_queued: 1000000}\ncarriers:\n  %s:\n    %s\n",
			sender, listen, listen, api, carrierName, strings.ReplaceAll(carrierConfig("http", base, b.window), "\n", "\n    "))
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return u, err
		}
		service, err := serve(ctx, home, api, b.smsctl, "serve", "--config", config, "--log-file", "none", "--quiet")
		if err != nil {
			return u, err
		}
		o := orderer{address: "http://" + api, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: orderers}}}
		began := time.Now()
		took, err = o.orderAll(ctx, n)
		wall = time.Since(began)
		if err == nil {
			err = o.delivered(ctx, n)
		}
		u, stopErr := service.stop()
		return u, errors.Join(err, stopErr)
	})
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	slices.Sort(took)
	t.row("accepted", "%6.0f /s   durable, at least 3000; half within %s, 95 of 100 within %s", float64(n)/wall.Seconds(),
		took[n/2].Round(100*time.Microsecond), took[n*95/100].Round(100*time.Microsecond))
	t.row("end to end", "%6.0f /s   %s", s.rate(), s.costs())
	return nil
}

// orderer is a program that orders messages.
type orderer struct {
	address  string
	client   *http.Client
	campaign atomic.Pointer[string] // that collects them
}

// orderAll orders n messages and returns how long each took.
func (o *orderer) orderAll(ctx context.Context, n int) (took []time.Duration, err error) {
	took = make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, orderers)
	for range orderers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				began := time.Now()
				if err := o.order(ctx, i); err != nil {
					failed <- err
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	close(failed)
	return took, <-failed
}

func (o *orderer) order(ctx context.Context, i int) error {
	body := fmt.Sprintf(`{"to":"+4474%08d","text":"Your code is %06d"}`, i, i)
	status, answer, err := o.call(ctx, http.MethodPost, "/v1/messages", []byte(body), "key-"+strconv.Itoa(i))
	if err != nil {
		return err
	}
	if status != http.StatusAccepted {
		return fmt.Errorf("message %d was answered %d: %s", i, status, answer)
	}
	if o.campaign.Load() == nil {
		var m struct {
			Campaign string `json:"campaign_id"`
		}
		if err := json.Unmarshal(answer, &m); err != nil {
			return err
		}
		o.campaign.Store(&m.Campaign)
	}
	return nil
}

func (o *orderer) call(ctx context.Context, method, path string, body []byte, key string) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, o.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer bench")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := o.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// delivered waits until all receipts are in.
func (o *orderer) delivered(ctx context.Context, n int) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, answer, err := o.call(ctx, http.MethodGet, "/v1/campaigns/"+*o.campaign.Load(), nil, "")
		if err != nil {
			return err
		}
		var c struct{ Recipients map[string]int }
		if err := json.Unmarshal(answer, &c); err != nil {
			return err
		}
		if c.Recipients["delivered"] == n {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
