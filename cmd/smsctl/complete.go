package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// completionBudget bounds what a press of the tab key may cost: beyond it nothing is offered. A slow disk may be given more.
const (
	completionBudget   = 50 * time.Millisecond
	completionVariable = "SMSCTL_COMPLETION_BUDGET"
)

func (a *app) completionBudget() time.Duration {
	if d, err := time.ParseDuration(a.env.get(completionVariable)); err == nil && d > 0 {
		return d
	}
	return completionBudget // a variable that is no duration must not print anything into the shell's line
}

// candidates are what a word may become; a tab separates it from its description.
type candidates func(ctx context.Context, a *app, cmd *cobra.Command) []string

// completing says that a shell asks, and not a person.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// offerCandidates offers the values of flags that have few, and what only the config, the database or a list knows, on
// every command that takes it: a command that is added later is found by its flags and by the words of its usage. Cobra
// keeps what it is told for ever, so it is told only when a shell asks.
func offerCandidates(a *app, root *cobra.Command) {
	byFlag := map[string]candidates{
		"carrier": carrierCandidates, "class": classCandidates, "to-column": columnCandidates, "campaign": campaignCandidates(nil),
		"compare": campaignCandidates(nil), "fields": fieldCandidates, "table": tableCandidates, "default-region": regionCandidates, "country": regionCandidates,
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for name, find := range byFlag {
			if cmd.LocalFlags().Lookup(name) != nil && !takesNewName(cmd, name) {
				_ = cmd.RegisterFlagCompletionFunc(name, a.completion(find, "")) // an error says that the command has its own
			}
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { offerEnum(cmd, f) })
		if cmd.LocalFlags().Lookup("state") != nil {
			_ = cmd.RegisterFlagCompletionFunc("state", a.completion(stateCandidates, ""))
		}
		if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
			if find, help := positional(cmd); find != nil {
				cmd.ValidArgsFunction = a.completion(find, help)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { offerEnum(root, f) })
}

func offerEnum(cmd *cobra.Command, f *pflag.Flag) {
	if e, ok := f.Value.(*enum); ok {
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(e.allowed, cobra.ShellCompDirectiveNoFileComp))
	}
}

// takesNewName says that the flag gives a name to what is about to be made.
func takesNewName(cmd *cobra.Command, flag string) bool {
	return flag == "campaign" && (cmd.Name() == "send" || cmd.Name() == "plan") || flag == "carrier" && cmd.Name() == "init"
}

// positional is what the arguments of a command name, by the words of its usage.
func positional(cmd *cobra.Command) (find candidates, help string) {
	_, args, _ := strings.Cut(cmd.Use, " ")
	parent := ""
	if cmd.HasParent() {
		parent = cmd.Parent().Name()
	}
	switch {
	case args == "":
		return nil, ""
	case parent == "campaign", strings.Contains(args, "CAMPAIGN"):
		return campaignCandidates(steerable(cmd.Name())), "name a campaign: smsctl campaign list shows them"
	case parent == "schedule" && cmd.Name() != "add":
		return scheduleCandidates, "name a schedule: smsctl schedule list shows them"
	case parent == "carrier" && strings.Contains(args, "NAME"):
		return carrierCandidates, "name a carrier of the config: smsctl carrier list shows them"
	}
	return nil, ""
}

// steerable are the states in which a command on a campaign makes sense; nil is all.
func steerable(verb string) []campaign.Status {
	switch verb {
	case "pause", "throttle":
		return []campaign.Status{campaign.Running, campaign.Scheduled, campaign.Waiting, campaign.Planned}
	case "resume":
		return []campaign.Status{campaign.Paused, campaign.Waiting, campaign.Planned, campaign.Running}
	case "cancel":
		return []campaign.Status{campaign.Running, campaign.Paused, campaign.Waiting, campaign.Planned, campaign.Scheduled, campaign.Draining, campaign.Incomplete}
	case "retry":
		return []campaign.Status{campaign.Incomplete, campaign.Completed, campaign.Settling}
	}
	return nil
}

// completion runs a search within its budget, on a copy of the flags as they stand so far.
func (a *app) completion(find candidates, help string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), a.completionBudget())
		defer cancel()
		if a.settle(cmd) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found := make(chan []string, 1) // the one who searches too long finds nobody waiting, and goes on
		go func() { found <- find(ctx, a, cmd) }()
		var all []string
		select {
		case all = <-found:
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if help != "" && len(args) == 0 && len(all) == 0 {
			all = cobra.AppendActiveHelp(all, help)
		}
		return fitting(all, args, word), cobra.ShellCompDirectiveNoFileComp
	}
}

