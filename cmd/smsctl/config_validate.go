package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
)

func newConfigValidateCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the config file and every carrier in it, without touching the network",
		Example: `smsctl config validate
smsctl config validate --config new.yaml --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.validateConfig(cmd.Context()) },
	}
}

type validateDocument struct {
	Schema   string    `json:"schema"`
	File     string    `json:"file"`
	Profile  string    `json:"profile"`
	Valid    bool      `json:"valid"`
	Carriers []string  `json:"carriers"`
	Problems []problem `json:"problems"`
}

func (a *app) validateConfig(ctx context.Context) error {
	cfg, found, err := a.loadConfig()
	if err != nil {
		return err
	}
	doc := validateDocument{Schema: "smsctl.config-check/1", Profile: a.flags.profile, Carriers: []string{}, Problems: []problem{}}
	if cfg != nil {
		if cfg.file != nil {
			doc.File = cfg.file.path
		}
		doc.Carriers = append(doc.Carriers, cfg.Carriers.names()...)
		found = append(found, a.tryCarriers(ctx, cfg)...)
	} else {
		doc.File = found[0].File
	}
	doc.Problems = append(doc.Problems, found...)
	doc.Valid = len(found) == 0
	if err := a.print(doc, func() error { return a.printProblems(doc) }); err != nil {
		return err
	}
	if doc.Valid {
		return nil
	}
	return fail(exitConfig, "config.invalid", "the config has %s", plural(len(found), "fault")).
		at("%s", doc.File).fix("correct the lines named above")
}

// tryCarriers builds and closes the carriers only to hear what is wrong with them.
func (a *app) tryCarriers(ctx context.Context, cfg *config) problems {
	if len(a.carrierTypes()) == 0 {
		return nil
	}
	silent := slog.New(slog.DiscardHandler)
	built, found := a.buildCarriers(ctx, cfg, silent)
	for _, c := range built {
		if err := c.Close(ctx); err != nil {
			found = append(found, problem{Code: "config.carrier", Message: "closing " + c.Info().Name + ": " + oneLine(err.Error())})
		}
	}
	return found
}

func (a *app) printProblems(doc validateDocument) error {
	if doc.Valid {
		where := doc.File
		if where == "" {
			where = "no config file"
		}
		return a.printf("%s: ok, %s, profile %s\n", where, plural(len(doc.Carriers), "carrier"), doc.Profile)
	}
	for _, p := range doc.Problems {
		place := p.File
		if p.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
		}
		text := fmt.Sprintf("%s: %s (%s)\n", place, p.Message, p.Code)
		if p.Source != "" {
			text += fmt.Sprintf("%8d | %s\n", p.Line, p.Source)
		}
		if err := a.printf("%s           %s\n", a.hide(text), p.Hint); err != nil {
			return err
		}
	}
	return nil
}

// plural is "1 fault", "2 faults".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return count(int64(n)) + " " + word + "s"
}
