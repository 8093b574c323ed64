package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/windows"
)

// senderConfig is what one sender may send.
type senderConfig struct {
	Segments int64    `yaml:"per_day_segments"`
	Zone     timeZone `yaml:"day_reset_tz"` // by whose clock the day begins
}

func (c *config) checkSenders(complain func(key, format string, args ...any)) {
	for name, one := range c.Senders {
		key := "senders." + name
		if err := new(sender).UnmarshalText([]byte(name)); err != nil {
			complain(key, "%s", err)
		}
		switch {
		case one.Segments < 1:
			complain(key, "per_day_segments must be at least 1, not %d", one.Segments)
		case one.Zone == "":
			complain(key, "day_reset_tz is missing: in the US the day of a sender begins at midnight of America/Los_Angeles")
		}
	}
}

// quotas are the daily caps of the senders that a campaign's messages have, by carrier: its own sender if it names one, else
// each carrier's `from`. Nil where no sender has a cap.
func (c *config) quotas(of *campaign.Campaign) (all map[string]*campaign.Quota, err error) {
	if len(c.Senders) == 0 {
		return nil, nil //nolint:nilnil // no sender has a cap
	}
	all = map[string]*campaign.Quota{}
	for _, e := range c.Carriers {
		from := of.Sender
		if !of.Settings.SenderGiven {
			from = e.from()
		}
		one, capped := c.Senders[from]
		if !capped {
			continue
		}
		zone, err := windows.LoadZone(string(one.Zone))
		if err != nil {
			return nil, err
		}
		all[e.Name] = &campaign.Quota{Sender: from, Segments: one.Segments, Zone: zone}
	}
	return all, nil
}

// from is the carrier's own sender.
func (e carrierEntry) from() string {
	keys, _ := asMapping(e.node)
	for _, kv := range keys {
		if keyText(kv) == "from" {
			return scalarText(kv.Value)
		}
	}
	return ""
}

// sendersDay says what the senders have sent of their day, and how many segments are left of it; below 0 is no limit.
func (s *session) sendersDay(ctx context.Context, o *sendOptions, c *campaign.Campaign) (lines []string, room int64, err error) {
	quotas, err := s.cfg.quotas(c)
	if err != nil || len(quotas) == 0 {
		return nil, -1, err
	}
	load := s.store.SenderDay
	if o.senderDay != nil {
		load = o.senderDay
	}
	var seen []string
	for _, carrier := range s.carriers {
		q := quotas[carrier.Info().Name]
		if q == nil {
			room = -1 << 40 // whoever has no cap takes the rest
			continue
		}
		if slices.Contains(seen, q.Sender) {
			continue
		}
		seen = append(seen, q.Sender)
		sent, err := load(ctx, q)
		if err != nil {
			return nil, -1, err
		}
		room += max(0, q.Segments-sent)
		lines = append(lines, fmt.Sprintf("%s has sent %s of the %s segments of its day, which ends %s", q.Sender, count(sent), count(q.Segments), s.localTime(q.Reset(s.now()))))
	}
	return lines, room, nil
}

// senderPlan writes them, and how many segments are more than there is room for.
func (in *intake) senderPlan(line func(label, format string, args ...any)) {
	for i, l := range in.senders {
		line(map[bool]string{true: "Senders", false: ""}[i == 0], "%s", l)
	}
}

// senderOverflow warns of what has to wait for the next day.
func (in *intake) senderOverflow() []string {
	over := in.AllSegments() - in.senderRoom
	if len(in.senders) == 0 || in.senderRoom < 0 || over <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s segments are more than the senders' daily caps leave today: they wait for the next day, as far as their validity allows\n"+
		"    fix: raise --validity, or send from further senders", count(over))}
}
