package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/campaign/windows"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

// config is the config file with its defaults filled in. The `yaml` names are its contract: adding a key is adding a
// field, whose type checks its own value by UnmarshalText.
type config struct {
	Database      string                   `yaml:"database"`
	DefaultRegion region                   `yaml:"default_region"`
	Sender        sender                   `yaml:"sender"`
	Currency      currency                 `yaml:"currency"`
	Budget        budgetConfig             `yaml:"budget"`
	Compliance    rules.Mode               `yaml:"compliance"` // how far the rules of countries are obeyed
	Labels        map[string]rules.Wording `yaml:"labels"`     // what stands before and behind promotional texts, by country
	Caps          capsConfig               `yaml:"caps"`       // how many messages a person gets
	Carriers      carrierEntries           `yaml:"carriers"`
	Senders       map[string]senderConfig  `yaml:"senders"` // how much each may send
	Windows       windowsConfig            `yaml:"windows"`
	Routing       routingConfig            `yaml:"routing"`
	Receipts      receiptsConfig           `yaml:"receipts"`
	OptOut        optOutConfig             `yaml:"optout"`
	Serve         serveConfig              `yaml:"serve"`
	API           apiConfig                `yaml:"api"`
	Schedule      scheduleConfig           `yaml:"schedule"`
	Keys          keysConfig               `yaml:"keys"`

	file    *configFile       // nil without a config file
	profile string            // the environment in force
	origins map[string]string // by dotted key: "file:line"; absent = default
}

// budgetConfig are hard ceilings.
type budgetConfig struct {
	Campaign *carriers.Price `yaml:"campaign"`
}

type routingConfig struct {
	Policy        routing.Policy    `yaml:"policy"` // how carriers are picked
	Value         byTypePrice       `yaml:"value"`
	LatencyWeight float64           `yaml:"latency_weight"`
	MaxAttempts   int               `yaml:"max_attempts"`
	OnAmbiguous   byTypeDecision    `yaml:"on_ambiguous"`
	OnNoReceipt   decision          `yaml:"on_no_receipt"`
	Validity      carriers.Duration `yaml:"validity"` // of a message, from the campaign's start
	GiveUp        carriers.Duration `yaml:"give_up"`  // without a usable carrier for that long, pause
}

// options are what routing makes of it.
func (c *routingConfig) options() routing.Options {
	o := routing.Options{LatencyWeight: &c.LatencyWeight, Policy: c.Policy}
	for i, p := range []*carriers.Price{c.Value.Transactional, c.Value.Promotional} {
		if p != nil {
			o.Value[i] = *p
		}
	}
	return o
}

type byTypePrice struct {
	Transactional *carriers.Price `yaml:"transactional"`
	Promotional   *carriers.Price `yaml:"promotional"`
}

type byTypeDecision struct {
	Transactional decision `yaml:"transactional"`
	Promotional   decision `yaml:"promotional"`
}

type receiptsConfig struct {
	Listen        listenAddress     `yaml:"listen"`
	PublicURL     publicURL         `yaml:"public_url"`
	Timeout       carriers.Duration `yaml:"timeout"`
	Settle        carriers.Duration `yaml:"settle"`
	TLS           tlsConfig         `yaml:"tls"`
	AllowUnsigned bool              `yaml:"allow_unsigned"`
}

type tlsConfig struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// optOutConfig is what replies of people do.
type optOutConfig struct {
	Brand        string        `yaml:"brand"`          // in whose name campaigns are sent
	StopScope    stopScope     `yaml:"stop_scope"`     // how far a STOP reaches
	HoldOnReview bool          `yaml:"hold_on_review"` // nothing goes to a number whose reply waits for a person
	Keywords     string        `yaml:"keywords"`       // a file instead of the program's list
	StopWords    []string      `yaml:"stop_words"`     // more of them
	StartWords   []string      `yaml:"start_words"`
	Replies      repliesConfig `yaml:"replies"`
}

// repliesConfig are the texts that answer STOP, START and HELP; none is sent unless it is set.
type repliesConfig struct {
	Stop  string `yaml:"stop"`
	Start string `yaml:"start"`
	Help  string `yaml:"help"`
}

// serveConfig is what the service has beside the ways in.
type serveConfig struct {
	Metrics opsAddress `yaml:"metrics"` // of /metrics, /healthz and /readyz
}

// apiConfig is the way in for other programs.
type apiConfig struct {
	Listen      listenAddress   `yaml:"listen"` // "" = none
	Token       carriers.Secret `yaml:"token"`  // whoever has it may send
	TLS         tlsConfig       `yaml:"tls"`
	MaxQueued   int64           `yaml:"max_queued"` // messages; more are answered 429
	MaxSegments int             `yaml:"max_segments"`
	MaxBodyMB   int64           `yaml:"max_body_mb"` // of a list
}

