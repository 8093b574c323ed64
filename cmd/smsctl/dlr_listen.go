package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newDLRListenCommand(a *app) *cobra.Command {
	var o listenOptions
	var simulate bool
	cmd := &cobra.Command{
		Use: "listen", Short: "Listen for receipts in the foreground and show them", Args: cobra.NoArgs,
		Long: `Listen for receipts and show them as they come, until Ctrl-C. First every carrier's callback address is printed, then the
listener is tried through its public address, as a carrier would reach it. An address that another smsctl process of this
database holds is shared: its receipts are shown too. --forward-to posts each receipt as JSON to another program after it
was stored. --tunnel starts an installed cloudflared or ngrok, and uses the address that it gets.`,
		Example: "smsctl dlr listen\nsmsctl dlr listen --addr 127.0.0.1:8025 --public-url https://sms.example.com\nsmsctl dlr listen --forward-to http://127.0.0.1:3000/sms --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dlrListen(ctx, &o) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", "", "listen at this `ADDRESS` (default: receipts.listen, else 127.0.0.1:8025)")
	f.StringVar(&o.public, "public-url", "", "the listener's `URL` as carriers reach it (default: receipts.public_url)")
	f.StringVar(&o.forward, "forward-to", "", "post every receipt, as JSON, to `URL`")
	f.Var(newEnum(&o.tunnel, "", "", "cloudflared", "ngrok"), "tunnel", "reach the listener from outside through an installed program: cloudflared, ngrok")
	f.DurationVar(&o.stopAfter, "for", 0, "stop after this `TIME` (default: on Ctrl-C)")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitLocked, exitInterrupted, exitTerminated)
}

type listenOptions struct {
	addr, public, forward, tunnel string
	stopAfter                     time.Duration
}

// defaultListen is where dlr listen listens without a word in the config.
const defaultListen = "127.0.0.1:8025"

func (s *session) dlrListen(ctx context.Context, o *listenOptions) (err error) {
	if err := s.listenSettings(o); err != nil {
		return err
	}
	if err := s.useCarriers(ctx, nil); err != nil {
		return err
	}
	if !slices.ContainsFunc(s.carriers, calls) {
		return fail(exitConfig, "dlr.no_callbacks", "no carrier of this config sends anything to a listener").
			at("carriers in the config").fix("name a carrier that does, or send: the receipts of these come by themselves")
	}
	signals := watchSignals(ctx, s.noteStop)
	defer signals.close()
	ctx = signals.drain
	if o.tunnel != "" {
		stop, public, err := s.openTunnel(ctx, o.tunnel, string(s.cfg.Receipts.Listen))
		if err != nil {
			return err
		}
		defer stop()
		s.cfg.Receipts.PublicURL = publicURL(public)
	}
	since, err := s.store.LastReceipt(ctx)
	if err != nil {
		return err
	}
	stop, _, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := s.announce(ctx); err != nil {
		return err
	}
	if o.stopAfter > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.stopAfter)
		defer cancel()
	}
	n, err := s.showReceipts(ctx, since, o.forward)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err := s.listened(n); err != nil {
		return err
	}
	return exitWith(signals.exitCode())
}

// calls says whether a carrier sends receipts or messages to an address of ours.
func calls(c carriers.Carrier) bool {
	_, receipts := c.(carriers.Receiver)
	_, inbound := c.(carriers.InboundReceiver)
	return receipts || inbound
}

func (s *session) noteStop(n int, _ os.Signal) {
	if n == 1 {
		s.say("Stopping: receipts under way are stored first.")
	}
}

// listenSettings puts the flags over the config.
func (s *session) listenSettings(o *listenOptions) error {
	if o.addr == "" && s.cfg.Receipts.Listen == "" {
		o.addr = defaultListen
	}
	if o.addr != "" {
		if err := s.cfg.Receipts.Listen.UnmarshalText([]byte(o.addr)); err != nil {
			return fail(exitUsage, "usage.bad_value", "--addr: %s", err).at("--addr %s", o.addr).fix("--addr %s", defaultListen)
		}
	}
	if o.public != "" {
		if err := s.cfg.Receipts.PublicURL.UnmarshalText([]byte(o.public)); err != nil {
			return fail(exitUsage, "usage.bad_value", "--public-url: %s", err).at("--public-url %s", o.public).fix("--public-url https://sms.example.com")
		}
	}
	if o.forward != "" {
		if u, err := url.Parse(o.forward); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fail(exitUsage, "usage.bad_value", "--forward-to is no address").at("--forward-to %s", o.forward).fix("--forward-to http://127.0.0.1:3000/sms")
		}
	}
	return nil
}

