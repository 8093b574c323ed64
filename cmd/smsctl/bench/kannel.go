//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	bearerbox = "/usr/sbin/bearerbox" // Debian's places
	mtbatch   = "/usr/bin/mtbatch"
)

func (b *bench) hasKannel() bool {
	_, err1 := os.Stat(bearerbox)
	_, err2 := os.Stat(mtbatch)
	return err1 == nil && err2 == nil
}

// kannel measures Debian's Kannel on the same simulator: bearerbox, which writes every message to its spool before it sends
// it, and takes the receipts, fed by mtbatch.
func (b *bench) kannel(ctx context.Context, n int) (sending, error) {
	home, err := os.MkdirTemp(b.dir, "kannel-")
	if err != nil {
		return sending{}, err
	}
	defer os.RemoveAll(home)
	return b.against(ctx, "smpp", "", n, func(address, _ string) (used usage, err error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return used, err
		}
		var ports [3]string
		for i := range ports {
			free, err := freeAddress(ctx)
			if err != nil {
				return used, err
			}
			_, ports[i], _ = net.SplitHostPort(free)
		}
		spool := filepath.Join(home, "spool")
		config := fmt.Sprintf(kannelConfig, ports[0], ports[1], spool, host, port, carrierName, b.bind)
		var numbersOf strings.Builder
		for numbers, i := newNumbers(b.seed), 0; i < n; i++ {
			numbersOf.WriteString(strings.TrimPrefix(numbers.take(), "+") + "\n") // it wants digits
		}
		for name, content := range map[string]string{"kannel.conf": config, "text": greeting("Ada", "Leeds"), "to": numbersOf.String()} {
			if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
				return used, err
			}
		}
		if err := os.Mkdir(spool, 0o700); err != nil {
			return used, err
		}
		box, err := serve(ctx, home, "127.0.0.1:"+ports[1], bearerbox, "-v", "4", "kannel.conf")
		if err != nil {
			return used, err
		}
		_, _, err = command(ctx, home, mtbatch, "-v", "4", "-b", "127.0.0.1", "-p", ports[1], "-f", strings.TrimPrefix(sender, "+"), "-D", "3", "-u", "http://127.0.0.1:1/?d=%d",
			"text", "to")
		if err == nil {
			err = b.settled(ctx, n)
		}
		used, stopErr := box.stop()
		return used, errors.Join(err, stopErr)
	})
}

// settled waits until every receipt is acknowledged, as the simulator's log says.
func (b *bench) settled(ctx context.Context, n int) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; {
		t, err := readTruth(filepath.Join(b.dir, "truth.jsonl"))
		if err == nil && t.receipts >= n {
			return nil
		}
		if time.Since(began) > 3*time.Minute {
			return fmt.Errorf("%d of %d messages taken, %d receipts acknowledged after three minutes", t.taken, n, t.receipts)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const kannelConfig = `
group = core
admin-port = %s
admin-password = bench
smsbox-port = %s
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = "%s"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = operator
host = %s
port = %s
transceiver-mode = true
smsc-username = %s
smsc-password = alpha-pw
system-type = bench
interface-version = 34
source-addr-ton = 1
source-addr-npi = 1
dest-addr-ton = 1
dest-addr-npi = 1
max-pending-submits = %d

group = smsbox
bearerbox-host = 127.0.0.1
`
