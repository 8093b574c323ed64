package main

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/rules"
)

func newComplianceCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use: "compliance", Short: "What countries ask of messages, with where that is written",
		Long: `What countries ask of messages: the hours in which promotional ones may arrive, which senders they take, labels and ways
out. Every rule is shown with its source and how sure that is: A a law's or regulator's text, B a provider's documentation, C
convention, or sources conflict. compliance: provider or strict in the config makes smsctl keep to them. Not legal advice.`,
		Example: "smsctl compliance show FR",
	}, newComplianceShowCommand(a))
}

func newComplianceShowCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show COUNTRY", Short: "Show the rules of a country, with their sources", Args: cobra.ExactArgs(1),
		Example: "smsctl compliance show US\nsmsctl compliance show AE --json --jq '.hours[].source'",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.showCompliance(cmd.Context(), args[0]) },
	}
	return exits(cmd, exitNotFound)
}

// hoursView is a row of hours as it is shown.
type hoursView struct {
	State       string `json:"state"`
	Days        string `json:"days"`
	Hours       string `json:"hours"`
	StrictHours string `json:"strict_hours"`
	Holidays    string `json:"holidays"`
	Note        string `json:"note"`
	Source      string `json:"source"`
	Certainty   string `json:"certainty"`
}

// complianceView is what is known of a country.
type complianceView struct {
	Schema     string         `json:"schema"`
	Country    string         `json:"country"`
	Name       string         `json:"name"`
	Mode       rules.Mode     `json:"mode"` // the config's
	Senders    *rules.Senders `json:"senders"`
	AlphaNotes []string       `json:"alpha_notes"` // what other sources say of senders of letters
	Label      *labelView     `json:"label"`       // what the text must say; null: nothing that is known
	Yours      *rules.Wording `json:"yours"`       // the config's wording of it
	Hours      []hoursView    `json:"hours"`
	Fallback   bool           `json:"fallback"` // the hours are those of countries of which none are known
	Disclaimer string         `json:"disclaimer"`
}

func (a *app) showCompliance(_ context.Context, text string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	country := strings.ToUpper(strings.TrimSpace(text))
	book := rules.Shipped()
	v := complianceView{
		Schema: "smsctl.compliance/1", Country: country, Mode: cfg.Compliance, AlphaNotes: []string{}, Hours: []hoursView{},
		Disclaimer: rules.Disclaimer,
	}
	known := false
	if s, ok := book.SendersOf(country); ok {
		v.Senders, v.Name, known = &s, s.Name, true
	}
	known = v.add(book, country) || known
	v.addLabel(book, cfg, country)
	if !known {
		return fail(exitNotFound, "compliance.unknown_country", "nothing is known of the country %q", text).at("two letters of ISO 3166, like GB").
			fix("smsctl compliance show GB")
	}
	if len(book.HoursOf(country, "")) == 0 {
		v.Fallback = true
		v.add(book, rules.Anywhere)
	}
	return a.print(v, func() error { return a.printCompliance(&v) })
}

// add takes over a country's rows; false if it has none.
func (v *complianceView) add(book *rules.Book, country string) (found bool) {
	seen := map[string]bool{}
	once := func(list *[]string, text string) {
		if text != "" && !seen[text] {
			seen[text] = true
			*list = append(*list, text)
		}
	}
	for _, h := range book.Hours {
		if h.Country != country {
			continue
		}
		found = true
		if country != rules.Anywhere {
			once(&v.AlphaNotes, h.AlphaSender)
		}
		row := hoursView{State: h.State, Holidays: string(h.Holidays), Note: h.Note, Source: h.Source, Certainty: h.Certainty}
		if h.Known {
			row.Days = h.Days.String()
			if h.Feast {
				row.Days += " and holidays"
			}
			open, close := h.Between(rules.Provider)
			row.Hours = fmt.Sprintf("%s-%s", open, close)
			open, close = h.Between(rules.Strict)
			row.StrictHours = fmt.Sprintf("%s-%s", open, close)
		}
		v.Hours = append(v.Hours, row)
	}
	return found
}

// labelView is what a text must say.
type labelView struct {
	MustSay   string `json:"must_say"`
	Checked   bool   `json:"checked"` // a text shows whether it does
	Source    string `json:"source"`
	Certainty string `json:"certainty"`
}

func (v *complianceView) addLabel(book *rules.Book, cfg *config, country string) {
	if l, ok := book.LabelOf(country); ok {
		v.Label = &labelView{l.Says, l.Checked(), l.Source, l.Certainty}
	}
	for _, key := range []string{rules.Anywhere, country} {
		if own, ok := cfg.Labels[key]; ok {
			v.Yours = &own
		}
	}
}

