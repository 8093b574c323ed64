package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/rules"
)

func (c *config) checkLabels(complain func(key, format string, args ...any)) {
	for _, country := range slices.Sorted(maps.Keys(c.Labels)) {
		key, own := "labels."+country, c.Labels[country]
		if err := new(region).UnmarshalText([]byte(country)); err != nil && country != rules.Anywhere {
			complain(key, "%s, or * for all others", err)
		}
		text := own.Start + own.End
		switch {
		case strings.TrimSpace(text) == "":
			complain(key, "neither start nor end says anything")
		case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
			complain(key, "there is a control character in it")
		}
	}
}

// labels are what promotional texts to each country must say, and the config's wording of it.
func (s *session) labels(brand, sender string) (*rules.Labels, error) {
	if brand == "" && strings.ContainsFunc(sender, unicode.IsLetter) {
		brand = sender
	}
	return rules.Shipped().NewLabels(brand, s.cfg.Labels)
}

// labeller is what intake asks about a campaign's texts; nil about those that are ready, or not promotional.
func (s *session) labeller(o *sendOptions, c *campaign.Campaign) (campaign.Labeller, error) {
	if c.Type != campaign.Promotional || o.ready {
		return nil, nil //nolint:nilnil // intake asks nobody
	}
	return s.labels(c.Settings.Brand, c.Sender)
}

// checkLabels refuses texts, in strict mode, that do not say what their countries ask for, before anything is sent.
func (s *session) checkLabels(in *intake) error {
	lacking := in.lacking()
	if len(lacking) == 0 || !s.obeys() || s.cfg.Compliance != rules.Strict {
		return nil
	}
	var people int64
	var where []string
	for i, l := range lacking {
		people += l.Messages
		if i < 6 {
			where = append(where, fmt.Sprintf("%s (%s): %s", l.Country, count(l.Messages), l.MustSay))
		}
	}
	return fail(exitInput, "text.label", "%s without what their countries ask of promotional ones: nothing was sent", plural(int(people), "text")).
		at("%s", strings.Join(where, "; ")).fix("%s", fixLabel(lacking[0])).with("messages", people).with("lacking", lacking)
}

// lack is a country whose texts do not say what it asks for.
type lack struct {
	Country   string `json:"country"`
	Messages  int64  `json:"messages"`
	MustSay   string `json:"must_say"`
	Source    string `json:"source"`
	Certainty string `json:"certainty"`
}

// lacking are those of a list, most messages first.
func (in *intake) lacking() []lack {
	all := []lack{}
	book := rules.Shipped()
	for _, country := range in.ByMessages() {
		if n := in.Unlabelled[country]; n > 0 {
			label, _ := book.LabelOf(country) // what the data does not know is not lacking
			all = append(all, lack{country, n, label.Says, label.Source, label.Certainty})
		}
	}
	return all
}

func fixLabel(l lack) string {
	return fmt.Sprintf(`write it into the message, or once into the config: labels: {%s: {start: "…", end: "…"}}; see smsctl compliance show %s`, l.Country, l.Country)
}

// labelPlan says which texts got the config's wording.
func (in *intake) labelPlan(line func(label, format string, args ...any)) {
	var parts []string
	var all int64
	for _, country := range in.ByMessages() {
		if n := in.Labelled[country]; n > 0 {
			all += n
			parts = append(parts, country+" "+count(n))
		}
	}
	if all > 0 {
		line("Labels", "of the config put into %s: %s", plural(int(all), "text"), strings.Join(parts[:min(len(parts), shownCountries)], ", "))
	}
}

// labelWarnings say which texts lack what, where rules are obeyed.
func (s *session) labelWarnings(in *intake) (lines []string) {
	if !s.obeys() {
		return nil
	}
	lacking := in.lacking()
	for _, l := range lacking[:min(len(lacking), shownCountries)] {
		lines = append(lines, fmt.Sprintf("%s to %s without what is asked of them there: %s (certainty %s)\n    fix: %s",
			plural(int(l.Messages), "text"), l.Country, l.MustSay, l.Certainty, fixLabel(l)))
	}
	return lines
}

// labelsDocument is the same for programs.
type labelsDocument struct {
	Added   map[string]int64 `json:"added"` // texts by country
	Lacking []lack           `json:"lacking"`
}

func (s *session) labelsOf(in *intake) *labelsDocument {
	d := &labelsDocument{Added: map[string]int64{}, Lacking: []lack{}}
	for country, n := range in.Labelled {
		if n > 0 {
			d.Added[country] = n
		}
	}
	if s.obeys() {
		d.Lacking = in.lacking()
	}
	if len(d.Added)+len(d.Lacking) == 0 {
		return nil
	}
	return d
}
