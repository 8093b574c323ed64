package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/zalando/go-keyring"
	"golang.org/x/term"

	"github.com/smsctl/smsctl/carriers"
)

func newCarrierLoginCommand(a *app) *cobra.Command {
	var key, keep string
	var noTest bool
	cmd := &cobra.Command{
		Use: "login NAME", Short: "Store a carrier's secret, as a reference, and try it", Args: cobra.ExactArgs(1),
		Long: `Read a carrier's secret from a hidden prompt, or from standard input, keep it in the system's keyring or in a file that only you
can read, and write the reference to it into the config (the old config is kept as .bak). A secret that the config refers to
by keyring: or file: is replaced where it is. Then the carrier is asked; if it refuses the secret, everything is as before.`,
		Example: "smsctl carrier login alpha\nprintf %s \"$TOKEN\" | smsctl carrier login alpha --key auth_token --store file",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.login(cmd.Context(), args[0], key, keep, noTest)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "which secret of the carrier, as the config calls it: `KEY` (default: the only one)")
	cmd.Flags().Var(newEnum(&keep, "auto", "auto", "keyring", "file"), "store", "where to keep it: keyring, file, auto (the keyring if there is one)")
	cmd.Flags().BoolVar(&noTest, "no-test", false, "do not ask the carrier")
	return exits(cmd, exitNoRoute, exitUnconfirmed, exitNotFound)
}

func (a *app) login(ctx context.Context, name, key, keep string, noTest bool) error {
	cfg, found, err := a.loadConfig()
	switch {
	case err != nil:
		return err
	case cfg == nil:
		return found.cliError()
	case cfg.file == nil:
		return fail(exitConfig, "config.none", "there is no config to log a carrier in").at("no file was found").fix("write one: smsctl help configuration")
	}
	i := slices.IndexFunc(cfg.Carriers, func(e carrierEntry) bool { return e.Name == name })
	if i < 0 {
		return fail(exitNotFound, "carrier.not_found", "there is no carrier %q", name).at("carriers: %s", strings.Join(cfg.Carriers.names(), ", ")).
			fix("smsctl config show").with("valid", cfg.Carriers.names())
	}
	entry := cfg.Carriers[i]
	if key, err = a.loginKey(entry, key); err != nil {
		return err
	}
	secret, err := a.readSecret(ctx, name, key)
	if err != nil {
		return err
	}
	a.secrets.remember(secret)
	k := keeping{a: a, cfg: cfg, name: name + "." + key, place: entry.key + "." + key, secret: secret}
	ref, err := k.store(keep)
	if err != nil {
		return errors.Join(err, k.undo())
	}
	tested, err := a.tryLogin(ctx, name, noTest)
	if err != nil {
		return errors.Join(err, k.undo())
	}
	doc := map[string]any{"schema": "smsctl.carrier_login/1", "carrier": name, "key": key, "reference": ref, "tested": tested}
	return a.print(doc, func() error {
		word := "and it is accepted"
		if !tested {
			word = "and was not tried"
		}
		return a.printf("%s of %s is kept as %s, %s.\n", key, name, ref, word)
	})
}

// loginKey is the key of the carrier that holds a secret: the one asked for, or the only one.
func (a *app) loginKey(entry carrierEntry, want string) (string, error) {
	t := configType(a.carrierTypes(), entry)
	if t == nil {
		return "", fail(exitConfig, "config.unknown_type", "carrier %s has an unknown type", entry.Name).at("%s", entry.key).fix("smsctl config validate")
	}
	var keys, set []string
	for _, f := range yamlFields(t) {
		switch f.typ {
		case reflect.TypeFor[carriers.Secret]():
			keys = append(keys, f.name)
			if _, ok := entry.file.places[entry.key+"."+f.name]; ok {
				set = append(set, f.name)
			}
		case reflect.TypeFor[map[string]carriers.Secret](): // `secrets:` of type http: the config says what there is
			named := entry.file.under(entry.key + "." + f.name + ".")
			keys, set = append(keys, named...), append(set, named...)
		}
	}
	switch {
	case len(keys) == 0:
		return "", fail(exitUsage, "carrier.no_secret_key", "a carrier of type %s has no secret that could be stored", entry.Type).at("carrier %s", entry.Name).
			fix("write what it needs into the config, for type http under secrets: as {token: env:TOKEN}; see smsctl help configuration")
	case want != "" && slices.Contains(keys, want):
		return want, nil
	case want == "" && len(set) == 1:
		return set[0], nil
	case want == "" && len(keys) == 1:
		return keys[0], nil
	}
	return "", fail(exitUsage, "usage.secret_key", "which secret of carrier %s?", entry.Name).at("its secrets: %s", strings.Join(keys, ", ")).
		fix("add --key %s", strings.Join(keys, " or --key ")).with("valid", keys)
}

