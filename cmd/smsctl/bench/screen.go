//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// The views of a campaign that are compared.
const (
	viewNone = "none"
	viewTUI  = "tui"
)

// terminal is how large the screens are that are measured.
func terminal() *pty.Winsize { return &pty.Winsize{Cols: 120, Rows: 36} }

// onTerminal starts a program on a terminal of its own, whose output goes to see until the program has ended.
func onTerminal(ctx context.Context, dir, name string, args []string, see func(tty io.Writer, out []byte)) (used usage, err error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(environment(dir), "TERM=xterm-256color")
	began := time.Now()
	tty, err := pty.StartWithSize(c, terminal())
	if err != nil {
		return used, err
	}
	defer func() { _ = tty.Close() }()
	var last []byte
	for buf := make([]byte, 64<<10); ; {
		n, readErr := tty.Read(buf)
		last = append(last[max(0, len(last)-2000):], buf[:n]...)
		see(tty, buf[:n])
		if errors.Is(readErr, io.EOF) || errors.Is(readErr, syscall.EIO) { // EIO: nobody holds the other end any more
			break
		}
		if readErr != nil {
			return used, readErr
		}
	}
	err = c.Wait()
	used = usageOf(c.ProcessState, time.Since(began))
	if err != nil {
		err = fmt.Errorf("%s %s on a terminal: %w\n%s", name, args[0], err, last)
	}
	return used, err
}

// dashboard measures what the screen costs: of the engine's rate, and of a core at a thousand messages a second. The run
// without it has the same terminal: a process with a terminal of its own is a group of its own for Linux's scheduler, which
// shares the processors differently between it and the simulator.
func (b *bench) dashboard(ctx context.Context, t *table, messages, pairs int) error {
	list, err := b.list(messages)
	if err != nil {
		return err
	}
	t.head("the dashboard on a terminal of 120x36, http, %d messages, median of %d pairs without and with it", messages, pairs)
	views := [2]string{viewNone, viewTUI}
	var rates, costs []float64
	var each [2][]float64 // µs of the client's processors for a message
	for pair := range pairs {
		var s [2]sending
		for i := range s {
			i = (i + pair) % 2 // what the machine has got used to favours none
			if s[i], err = b.sends(ctx, "http", list, messages, how{view: views[i]}); err != nil {
				return err
			}
			each[i] = append(each[i], float64(s[i].client.cpu.Microseconds())/float64(messages))
		}
		rates = append(rates, s[1].rate()/s[0].rate())
		costs = append(costs, s[1].client.cpu.Seconds()/s[0].client.cpu.Seconds())
	}
	t.row("throughput", "%6.2f      of that without, at least 0.98; pairs %s", median(rates), listed(rates))
	t.row("cpu", "%6.2f      of that without; pairs %s; a message: %.1f µs with it, %.1f µs without", median(costs), listed(costs), median(each[1]), median(each[0]))
	const rate, seconds = 1000, 20
	if list, err = b.list(rate * seconds); err != nil {
		return err
	}
	var cpu [2]float64
	for i, view := range views {
		s, err := b.sends(ctx, "http", list, rate*seconds, how{view: view, args: []string{"--rate", fmt.Sprintf("%d/s", rate)}})
		if err != nil {
			return err
		}
		cpu[i] = s.client.cpu.Seconds() / s.client.wall.Seconds()
	}
	t.row("at 1,000/s", "%6.1f %%    of a core, at most 5: %.1f %% with it, %.1f %% without", 100*(cpu[1]-cpu[0]), 100*cpu[1], 100*cpu[0])
	return nil
}

// opening measures how long ui takes from its start until a campaign is on the screen: the quickest of three.
func (b *bench) opening(ctx context.Context, t *table, config, campaign string, n int) error {
	best := time.Hour
	for range 3 {
		began, seen := time.Now(), []byte(nil)
		_, err := onTerminal(ctx, filepath.Dir(config), b.smsctl, []string{"ui", "--config", config, "--log-file", "none"}, func(tty io.Writer, out []byte) {
			shown := bytes.Contains(seen, []byte(campaign))
			if seen = append(seen, out...); !shown && bytes.Contains(seen, []byte(campaign)) {
				best = min(best, time.Since(began))
				_, _ = io.WriteString(tty, "q") // it has ended if it takes no key
			}
		})
		if err != nil {
			return err
		}
	}
	t.row("ui", "%6.3f s   until it shows the campaign, over %d messages; at most 200 ms", best.Seconds(), n)
	return nil
}

// campaignOf is the name of a list's campaign.
func campaignOf(list string) string {
	name := filepath.Base(list)
	return name[:len(name)-len(filepath.Ext(name))]
}
