package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
)

// verdict is the campaign in a few sentences: what came of it, what went wrong, and what can be done.
func (v *view) verdict() []string {
	n := &v.Counts
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch {
	case n.Eligible == 0:
		say("Nobody on this list could be sent to: %s.", plural(n.Rows, "row"))
		return out
	case n.Accepted+n.Failed+n.Unknown == 0:
		say("Nothing has been sent yet: %s wait.", plural(n.Queued, "message"))
	case n.Delivered+n.Undelivered == 0:
		say("%s of the messages were accepted; no final receipt has come yet.", percent(v.Rates.Acceptance))
	case n.Awaiting+n.NoReceipt == 0:
		say("%s of the %s accepted messages are delivered; every receipt is in.", percent(v.Rates.Delivery), thousands(n.Accepted))
	default:
		say("%s of what was accepted is delivered%s, %s of what is confirmed.", percent(v.Rates.Delivery), soFar(v.Partial || n.Awaiting > 0),
			percent(v.Rates.Confirmed))
	}
	if sick := v.sick(); sick != "" {
		say("%s", sick)
	}
	if out := v.out(); out != "" {
		say("%s", out)
	}
	if n.FailedOver > 0 {
		say("%s went on to another carrier; %s of them got through that way.", plural(n.FailedOver, "message"), thousands(n.Rescued))
	}
	if n.PossibleDuplicates > 0 {
		say("%s may have been received twice.", plural(n.PossibleDuplicates, "message"))
	}
	if r := v.Campaign.Reason; r != nil && *r != "" && v.Campaign.State == campaign.Paused {
		say("It is paused: %s.", clip(*r, 120))
	}
	if n.FailedActionable > 0 {
		say("%s can still be retried.", plural(n.FailedActionable, "recipient"))
	}
	if n.Unknown > 0 {
		say("Of %s it is not known whether a carrier took it.", plural(n.Unknown, "message"))
	}
	return out
}

func soFar(open bool) string {
	if open {
		return " so far"
	}
	return ""
}

// sick names the carrier that refused most, where it stands out.
func (v *view) sick() string {
	worst := -1
	for i := range v.Carriers {
		c := &v.Carriers[i]
		if c.Acceptance.Value == nil || c.Acceptance.Den < 20 || *c.Acceptance.Value >= 0.9 {
			continue
		}
		if worst < 0 || c.Refused > v.Carriers[worst].Refused {
			worst = i
		}
	}
	if worst < 0 {
		return ""
	}
	c := &v.Carriers[worst]
	why := ""
	codes := slices.Clone(v.Codes)
	slices.SortStableFunc(codes, func(a, b Code) int { return cmp.Compare(b.N, a.N) })
	if i := slices.IndexFunc(codes, func(x Code) bool { return x.Carrier == c.Name }); i >= 0 {
		why = ", mostly “" + codes[i].Class.Traits().Title + "”"
	}
	return fmt.Sprintf("%s took only %s of %s attempts%s.", clip(c.Name, 40), percent(c.Acceptance), thousands(c.Acceptance.Den), why)
}

// warnFloor is how many a share must be of before it is a warning.
const warnFloor = 50

// warnings are the shares above which lists and senders are known to get into trouble.
func (v *view) warnings() []string {
	var dead, refused int64
	for i := range v.Errors {
		switch e := &v.Errors[i]; {
		case e.Class == carriers.ClassRecipientInvalid || e.Class == carriers.ClassRecipientUnreachable || e.Class == carriers.ClassRecipientBlocked:
			dead += e.Count
		case e.Party == carriers.PartyCarrier && e.Class != carriers.ClassAmbiguous:
			refused += e.Count
		}
	}
	handled := v.Rates.Acceptance.Den
	var out []string
	for _, w := range []struct {
		num, den int64
		limit    float64
		text     string
	}{
		{dead, handled, 0.05, "of the numbers are invalid, unreachable or blocked: clean the list before the next campaign"},
		{refused, handled, 0.10, "of the messages were turned down by carriers: see section 5 for what to do"},
		{v.Counts.Unknown, handled, 0.10, "of the outcomes are unknown: reconcile before anything is sent again"},
		{v.Counts.OptOutsAfter, v.Counts.Accepted, 0.013, "of the people opted out within three days: too many for this text or this list"},
		{v.Counts.NoReceipt, v.Counts.Accepted, 0.20, "of the accepted messages never got a receipt: the confirmed rate speaks for the others only"},
	} {
		if w.den >= warnFloor && float64(w.num) > w.limit*float64(w.den) {
			out = append(out, percent(RateOf(w.num, w.den))+" "+w.text+fmt.Sprintf(" (more than %s %%).", strings.TrimSuffix(fmt.Sprintf("%.1f", 100*w.limit), ".0")))
		}
	}
	return out
}