// under are the keys below a place, as they are called from the place above it: secrets.token.
func (f *configFile) under(prefix string) (keys []string) {
	above := strings.LastIndexByte(strings.TrimSuffix(prefix, "."), '.') + 1
	for place := range f.places {
		if strings.HasPrefix(place, prefix) {
			keys = append(keys, place[above:])
		}
	}
	slices.Sort(keys)
	return keys
}

// readSecret asks without an echo, or reads the first line of standard input.
func (a *app) readSecret(ctx context.Context, name, key string) (string, error) {
	var line string
	var err error
	if !a.stdinTTY {
		line, err = a.readLine(ctx)
	} else {
		if a.flags.noInput {
			return "", fail(exitUnconfirmed, "confirm.needed", "a secret is needed, and --no-input forbids asking").at("%s of %s", key, name).
				fix("give it on standard input")
		}
		fmt.Fprintf(a.stderr, "%s of carrier %s: ", key, name)
		var b []byte
		b, err = term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(a.stderr)
		line = strings.TrimSpace(string(b))
	}
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	if line == "" {
		return "", fail(exitUnconfirmed, "carrier.no_secret", "no secret was given").at("%s of %s", key, name).fix("type it, or give it on standard input")
	}
	return line, nil
}

// tryLogin asks the carrier with the config as it is now.
func (a *app) tryLogin(ctx context.Context, name string, noTest bool) (tested bool, err error) {
	if noTest {
		return false, nil
	}
	a.cfg, a.secrets.resolved = nil, map[string]string{}
	err = a.withSession(ctx, false, func(ctx context.Context, s *session) error {
		c, err := s.carrier(ctx, name)
		if err != nil {
			return err
		}
		st := s.askCarrier(ctx, c)
		tested = true
		switch {
		case errors.Is(st.err, errors.ErrUnsupported):
			tested = false
			s.warn("a carrier of type %s cannot be asked without sending; try it with: smsctl carrier test %s --to NUMBER", c.Info().Type, name)
		case errors.Is(st.err, carriers.ErrAuth):
			return fail(exitConfig, "carrier.auth", "carrier %s refuses this secret: nothing was changed", name).at("carriers.%s", name).
				fix("check the secret, and whether it belongs to this account").because(st.err)
		case st.err != nil:
			return fail(exitNoRoute, "carrier.unreachable", "carrier %s does not answer as it should: nothing was changed", name).
				at("%s", s.hide(oneLine(st.err.Error()))).fix("try again later, or store it untried with --no-test").because(st.err)
		}
		return nil
	})
	return tested, err
}

// keeping is a secret on its way into a safe place, with what is needed to undo that.
type keeping struct {
	a           *app
	cfg         *config
	name, place string // in the keyring and as a file; of the key in the config
	secret      string
	undoings    []func() error
}

// store puts the secret where the config refers to already, or to a new place, and returns the reference.
func (k *keeping) store(keep string) (ref string, err error) {
	old := k.reference()
	kind, name, _ := strings.Cut(old, ":")
	switch {
	case kind == "env" || kind == "cmd":
		return old, fail(exitConfig, "carrier.foreign_secret", "the config has this secret from %s, where smsctl cannot put one", old).at("%s", k.place).
			fix("change it there, or remove the line from the config and log in again")
	case kind == "keyring" && name != "":
		return old, k.toKeyring(name)
	case kind == "file" && name != "":
		return old, k.toFile(name)
	}
	if keep != "file" {
		if err = k.toKeyring(k.name); err == nil {
			ref = "keyring:" + k.name
			return ref, k.refer(ref)
		}
		if keep == "keyring" {
			return "", err
		}
	}
	path := filepath.Join("secrets", k.name)
	if err := k.toFile(path); err != nil {
		return "", err
	}
	return "file:" + path, k.refer("file:" + path)
}

