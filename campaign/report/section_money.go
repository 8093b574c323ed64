package report

import (
	"fmt"
	"strconv"
	"strings"
)

func (v *view) countries() section {
	s := section{ID: "countries", Title: "Countries", Lead: "There are no recipients."}
	if len(v.Countries) == 0 {
		return s
	}
	s.Lead = "Recipients of " + countOf(len(v.Countries), "country", "countries") + "."
	t := &htmlTable{Caption: "Countries", Heads: []string{"Country", ">Eligible", ">Accepted", ">Delivered", ">Undelivered", ">Failed", ">Confirm %", ">Cost", ">Per delivered"}}
	for i := range v.Countries[:min(len(v.Countries), pageCountries)] {
		c := &v.Countries[i]
		each := "--"
		if c.PerDelivered != nil {
			each = amount(*c.PerDelivered)
		}
		t.Rows = append(t.Rows, []string{countryName(c.Country), thousands(c.Eligible), thousands(c.Accepted), thousands(c.Delivered),
			thousands(c.Undelivered), thousands(c.Failed), bare(c.Confirmed), amount(c.Cost), each})
	}
	s.Blocks = []block{{Chart: v.countryChart(pageBars), Legend: []legend{{"ok", "delivered"}, {"warn", "undelivered"}, {"bad", "failed"}, {"open", "open, or not sent"}}},
		{Table: t, Note: firstOf(len(v.Countries), pageCountries, "countries")}}
	return s
}

func (v *view) moneySection() section {
	s := section{ID: "money", Title: "Money"}
	c := &v.Cost
	s.Lead = fmt.Sprintf("%s of an estimated %s by the price table.", v.money(c.Actual), v.money(c.Estimated))
	rows := []bar{{"estimated", []part{{"open", float64(c.Estimated), ""}}, v.money(c.Estimated)}, {"actual", []part{{"ok", float64(c.Actual), ""}}, v.money(c.Actual)}}
	if c.Ceiling != nil {
		rows = append(rows, bar{"ceiling", []part{{"lost", float64(*c.Ceiling), ""}}, v.money(*c.Ceiling)})
	}
	byCarrier := totals(v.Spent, func(s *Spent) string { return s.Carrier })
	var wasted Money
	for i := range byCarrier[:min(len(byCarrier), pageBars)] {
		x := &byCarrier[i]
		rows = append(rows, bar{x.Carrier, []part{{"ok", float64(x.Cost - x.Wasted), ""}, {"bad", float64(x.Wasted), "wasted " + v.money(x.Wasted)}},
			v.money(x.Cost) + ", wasted " + amount(x.Wasted)})
	}
	for i := range byCarrier {
		wasted += byCarrier[i].Wasted
	}
	s.Lead += fmt.Sprintf(" %s was paid for messages that did not arrive, or of which that is not known.", v.money(wasted))
	t := &htmlTable{Caption: "By carrier and country", Heads: []string{"Carrier", "Country", ">Segments", ">Cost", ">Wasted", ">Wasted %"}}
	for i := range v.Spent[:min(len(v.Spent), pageSpent)] {
		x := &v.Spent[i]
		t.Rows = append(t.Rows, []string{clip(x.Carrier, 40), countryName(x.Country), thousands(x.Segments), amount(x.Cost), amount(x.Wasted),
			bare(RateOf(int64(x.Wasted), int64(x.Cost)))})
	}
	s.Blocks = []block{{Chart: bars("money", "Estimate, cost and ceiling, and the cost by carrier", s.Lead, rows),
		Legend: []legend{{"ok", "spent"}, {"bad", "of that wasted on messages that did not arrive"}}}}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t, Note: firstOf(len(v.Spent), pageSpent, "countries")})
	}
	return s
}

func (v *view) message() section {
	s := section{ID: "message", Title: "Message"}
	s.Lead = plural(v.Counts.Segments, "segment") + " for " + plural(v.Counts.Eligible, "recipient") + "."
	if v.Campaign.Sender != "" {
		s.Lead += " Sent as " + clip(v.Campaign.Sender, 20) + "."
	}
	s.Blocks = []block{{Pre: clipLines(v.Template, 2000)}}
	var rows []bar
	t := &htmlTable{Caption: "Segments of a message", Heads: []string{">Segments", "Encoding", ">Recipients", ">Share"}}
	for _, x := range v.Sizes[:min(len(v.Sizes), pageBars)] {
		encoding, class := "GSM-7", "ok"
		if x.UCS2 {
			encoding, class = "UCS-2", "warn"
		}
		share := percent(RateOf(x.N, v.Counts.Eligible))
		rows = append(rows, bar{plural(x.Segments, "segment") + ", " + encoding, []part{{class, float64(x.N), ""}}, thousands(x.N) + ", " + share})
		t.Rows = append(t.Rows, []string{strconv.FormatInt(x.Segments, 10), encoding, thousands(x.N), share})
	}
	if len(rows) > 0 {
		s.Blocks = append(s.Blocks, block{Heading: "Length", Chart: bars("sizes", "Recipients by segments and encoding", "How many segments the texts take.", rows),
			Legend: []legend{{"ok", "GSM-7, 160 characters in a segment"}, {"warn", "UCS-2, 70"}}}, folded(t))
	}
	if len(v.Costly) > 0 {
		c := &htmlTable{Caption: "Characters that are not in GSM-7", Heads: []string{"Character", "Code point", ">Messages", "Where"}}
		for _, x := range v.Costly[:min(len(v.Costly), pageBars)] {
			where := "in the data"
			if x.Template {
				where = "in the message"
			}
			c.Rows = append(c.Rows, []string{string(x.Char), fmt.Sprintf("U+%04X", x.Char), thousands(int64(x.N)), where})
		}
		s.Blocks = append(s.Blocks, block{Heading: "Characters that cost", Table: c,
			Note: fmt.Sprintf("Of the first %s in UCS-2. --transliterate writes most of them in GSM-7.", plural(int64(v.CostlyOf), "message"))})
	}
	return s
}

// clipLines keeps the lines of a text.
func clipLines(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
