package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/store"
)

// sendOptions are the flags that plan and send share: what is sent, to whom, and how.
type sendOptions struct {
	csv, to, ref         string
	toColumn, region     string
	delimiter, encoding  string
	noHeader, anyType    bool
	maxRejects           string
	skipInvalid          bool
	limit                int
	message, messageFile string
	from                 string
	vars, tags           []string
	missing              string
	maxSegments          int
	transliterate        bool
	name                 string
	fresh                bool
	maxCost              string
	maxRecipients        int
	strict               bool
	maxFailed            string
	carriers             []string
	policy               string
	rate                 string
	maxAttempts          int
	validity, giveUp     time.Duration
	kind                 string
	atMostOnce, simulate bool
	requireConsent       bool
	tolerance            string
	guards               []string
	onGuard              string
	rejects, testTo      string
	at, window, windowTZ string
	over                 time.Duration
	ready                bool // the message is a text that has its labels

	flags     *pflag.FlagSet
	plan      *planFile // set by --plan
	planPath  string
	consents  func(ctx context.Context, class campaign.MessageType) (*store.ConsentSet, error)
	optOuts   func(ctx context.Context, t optout.Target) (*store.OptOutSet, error) // of the real database, while planning
	senderDay func(ctx context.Context, q *campaign.Quota) (int64, error)
	atCap     func(ctx context.Context, mode campaign.Mode, t campaign.MessageType, caps campaign.Caps) (map[uint64]bool, error)
}

// register adds the flags to a command. They are kept in a set of their own as well, because a plan pins them.
func (o *sendOptions) register(cmd *pflag.FlagSet) {
	f := pflag.NewFlagSet("send", pflag.ContinueOnError)
	f.SortFlags = false
	o.flags = f
	o.add(f)
	cmd.AddFlagSet(f)
}

func (o *sendOptions) add(f *pflag.FlagSet) {
	f.StringVar(&o.csv, "csv", "", "list to send to, `FILE`; - is standard input")
	f.StringVar(&o.to, "to", "", "send to one `NUMBER` instead of a list")
	f.StringVar(&o.ref, "ref", "", "with --to: `KEY` of this message; the same key is never sent twice")
	f.StringVarP(&o.message, "message", "m", "", "message `TEXT`, with {{column}} and {{column|default}}")
	f.StringVarP(&o.messageFile, "message-file", "F", "", "read the message from `FILE`")
	f.StringVar(&o.from, "from", "", "`SENDER` that people see (default: the config's)")
	f.StringVar(&o.name, "campaign", "", "`NAME` (default: from the list's file name)")
	f.StringArrayVar(&o.tags, "tag", nil, "label the campaign, `k=v`; repeatable")
	f.BoolVar(&o.fresh, "new", false, "a new campaign, even if this list and message were sent before")
	f.Var(newEnum(&o.kind, "promotional", "promotional", "transactional"), "type", "promotional (at most once) or transactional (at least once)")

	f.StringVar(&o.toColumn, "to-column", "", "`NAME` of the column with the numbers (default: found by its usual names)")
	f.StringVar(&o.region, "default-region", "", "country of numbers without a country code, like `GB`")
	f.StringVar(&o.delimiter, "delimiter", "", "between the cells: `CHAR` or tab (default: detected)")
	f.StringVar(&o.encoding, "encoding", "", "of the list, like `windows-1252` (default: detected)")
	f.BoolVar(&o.noHeader, "csv-no-header", false, "the list has no header; columns are column_1 …")
	f.BoolVar(&o.anyType, "allow-any-type", false, "send to landlines and unknown types of numbers as well")
	f.StringVar(&o.maxRejects, "max-rejects", "5%", "send nothing if more rows are invalid than `SHARE`")
	f.StringVar(&o.rejects, "rejects", "", "write rows that are not sent to to `FILE` (default: in the state directory)")
	f.BoolVar(&o.skipInvalid, "skip-invalid", false, "the same as --max-rejects 100%")
	f.IntVar(&o.limit, "limit", 0, "only the first `N` rows")
	f.StringArrayVar(&o.vars, "var", nil, "constant for the message, `k=v`; repeatable")
	f.Var(newEnum(&o.missing, "reject", "reject", "empty"), "missing", "a row without a value: reject it, or leave the place empty")
	f.IntVar(&o.maxSegments, "max-segments", 3, "reject rows whose text needs more than `N` segments")
	f.BoolVar(&o.transliterate, "transliterate", false, "write typographic characters so that the text stays GSM-7")

	f.StringVar(&o.maxCost, "max-cost", "", "hard ceiling, like `50EUR`")
	f.IntVar(&o.maxRecipients, "max-recipients", 0, "send nothing if there are more than `N` recipients")
	f.StringVar(&o.testTo, "test-to", "", "send the first message to `NUMBER`, then ask")
	f.BoolVar(&o.strict, "strict", false, "exit 3 for any failure, dead numbers too")
	f.StringVar(&o.maxFailed, "max-failed", "", "exit 0 with up to `N` or P% actionable failures")
	f.StringArrayVar(&o.guards, "guard", nil, "pause when this stops to hold, like `failed_rate<2%`; repeatable")
	f.Var(newEnum(&o.onGuard, "pause", "pause", "warn"), "on-guard", "what a guard does: pause, warn")

	f.StringSliceVar(&o.carriers, "carrier", nil, "only these carriers, `A,B`")
	f.Var(newEnum(&o.policy, "", strings.Split(policyNames(), ", ")...), "policy", "how carriers are picked (default: the config's, router): "+policyNames())
	f.StringVar(&o.rate, "rate", "", "segments a second over all carriers, like `50/s`")
	f.IntVar(&o.maxAttempts, "max-attempts", 0, "at most `N` submits of one message (default: the config's, 3)")
	f.DurationVar(&o.validity, "validity", 0, "do not send after this `TIME` from the start (default: 24h, transactional 4h)")
	f.DurationVar(&o.giveUp, "give-up", 0, "pause after this `TIME` without a usable carrier (default 30m)")
	f.StringVar(&o.at, "at", "", "do not send before `TIME`: 2026-10-12T09:00, 09:00, or RFC 3339")
	f.StringVar(&o.window, "window", "", "send in this time of day only, `08:00-21:00`, or none (default: the config's)")
	f.StringVar(&o.windowTZ, "window-tz", "", "`ZONE` of --window, --at and send_at, or recipient: where each of them is (default recipient)")
	f.DurationVar(&o.over, "over", 0, "spread the messages evenly over this `TIME`")
	f.StringVar(&o.tolerance, "duplicate-tolerance", "", "send a silent message again once it was less likely delivered than `P%` (default 15%, transactional 50%)")
	f.BoolVar(&o.requireConsent, "require-consent", false, "reject rows of people whose consent is not recorded (smsctl consent)")
	f.BoolVar(&o.atMostOnce, "at-most-once", false, "never send again what some carrier may have taken")
	f.BoolVar(&o.simulate, "simulate", false, "use the built-in simulated carriers: no account, no cost")
}

