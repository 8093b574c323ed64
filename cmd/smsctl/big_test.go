package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/store"
)

// TestBigStore measures what people wait for on a database of SMSCTL_BIG messages: list, completion and reports. It asserts
// nothing about time, and is skipped without the variable: 10,000,000 are some 10 GB. Making them takes most of the time:
// SMSCTL_BIG_DIR keeps the database, and measures it again when it is there.
func TestBigStore(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("SMSCTL_BIG"))
	if err != nil || n <= 0 {
		t.Skip("SMSCTL_BIG names no number of messages")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "big.db")
	if kept := os.Getenv("SMSCTL_BIG_DIR"); kept != "" {
		path = filepath.Join(kept, "big.db")
	}
	began := time.Now()
	st, err := os.Stat(path)
	if err != nil {
		fillBig(t, path, n)
		st, err = os.Stat(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d messages, %.1f GB, made in %s", n, float64(st.Size())/1e9, time.Since(began).Round(time.Second))
	exe := filepath.Join(dir, "smsctl")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", exe, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{
		{"campaign", "list"}, {"__complete", "campaign", "show", ""}, {"campaign", "show", "big"}, {"report", "big"},
		{"report", "big", "-o", filepath.Join(dir, "big.html")}, {"message", "list", "--campaign", "big", "--limit", "30"}, {"doctor", "--offline"},
	} {
		best := time.Hour
		for range 3 {
			cmd := exec.CommandContext(t.Context(), exe, append(args, "--db", path, "--log-file", "none")...)
			if args[0] == "__complete" { // flags after the word would be completed
				cmd = exec.CommandContext(t.Context(), exe, args...)
				cmd.Env = append(os.Environ(), "SMSCTL_DB="+path)
			}
			began := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil && args[0] != "doctor" {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			best = min(best, time.Since(began))
		}
		t.Logf("%-40s %6.0f ms", fmt.Sprint(args), float64(best.Microseconds())/1000)
	}
	best := time.Hour
	for range 3 {
		best = min(best, openUI(t, exec.CommandContext(t.Context(), exe, "ui", "--db", path, "--log-file", "none")))
	}
	t.Logf("%-40s %6.0f ms until it shows the campaign", "[ui]", float64(best.Microseconds())/1000)
	if st, err = os.Stat(filepath.Join(dir, "big.html")); err != nil || st.Size() > 500_000 {
		t.Errorf("the page: %v, %v", st, err)
	}
}

// openUI starts the browser on a terminal and says how long it took until a campaign was on the screen.
func openUI(t *testing.T, cmd *exec.Cmd) (took time.Duration) {
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8")
	began := time.Now()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 120, Rows: 36})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	var seen []byte
	for buf := make([]byte, 64<<10); ; {
		n, err := tty.Read(buf)
		seen = append(seen, buf[:n]...)
		if took == 0 && bytes.Contains(seen, []byte("small-98")) {
			took = time.Since(began)
			if _, err := tty.WriteString("q"); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil { // the other end has been closed
			break
		}
	}
	if err := cmd.Wait(); err != nil || took == 0 {
		t.Fatalf("%v\n%s", err, seen)
	}
	return took
}