// announce prints where receipts go, and whether they would arrive.
func (s *session) announce(ctx context.Context) (err error) {
	type row struct {
		Carrier string `json:"carrier"`
		callbackAddress
	}
	var rows []row
	for _, c := range s.carriers {
		address, err := s.callbackAddress(c)
		if err != nil {
			return err
		}
		rows = append(rows, row{c.Info().Name, address})
	}
	test := s.selfTest(ctx)
	if s.wantsJSON() {
		s.out, err = s.newEvents(map[string]any{"listen": string(s.cfg.Receipts.Listen), "callbacks": rows})
		if err != nil {
			return err
		}
		return s.out.emit("self_test", test)
	}
	for _, r := range rows {
		if err := s.printf("%-14s %s\n", r.Carrier, r.callbackAddress); err != nil {
			return err
		}
	}
	if test.Reachable {
		return s.printf("Listening at %s, reachable at %s in %d ms.\n", s.cfg.Receipts.Listen, test.URL, test.TookMS)
	}
	s.warn("not reachable from outside: %s", test.Problem)
	return s.printf("Listening at %s.\n", s.cfg.Receipts.Listen)
}

// receiptEvent is a receipt that came.
type receiptEvent struct {
	Carrier string                `json:"carrier"`
	Via     string                `json:"via"`
	At      string                `json:"received_at"`
	Ref     string                `json:"ref"`
	ID      string                `json:"carrier_message_id"`
	State   carriers.ReceiptState `json:"state"`
	Class   carriers.Class        `json:"error_class"`
	Code    string                `json:"error_code"`
	Detail  string                `json:"error_message"`
	Orphan  bool                  `json:"orphan"`
}

func eventOf(k *store.Kept) receiptEvent {
	return receiptEvent{k.Carrier, k.Via, utcTime(k.At), k.Ref, k.ID, k.State, k.Class, k.Code, k.Detail, k.Orphan}
}

// followTick is how often dlr listen looks for new rows.
const followTick = 200 * time.Millisecond

// showReceipts shows, and forwards, the receipts after a row until ctx ends, and says how many.
func (s *session) showReceipts(ctx context.Context, after int64, forward string) (n int64, err error) {
	tick := time.NewTicker(followTick)
	defer tick.Stop()
	for {
		var batch []receiptEvent
		if err := s.store.ReceiptsAfter(context.WithoutCancel(ctx), after, func(k *store.Kept) error {
			after = k.Row
			batch = append(batch, eventOf(k))
			return nil
		}); err != nil {
			return n, err
		}
		for _, e := range batch {
			n++
			if err := s.showReceipt(e); err != nil {
				return n, err
			}
			if forward != "" {
				if err := s.forward(context.WithoutCancel(ctx), forward, e); err != nil {
					s.warn("not forwarded: %s", err)
				}
			}
		}
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
		select {
		case <-tick.C:
		case <-ctx.Done(): // once more: what came last is shown too
		}
	}
}

func (s *session) showReceipt(e receiptEvent) error {
	if s.out != nil {
		return s.out.emit("receipt", e)
	}
	note := strings.TrimSpace(string(e.Class) + " " + e.Code)
	if e.Orphan {
		note = strings.TrimSpace(note + " matches no message")
	}
	return s.printf("%s  %-12s %-11s %s  %s\n", e.At, e.Carrier, e.State, strings.TrimSpace(e.Ref+" "+e.ID), note)
}

func (s *session) listened(n int64) error {
	if s.out != nil {
		return s.out.emit("summary", map[string]any{"receipts": n})
	}
	return s.printf("%s receipts.\n", count(n))
}
