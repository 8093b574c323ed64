package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/receipts"
)

type triggerOptions struct {
	message, carrier       string
	delay                  time.Duration
	duplicate, late, badly bool
}

func newDLRTriggerCommand(a *app) *cobra.Command {
	var o triggerOptions
	var simulate bool
	cmd := &cobra.Command{
		Use: "trigger STATUS", Short: "Rehearse a receipt: post what the carrier would post, signed as it signs", Args: cobra.ExactArgs(1),
		Long: `Post to the listener what a carrier would post about one of your messages, signed as the carrier signs. STATUS is one of
accepted, queued, sent, unknown, undelivered, expired, failed, rejected, cancelled, delivered, or a word of the carrier's
own. It changes what is stored of the message, as the carrier's receipt would: use it with test messages. If nobody listens,
the receipt is taken in here. Carriers that sign with a key which only they have (telnyx, aws) need a pair of your own in
the config, rehearsal_key; on carriers with a connection of their own (smpp) the receipt is stored as if it had come there.`,
		Example: "smsctl dlr trigger delivered --message msg_7f3k9q2a.12\nsmsctl dlr trigger failed --message +447700900123 --duplicate\nsmsctl dlr trigger delivered --message msg_7f3k9q2a.12 --bad-signature   # must be refused",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dlrTrigger(ctx, args[0], &o) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.message, "message", "", "the message, by `ID` or number (message list shows ids)")
	f.StringVar(&o.carrier, "carrier", "", "of its attempt on this carrier, by name or `TYPE` (default: the last that took it)")
	f.DurationVar(&o.delay, "delay", 0, "wait this `TIME` first")
	f.BoolVar(&o.duplicate, "duplicate", false, "post it twice, as carriers do")
	f.BoolVar(&o.late, "late", false, "post it when the wait for receipts is over")
	f.BoolVar(&o.badly, "bad-signature", false, "sign with another key: it must be refused, and that is what is checked")
	_ = cmd.MarkFlagRequired("message")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitNoRoute, exitNotFound, exitLocked, exitState)
}