func (v *complianceView) printText(b *strings.Builder) {
	if v.Label == nil && v.Yours == nil {
		return
	}
	b.WriteString("\n  Text of promotional messages\n")
	if l := v.Label; l != nil {
		checked := "looked for in each text"
		if !l.Checked {
			checked = "not to be seen from a text"
		}
		fmt.Fprintf(b, "  must say    %s: %s\n  source      %s   certainty %s\n", l.MustSay, checked, l.Source, l.Certainty)
	}
	if v.Yours == nil {
		b.WriteString("  yours       nothing is added: labels in the config\n")
		return
	}
	fmt.Fprintf(b, "  yours       before it %q, behind it %q, where the text does not say so itself\n", v.Yours.Start, v.Yours.End)
}

func (a *app) printCompliance(v *complianceView) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s   compliance is %s in this config\n", v.Country, v.Name, v.Mode)
	if s := v.Senders; s != nil {
		fmt.Fprintf(&b, "\n  Senders\n  letters     %s\n  numbers     %s\n  answers     %s\n  source      %s   certainty %s\n",
			alphaWord(s.Alpha), numbersOf(s), map[bool]string{true: "people can reply", false: "people cannot reply"}[s.TwoWay], s.Source, s.Certainty)
	}
	for _, note := range v.AlphaNotes {
		fmt.Fprintf(&b, "  elsewhere   %s\n", note)
	}
	v.printText(&b)
	b.WriteString("\n  Hours of promotional messages, by the clock of whoever gets them\n")
	if v.Fallback {
		b.WriteString("  none are known of this country; what holds instead:\n")
	}
	for _, h := range v.Hours {
		where := h.State
		if where == "" {
			where = "all"
		}
		switch h.Hours {
		case "":
			fmt.Fprintf(&b, "  %-4s no hours found", where)
		case h.StrictHours:
			fmt.Fprintf(&b, "  %-4s %s %s, holidays %s", where, h.Days, h.Hours, h.Holidays)
		default:
			fmt.Fprintf(&b, "  %-4s %s %s (strict: %s), holidays %s", where, h.Days, h.Hours, h.StrictHours, h.Holidays)
		}
		b.WriteByte('\n')
		if h.Note != "" {
			fmt.Fprintf(&b, "       %s\n", h.Note)
		}
		fmt.Fprintf(&b, "       source %s   certainty %s\n", h.Source, h.Certainty)
	}
	b.WriteString("\n" + v.Disclaimer + "\n")
	return a.printf("%s", b.String())
}

func alphaWord(alpha rules.Alpha) string {
	switch alpha {
	case rules.AlphaNo:
		return "not taken: the message is refused, or its sender replaced"
	case rules.AlphaRegistered:
		return "only once registered there"
	}
	return "taken"
}

func numbersOf(s *rules.Senders) string {
	var kinds []string
	if s.LongCodes {
		kinds = append(kinds, "long codes")
	}
	if s.ShortCodes {
		kinds = append(kinds, "short codes")
	}
	if len(kinds) == 0 {
		return "none known"
	}
	return strings.Join(kinds, ", ")
}

// obeys says that the rules of countries are kept to: simulated messages reach nobody, but a config of simulated carriers may
// rehearse them.
func (s *session) obeys() bool {
	return s.cfg.Compliance.On() && (s.mode == campaign.Live || s.cfg.onlySimulated())
}

// checkSender refuses a sender of letters for people in countries that take none, before anything is sent; where the
// carriers' own senders go first, or the rules are off, it only warns.
func (s *session) checkSender(c *campaign.Campaign, in *intake) error {
	if !strings.ContainsFunc(c.Sender, unicode.IsLetter) {
		return nil
	}
	book := rules.Shipped()
	var no, registered, numbers []string
	var people int64
	for _, country := range in.ByMessages() {
		share := in.Countries[country]
		rule, known := book.SendersOf(country)
		if share.Messages == 0 || !known {
			continue
		}
		switch rule.Alpha {
		case rules.AlphaNo:
			no = append(no, fmt.Sprintf("%s (%s)", country, count(share.Messages)))
			people += share.Messages
			numbers = append(numbers, country+": "+numbersOf(&rule))
		case rules.AlphaRegistered:
			registered = append(registered, country)
		}
	}
	if len(registered) > 0 && s.mode == campaign.Live {
		s.warn("the sender %s must be registered in %s, else messages are refused: smsctl compliance show %s", c.Sender, strings.Join(registered, ", "), registered[0])
	}
	if len(no) == 0 {
		return nil
	}
	const shown = 6
	where := strings.Join(no[:min(shown, len(no))], ", ")
	if s.obeys() && c.Settings.SenderGiven {
		return fail(exitInput, "sender.letters", "%s recipients are in countries that take no sender of letters: nothing was sent", count(people)).
			at("sender %s; %s", c.Sender, where).
			fix("use a number with --from (%s), or leave --from out so that each carrier uses its own; see smsctl compliance show %s",
				strings.Join(numbers[:min(shown, len(numbers))], "; "), strings.Fields(no[0])[0]).
			with("recipients", people).with("countries", no)
	}
	if s.mode == campaign.Live {
		s.warn("the sender %s is not taken in %s: messages may be refused, or come from a number; see smsctl compliance show %s", c.Sender, where, strings.Fields(no[0])[0])
	}
	return nil
}