// reference is what the config says now: a reference, a literal, or nothing.
func (k *keeping) reference() string {
	node, ok := k.cfg.file.places[k.place]
	if !ok {
		return ""
	}
	line := k.cfg.file.lines[node.GetToken().Position.Line-1]
	at := node.GetToken().Position.Column - 1
	_, value, _ := strings.Cut(line[at:], ":")
	if strings.TrimSpace(line[:at]) != "" { // in {}, where the value ends before the line
		value, _, _ = strings.Cut(value, ",")
		value, _, _ = strings.Cut(value, "}")
	}
	return strings.Trim(strings.TrimSpace(value), `"'`)
}

func (k *keeping) toKeyring(name string) error {
	old, had := keyring.Get(keyringService, name)
	if err := keyring.Set(keyringService, name, k.secret); err != nil {
		return fail(exitConfig, "carrier.no_keyring", "this system has no keyring that can be used").at("%s", k.a.hide(oneLine(err.Error()))).
			fix("keep it in a file: --store file").because(err)
	}
	k.undoings = append(k.undoings, func() error {
		if had == nil {
			return keyring.Set(keyringService, name, old)
		}
		return keyring.Delete(keyringService, name)
	})
	return nil
}

// toFile writes the secret into a file that only its owner can read.
func (k *keeping) toFile(path string) error {
	path = k.cfg.relative(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unwritable(path, err)
	}
	return k.replace(path, []byte(k.secret+"\n"))
}

// replace writes a file whole or not at all, and can put the old one back.
func (k *keeping) replace(path string, content []byte) error {
	old, err := os.ReadFile(path)
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil && !missing {
		return unwritable(path, err)
	}
	if err := writePrivate(path, content); err != nil {
		return unwritable(path, err)
	}
	k.undoings = append(k.undoings, func() error {
		if missing {
			return os.Remove(path)
		}
		return writePrivate(path, old)
	})
	return nil
}

// writePrivate writes beside the file and renames: nobody ever reads half of it.
func writePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".smsctl-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// refer writes the reference into the config: over a literal, or as a new line behind the carrier's type.
func (k *keeping) refer(ref string) error {
	file := k.cfg.file
	lines := slices.Clone(file.lines)
	key := k.place[strings.LastIndexByte(k.place, '.')+1:]
	node, replace := file.places[k.place]
	if !replace {
		node = file.places[strings.TrimSuffix(k.place, key)+"type"]
	}
	inFlow := errFlow(ref, key, file.path)
	if node == nil {
		return inFlow
	}
	at := node.GetToken().Position
	line := lines[at.Line-1]
	indent := line[:at.Column-1]
	if strings.TrimSpace(indent) != "" || strings.HasSuffix(strings.TrimSpace(line), "|") {
		return inFlow
	}
	written := indent + key + ": " + ref
	if replace {
		lines[at.Line-1] = written
	} else {
		lines = slices.Insert(lines, at.Line, written)
	}
	old, err := os.ReadFile(file.path)
	if err != nil {
		return unwritable(file.path, err)
	}
	if err := writePrivate(file.path+".bak", old); err != nil {
		return unwritable(file.path+".bak", err)
	}
	return k.replace(file.path, []byte(strings.Join(lines, "\n")))
}

// errFlow says what to write where the config is written such that smsctl does not dare to change it.
func errFlow(ref, key, path string) error {
	return fail(exitConfig, "carrier.config_form", "the config is written in a form that smsctl does not change").at("%s", path).
		fix("write it yourself: %s: %s", key, ref)
}

// undo puts everything back, the last first.
func (k *keeping) undo() error {
	var errs []error
	for _, f := range slices.Backward(k.undoings) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
