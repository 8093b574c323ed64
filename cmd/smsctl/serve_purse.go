package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/api"
	"github.com/smsctl/smsctl/carriers"
)

// purse knows how much the campaigns that collect messages may still cost, so that a message for which there is no money is
// refused instead of taken and held. It counts with the dearest carrier, as plan does. The runner has the last word: it sends
// nothing above the ceiling, whoever else adds to the campaign.
type purse struct {
	*session
	mu    sync.Mutex
	funds map[int64]*fund
}

// fund is one campaign's.
type fund struct {
	ceiling *carriers.Price
	used    carriers.Price // spent and queued, by the database, and what was taken since
	pending carriers.Price // asked for and not durable yet
	read    time.Time
}

// fundsTick is how often a campaign without money is looked at again: it may have cost less than was thought, or somebody
// may have raised its ceiling.
const fundsTick = 250 * time.Millisecond

func newPurse(s *session) *purse { return &purse{session: s, funds: map[int64]*fund{}} }

// reserve sets the price of a message aside, or refuses it.
func (p *purse) reserve(ctx context.Context, o *campaign.Order) (carriers.Price, error) {
	price, _ := p.price(o.Recipient.Country)
	cost := price * carriers.Price(o.Recipient.Segments)
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.funds[o.Campaign]
	if f == nil || !f.holds(cost) && p.now().Sub(f.read) >= fundsTick {
		fresh, err := p.look(ctx, o.Campaign)
		if err != nil {
			return 0, err
		}
		if f != nil { // of those under way some may be in the database already: rather too much than too little
			fresh.pending = f.pending
		}
		f = fresh
		p.funds[o.Campaign] = f
	}
	if !f.holds(cost) {
		in := func(amount carriers.Price) money { return money{amount, string(p.cfg.Currency)} }
		return 0, api.Refuse(http.StatusUnprocessableEntity, "budget.exceeded",
			fmt.Sprintf("the message may cost %s, and its campaign has %s left of %s: nothing was taken",
				in(cost), in(max(0, *f.ceiling-f.used-f.pending)), in(*f.ceiling)),
			"raise budget.campaign: it holds for campaigns that begin later, those of the next day or of another group")
	}
	f.pending += cost
	return cost, nil
}

// settle ends a reservation; taken says that the message is durable.
func (p *purse) settle(campaignID int64, cost carriers.Price, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.funds[campaignID]
	if f.pending -= cost; taken {
		f.used += cost
	}
}

func (f *fund) holds(cost carriers.Price) bool {
	return f.ceiling == nil || f.used+f.pending+cost <= *f.ceiling
}

// look reads what a campaign has cost and what waits in it will.
func (p *purse) look(ctx context.Context, campaignID int64) (*fund, error) {
	c, err := p.store.Campaign(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	f := &fund{ceiling: c.Ceiling, read: p.now()}
	if c.Status == campaign.Stopped || c.Desired == campaign.WantCancel {
		f.ceiling = nil // it takes no more anyhow: another one follows it
	}
	queued, err := p.store.QueuedSegments(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	for country, n := range queued {
		price, _ := p.price(country)
		f.used += price * carriers.Price(n)
	}
	spent, err := p.store.Spent(ctx, campaignID)
	f.used += spent
	return f, err
}