// check holds the flags against each other before anything is opened.
func (o *sendOptions) check() error {
	switch {
	case o.csv == "" && o.to == "":
		return fail(exitUsage, "usage.no_recipients", "there is nobody to send to").at("neither --csv nor --to was given").
			fix(`smsctl send --csv people.csv -m "Hi {{name}}"`)
	case o.csv != "" && o.to != "":
		return fail(exitUsage, "usage.csv_and_to", "--csv and --to exclude each other").at("both were given").fix("use one of them")
	case o.ref != "" && o.to == "":
		return fail(exitUsage, "usage.ref_without_to", "--ref belongs to --to").at("--ref %s", o.ref).fix("use --campaign to name a list's campaign")
	case o.message == "" && o.messageFile == "":
		return fail(exitUsage, "usage.no_message", "there is no message").at("neither -m nor -F was given").
			fix(`add -m "Hi {{name|there}}", or -F message.txt`)
	case o.message != "" && o.messageFile != "":
		return fail(exitUsage, "usage.two_messages", "-m and -F exclude each other").at("both were given").fix("use one of them")
	case o.limit < 0 || o.maxSegments < 1 || o.maxRecipients < 0 || o.maxAttempts < 0 || o.maxAttempts > 20:
		return fail(exitUsage, "usage.bad_value", "a count is out of range").
			at("--limit %d --max-segments %d --max-recipients %d --max-attempts %d", o.limit, o.maxSegments, o.maxRecipients, o.maxAttempts).
			fix("--max-segments is at least 1, --max-attempts at most 20, the others 0 or more")
	case len([]rune(o.delimiter)) > 1 && o.delimiter != "tab" && o.delimiter != `\t`:
		return fail(exitUsage, "usage.bad_value", "--delimiter takes one character").at("--delimiter %s", o.delimiter).fix(`use ";" or tab`)
	}
	if o.skipInvalid {
		o.maxRejects = "100%"
	}
	return nil
}

// template is the message as it was given. A file's last line break belongs to the editor, not to the message.
func (o *sendOptions) template() (string, error) {
	if o.messageFile == "" {
		return o.message, nil
	}
	b, err := os.ReadFile(o.messageFile)
	if err != nil {
		return "", fail(exitInput, "message.unreadable", "the message cannot be read").at("%s", err).
			fix("check the name given with -F").because(err)
	}
	return strings.TrimRight(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n"), nil
}

// delimiterRune is --delimiter, 0 to detect it.
func (o *sendOptions) delimiterRune() rune {
	if o.delimiter == "tab" || o.delimiter == `\t` {
		return '\t'
	}
	for _, r := range o.delimiter {
		return r
	}
	return 0
}

// pairs reads repeatable k=v flags.
func pairs(flag string, list []string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(list))
	for _, kv := range list {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "" {
			return nil, fail(exitUsage, "usage.bad_value", "--%s takes k=v", flag).at("--%s %s", flag, kv).fix("--%s name=value", flag)
		}
		out[k] = v
	}
	return out, nil
}

