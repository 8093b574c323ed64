package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/api"
	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/carriers/phone"
)

// orders is what the API needs of the program: campaigns that collect messages, lists that become campaigns, and what has
// become of both.
type orders struct {
	*service

	mu    sync.Mutex
	open  map[api.Kind]*collector
	purse *purse
	full  atomic.Bool // more is queued than shall be
}

// collector is the campaign that collects messages of a kind, of one day.
type collector struct {
	day string
	nth int // after how many that take no more
	c   *campaign.Campaign
}

const (
	maxKinds  = 64                 // campaigns that collect, at once: each has a runner while there is something to send
	keepKeys  = 7 * 24 * time.Hour // idempotency keys
	fullAgain = 2 * time.Second    // when to come again
)

// serveAPI answers programs that want something sent.
func (v *service) serveAPI(ctx context.Context) (stop func(), err error) {
	address := string(v.cfg.API.Listen)
	if address == "" {
		return func() {}, nil
	}
	token, err := v.secrets.resolve(string(v.cfg.API.Token))
	if err != nil {
		return nil, err
	}
	secure, err := v.pair("api.tls", v.cfg.API.TLS)
	if err != nil {
		return nil, err
	}
	numbers, err := phone.NewParser(phone.Options{DefaultRegion: string(v.cfg.DefaultRegion)})
	if err != nil {
		return nil, err
	}
	labels, err := v.labels(v.cfg.OptOut.Brand, string(v.cfg.Sender))
	if err != nil {
		return nil, err
	}
	v.orders = &orders{service: v, open: map[api.Kind]*collector{}, purse: newPurse(v.session)}
	server := api.New(api.Options{
		Token: token, Orders: v.orders, Lists: v.orders, Views: v.orders,
		Intake: &campaign.Intake{
			Phones: numbers, Text: campaign.ReadyText{}, Labels: labels, Strict: v.obeys() && v.cfg.Compliance == rules.Strict, MaxSegments: v.cfg.API.MaxSegments,
			OptedOut: func(uint64) bool { return false }, // the store looks, in the transaction
		},
		Sender: func(text string) error { return new(sender).UnmarshalText([]byte(text)) },
		Full:   func() (time.Duration, bool) { return fullAgain, v.orders.full.Load() },
		Taken:  v.keeper.ring, Observe: v.metrics.observe, Now: v.now, Log: v.log(), MaxBody: v.cfg.API.MaxBodyMB << 20,
	})
	return v.serveHTTPS(ctx, address, "api.listen", server, secure)
}

// Open finds or makes the campaign that collects messages of a kind today.
func (o *orders) Open(ctx context.Context, k api.Kind, spent int64) (*campaign.Campaign, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	day := o.now().UTC().Format(time.DateOnly)
	at := o.open[k]
	if at == nil || at.day != day {
		if at == nil && len(o.open) >= maxKinds {
			o.closeOld(day)
			if len(o.open) >= maxKinds {
				return nil, api.Refuse(http.StatusUnprocessableEntity, "group.too_many",
					fmt.Sprintf("messages of a day may have %d different senders, types and groups", maxKinds), "use fewer groups")
			}
		}
		at = &collector{day: day}
	}
	for at.c == nil || at.c.ID == spent {
		if at.c != nil {
			at.nth++
		}
		c, err := o.store.OpenCampaign(ctx, o.collecting(k, at))
		if err != nil {
			return nil, err
		}
		at.c = c
		if c.Status == campaign.Stopped {
			spent = c.ID
		}
	}
	o.open[k] = at
	return at.c, nil
}

// closeOld forgets the campaigns of earlier days.
func (o *orders) closeOld(day string) {
	for k, at := range o.open {
		if at.day != day {
			delete(o.open, k)
		}
	}
}

// collecting is the campaign of a kind and day as it is to be made.
func (o *orders) collecting(k api.Kind, at *collector) *campaign.Campaign {
	flags := sendOptions{kind: string(k.Type), from: k.From}
	settings, _ := flags.settings(o.cfg)   // only flags can be wrong
	settings.GiveUp = 365 * 24 * time.Hour // each message has a validity of its own
	if k.Type == campaign.Promotional && o.mode == campaign.Live {
		settings.Compliance = o.cfg.Compliance
	}
	from := k.From
	if from == "" {
		from = string(o.cfg.Sender)
	}
	name := "api"
	for _, part := range []string{k.Group, k.From} {
		if part != "" {
			name += "-" + fileName(part)
		}
	}
	if k.Type != campaign.Transactional {
		name += "-" + string(k.Type)
	}
	name += "@" + at.day
	if at.nth > 0 {
		name += fmt.Sprintf("-%d", at.nth+1)
	}
	return &campaign.Campaign{
		Name: name, Mode: o.mode, Profile: o.flags.profile, Type: k.Type, Template: "{{text}}", Sender: from, Currency: string(o.cfg.Currency),
		Source: "api", Columns: campaign.OrderColumns(), Settings: settings, Ceiling: o.cfg.Budget.Campaign,
		Identity: campaign.Standing + digest(string(o.mode), o.flags.profile, at.day, string(k.Type), k.From, from, k.Group, fmt.Sprint(at.nth)),
	}
}

// Order makes a message durable, unless its campaign has no money left for it. What was taken before is told again.
func (o *orders) Order(ctx context.Context, order campaign.Order) (campaign.OrderTaken, error) {
	cost, err := o.purse.reserve(ctx, &order)
	if err != nil {
		known, e := o.store.Known(ctx, order.Key, order.Digest)
		if known == 0 {
			return campaign.OrderTaken{}, errors.Join(e, err)
		}
		return campaign.OrderTaken{Recipient: known, Again: true}, e
	}
	taken, err := o.store.Order(ctx, order)
	o.purse.settle(order.Campaign, cost, err == nil && !taken.Again)
	return taken, err
}

// keep watches how much is queued, and forgets old keys, until ctx ends.
func (o *orders) keep(ctx context.Context) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for turn := 0; ; turn++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		n, err := o.store.Backlog(ctx)
		if err == nil {
			o.full.Store(n >= o.cfg.API.MaxQueued)
		}
		if turn%240 == 0 {
			_, e := o.store.ForgetKeys(ctx, o.now().Add(-keepKeys))
			err = errors.Join(err, e)
		}
		if err != nil && ctx.Err() == nil {
			o.log().Error("the API cannot look after itself", "error", err)
		}
	}
}

// pair is a certificate of the config, nil without one.
func (s *session) pair(key string, pair tlsConfig) (*tls.Config, error) {
	if pair.Cert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(s.cfg.relative(pair.Cert), s.cfg.relative(pair.Key))
	if err != nil {
		return nil, fail(exitConfig, key, "the listener's certificate cannot be used").at("%v", err).
			fix("check %s in the config", key).because(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

var (
	_ api.Orders = (*orders)(nil)
	_ api.Lists  = (*orders)(nil)
	_ api.Views  = (*orders)(nil)
)