// fitting keeps what the word can become and what is not named yet. A list is completed in its last word.
func fitting(all, args []string, word string) (out []string) {
	before := ""
	if i := strings.LastIndexByte(word, ','); i >= 0 {
		before, word = word[:i+1], word[i+1:]
	}
	for _, c := range all {
		name, _, _ := strings.Cut(c, "\t")
		if strings.HasPrefix(name, word) && !slices.Contains(args, name) && !slices.Contains(strings.Split(before, ","), name) {
			out = append(out, before+c)
		}
	}
	return out
}

// campaignCandidates are the latest campaigns in some states, with state and age.
func campaignCandidates(in []campaign.Status) candidates {
	return func(ctx context.Context, a *app, cmd *cobra.Command) (out []string) {
		cfg, err := a.config()
		if err != nil {
			return nil
		}
		mode, path := a.peeked(cfg, cmd)
		const most = 100
		names, err := store.PeekCampaigns(ctx, path, mode, a.flags.profile, most)
		if err != nil {
			return nil
		}
		for _, n := range names {
			if in == nil || slices.Contains(in, n.Status) {
				out = append(out, n.Name+"\t"+string(n.Status)+", "+shortDuration(a.now().Sub(n.CreatedAt).Round(time.Second))+" ago")
			}
		}
		return out
	}
}

// peeked is the database that a command would open.
func (a *app) peeked(cfg *config, cmd *cobra.Command) (campaign.Mode, string) {
	mode, path := campaign.Live, a.databasePath(cfg)
	simulate, _ := cmd.Flags().GetBool("simulate") // a command without it says false
	if simulate || cfg.onlySimulated() {
		mode = campaign.Simulated
	}
	if simulate && !cfg.onlySimulated() && a.flags.db == "" {
		path = simulatedPath(path)
	}
	return mode, path
}

func scheduleCandidates(ctx context.Context, a *app, cmd *cobra.Command) []string {
	cfg, err := a.config()
	if err != nil {
		return nil
	}
	mode, path := a.peeked(cfg, cmd)
	names, _ := store.PeekSchedules(ctx, path, mode, a.flags.profile) // a database that cannot be read offers nothing
	return names
}

func carrierCandidates(_ context.Context, a *app, cmd *cobra.Command) (out []string) {
	cfg, err := a.config()
	if err != nil {
		return nil
	}
	for _, e := range cfg.Carriers {
		out = append(out, e.Name+"\t"+e.Type)
	}
	if simulate, _ := cmd.Flags().GetBool("simulate"); simulate || len(out) == 0 {
		out = []string{"sim-north\tsimulated", "sim-south\tsimulated"}
	}
	return out
}

func classCandidates(context.Context, *app, *cobra.Command) (out []string) {
	for _, t := range carriers.Classes() {
		out = append(out, string(t.Class)+"\t"+t.Title)
	}
	return out
}

// stateCandidates are those of campaigns for a list of campaigns, those of recipients elsewhere.
func stateCandidates(_ context.Context, _ *app, cmd *cobra.Command) (out []string) {
	if cmd.HasParent() && cmd.Parent().Name() == "campaign" {
		for _, s := range campaign.Statuses() {
			out = append(out, string(s))
		}
		return out
	}
	for _, s := range campaign.States() {
		out = append(out, string(s))
	}
	return out
}

func tableCandidates(context.Context, *app, *cobra.Command) (out []string) {
	for _, t := range report.Tables() {
		out = append(out, string(t))
	}
	return out
}

func regionCandidates(context.Context, *app, *cobra.Command) []string {
	return strings.Fields(isoRegions)
}

// columnCandidates reads the header of the list that --csv names, if that is a file.
func columnCandidates(_ context.Context, _ *app, cmd *cobra.Command) []string {
	path, err := cmd.Flags().GetString("csv")
	if err != nil {
		return nil
	}
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // it was only read
	r, err := recipients.Open(f, recipients.Options{Limit: 1})
	if err != nil {
		return nil
	}
	return r.Columns()
}

// fieldCandidates are the columns of a command's table.
func fieldCandidates(_ context.Context, _ *app, cmd *cobra.Command) []string {
	return tableFields()[strings.TrimPrefix(cmd.CommandPath(), "smsctl ")]
}

// tableFields are the columns of the commands that print a table; a test holds them against the tables themselves.
func tableFields() map[string][]string {
	return map[string][]string{
		"campaign list": {"name", "state", "handled", "eligible", "confirmed", "failed", "unknown", "cost", "created", "next"},
		"message list":  {"message_id", "campaign", "row", "to", "country", "state", "carrier", "attempts", "error_class", "cost", "final_at"},
		"optout list":   {"number", "scope", "reason", "source", "actor", "at", "evidence"},
	}
}