// check holds the API's keys against each other.
func (a *apiConfig) check(complain func(key, format string, args ...any)) {
	switch {
	case a.Listen != "" && a.Token == "":
		complain("api.token", "api.listen needs api.token: without it anybody could send")
	case (a.TLS.Cert == "") != (a.TLS.Key == ""):
		complain("api.tls", "tls needs both cert and key")
	case a.MaxQueued < 1:
		complain("api.max_queued", "max_queued must be at least 1, not %d", a.MaxQueued)
	case a.MaxSegments < 1 || a.MaxSegments > 255:
		complain("api.max_segments", "max_segments must be from 1 to 255, not %d", a.MaxSegments)
	case a.MaxBodyMB < 1 || a.MaxBodyMB > 10_000:
		complain("api.max_body_mb", "max_body_mb must be from 1 to 10000, not %d", a.MaxBodyMB)
	}
}

// scheduleConfig is what schedules have in common.
type scheduleConfig struct {
	TimeZone timeZone `yaml:"time_zone"` // unless --tz names another
}

// keysConfig are the keys of the callback MAC and of hashed phone numbers.
type keysConfig struct {
	Callback carriers.Secret `yaml:"callback"`
	Hash     carriers.Secret `yaml:"hash"`
	Partners secretList      `yaml:"partners"` // with which others have hashed the lists that they gave us
}

type secretList []carriers.Secret

// defaultConfig holds every default of the contract.
func defaultConfig() *config {
	return &config{
		Currency:   "EUR",
		Compliance: rules.Off,
		Windows:    windowsConfig{Zone: windows.Recipient, Margin: carriers.Duration(windows.DefaultMargin)},
		Routing: routingConfig{
			LatencyWeight: 0.1,
			Policy:        routing.Learned,
			MaxAttempts:   3,
			OnAmbiguous:   byTypeDecision{Transactional: failover, Promotional: hold},
			OnNoReceipt:   failover,
		},
		Receipts: receiptsConfig{
			Timeout: carriers.Duration(2 * time.Minute),
			Settle:  carriers.Duration(72 * time.Hour),
		},
		Serve:   serveConfig{Metrics: defaultMetrics},
		API:     apiConfig{MaxQueued: 100_000, MaxSegments: 3, MaxBodyMB: 64},
		OptOut:  optOutConfig{StopScope: "brand", HoldOnReview: true},
		origins: map[string]string{},
	}
}

// simulated says that there is no config file: the program then runs with built-in simulated carriers only.
func (c *config) simulated() bool { return c.file == nil }

// check holds keys against each other; each value alone was checked when it was decoded.
func (c *config) check() problems {
	var found problems
	complain := func(key, format string, args ...any) {
		found = append(found, c.file.problem("config.bad_value", key, fmt.Sprintf(format, args...)))
	}
	if !c.Routing.Policy.Known() {
		complain("routing.policy", "policy %q is none of %s", c.Routing.Policy, policyNames())
	}
	if c.Routing.MaxAttempts < 1 || c.Routing.MaxAttempts > 20 {
		complain("routing.max_attempts", "max_attempts must be from 1 to 20, not %d", c.Routing.MaxAttempts)
	}
	if w := c.Routing.LatencyWeight; w < 0 || w > 10 {
		complain("routing.latency_weight", "latency_weight must be from 0 to 10, not %v", w)
	}
	if m := time.Duration(c.Windows.Margin); m < 0 || m > 2*time.Hour {
		complain("windows.margin", "margin must be from 0s to 2h, not %s", m)
	}
	if (c.Receipts.TLS.Cert == "") != (c.Receipts.TLS.Key == "") {
		complain("receipts.tls", "tls needs both cert and key")
	}
	c.API.check(complain)
	c.Caps.check(complain)
	c.checkLabels(complain)
	c.checkSenders(complain)
	if c.Receipts.Timeout > c.Receipts.Settle {
		complain("receipts.timeout", "timeout (%s) is longer than settle (%s)",
			time.Duration(c.Receipts.Timeout), time.Duration(c.Receipts.Settle))
	}
	return found
}

// stopScope is how far a STOP reaches.
type stopScope string

// UnmarshalText checks it.
func (s *stopScope) UnmarshalText(b []byte) error {
	switch *s = stopScope(b); *s {
	case "brand", "all", "sender", "campaign":
		return nil
	}
	return fmt.Errorf("%q is not brand, all, sender or campaign", b)
}

// timeZone is the name of a zone.
type timeZone string

// UnmarshalText checks it.
func (z *timeZone) UnmarshalText(b []byte) error {
	*z = timeZone(b)
	if _, err := time.LoadLocation(string(b)); err != nil || len(b) == 0 || *z == "Local" {
		return fmt.Errorf("%q is no time zone: use a name of the IANA database, like Europe/London", b)
	}
	return nil
}

// decision is what happens to a message in doubt.
type decision string

const (
	hold     decision = "hold"
	failover decision = "failover"
)

