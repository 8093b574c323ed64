package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

// inbox takes the messages that people send: it finds out what they mean, and the store does it.
type inbox struct {
	*session
	rules  *optout.Rules
	parser *phone.Parser
	policy store.InboundPolicy
	bell   chan struct{} // something may have to be answered
}

func (s *session) newInbox() (*inbox, error) {
	list, err := s.keywords()
	if err != nil {
		return nil, err
	}
	parser, err := phone.NewParser(phone.Options{DefaultRegion: string(s.cfg.DefaultRegion), AllowAnyType: true})
	if err != nil {
		return nil, err
	}
	o := &s.cfg.OptOut
	return &inbox{
		session: s, rules: optout.NewRules(list), parser: parser, bell: make(chan struct{}, 1),
		policy: store.InboundPolicy{Brand: o.Brand, StopScope: string(o.StopScope), Hold: o.HoldOnReview, Replies: store.Replies(o.Replies)},
	}, nil
}

// keywords are those of the program or of the config's file, with the words that the config adds.
func (s *session) keywords() ([]optout.Keyword, error) {
	o := &s.cfg.OptOut
	list := optout.Keywords()
	if o.Keywords != "" {
		path := s.cfg.relative(o.Keywords)
		text, err := os.ReadFile(path)
		if err == nil {
			list, err = optout.ReadKeywords(string(text))
		}
		if err != nil {
			return nil, fail(exitConfig, "optout.keywords", "the list of keywords cannot be used").at("%s: %v", path, err).
				fix("begin with the program's own: smsctl optout keywords --tsv --config none > keywords.tsv").because(err)
		}
	}
	for _, added := range []struct {
		action optout.Action
		words  []string
	}{{optout.Stop, o.StopWords}, {optout.Start, o.StartWords}} {
		for _, word := range added.words {
			list = append(list, optout.Keyword{
				Action: added.action, Word: word, Strength: optout.Whole, Language: "-", Authority: "config", Source: "the config file", Certainty: "C",
			})
		}
	}
	return list, nil
}

// hear lets the carriers with a connection of their own hand inbound messages in.
func (b *inbox) hear() {
	for _, c := range b.carriers {
		if talks, ok := c.(carriers.InboundSession); ok {
			name := c.Info().Name
			talks.Hear(func(ctx context.Context, in []carriers.Inbound) error { return b.TakeInbound(ctx, name, in) })
		}
	}
}

// TakeInbound returns when the messages are committed, with what follows from them.
func (b *inbox) TakeInbound(ctx context.Context, carrier string, in []carriers.Inbound) error {
	judged := make([]store.Inbound, len(in))
	for i := range in {
		judged[i] = store.Inbound{Inbound: in[i], Phone: b.phone(in[i].From), Verdict: b.rules.Judge(in[i].Text, in[i].Said)}
	}
	heard, err := b.store.TakeInbound(ctx, carrier, judged, b.policy)
	if err != nil {
		return err
	}
	for i, h := range heard {
		b.log().Info("inbound message", "carrier", carrier, "id", h.ID, "from", phone.Mask(in[i].From), "action", string(h.Action),
			"scope", string(h.Scope), "rule", judged[i].Verdict.Rule, "duplicate", h.Duplicate, "review", h.Review)
	}
	select {
	case b.bell <- struct{}{}:
	default:
	}
	return nil
}

// phone reads the number of whoever sent a message, 0 where it is none: a short code, a name.
func (b *inbox) phone(from string) uint64 {
	if digits, ok := strings.CutPrefix(carriers.International(from), "+"); ok {
		n, err := strconv.ParseUint(digits, 10, 64)
		if err == nil {
			return n
		}
	}
	n, err := b.parser.Parse(from)
	if err != nil {
		return 0
	}
	return n.Digits()
}

// answers sends what inbound messages are answered with, until ctx ends. Each is claimed before it is sent: whoever dies
// in between, nobody is answered twice.
func (b *inbox) answers(ctx context.Context) {
	byName := map[string]carriers.Carrier{}
	for _, c := range b.carriers {
		byName[c.Info().Name] = c
	}
	look := time.NewTicker(5 * time.Second) // another process may have taken a message
	defer look.Stop()
	for {
		if err := b.answerAll(ctx, byName); err != nil && ctx.Err() == nil {
			b.log().Error("replies were not sent", "error", err)
		}
		select {
		case <-b.bell:
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

func (b *inbox) answerAll(ctx context.Context, byName map[string]carriers.Carrier) error {
	due, err := b.store.DueReplies(ctx)
	if err != nil {
		return err
	}
	for _, r := range due {
		c, ok := byName[r.Carrier]
		if !ok {
			continue // another process has that carrier; else it expires
		}
		ours, err := b.store.BeginReply(ctx, r.ID)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		state, detail := "ambiguous", ""
		res := c.Submit(ctx, replyMessage(&r, b.now()))
		switch res.Accepted {
		case carriers.Yes:
			state = "accepted"
		case carriers.No:
			state, detail = "refused", string(res.Class)+" "+res.Code
		}
		if err := b.store.EndReply(context.WithoutCancel(ctx), r.ID, state, strings.TrimSpace(detail)); err != nil {
			return err
		}
		b.log().Info("inbound message answered", "carrier", r.Carrier, "id", r.Inbound, "to", phone.Mask(r.To), "kind", r.Kind, "state", state)
	}
	return nil
}

// answering runs what answers, if anything is to be answered; the stop it returns ends first what brings messages.
func (b *inbox) answering(ctx context.Context, stopListening func() error) (stop func() error) {
	if b.policy.Replies == (store.Replies{}) {
		return stopListening
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); b.answers(ctx) }()
	return func() error {
		err := stopListening()
		cancel()
		<-done
		return err
	}
}

// replyMessage is an answer as a carrier wants it: from the number to which they wrote.
func replyMessage(r *store.DueReply, now time.Time) carriers.Message {
	size := gsm.Measure(r.Text)
	return carriers.Message{
		Ref: r.Ref, To: r.To, From: r.From, Text: r.Text, UCS2: size.Encoding == gsm.UCS2, Segments: size.Segments,
		Type: string(campaign.Transactional), Validity: r.Until.Sub(now),
	}
}
