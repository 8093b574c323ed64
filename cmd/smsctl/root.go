package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandGroup is a heading of the root's help and the commands under it, in the order in which they are shown.
type commandGroup struct {
	title    string
	commands []*cobra.Command
}

// commandGroups is the one list of commands: adding one is a file of its own and a line here.
func commandGroups(a *app) []commandGroup {
	return []commandGroup{
		{"Get started", []*cobra.Command{
			newInitCommand(a),
			newDoctorCommand(a),
		}},
		{"Run campaigns", []*cobra.Command{
			newPlanCommand(a),
			newSendCommand(a),
			newReportCommand(a),
			newUICommand(a),
		}},
		{"Operate", []*cobra.Command{
			newCampaignCommand(a),
			newMessageCommand(a),
			newScheduleCommand(a),
			newOptOutCommand(a),
			newServeCommand(a),
			newConsentCommand(a),
			newComplianceCommand(a),
		}},
		{"Route", []*cobra.Command{
			newCarrierCommand(a),
			newRouteCommand(a),
			newConvertCommand(a),
		}},
		{"Receipts", []*cobra.Command{
			newDLRCommand(a),
		}},
		{"Develop", []*cobra.Command{
			newSimCommand(a),
		}},
		{"Administer", []*cobra.Command{
			newConfigCommand(a),
			newDBCommand(a),
			newCompletionCommand(a),
			newVersionCommand(a),
			newHelpCommand(a),
			newManCommand(a),
		}},
	}
}

func newRoot(a *app) *cobra.Command {
	root := verbs(a, &cobra.Command{
		Use:   "smsctl",
		Short: "Send SMS campaigns from a CSV file, over many carriers.",
		Example: `smsctl send --csv people.csv -m "Hi {{name}}" --simulate   # no account, no cost
smsctl plan --csv people.csv -F message.txt               # price and preview, send nothing
smsctl init                                               # a config of your own, by six questions
smsctl help exit-codes                                    # what a script can rely on`,
	})
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	addGlobalFlags(a, root)
	for _, group := range commandGroups(a) {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for i, cmd := range group.commands {
			cmd.GroupID = group.title
			annotate(cmd, positionAnnotation, fmt.Sprintf("%02d", i))
			root.AddCommand(cmd)
			if cmd.Name() == "help" {
				root.SetHelpCommand(cmd)
			}
		}
	}
	root.AddCommand(newWorkerCommand(a))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _ = a.showHelp(cmd) }) // stdout is gone if this fails
	root.SetFlagErrorFunc(a.flagError)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.settle(cmd) }
	beginWith(a, root)
	if completing(a.args) {
		offerCandidates(a, root)
	}
	return root
}

// beginWith makes every command note that its own code has begun: what fails before that is an error of use. Flags
// keep the order in which they were declared.
func beginWith(a *app, cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	if own := cmd.RunE; own != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.running = cmd
			if a.flags.version {
				return a.printVersion()
			}
			return own(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		beginWith(a, sub)
	}
}

// verbs completes a command that only has subcommands: alone it shows its help, with a word it does not know it fails
// and names the nearest one.
func verbs(a *app, parent *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	parent.AddCommand(subs...)
	parent.Args = cobra.ArbitraryArgs
	parent.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return a.showHelp(cmd)
	}
	return parent
}

func unknownCommand(cmd *cobra.Command, word string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	e := fail(exitUsage, "usage.unknown_command", "unknown command %q for %q", word, cmd.CommandPath()).
		at("%s knows: %s", cmd.CommandPath(), strings.Join(names, ", ")).
		fix("%s --help", cmd.CommandPath()).with("word", word).with("valid", names)
	if near := nearest(word, names); near != "" {
		e.fix("%s %s", cmd.CommandPath(), near)
	}
	return e
}

// flagError turns pflag's errors into ours. A word that is no command comes first, because the flags after it belong
// to a command that does not exist; a --help anywhere beats them all.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	for _, arg := range a.args {
		if arg == "--" {
			break
		}
		if arg == "-h" || arg == "--help" {
			return pflag.ErrHelp
		}
	}
	if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 {
		return unknownCommand(cmd, words[0])
	}
	a.settleColors()
	e := fail(exitUsage, "usage.bad_flag", "%s", err.Error()).at("in: %s", cmd.CommandPath()).fix("%s --help", cmd.CommandPath())
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		e.Code = "usage.unknown_flag"
		e.with("flag", unknown.GetSpecifiedName())
		if near := nearest(unknown.GetSpecifiedName(), flagNames(cmd)); near != "" {
			e.fix("did you mean --%s?   see: %s --help", near, cmd.CommandPath())
		}
	case errors.As(err, &missing):
		e.Code = "usage.missing_value"
		e.What = "flag --" + missing.GetFlag().Name + " needs a value"
		e.with("flag", missing.GetFlag().Name)
	case errors.As(err, &invalid):
		e.Code = "usage.bad_value"
		e.What = fmt.Sprintf("--%s: %s", invalid.GetFlag().Name, valueComplaint(err, invalid.GetValue()))
		e.with("flag", invalid.GetFlag().Name).with("value", invalid.GetValue())
	}
	return e
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// usageError is what cobra says about arguments and required flags, as exit 2; our own errors pass through.
func usageError(err error) error {
	var typed *cliError
	if errors.As(err, &typed) {
		return err
	}
	return fail(exitUsage, "usage.arguments", "%s", oneLine(err.Error())).because(err)
}

// nearest is the candidate that word most likely meant, "" when none is close.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+2
	for _, c := range candidates {
		if d := levenshtein(strings.ToLower(word), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// levenshtein counts the insertions, deletions and substitutions between two words.
func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
