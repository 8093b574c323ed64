package report

import (
	"fmt"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

func (v *view) audit() section {
	c := &v.Campaign
	s := section{ID: "audit", Title: "Audit", Lead: "Who did what, and what this page was made from."}
	facts := &htmlTable{Caption: "The campaign", Heads: []string{"What", "Value"}}
	add := func(what, value string) {
		if value != "" {
			facts.Rows = append(facts.Rows, []string{what, value})
		}
	}
	add("id", c.ID)
	add("type", string(c.Type))
	add("mode and profile", string(c.Mode)+", "+clip(c.Profile, 60))
	add("list", clip(c.Source, 120))
	add("SHA-256 of the list", c.CSVSHA)
	add("SHA-256 of the message", c.MessageSHA)
	add("guarantee", guarantee(v.Settings, c.Type))
	add("made", v.time(c.CreatedAt))
	if c.SettledAt != nil {
		add("settled", v.time(*c.SettledAt))
	}
	for _, k := range sortedKeys(c.Tags) {
		add("tag "+clip(k, 40), clip(c.Tags[k], 80))
	}
	add("page made", v.time(v.GeneratedAt)+" by smsctl "+v.o.Version)
	s.Blocks = append(s.Blocks, block{Table: facts})
	if len(v.History) > 0 {
		h := &htmlTable{Caption: "Who did what", Heads: []string{"When", "Who", "What", "Detail"}}
		from := max(len(v.History)-pageHistory, 0)
		for _, x := range v.History[from:] {
			h.Rows = append(h.Rows, []string{v.time(x.At), clip(x.Actor, 40), clip(x.Action, 40), clip(x.Detail, 120)})
		}
		b := block{Heading: "History", Table: h}
		if from > 0 {
			b.Note = fmt.Sprintf("The last %d of %s.", pageHistory, thousands(int64(len(v.History))))
		}
		s.Blocks = append(s.Blocks, b)
	}
	return section{ID: s.ID, Title: s.Title, Lead: s.Lead, Blocks: append(s.Blocks, block{Heading: "Definitions", Table: definitions()})}
}

func guarantee(s campaign.Settings, t campaign.MessageType) string {
	switch {
	case s.AtMostOnce:
		return "at most once"
	case t == campaign.Transactional:
		return "at least once"
	}
	return "at most once, but for a re-route after a missing receipt"
}

// definitions are the metrics' own words: nothing on the page is called just "sent".
func definitions() *htmlTable {
	t := &htmlTable{Caption: "What the words mean", Heads: []string{"Word", "Is", "Of"}}
	for _, d := range [][3]string{
		{"eligible", "rows less invalid, duplicate and opted out", ""},
		{"accepted", "a carrier took it and said so", "eligible"},
		{"acceptance rate", "accepted of accepted, failed and unknown", "handled"},
		{"delivery rate", "delivered of accepted; falls while receipts are open", "accepted"},
		{"confirmed rate", "delivered of delivered and undelivered", "final receipts"},
		{"receipt coverage", "delivered and undelivered of accepted", "accepted"},
		{"rescued", "accepted on a later carrier after an earlier one had not taken it", "handled"},
		{"unknown", "an attempt ended without an answer: it may have been sent, and is never sent again on its own", "eligible"},
		{"cost", "what the price table bills for attempts that were not refused, by segment", ""},
		{"the sums", "rows = invalid + duplicate + opted out + eligible; eligible = queued + sending + accepted + failed + expired + unknown + cancelled + suppressed; " +
			"accepted = delivered + undelivered + awaiting + no receipt", ""},
		{"party", "who can do something about an error: " + strings.Join([]string{string(carriers.PartyRecipient), string(carriers.PartySender),
			string(carriers.PartyCarrier), string(carriers.PartySmsctl)}, ", "), ""},
	} {
		t.Rows = append(t.Rows, d[:])
	}
	return t
}
