package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

const configSchema = "smsctl.config/1"

func newConfigCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use:   "config",
		Short: "Show and check the configuration",
		Example: `smsctl config validate             # every fault, with file and line
smsctl config show --origin        # where each value comes from
smsctl config get receipts.listen`,
	}, newConfigShowCommand(a), newConfigGetCommand(a), newConfigPathCommand(a), newConfigValidateCommand(a))
}

func newConfigShowCommand(a *app) *cobra.Command {
	var origin bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration in force; secrets are shown as references",
		Example: `smsctl config show
smsctl config show --origin --fields key,origin
smsctl config show --profile staging --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.showConfig(origin) },
	}
	cmd.Flags().BoolVar(&origin, "origin", false, "say where each value comes from")
	return cmd
}

type configDocument struct {
	Schema    string            `json:"schema"`
	File      string            `json:"file"` // "" without one
	Profile   string            `json:"profile"`
	Simulated bool              `json:"simulated"`
	Values    any               `json:"values"`
	Origins   map[string]string `json:"origins"`
}

func (a *app) showConfig(origin bool) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	settings := a.settingsInForce(cfg)
	doc := configDocument{Schema: configSchema, Profile: a.flags.profile, Simulated: cfg.simulated(), Origins: map[string]string{}}
	if cfg.file != nil {
		doc.File = cfg.file.path
	}
	for _, s := range settings {
		doc.Origins[s.key()] = s.Origin
	}
	doc.Values = asMap(nested(settings, 0))
	return a.print(doc, func() error {
		if origin {
			return a.originTable(settings)
		}
		text, err := yamlText(nested(settings, 0))
		if err != nil {
			return err
		}
		where := doc.File
		if where == "" {
			where = "no config file: simulated carriers only"
		}
		_, err = fmt.Fprintf(a.stdout, "# %s, profile %s\n%s", where, doc.Profile, text)
		return err
	})
}

// settingsInForce are the config's settings with what flags and variables decide on top.
func (a *app) settingsInForce(cfg *config) []setting {
	settings := cfg.settingsOf(a.carrierTypes())
	for i := range settings {
		if settings[i].key() != "database" {
			continue
		}
		settings[i].Value = redactURL(a.databasePath(cfg))
		switch origin := a.origins["db"]; origin {
		case "":
		case fromFlag:
			settings[i].Origin = "--db"
		default:
			settings[i].Origin = origin
		}
	}
	return settings
}

func (a *app) originTable(settings []setting) error {
	t, err := a.newTable(columns("key", "value", "origin"))
	if err != nil {
		return err
	}
	for _, s := range settings {
		t.row(s.key(), scalarWord(s.Value), s.Origin)
	}
	return t.flush()
}

// scalarWord is a value in one word: no digit grouping, lists as YAML writes them on one line.
func scalarWord(v any) any {
	switch v.(type) {
	case nil, string:
		return v
	case []any:
		if text, err := yaml.MarshalWithOptions(v, yaml.Flow(true)); err == nil {
			return strings.TrimSpace(string(text))
		}
	}
	return fmt.Sprint(v)
}

func newConfigGetCommand(a *app) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "get KEY",
		Short: "Print one value, or everything below a key",
		Example: `smsctl config get default_region
smsctl config get carriers.alpha`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeConfigKeys,
		RunE:              func(_ *cobra.Command, args []string) error { return a.getConfig(args[0]) },
	}, exitNotFound)
}

// completeConfigKeys offers the keys in force; with a config that cannot be read it offers none.
func (a *app) completeConfigKeys(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 || a.settle(cmd) != nil {
		return nil, none
	}
	cfg, err := a.config()
	if err != nil {
		return nil, none
	}
	var keys []string
	for _, s := range a.settingsInForce(cfg) {
		keys = append(keys, s.key())
	}
	return keys, none
}

func (a *app) getConfig(key string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	var below []setting
	var keys []string
	for _, s := range a.settingsInForce(cfg) {
		keys = append(keys, s.key())
		if s.key() == key {
			return a.print(asMap(s.Value), func() error {
				if s.Value == nil {
					return a.printf("\n")
				}
				_, err := fmt.Fprintln(a.stdout, scalarWord(s.Value))
				return err
			})
		}
		if strings.HasPrefix(s.key(), key+".") {
			below = append(below, s)
		}
	}
	if len(below) == 0 {
		e := fail(exitNotFound, "config.no_key", "no such key: %s", key).at("in the configuration in force").
			fix("smsctl config show --origin --fields key")
		if near := nearest(key, keys); near != "" {
			e.fix("smsctl config get %s", near)
		}
		return e.with("key", key)
	}
	tree := nested(below, strings.Count(key, ".")+1)
	return a.print(asMap(tree), func() error {
		text, err := yamlText(tree)
		if err != nil {
			return err
		}
		_, err = io.WriteString(a.stdout, text)
		return err
	})
}

func newConfigPathCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print the path of the config file in force",
		Example: `$EDITOR "$(smsctl config path)"`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, origin, err := a.configPath()
			if err != nil {
				return err
			}
			if path == "" {
				where := "looked for " + strings.Join(a.configPlaces(), ", ")
				if a.flags.config == "none" {
					where = "--config none"
				}
				return fail(exitConfig, "config.none", "there is no config file").at("%s", where).
					fix("name one with --config FILE").with("searched", a.configPlaces())
			}
			doc := map[string]any{"schema": configSchema, "file": path, "origin": origin, "searched": a.configPlaces()}
			return a.print(doc, func() error {
				_, err := fmt.Fprintln(a.stdout, path)
				return err
			})
		},
	}
}
