package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/smsctl/smsctl/carriers"
)

// asker asks the questions of init: by a form on a terminal, by numbered lines for screen readers and dumb terminals.
type asker interface {
	// text asks for a line; def is taken for an empty one, valid says what is wrong with it.
	text(ctx context.Context, title, help, def string, secret bool, valid func(string) error) (string, error)
	// choose asks for one of some words; the first is the default.
	choose(ctx context.Context, title, help string, options []choice) (string, error)
}

type choice struct{ value, word string }

// askSetup asks what no flag has answered.
func (a *app) askSetup(ctx context.Context, o *setupOptions) error {
	var q asker = &formAsker{a}
	if a.flags.accessible || a.ascii || a.env.get("TERM") == "dumb" || !a.stderr.tty {
		q = &lineAsker{a: a}
	}
	var err error
	if o.region == "" {
		if o.region, err = q.text(ctx, "Default region", "Country of numbers that are written without one, like GB", "GB", false, func(s string) error {
			return new(region).UnmarshalText([]byte(strings.ToUpper(s)))
		}); err != nil {
			return err
		}
	}
	if o.sender == "" {
		if o.sender, err = q.text(ctx, "Sender", "A number with its +, a short code, or up to 11 letters and digits", "ACME", false, func(s string) error {
			return new(sender).UnmarshalText([]byte(s))
		}); err != nil {
			return err
		}
	}
	if o.carrierType == "" {
		if o.carrierType, err = q.choose(ctx, "Carrier", "The simulator reaches nobody and costs nothing", a.carrierChoices()); err != nil {
			return err
		}
	}
	if o.carrierType != "sim" {
		if err := a.askCredentials(ctx, q, o); err != nil {
			return err
		}
	}
	if o.budget == "" {
		if o.budget, err = q.text(ctx, "Ceiling of a campaign, in "+o.currency, "A campaign that would cost more is not sent", "100", false, func(s string) error {
			_, err := carriers.ParsePrice(s)
			return err
		}); err != nil {
			return err
		}
	}
	if o.receipts == "" && o.carrierType != "sim" {
		return a.askReceipts(ctx, q, o)
	}
	return nil
}

func (a *app) askReceipts(ctx context.Context, q asker, o *setupOptions) (err error) {
	if o.receipts, err = q.choose(ctx, "Receipts", "How it is known that a message has arrived", []choice{
		{receiptsPoll, "poll: ask the carrier, where it can be asked"},
		{receiptsListen, "listen: the carrier calls this machine at a public address"},
		{receiptsNone, "none: an accepted message counts as done"},
	}); err != nil || o.receipts != receiptsListen || o.publicURL != "" {
		return err
	}
	o.publicURL, err = q.text(ctx, "Public address", "https://… that reaches "+o.listen+" on this machine", "", false, func(s string) error {
		return new(publicURL).UnmarshalText([]byte(s))
	})
	return err
}

func (a *app) carrierChoices() []choice {
	all := []choice{{"sim", "sim: simulated, reaches nobody"}}
	for _, t := range a.carrierTypes() {
		if t.Name != "sim" {
			all = append(all, choice{t.Name, t.Name + ": " + t.Doc})
		}
	}
	return all
}

// maxKeys ends the questions of a type whose complaints never end.
const maxKeys = 16

// askCredentials asks for one key after the other until the type has nothing to complain about: each type knows best
// what it needs, and names the key that is wrong first.
func (a *app) askCredentials(ctx context.Context, q asker, o *setupOptions) error {
	typ, ok := typeNamed(a.carrierTypes(), o.carrierType)
	if !ok {
		return fail(exitUsage, "config.unknown_type", "there is no carrier type %q", o.carrierType).at("in: smsctl init").fix("smsctl help configuration")
	}
	for range maxKeys {
		key, complaint := a.complaint(ctx, typ, o)
		if key == "" {
			return nil
		}
		secret := a.secretKey(typ, o, key)
		value, err := q.text(ctx, key, asHelp(complaint), "", secret, func(s string) error {
			if strings.TrimSpace(s) == "" {
				return errors.New("this is needed")
			}
			return nil
		})
		if err != nil {
			return err
		}
		if secret && !isReference(value) {
			if value, err = a.keepSecret(o, key, value); err != nil {
				return err
			}
		}
		o.put(key, value)
	}
	return fail(exitConfig, "config.carrier", "the carrier still lacks something").at("type %s", o.carrierType).fix("write the config by hand: smsctl help configuration")
}

// asHelp is what a type says of a key that is not there yet, without saying that it is not there.
func asHelp(complaint string) string {
	if why, rest, ok := strings.Cut(complaint, ": "); ok && strings.HasPrefix(why, "is missing") && rest != "" {
		return strings.ToUpper(rest[:1]) + rest[1:]
	}
	return complaint
}

// complaint is the key that is wrong and why, "" when the carrier can be built.
func (a *app) complaint(ctx context.Context, typ carriers.Type, o *setupOptions) (key, why string) {
	filled := *o
	filled.fill()
	cfg, found := parseConfig("config.yaml", []byte(filled.yaml()), a.flags.profile)
	if len(found) > 0 {
		return "", ""
	}
	c, err := typ.New(cfg.Carriers[0].Name, cfg.Carriers[0].decode, carriers.Env{
		Log: a.log(), Now: a.now, Secret: func(carriers.Secret) (string, error) { return "asked-later", nil }, Sender: o.sender, PublicURL: o.publicURL,
	})
	if err == nil {
		_ = c.Close(ctx) // it was never used
		return "", ""
	}
	key, why, _ = strings.Cut(err.Error(), ": ")
	if strings.ContainsAny(key, " .") { // no key of the carrier itself: the config's own check will tell
		return "", ""
	}
	return key, why
}

