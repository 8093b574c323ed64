package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
)

// setupOptions are the answers of `init`: by flags, or by the form.
type setupOptions struct {
	nonInteractive, force, offline bool

	region, sender, currency, budget string
	carrierType, carrierName         string
	set                              []string // k=v of the carrier
	receipts, listen, publicURL      string

	values  []keyValue // of the carrier, in order
	hashKey string     // keys.hash
}

type keyValue struct{ key, value string }

// The ways to get receipts.
const (
	receiptsListen = "listen"
	receiptsPoll   = "poll"
	receiptsNone   = "none"
)

func newInitCommand(a *app) *cobra.Command {
	var o setupOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the config, the database and a first carrier",
		Long: `Make the config, the database and a first carrier, by six questions or by flags. Credentials, and the key of hashed numbers,
are kept in files of their own that only you can read; the config names them. An existing config is never overwritten: --force keeps it as .bak.

The carrier type sim reaches nobody and costs nothing: begin with it.`,
		Example: `smsctl init
smsctl init --non-interactive                     # simulated carriers
smsctl init --non-interactive --carrier twilio --set account_sid=AC... --set auth_token=env:TWILIO_TOKEN \
  --sender +15005550006 --default-region US --budget 100 --receipts poll`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runInit(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.nonInteractive, "non-interactive", false, "ask nothing: take the flags and defaults")
	f.BoolVar(&o.force, "force", false, "replace an existing config, which is kept as .bak")
	f.StringVar(&o.carrierType, "carrier", "", "`TYPE` of the first carrier (default sim; all: smsctl help configuration)")
	f.StringVar(&o.carrierName, "name", "", "`NAME` of the first carrier (default: TYPE-main)")
	f.StringArrayVar(&o.set, "set", nil, "a key of the carrier, `KEY=VALUE`; repeatable; secrets as env:NAME, file:PATH, cmd:COMMAND, keyring:NAME")
	f.StringVar(&o.region, "default-region", "", "`CC` of numbers that are written without a country (default GB)")
	f.StringVar(&o.sender, "sender", "", "`SENDER` of messages: a number, a short code or up to 11 letters")
	f.StringVar(&o.currency, "currency", "EUR", "`CODE` of the currency of prices and budget, of three letters")
	f.StringVar(&o.budget, "budget", "", "hard ceiling of a campaign, an `AMOUNT` (default 100)")
	f.Var(newEnum(&o.receipts, "", receiptsListen, receiptsPoll, receiptsNone), "receipts", "listen, poll or none (default: poll, and none for sim)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8025", "`ADDRESS` for receipts, with --receipts listen")
	f.StringVar(&o.publicURL, "public-url", "", "`URL` at which carriers reach it, with --receipts listen")
	f.BoolVar(&o.offline, "offline", false, "do not try the credentials")
	return exits(cmd, exitUnconfirmed)
}

func (a *app) runInit(ctx context.Context, o *setupOptions) error {
	path := a.flags.config
	if path == "" || path == "none" {
		path = a.configPlaces()[0]
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("finding the place of the config: %w", err)
	}
	if _, err := os.Lstat(path); err == nil && !o.force {
		return fail(exitUnconfirmed, "config.exists", "there is a config already, and nothing is overwritten").at("%s", path).
			fix("edit it, or smsctl init --force, which keeps it as %s.bak", filepath.Base(path)).with("file", path)
	}
	if err := o.readSet(); err != nil {
		return err
	}
	if !o.nonInteractive {
		if err := a.canAsk(); err != nil {
			return err
		}
		if err := a.askSetup(ctx, o); err != nil {
			return err
		}
	}
	o.fill()
	return a.setUp(ctx, o, path)
}

// canAsk says with which flags a script does what the form does.
func (a *app) canAsk() error {
	if a.stdinTTY && !a.flags.noInput && !a.wantsJSON() {
		return nil
	}
	return fail(exitUnconfirmed, "init.needs_answers", "init asks six questions, and nobody can be asked here").
		at("stdin is no terminal, or --no-input or --json forbids it").
		fix("smsctl init --non-interactive --carrier sim   (and --set, --sender, --default-region, --budget, --receipts)")
}

func (o *setupOptions) readSet() error {
	for _, s := range o.set {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return fail(exitUsage, "usage.bad_value", "--set %q is not KEY=VALUE", s).at("in: smsctl init").fix("write it as --set account_sid=AC...")
		}
		o.put(k, v)
	}
	return nil
}

func (o *setupOptions) put(key, value string) {
	if i := slices.IndexFunc(o.values, func(kv keyValue) bool { return kv.key == key }); i >= 0 {
		o.values[i].value = value
		return
	}
	o.values = append(o.values, keyValue{key, value})
}

// fill takes the defaults for what was not answered.
func (o *setupOptions) fill() {
	o.carrierType = cmp.Or(o.carrierType, "sim")
	o.carrierName = cmp.Or(o.carrierName, strings.ToLower(o.carrierType)+"-main")
	o.region, o.budget = cmp.Or(strings.ToUpper(o.region), "GB"), cmp.Or(o.budget, "100")
	if o.carrierType == "sim" {
		o.receipts = receiptsNone
		if o.value("price") == "" {
			o.put("price", `{"*": 0.05, GB: 0.034, US: 0.0079}`)
		}
	}
	o.receipts = cmp.Or(o.receipts, receiptsPoll)
}