func (s *session) dlrTrigger(ctx context.Context, status string, o *triggerOptions) error {
	d, err := s.storyOf(ctx, o.message)
	if err != nil {
		return err
	}
	if err := s.useCarriers(ctx, nil); err != nil {
		return err
	}
	c, attempt, err := s.attemptFor(d, o.carrier)
	if err != nil {
		return err
	}
	if o.late {
		o.delay += max(0, attempt.SubmittedAt.Add(s.receiptWait(c)).Add(time.Second).Sub(s.now()))
	}
	if o.delay > 0 {
		s.say("Waiting %s.", shortDuration(o.delay))
		select {
		case <-time.After(o.delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	times := 1
	if o.duplicate {
		times = 2
	}
	var answers []int
	for range times {
		code, err := s.rehearse(ctx, c, d, attempt, status, o)
		if err != nil {
			return err
		}
		answers = append(answers, code)
	}
	doc := map[string]any{"schema": "smsctl.dlr_trigger/1", "message": d.ID, "carrier": c.Info().Name, "status": status, "ref": attempt.Ref,
		"answers": answers, "bad_signature": o.badly}
	return errors.Join(s.judgeTrigger(c, o, answers), s.print(doc, func() error {
		word := "answered"
		if o.badly {
			word = "wrongly signed: answered"
		}
		return s.printf("%s of %s (%s), %s %s\n", status, d.ID, c.Info().Name, word, strings.Trim(fmt.Sprint(answers), "[]"))
	}))
}

// receiptWait is how long a carrier's receipts are waited for.
func (s *session) receiptWait(c carriers.Carrier) time.Duration {
	return c.Info().Common.Receipts.Timeout.Or(time.Duration(s.cfg.Receipts.Timeout))
}

// judgeTrigger says whether the listener did as it should.
func (s *session) judgeTrigger(c carriers.Carrier, o *triggerOptions, answers []int) error {
	for _, code := range answers {
		taken := code/100 == 2
		switch {
		case o.badly && taken:
			return fail(exitError, "dlr.forged_taken", "a receipt with a wrong signature was taken").at("carrier %s", c.Info().Name).
				fix("set the secret that signs this carrier's callbacks, and receipts.allow_unsigned: false")
		case !o.badly && !taken:
			return fail(exitConfig, "dlr.refused", "the listener answered %d to a rightly signed receipt", code).at("carrier %s", c.Info().Name).
				fix("is receipts.public_url exactly the address that the carrier calls? see: smsctl dlr listen")
		}
	}
	return nil
}

// storyOf finds a message and all that is known of it, with its number.
func (s *session) storyOf(ctx context.Context, id string) (*report.Detail, error) {
	c, sequence, number, err := s.findMessage(ctx, id, "")
	if err != nil {
		return nil, err
	}
	d, err := s.store.Message(ctx, c, sequence, number)
	if errors.Is(err, campaign.ErrNotFound) {
		return nil, fail(exitNotFound, "message.not_found", "there is no such message").at("%s in campaign %s", id, c.Name).fix("smsctl message list")
	}
	return d, err
}

// attemptFor chooses the attempt that a receipt is to be about.
func (s *session) attemptFor(d *report.Detail, want string) (carriers.Carrier, *report.Attempt, error) {
	byName := map[string]carriers.Carrier{}
	for _, c := range s.carriers {
		byName[c.Info().Name] = c
	}
	var c carriers.Carrier
	var found *report.Attempt
	for i := range d.History {
		a := &d.History[i]
		known := byName[a.Carrier]
		if known == nil || want != "" && a.Carrier != want && known.Info().Type != want || a.Outcome == campaign.AttemptRefused {
			continue
		}
		if found == nil || a.Outcome == campaign.AttemptAccepted || found.Outcome != campaign.AttemptAccepted {
			c, found = known, a
		}
	}
	if found != nil {
		return c, found, nil
	}
	e := fail(exitState, "message.no_attempt", "no carrier has taken this message, so none has anything to say of it").at("%s", d.ID).
		fix("smsctl message show %s", d.ID)
	if want != "" {
		e = fail(exitNotFound, "carrier.not_found", "no attempt of this message was made on %q", want).at("%s", d.ID).fix("smsctl message show %s", d.ID)
	}
	return nil, nil, e
}

// rehearse writes the receipt and hands it over; it returns what the listener answered.
func (s *session) rehearse(ctx context.Context, c carriers.Carrier, d *report.Detail, a *report.Attempt, status string, o *triggerOptions) (int, error) {
	key, err := s.callbackKey()
	if err != nil {
		return 0, err
	}
	name, public := c.Info().Name, string(s.cfg.Receipts.PublicURL)
	if public == "" && s.cfg.Receipts.Listen != "" {
		public = "http://" + string(s.cfg.Receipts.Listen)
	}
	r := carriers.Rehearsal{
		Submitted: carriers.Submitted{Ref: a.Ref, ID: a.CarrierMessageID, To: d.To, From: d.Sender, Text: d.Text, At: a.SubmittedAt},
		Status:    status, URL: key.URL(public, name, a.Ref), At: s.now(), Forged: o.badly,
	}
	player, ok := c.(carriers.Rehearser)
	if !ok {
		return s.rehearseInside(ctx, c, &r)
	}
	cb, err := player.Rehearse(r)
	if err != nil {
		return 0, fail(exitConfig, "dlr.cannot_rehearse", "this receipt cannot be written: %s", s.hide(oneLine(err.Error()))).at("carrier %s", name).
			fix("smsctl dlr trigger --help")
	}
	if o.badly && !c.Info().Signed { // what proves these receipts is the address
		cb.URL = strings.Replace(cb.URL, "?k=", "?k=x", 1)
	}
	return s.post(ctx, cb, key)
}

// rehearseInside stores a receipt as if it had come on the carrier's own connection.
func (s *session) rehearseInside(ctx context.Context, c carriers.Carrier, r *carriers.Rehearsal) (int, error) {
	state := carriers.ReceiptState(r.Status)
	if _, session := c.(carriers.Session); !session {
		return 0, fail(exitState, "dlr.no_receipts", "receipts of type %s do not come", c.Info().Type).at("carrier %s", c.Info().Name).fix("smsctl carrier show %s", c.Info().Name)
	}
	if err := carriers.CheckState(state); err != nil {
		return 0, fail(exitUsage, "usage.bad_value", "%s", err).at("STATUS").fix("smsctl dlr trigger delivered …")
	}
	if r.Forged {
		return http.StatusForbidden, nil // nobody else can write to that connection
	}
	receipt := carriers.Receipt{Ref: r.Ref, ID: r.ID, State: state, At: r.At, Detail: "rehearsed"}
	if state.Final() && state != carriers.ReceiptDelivered {
		receipt.Class = carriers.ClassUnknown
	}
	return http.StatusOK, s.store.ApplyReceipts(ctx, c.Info().Name, "session", []carriers.Receipt{receipt})
}

// post hands a callback to whoever listens: at the listener's own address, else where carriers would reach it, else to a
// listener of our own.
func (s *session) post(ctx context.Context, cb carriers.Callback, key *receipts.Key) (int, error) {
	public, local := string(s.cfg.Receipts.PublicURL), string(s.cfg.Receipts.Listen)
	if local != "" {
		if same, err := receipts.Probe(ctx, "http://"+local, key); err == nil && same {
			return s.postTo(ctx, cb, public, "http://"+local)
		}
	}
	if public != "" {
		if same, err := receipts.Probe(ctx, public, key); err == nil && same {
			return s.postTo(ctx, cb, public, public)
		}
	}
	if local == "" {
		local = "127.0.0.1:0"
	}
	secure, err := s.certificate()
	if err != nil {
		return 0, err
	}
	ln, err := s.bind(ctx, local, key)
	if err != nil {
		return 0, err
	}
	if ln == nil {
		return s.postTo(ctx, cb, public, "http://"+local)
	}
	box, err := s.newInbox()
	if err != nil {
		return 0, errors.Join(err, ln.Close())
	}
	stop := box.answering(ctx, s.serve(ctx, ln, local, key, secure, box))
	s.say("Nobody listens: the receipt is taken in here.")
	scheme := "http://"
	if secure != nil {
		scheme = "https://"
	}
	code, err := s.postTo(ctx, cb, public, scheme+ln.Addr().String())
	return code, errors.Join(err, stop())
}

// postTo sends the callback to where the listener is; what is signed is its public address.
func (s *session) postTo(ctx context.Context, cb carriers.Callback, public, at string) (int, error) {
	address := cb.URL
	if public == "" {
		public = "http://" + string(s.cfg.Receipts.Listen)
	}
	if rest, ok := strings.CutPrefix(address, strings.TrimRight(public, "/")); ok {
		address = at + rest
	}
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cb.Method, address, bytes.NewReader(cb.Body))
	if err != nil {
		return 0, fmt.Errorf("writing the callback: %w", err)
	}
	req.Header = cb.Header
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fail(exitNoRoute, "dlr.unreachable", "the listener does not answer").at("%s", s.hide(oneLine(err.Error()))).fix("smsctl dlr listen").because(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end or given up
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode, nil
}
