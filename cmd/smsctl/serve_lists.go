package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/api"
)

// Submit makes a campaign of a list, as send would with the same flags, and leaves it to whoever looks for work. The same
// list and message are the same campaign.
func (o *orders) Submit(ctx context.Context, l api.List, body io.Reader) (api.Campaign, error) {
	s := o.quietly()
	flags := &sendOptions{}
	flags.register(pflag.NewFlagSet("api", pflag.ContinueOnError)) // its defaults are those of send
	flags.csv, flags.message, flags.kind, flags.from = "-", l.Message, string(l.Type), l.From
	flags.name, flags.maxCost = l.Name, l.MaxCost
	if l.MaxRejects != "" {
		flags.maxRejects = l.MaxRejects
	}
	file := &list{name: "api"}
	if err := file.keep(body); err != nil {
		return api.Campaign{}, err
	}
	defer func() { _ = file.close() }()
	if flags.name == "" {
		flags.name = "list-" + file.sha[:12]
	}
	made, err := s.submit(ctx, flags, file, l.Key)
	if err != nil {
		return api.Campaign{}, refusal(err)
	}
	out, err := o.describe(ctx, made.id)
	out.Replayed = made.again
	o.keeper.ring(0)
	return out, err
}

// quietly is the session without a terminal: nobody is asked, and nothing is printed.
func (v *service) quietly() *session {
	a := *v.app
	a.flags.yes, a.flags.quiet, a.flags.noInput = true, true, true
	return &session{app: &a, cfg: v.cfg, mode: v.mode, store: v.store, carriers: v.carriers}
}

// submitted is a list that is durable.
type submitted struct {
	id    int64
	again bool
}

func (s *session) submit(ctx context.Context, o *sendOptions, l *list, key []byte) (submitted, error) {
	if err := errors.Join(o.check(), s.mayAsk(o), s.refuseSample(l)); err != nil {
		return submitted{}, err
	}
	c, err := s.newCampaign(o, l)
	if err != nil {
		return submitted{}, err
	}
	asked := []byte(digest(c.Identity, c.Name)[:32])
	if id, err := s.store.Ordered(ctx, key, asked); id != 0 || err != nil {
		return submitted{id, true}, err
	}
	old, err := s.store.CampaignByIdentity(ctx, c.Identity)
	if err == nil && old.Status != campaign.Importing && old.Status != campaign.Planned {
		return submitted{old.ID, true}, nil
	}
	if err != nil && !errors.Is(err, campaign.ErrNotFound) {
		return submitted{}, err
	}
	c, lease, err := s.claim(ctx, o, &runOptions{progress: viewNone}, l)
	if err != nil || c == nil {
		return submitted{}, err
	}
	return submitted{id: c.ID}, s.store.Confirm(context.WithoutCancel(ctx), c, lease.Token, key, asked)
}

// refusal is what the caller is told of an error of the command line.
func refusal(err error) error {
	var known *cliError
	if !errors.As(err, &known) {
		return err
	}
	status := http.StatusUnprocessableEntity
	switch known.Exit {
	case exitError:
		return err
	case exitLocked:
		status = http.StatusConflict
	case exitUsage:
		status = http.StatusBadRequest
	}
	if known.Code == "campaign.differs" {
		status = http.StatusConflict
	}
	title := known.What
	if known.Where != "" {
		title += " (" + known.Where + ")"
	}
	return api.Refuse(status, known.Code, title, known.Fix)
}

// Campaign tells how far a campaign is.
func (o *orders) Campaign(ctx context.Context, id string) (api.Campaign, error) {
	c, err := o.store.CampaignByName(ctx, o.mode, o.flags.profile, id)
	if err != nil {
		return api.Campaign{}, err
	}
	return o.describe(ctx, c.ID)
}

func (o *orders) describe(ctx context.Context, id int64) (api.Campaign, error) {
	c, err := o.store.Campaign(ctx, id)
	if err != nil {
		return api.Campaign{}, err
	}
	if c.Mode != o.mode || c.Profile != o.flags.profile {
		return api.Campaign{}, campaign.ErrNotFound
	}
	n, err := o.store.Counts(ctx, id)
	if err != nil {
		return api.Campaign{}, err
	}
	return api.Campaign{
		ID: c.PublicID, Name: c.Name, State: c.Status, Reason: c.Reason, Type: string(c.Type), CreatedAt: c.CreatedAt.UTC(),
		Rows: n.Rows, Invalid: n.Invalid, Duplicate: n.Duplicate, OptedOut: n.OptedOut, Eligible: n.Eligible,
		Recipients: map[string]int64{
			"queued": n.Queued, "sending": n.Sending, "awaiting": n.Awaiting, "no_receipt": n.NoReceipt, "undelivered": n.Undelivered,
			"delivered": n.Delivered, "failed": n.Failed, "expired": n.Expired, "unknown": n.Unknown, "cancelled": n.Cancelled,
			"suppressed": n.Suppress,
		},
	}, nil
}

// Message tells what has become of a message.
func (o *orders) Message(ctx context.Context, id string) (api.Message, error) {
	public, sequence, err := campaign.ParseMessageID(id)
	if err != nil {
		return api.Message{}, campaign.ErrNotFound
	}
	c, err := o.store.CampaignByName(ctx, o.mode, o.flags.profile, public)
	if err != nil {
		return api.Message{}, err
	}
	return o.message(ctx, c, sequence)
}

// Recipient tells what has become of the message to a recipient.
func (o *orders) Recipient(ctx context.Context, id int64) (api.Message, error) {
	c, err := o.store.Campaign(ctx, id>>32)
	if err != nil {
		return api.Message{}, err
	}
	return o.message(ctx, c, id&(1<<32-1))
}

func (o *orders) message(ctx context.Context, c *campaign.Campaign, sequence int64) (api.Message, error) {
	if c.Mode != o.mode || c.Profile != o.flags.profile {
		return api.Message{}, campaign.ErrNotFound
	}
	d, err := o.store.Message(ctx, c, sequence, 0)
	if err != nil {
		return api.Message{}, err
	}
	return api.Message{
		ID: d.ID, CampaignID: d.CampaignID, To: d.To, State: d.State, Reason: d.Reason, Class: string(d.Class), Country: d.Country,
		Segments: d.Segments, Encoding: d.Encoding, Ref: d.Ref, Carrier: d.Carrier, Attempts: d.Attempts, Cost: d.Cost.String(),
		Currency: d.Currency, AcceptedAt: d.AcceptedAt, FinalAt: d.FinalAt,
	}, nil
}