// fillBig writes a campaign of n messages and some small ones by SQL: sending them would take an hour.
func fillBig(t *testing.T, path string, n int) {
	ctx := context.Background()
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lease := campaign.Lease{Token: "big", Host: "test", PID: 1, Until: time.Now().Add(time.Hour)}
	for i := range 100 {
		c := &campaign.Campaign{
			Name: fmt.Sprint("small-", i), Identity: fmt.Sprint(i), Mode: campaign.Simulated, Profile: "default", Type: campaign.Promotional,
			Template: "Hi {{name}}", Currency: "EUR", Source: "people.csv",
		}
		if i == 99 {
			c.Name = "big"
		}
		if err := s.CreateCampaign(ctx, c, lease); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=cache_size(-262144)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	const numbers = `WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < ?1) `
	for _, step := range []string{
		`INSERT INTO carriers (id, name) VALUES (1, 'alpha'), (2, 'beta')`,
		numbers + `INSERT INTO recipients (id, campaign_id, phone, line, country, kind, segments, ucs2, state, tries, counted, accepted, last_attempt, class)
			SELECT (100 << 32) | i, 100, 447400000000 + i, i + 1, CASE i % 5 WHEN 0 THEN 'DE' ELSE 'GB' END, 'mobile', 1 + (i % 9 = 0), i % 50 = 0,
				CASE WHEN i % 40 = 0 THEN 'undelivered' WHEN i % 97 = 0 THEN 'failed' ELSE 'delivered' END, 1 + (i % 30 = 0), 1, 1, i,
				CASE WHEN i % 40 = 0 OR i % 97 = 0 THEN 'recipient_invalid' ELSE '' END FROM k`,
		numbers + `INSERT INTO contents SELECT (100 << 32) | i, '["+44740' || i || '","Ana","Leeds"]', 'Hi Ana, your order for Leeds is on its way and arrives today. Reply STOP to opt out. ' || i FROM k`,
		numbers + `INSERT INTO attempts (id, recipient_id, previous, n, carrier_id, state, begun_at, ended_at, class, code, status, carrier_message_id, by_id, segments, cost, receipt, receipt_at, why)
			SELECT i, (100 << 32) | i, CASE WHEN i % 30 = 0 THEN i - 1 END, 1 + (i % 30 = 0), 1 + i % 2, CASE WHEN i % 97 = 0 THEN 'refused' ELSE 'accepted' END,
				(SELECT created_at FROM campaigns WHERE id = 100) + i / 2, (SELECT created_at FROM campaigns WHERE id = 100) + i / 2 + 40,
				CASE WHEN i % 40 = 0 OR i % 97 = 0 THEN 'recipient_invalid' ELSE '' END, CASE WHEN i % 40 = 0 OR i % 97 = 0 THEN '21211' ELSE '' END,
				'HTTP 201', 'SM' || substr('00000000000000000000000000000000' || i, -32), 0, 1, 34000, 'delivered',
				(SELECT created_at FROM campaigns WHERE id = 100) + i / 2 + 900, 'CAICAAH__________________________________________________' FROM k`,
		numbers + `INSERT INTO receipts (id, campaign_id, attempt_id, carrier_id, via, ref, carrier_message_id, state, class, code, detail, received_at, applied, raw)
			SELECT i, 100, i, 1 + i % 2, 'callback', 'ref' || i, 'SM' || i, 'delivered', '', '', '', 1, 1,
				CAST('MessageSid=SM00000000000000000000000000000000&MessageStatus=delivered&To=%2B447400000000&From=%2B15005550006&ApiVersion=2010-04-01&AccountSid=AC00000000000000000000000000000000' AS BLOB) FROM k`,
		`INSERT INTO recipient_counts SELECT campaign_id, country, state, class, count(*), sum(segments) FROM recipients GROUP BY 1, 2, 3, 4`,
		`INSERT INTO attempt_counts SELECT 100, carrier_id, 'GB', state, class, receipt, count(*), sum(segments), sum(cost), begun_at / 3600000
			FROM attempts GROUP BY 2, 4, 5, 6, 10`,
		`INSERT INTO series SELECT 100, carrier_id, begun_at / 10000, sum(state = 'accepted'), sum(state = 'refused'), sum(state = 'accepted') FROM attempts GROUP BY 2, 3`,
		`UPDATE campaigns SET state = 'completed', rows = ?1, started_at = created_at, finished_at = created_at + ?1 / 2, settled_at = created_at + ?1 / 2, active_ms = ?1 / 2 WHERE id = 100`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	} {
		if _, err := db.ExecContext(ctx, step, n); err != nil {
			t.Fatalf("%.60s: %v", step, err)
		}
	}
}
