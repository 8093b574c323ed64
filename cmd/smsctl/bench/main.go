//go:build unix

// Bench measures smsctl as people run it: real processes, a real database, the simulated carriers in a process of
// their own. It prints one table of one run on one machine; `make bench` and `make bench-long` call it.
//
// A message's way is measured against a ceiling (client.go): a program that submits the same messages through the same
// adapter and answers every receipt, but records nothing. The ratio of the two rates is the price of being durable. Every
// commit waits for the disk, so the ratio says something only where nothing else writes to it; the processors' time of a
// message depends less on what else the machine does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// bench is one run of the harness.
type bench struct {
	smsctl string // the program that is measured
	dir    string // everything that is written, removed at the end
	window int    // max_in_flight of a carrier that speaks HTTP
	bind   int    // the window of an SMPP bind
	seed   uint64
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == clientWord {
		exitOn(runClient(os.Args[2:]))
		return
	}
	var (
		b        bench
		messages = flag.Int("messages", 100_000, "messages of each run of a pair")
		pairs    = flag.Int("pairs", 5, "pairs of a ceiling and an end to end run; 0 = none")
		types    = flag.String("types", "http,twilio,smpp", "carrier types")
		flood    = flag.Int("flood", 20_000, "messages of the run in which receipts come thrice; 0 = none")
		screen   = flag.Int("screen", 3, "pairs of a run without the dashboard and one with it; 0 = none")
		rows     = flag.Int("rows", 1_000_000, "rows of the intake; 0 = none")
		more     = flag.Int("more-rows", 0, "rows of a second intake, to compare the memory; 0 = none")
		orders   = flag.Int("orders", 50_000, "messages ordered by the service's API; 0 = none")
		long     = flag.Int("long", 0, "messages of a long run, whose cost per message is compared; 0 = none")
	)
	flag.StringVar(&b.smsctl, "smsctl", "bin/smsctl", "the program")
	flag.IntVar(&b.window, "window", 256, "messages in flight")
	flag.IntVar(&b.bind, "smpp-window", 250, "window of an SMPP bind")
	flag.Uint64Var(&b.seed, "seed", 1, "of the lists")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exitOn(b.run(ctx, plan{*messages, *pairs, strings.Split(*types, ","), *rows, *more, *long, *flood, *orders, *screen}))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what is to be measured.
type plan struct {
	messages, pairs int
	types           []string
	rows, more      int
	long            int
	flood, orders   int
	screen          int
}

func (b *bench) run(ctx context.Context, p plan) (err error) {
	if b.smsctl, err = filepath.Abs(b.smsctl); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "smsctl-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	t := newTable(os.Stdout)
	t.row("machine", "%s %s/%s, %d cores, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateTime))
	t.row("run", "%d in flight over HTTP, seed %d, every commit synced before it is acknowledged, simulator in its own process", b.window, b.seed)
	if err := b.help(ctx, t); err != nil {
		return err
	}
	for _, typ := range p.types {
		if p.pairs > 0 {
			if err := b.pairs(ctx, t, typ, p.messages, p.pairs); err != nil {
				return err
			}
		}
	}
	if p.screen > 0 {
		if err := b.dashboard(ctx, t, p.messages, p.screen); err != nil {
			return err
		}
	}
	if p.flood > 0 {
		if err := b.flooded(ctx, t, p.flood); err != nil {
			return err
		}
	}
	if p.orders > 0 {
		if err := b.ordered(ctx, t, p.orders); err != nil {
			return err
		}
	}
	if p.rows > 0 {
		if err := b.intakes(ctx, t, p.rows, p.more); err != nil {
			return err
		}
	}
	if p.long > 0 {
		return b.long(ctx, t, p.types[0], p.long)
	}
	return nil
}

// pairs measures ceiling and program in turn, so that whatever else the machine does meets both.
func (b *bench) pairs(ctx context.Context, t *table, typ string, messages, pairs int) error {
	list, err := b.list(messages)
	if err != nil {
		return err
	}
	var ceilings, ends, ratios []float64
	if typ == "smpp" {
		messages *= 2 // a second's work would measure the start
		if list, err = b.list(messages); err != nil {
			return err
		}
	}
	var last [2]sending
	var kannels []float64
	for range pairs {
		if last[0], err = b.ceiling(ctx, typ, messages); err != nil {
			return fmt.Errorf("ceiling of %s: %w", typ, err)
		}
		if last[1], err = b.endToEnd(ctx, typ, list, messages, nil); err != nil {
			return fmt.Errorf("end to end of %s: %w", typ, err)
		}
		ceilings, ends = append(ceilings, last[0].rate()), append(ends, last[1].rate())
		ratios = append(ratios, last[1].rate()/last[0].rate())
		if typ == "smpp" && b.hasKannel() {
			k, err := b.kannel(ctx, messages)
			if err != nil {
				return fmt.Errorf("kannel: %w", err)
			}
			kannels = append(kannels, last[1].rate()/k.rate())
			t.row("kannel", "%6.0f /s   bearerbox with store-type spool, fed by mtbatch; %s", k.rate(), k.costs())
		}
	}
	t.head("%s, %d messages with their receipts, median of %d pairs", typ, messages, pairs)
	t.row("ceiling", "%6.0f /s   %s", median(ceilings), last[0].costs())
	if typ != "smpp" {
		t.row("end to end", "%6.0f /s   %s", median(ends), last[1].costs())
		t.row("ratio", "%6.2f      at least 0.60; pairs %s", median(ratios), listed(ratios))
		return nil
	}
	t.row("end to end", "%6.0f /s   over one bind, window %d, at least 12000; %s", median(ends), b.bind, last[1].costs())
	t.row("ratio", "%6.2f      to the client that records nothing; pairs %s", median(ratios), listed(ratios))
	if len(kannels) == 0 {
		t.row("to kannel", "it is not installed: Debian's packages kannel and kannel-extras")
		return nil
	}
	t.row("to kannel", "%6.2f      times its rate, at least 3; pairs %s", median(kannels), listed(kannels))
	return nil
}

// windowOf is how many messages a carrier of a type has in flight.
func (b *bench) windowOf(typ string) int {
	if typ == "smpp" {
		return b.bind
	}
	return b.window
}

// flooded measures the listener while a campaign sends: a carrier sends three receipts for every message.
func (b *bench) flooded(ctx context.Context, t *table, messages int) error {
	list, err := b.list(messages)
	if err != nil {
		return err
	}
	t.head("listener: three receipts for each of %d messages, taken in durably while the campaign sends", messages)
	for _, typ := range []string{"http", "smpp"} {
		s, err := b.sends(ctx, typ, list, messages, how{more: ", sent_receipts: true, duplicate_receipts: 1"})
		if err != nil {
			return fmt.Errorf("flood of %s: %w", typ, err)
		}
		t.row(typ, "%6.0f receipts/s, at least 8000, beside %.0f messages/s; %s", float64(s.receipts)/s.receiving.Seconds(), s.rate(), s.costs())
	}
	return nil
}

// long compares the cost of a message in a large campaign with that in a small one, and reads the large one's report.
func (b *bench) long(ctx context.Context, t *table, typ string, messages int) error {
	t.head("%s, cost of a message by the size of the campaign", typ)
	var each [2]float64
	for i, n := range []int{50_000, messages} {
		list, err := b.list(n)
		if err != nil {
			return err
		}
		var after func(config string) error
		if i == 1 {
			after = func(config string) error {
				return errors.Join(b.report(ctx, t, config, n), b.opening(ctx, t, config, campaignOf(list), n))
			}
		}
		s, err := b.endToEnd(ctx, typ, list, n, after)
		if err != nil {
			return err
		}
		each[i] = float64(s.wall.Microseconds()) / float64(n)
		t.row(fmt.Sprintf("%d", n), "%6.0f /s   %.0f µs a message, %s", s.rate(), each[i], s.costs())
	}
	t.row("ratio", "%6.2f      at most 1.30", each[1]/each[0])
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func listed(v []float64) string {
	words := make([]string, len(v))
	for i, x := range v {
		words[i] = fmt.Sprintf("%.2f", x)
	}
	return strings.Join(words, " ")
}