// policyNames are the policies that a campaign can be sent by.
func policyNames() string {
	var names []string
	for _, p := range routing.Policies() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// parseRate reads 50, 50/s or 600/min; "none" and "" are no limit.
func parseRate(flag, s string) (float64, error) {
	if s == "" || s == "none" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(s, "/")
	per, ok := map[string]float64{"": 1, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}[unit]
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !ok || v <= 0 || v > 1e6 {
		return 0, fail(exitUsage, "usage.bad_value", "%q is no rate", s).at("in --%s", flag).fix("--%s 50/s, or 600/min, or none", flag)
	}
	return v / per, nil
}

// parseShare reads 5% or 0.05.
func parseShare(flag, s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || v < 0 || v > 1 {
		return 0, fail(exitUsage, "usage.bad_value", "%q is no share", s).at("in --%s", flag).fix("--%s 5%%", flag)
	}
	return v, nil
}

// parseCost reads 50EUR, EUR50 or 50, in the config's currency.
func parseCost(s, currency string) (carriers.Price, error) {
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(s), currency), currency))
	p, err := carriers.ParsePrice(number)
	if err != nil {
		return 0, fail(exitUsage, "usage.bad_value", "%q is no amount of %s", s, currency).at("in --max-cost").
			fix("--max-cost 50%s (the config's currency)", currency)
	}
	return p, nil
}

// settings are the campaign's choices, from flags and config.
func (o *sendOptions) settings(cfg *config) (campaign.Settings, error) {
	vars, err := pairs("var", o.vars)
	if err != nil {
		return campaign.Settings{}, err
	}
	rate, err := parseRate("rate", o.rate)
	if err != nil {
		return campaign.Settings{}, err
	}
	doubt := 0.0
	if o.tolerance != "" {
		if doubt, err = parseShare("duplicate-tolerance", o.tolerance); err != nil {
			return campaign.Settings{}, err
		}
	}
	s := campaign.Settings{
		Vars: vars, Carriers: slices.Clone(o.carriers), Rate: rate, MaxAttempts: o.maxAttempts,
		Validity: o.validity, GiveUp: o.giveUp, AtMostOnce: o.atMostOnce, Strict: o.strict, MaxFailed: o.maxFailed, Ref: o.ref,
		SenderGiven: o.from != "", Brand: cfg.OptOut.Brand, RequireConsent: o.requireConsent,
		ReceiptWait: time.Duration(cfg.Receipts.Timeout), Doubt: doubt, HoldNoReceipt: cfg.Routing.OnNoReceipt == hold,
		HoldAmbiguous: cfg.Routing.OnAmbiguous.Promotional == hold,
	}
	s.Caps = cfg.Caps.of(campaign.MessageType(o.kind))
	if o.kind == string(campaign.Transactional) {
		s.HoldAmbiguous = cfg.Routing.OnAmbiguous.Transactional == hold
	}
	if s.Policy = routing.Policy(o.policy); s.Policy == "" {
		s.Policy = cfg.Routing.Policy
	}
	if s.MaxAttempts == 0 {
		s.MaxAttempts = cfg.Routing.MaxAttempts
	}
	if s.Validity == 0 {
		s.Validity = cfg.Routing.Validity.Or(map[string]time.Duration{
			string(campaign.Promotional): 24 * time.Hour, string(campaign.Transactional): 4 * time.Hour,
		}[o.kind])
	}
	if s.GiveUp == 0 {
		s.GiveUp = cfg.Routing.GiveUp.Or(30 * time.Minute)
	}
	for _, g := range o.guards {
		guard, err := campaign.ParseGuard(g)
		if err != nil {
			return s, fail(exitUsage, "usage.bad_value", "%s", err).at("--guard %s", g).fix("--guard 'failed_rate<2%%'")
		}
		s.Guards = append(s.Guards, guard)
	}
	s.GuardsWarn = o.onGuard == "warn"
	return s, nil
}

// campaignName is --campaign, or made of the list's file name.
func (o *sendOptions) campaignName() string {
	switch {
	case o.name != "":
		return o.name
	case o.ref != "":
		return "to-" + o.ref
	case o.to != "":
		return fmt.Sprintf("to-%d", time.Now().UnixNano())
	case o.csv == "-":
		return "stdin"
	}
	base := filepath.Base(o.csv)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