func (o *setupOptions) value(key string) string {
	for _, kv := range o.values {
		if kv.key == key {
			return kv.value
		}
	}
	return ""
}

// setUp checks what was answered as the program will read it, tries the credentials, and only then writes.
func (a *app) setUp(ctx context.Context, o *setupOptions, path string) error {
	o.hashKey = a.oldHashKey(path)
	text := o.yaml()
	cfg, found := parseConfig(path, []byte(text), a.flags.profile)
	if len(found) == 0 {
		a.secrets.dir = filepath.Dir(path)
		built, wrong := a.buildCarriers(ctx, cfg, slog.New(slog.DiscardHandler))
		found = wrong
		for _, c := range built {
			if st := a.tryCredentials(ctx, o, c); st != nil {
				return errors.Join(st, c.Close(ctx))
			}
			if err := c.Close(ctx); err != nil {
				return err
			}
		}
	}
	if len(found) > 0 {
		p := found[0]
		hint := "give it with --set KEY=VALUE, or answer the form: smsctl init"
		if p.Code != "config.carrier" {
			hint = cmp.Or(p.Hint, hint)
		}
		return fail(exitConfig, cmp.Or(p.Code, "config.invalid"), "%s", p.Message).at("carrier %s of type %s", o.carrierName, o.carrierType).
			fix("%s", hint)
	}
	if err := keepHashKey(path, o.hashKey); err != nil {
		return err
	}
	saved, err := a.writeConfig(path, text, o.force)
	if err != nil {
		return err
	}
	return a.initDone(ctx, cfg, path, saved)
}

// tryCredentials asks the carrier whether it knows the account. One that cannot be asked, or reached, is no fault.
func (a *app) tryCredentials(ctx context.Context, o *setupOptions, c carriers.Carrier) error {
	if o.offline || c.Info().Simulated {
		return nil
	}
	switch st := a.askCarrier(ctx, c); {
	case errors.Is(st.err, carriers.ErrAuth):
		return fail(exitConfig, "carrier.auth", "%s refuses these credentials", o.carrierType).at("%v", st.err).
			fix("correct them, or write the config all the same with --offline").because(st.err)
	case errors.Is(st.err, errors.ErrUnsupported):
	case st.err != nil:
		a.warn("%s could not be asked whether the credentials are right: %v", c.Info().Name, st.err)
	case st.Balance != "":
		a.say("%s knows the account: balance %s", c.Info().Name, st.Balance)
	default:
		a.say("%s knows the account", c.Info().Name)
	}
	return nil
}

// newHashKey is where the key of hashed numbers is kept, seen from the config's folder.
const newHashKey = "file:secrets/keys.hash"

// oldHashKey is the key that the config had which is replaced: numbers that were hashed under it cannot be hashed again.
func (a *app) oldHashKey(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return newHashKey
	}
	old, found := parseConfig(path, text, a.flags.profile)
	if len(found) > 0 {
		return newHashKey
	}
	return cmp.Or(string(old.Keys.Hash), newHashKey)
}

// keepHashKey makes the key of hashed numbers where there is none yet.
func keepHashKey(config, ref string) error {
	if ref != newHashKey {
		return nil
	}
	path := filepath.Join(filepath.Dir(config), "secrets", "keys.hash")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unwritable(path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return unwritable(path, err)
	}
	_, err = f.WriteString(rand.Text() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// writeConfig writes the file for the owner alone. The one that was there becomes .bak.
func (a *app) writeConfig(path, text string, force bool) (saved string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", unwritable(path, err)
	}
	if _, err := os.Lstat(path); err == nil && force {
		saved = path + ".bak"
		if err := os.Rename(path, saved); err != nil {
			return "", unwritable(saved, err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return saved, unwritable(path, err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return saved, unwritable(path, err)
	}
	return saved, nil
}

// initDone makes the database and says where everything is and what comes next.
func (a *app) initDone(ctx context.Context, cfg *config, path, saved string) error {
	a.flags.config = path
	a.cfg = cfg
	s, err := a.open(ctx, false)
	if err != nil {
		return err
	}
	db := s.store.Path()
	if err := s.close(ctx); err != nil {
		return err
	}
	next := []string{
		"smsctl doctor",
		`smsctl plan --csv people.csv -m "Hi {{name}}"`,
		`smsctl send --csv people.csv -m "Hi {{name}}" --simulate`,
	}
	if cfg.onlySimulated() {
		next[2] = `smsctl send --csv people.csv -m "Hi {{name}}"`
	}
	doc := map[string]any{"schema": "smsctl.init/1", "config": path, "database": db, "backup": saved, "carriers": cfg.Carriers.names(), "next": next}
	return a.print(doc, func() error {
		text := "config    " + path + "\ndatabase  " + db + "\n"
		if saved != "" {
			text += "backup    " + saved + "\n"
		}
		return a.printf("%s\nNext\n  %s\n", text, strings.Join(next, "\n  "))
	})
}