func (d *decision) UnmarshalText(b []byte) error {
	*d = decision(b)
	if *d != hold && *d != failover {
		return fmt.Errorf("%q is neither hold nor failover", b)
	}
	return nil
}

// region is an ISO 3166 country code.
type region string

func (r *region) UnmarshalText(b []byte) error {
	*r = region(b)
	if len(b) != 2 || !strings.Contains(isoRegions, string(b)) || strings.Contains(string(b), " ") {
		return fmt.Errorf("%q is not a country code: write two capitals, like GB", b)
	}
	return nil
}

// isoRegions are the assigned codes of ISO 3166-1, and XK.
const isoRegions = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY " +
	"BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA " +
	"GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG " +
	"KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW " +
	"MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD " +
	"SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA " +
	"VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// currency is an ISO 4217 code.
type currency string

func (c *currency) UnmarshalText(b []byte) error {
	*c = currency(b)
	if len(b) != 3 || strings.ContainsFunc(string(b), func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return fmt.Errorf("%q is not a currency: write three capitals, like EUR", b)
	}
	return nil
}

var (
	senderNumber = regexp.MustCompile(`^\+?[0-9]{3,15}$`)
	senderName   = regexp.MustCompile(`^[0-9A-Za-z .&_+-]{1,11}$`)
)

// sender is what a message says it comes from: a number, a short code or a name of up to 11 characters.
type sender string

func (s *sender) UnmarshalText(b []byte) error {
	*s = sender(b)
	if !senderNumber.Match(b) && (!senderName.Match(b) || strings.TrimSpace(string(b)) != string(b)) {
		return fmt.Errorf("%q is no sender: write a number with its +, a short code, or up to 11 letters and digits", b)
	}
	return nil
}

// listenAddress is host:port.
type listenAddress string

func (l *listenAddress) UnmarshalText(b []byte) error {
	*l = listenAddress(b)
	if _, port, err := net.SplitHostPort(string(b)); err != nil || port == "" {
		return fmt.Errorf("%q is not an address to listen on: write host:port, like 127.0.0.1:8025", b)
	}
	return nil
}

// opsAddress is host:port, or none.
type opsAddress string

// noAddress says that there shall be none.
const noAddress = "none"

// UnmarshalText checks it.
func (o *opsAddress) UnmarshalText(b []byte) error {
	*o = opsAddress(b)
	if *o == noAddress {
		return nil
	}
	return new(listenAddress).UnmarshalText(b)
}

// publicURL is what carriers are told to call.
type publicURL string

func (p *publicURL) UnmarshalText(b []byte) error {
	*p = publicURL(strings.TrimRight(string(b), "/"))
	u, err := url.Parse(string(b))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is no public URL: write https://host, without a query", b)
	}
	return nil
}

// carrierEntry is one carrier as the file has it. Its keys belong to its type, which decodes them.
type carrierEntry struct {
	Name string
	Type string
	file *configFile
	node ast.Node
	key  string // its dotted key: carriers.alpha
}

type carrierEntries []carrierEntry

// names lists the carriers in the file's order.
func (entries carrierEntries) names() []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names
}

// decode fills into, a pointer to the type's own struct, strictly: it is what carriers.Type.New gets.
func (e carrierEntry) decode(into any) error {
	if found := e.file.decode(e.node, e.key, into); len(found) > 0 {
		return found
	}
	return nil
}

// carrierName keeps names usable in URLs, file names, flags and dotted keys.
var carrierName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// readCarriers cuts the carriers section into its entries and checks what all types share.
func (f *configFile) readCarriers(node ast.Node) (carrierEntries, problems) {
	var (
		entries carrierEntries
		found   problems
	)
	if _, isNull := node.(*ast.NullNode); isNull {
		return nil, nil
	}
	mapping, ok := asMapping(node)
	if !ok {
		return nil, problems{f.at(node, "config.bad_value", "carriers", "carriers must be a mapping of names to carriers")}
	}
	for _, kv := range mapping {
		e := carrierEntry{Name: keyText(kv), file: f, node: kv.Value}
		e.key = "carriers." + e.Name
		if !carrierName.MatchString(e.Name) {
			found = append(found, f.at(kv.Key, "config.bad_value", e.key,
				fmt.Sprintf("%q is no carrier name: use lower-case letters, digits, dash and underscore", e.Name)))
		}
		keys, ok := asMapping(kv.Value)
		if !ok {
			found = append(found, f.at(kv.Key, "config.bad_value", e.key, "a carrier needs at least a type"))
			continue
		}
		i := slices.IndexFunc(keys, func(kv *ast.MappingValueNode) bool { return keyText(kv) == "type" })
		if i < 0 {
			found = append(found, f.at(kv.Key, "config.missing_key", e.key, fmt.Sprintf("carrier %s has no type", e.Name)))
			continue
		}
		e.Type = scalarText(keys[i].Value)
		entries = append(entries, e)
	}
	return entries, found
}
