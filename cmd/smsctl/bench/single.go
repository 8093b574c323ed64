//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// help measures what every start costs: the quickest of some, because the first ones warm the disk's cache.
func (b *bench) help(ctx context.Context, t *table) error {
	best := time.Hour
	for range 10 {
		_, used, err := command(ctx, b.dir, b.smsctl, "--help")
		if err != nil {
			return err
		}
		best = min(best, used.wall)
	}
	t.row("smsctl --help", "%6.1f ms   the quickest of 10, at most 25", float64(best.Microseconds())/1000)
	return nil
}

// intakes measures rows becoming a plan: the import of send, into a database that is thrown away.
func (b *bench) intakes(ctx context.Context, t *table, rows, more int) error {
	t.head("intake, everything included: read, check, render, price, store")
	small, err := b.intake(ctx, t, rows, nil)
	if err != nil {
		return err
	}
	for _, list := range []*optOuts{{n: 1_000_000}, {n: 1_000_000, hashed: true}} {
		full, err := b.intake(ctx, t, rows, list)
		if err != nil {
			return err
		}
		t.row(list.String(), "%6.2f      cpu of the list with a million of them to that without, at most 1.10", full.cpu.Seconds()/small.cpu.Seconds())
	}
	if more == 0 {
		return nil
	}
	large, err := b.intake(ctx, t, more, nil)
	if err != nil {
		return err
	}
	t.row("memory", "%6.2f      of the larger to the smaller, at most 1.15", float64(large.rss)/float64(small.rss))
	return nil
}

// intake measures a list, against an opt-out list if there is one.
func (b *bench) intake(ctx context.Context, t *table, rows int, out *optOuts) (usage, error) {
	list, err := b.list(rows)
	if err != nil {
		return usage{}, err
	}
	defer os.Remove(list)
	home, err := os.MkdirTemp(b.dir, "plan-")
	if err != nil {
		return usage{}, err
	}
	defer os.RemoveAll(home)
	title := fmt.Sprintf("%d rows", rows)
	common := []string{"--db", filepath.Join(home, "bench.db"), "--log-file", "none"}
	if out != nil {
		title += ", " + out.String()
		more, err := b.optOut(ctx, t, home, out, common)
		if err != nil {
			return usage{}, err
		}
		common = append(common, more...)
	}
	_, used, err := command(ctx, home, b.smsctl, append([]string{"plan", "--csv", list, "-m", template, "--no-input"}, common...)...)
	if err != nil {
		return usage{}, err
	}
	limits := ""
	if rows == 1_000_000 {
		limits = "; at most 20 s, 200 MB"
	}
	t.row(title, "%6.1f s    %.0f rows/s, cpu %.1f s, rss %d MB%s", used.wall.Seconds(), float64(rows)/used.wall.Seconds(),
		used.cpu.Seconds(), used.rss>>20, limits)
	return used, nil
}

// report measures what people wait for on the campaign that a database holds: each the quickest of three.
func (b *bench) report(ctx context.Context, t *table, config string, n int) error {
	page := filepath.Join(filepath.Dir(config), "report.html")
	for _, m := range []struct {
		label, limit string
		args         []string
	}{
		{"report", "at most 3 s", []string{"report"}},
		{"report, HTML", "at most 5 s", []string{"report", "-o", page}},
		{"campaign list", "at most 100 ms", []string{"campaign", "list"}},
	} {
		best := time.Hour
		for range 3 {
			_, used, err := command(ctx, filepath.Dir(config), b.smsctl, append(m.args, "--config", config, "--log-file", "none", "--no-input")...)
			if err != nil {
				return err
			}
			best = min(best, used.wall)
		}
		t.row(m.label, "%6.3f s   over %d messages; %s", best.Seconds(), n, m.limit)
	}
	st, err := os.Stat(page)
	if err != nil {
		return err
	}
	t.row("its page", "%6d KB  at most 500", st.Size()>>10)
	return nil
}