// secretKey says whether a key of the type takes a secret.
func (a *app) secretKey(typ carriers.Type, o *setupOptions, key string) bool {
	t := configType([]carriers.Type{typ}, carrierEntry{Name: o.carrierName, Type: typ.Name})
	return t != nil && inside(t, key) == reflect.TypeFor[carriers.Secret]()
}

// keepSecret writes a secret into a file of its own beside the config, and returns the reference to it.
func (a *app) keepSecret(o *setupOptions, key, value string) (string, error) {
	dir := filepath.Dir(cmp.Or(a.flags.config, a.configPlaces()[0]))
	name := filepath.Join("secrets", cmp.Or(o.carrierName, o.carrierType+"-main")+"."+key)
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", unwritable(path, err)
	}
	a.secrets.remember(value)
	if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
		return "", unwritable(path, err)
	}
	return "file:" + filepath.ToSlash(name), nil
}

// formAsker asks by a form of one question at a time.
type formAsker struct{ a *app }

func (f *formAsker) run(ctx context.Context, field huh.Field) error {
	theme := huh.ThemeBase16()
	if !f.a.stderr.color {
		theme = huh.ThemeBase()
	}
	err := huh.NewForm(huh.NewGroup(field)).WithTheme(theme).WithShowHelp(true).WithOutput(f.a.stderr).RunWithContext(ctx)
	if errors.Is(err, huh.ErrUserAborted) {
		return fail(exitUnconfirmed, "confirm.declined", "not finished, nothing was written").at("in: smsctl init").fix("run it again, or use --non-interactive")
	}
	return err
}

func (f *formAsker) text(ctx context.Context, title, help, def string, secret bool, valid func(string) error) (string, error) {
	value := def
	if secret {
		help += "\nWhat you type is not shown. It may be a reference, too: env:NAME, file:PATH, cmd:COMMAND, keyring:NAME"
	}
	if w := f.a.stderr.width(); w > 10 {
		help = ansi.Wordwrap(help, w-4, "")
	}
	field := huh.NewInput().Title(title).Description(help).Value(&value).Validate(valid)
	if secret {
		field.EchoMode(huh.EchoModePassword)
	}
	err := f.run(ctx, field)
	return strings.TrimSpace(value), err
}

func (f *formAsker) choose(ctx context.Context, title, help string, options []choice) (string, error) {
	value := options[0].value
	var all []huh.Option[string]
	for _, o := range options {
		all = append(all, huh.NewOption(o.word, o.value))
	}
	return value, f.run(ctx, huh.NewSelect[string]().Title(title).Description(help).Options(all...).Height(min(len(all)+3, 14)).Value(&value))
}

// lineAsker asks by numbered lines, each whole: what a screen reader announces.
type lineAsker struct {
	a *app
	n int
}

func (l *lineAsker) text(ctx context.Context, title, help, def string, secret bool, valid func(string) error) (string, error) {
	l.n++
	for range maxTries {
		question := fmt.Sprintf("Question %d. %s. %s.", l.n, title, strings.TrimSuffix(oneLine(help), "."))
		if def != "" {
			question += fmt.Sprintf(" Empty is %s.", def)
		}
		answer, err := l.read(ctx, question+" ", secret)
		if err != nil {
			return "", err
		}
		answer = cmp.Or(answer, def)
		if err := valid(answer); err != nil {
			l.a.warn("%s", oneLine(err.Error()))
			continue
		}
		return answer, nil
	}
	return "", fail(exitUnconfirmed, "init.no_answer", "no answer to question %d could be used, nothing was written", l.n).at("%s", title).
		fix("run it again, or use --non-interactive")
}

// maxTries is how often a question is asked: where the input has ended, for ever would be the alternative.
const maxTries = 5

// read hides what is typed where it is a secret and the terminal can.
func (l *lineAsker) read(ctx context.Context, question string, secret bool) (string, error) {
	if !secret || !term.IsTerminal(int(os.Stdin.Fd())) {
		return l.a.ask(ctx, question, "--non-interactive")
	}
	fmt.Fprint(l.a.stderr, l.a.glyphs(question+"What you type is not shown. "))
	raw, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(l.a.stderr)
	return strings.TrimSpace(string(raw)), err
}

func (l *lineAsker) choose(ctx context.Context, title, help string, options []choice) (string, error) {
	var lines []string
	var words []string
	for i, o := range options {
		lines = append(lines, fmt.Sprintf("  %d. %s", i+1, o.word))
		words = append(words, o.value)
	}
	fmt.Fprintln(l.a.stderr, l.a.glyphs(title+".\n"+strings.Join(lines, "\n")))
	answer, err := l.text(ctx, title, help+". Type a number or a word", "1", false, func(s string) error {
		if pickChoice(words, s) == "" {
			return fmt.Errorf("%q is none of them: type a number from 1 to %d", s, len(words))
		}
		return nil
	})
	return pickChoice(words, answer), err
}

func pickChoice(words []string, s string) string {
	for i, w := range words {
		if s == fmt.Sprint(i+1) || strings.EqualFold(s, w) {
			return words[i]
		}
	}
	return ""
}
