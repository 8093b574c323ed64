package main

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// positionAnnotation keeps the order of commandGroups: cobra sorts by name.
const positionAnnotation = "position"

// sectionAnnotation puts a flag under a heading of the help page.
const sectionAnnotation = "section"

// section puts flags under a heading of their command's help; the others come first, as "Flags".
func section(cmd *cobra.Command, heading string, flags ...string) {
	for _, name := range flags {
		f := cmd.Flags().Lookup(name)
		if f.Annotations == nil {
			f.Annotations = map[string][]string{}
		}
		f.Annotations[sectionAnnotation] = []string{heading}
	}
}

//go:embed help/*.txt
var topicTexts embed.FS

// topic is a page of `smsctl help` that belongs to no command.
type topic struct{ name, short string }

func topics() []topic {
	return []topic{
		{"exit-codes", "what the process ends with"},
		{"states", "the states of recipients and campaigns"},
		{"csv", "the input file"},
		{"message", "the text of a message and its placeholders"},
		{"metrics", "how every number is defined"},
		{"formatting", "--json, --jq, --template, tables"},
		{"sql", "the database's views for other programs"},
		{"configuration", "the config file and secrets"},
		{"service", "smsctl serve: systemd, containers, health, metrics"},
		{"environment", "variables that are honoured"},
		{"scenario", "what simulated carriers do"},
		{"accessibility", "screen readers, colours, ASCII"},
	}
}

func newHelpCommand(a *app) *cobra.Command {
	var names []string
	for _, t := range topics() {
		names = append(names, t.name)
	}
	return &cobra.Command{
		Use:       "help [COMMAND | TOPIC]",
		Short:     "Explain a command or a topic",
		Example:   "smsctl help exit-codes\nsmsctl help config show\nsmsctl help --json        # the whole command tree",
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if a.wantsJSON() {
					return a.document(treeDocument(cmd.Root()))
				}
				return a.showHelp(cmd.Root())
			}
			if len(args) == 1 && slices.Contains(names, args[0]) {
				return a.showTopic(args[0])
			}
			found, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) == 0 && found != cmd.Root() {
				return a.showHelp(found)
			}
			e := fail(exitUsage, "usage.unknown_topic", "no command or topic %q", strings.Join(args, " ")).
				at("topics: %s", strings.Join(names, ", ")).fix("smsctl help").with("topics", names)
			if near := nearest(args[0], names); near != "" {
				e.fix("smsctl help %s", near)
			}
			return e
		},
	}
}

// showTopic prints a topic's page. That of exit codes is generated from their table.
func (a *app) showTopic(name string) error {
	if name == "exit-codes" {
		doc := map[string]any{"schema": "smsctl.exit-codes/1", "exit_codes": exitCodes()}
		return a.print(doc, func() error { return a.printf("%s", exitCodesPage()) })
	}
	text, err := a.topicText(name)
	if err != nil {
		return err
	}
	doc := map[string]any{"schema": helpSchema, "topic": name, "text": text}
	return a.print(doc, func() error { return a.printf("%s", text) })
}

// topicText is a topic's page.
func (a *app) topicText(name string) (string, error) {
	if name == "exit-codes" {
		return exitCodesPage(), nil
	}
	text, err := topicTexts.ReadFile("help/" + name + ".txt")
	if err != nil {
		return "", fmt.Errorf("reading the topic: %w", err)
	}
	if types := a.carrierTypes(); name == "configuration" && len(types) > 0 {
		text = append(text, "\nCarrier types\n\n"...)
		for _, t := range types {
			text = fmt.Appendf(text, "  %-12s %s\n", t.Name, t.Doc)
		}
	}
	return string(text), nil
}

func exitCodesPage() string {
	var b strings.Builder
	b.WriteString("Exit codes: what is left to do, in one number.\n\n")
	fmt.Fprintf(&b, "%5s  %-12s %-11s %s\n", "CODE", "NAME", "RERUN?", "MEANING")
	for _, row := range exitCodes() {
		fmt.Fprintf(&b, "%5d  %-12s %-11s %s\n", row.Code, row.Name, row.Rerun, row.Meaning)
	}
	b.WriteString(`
New codes may be added; an unknown code other than 0 means failure. The code never depends on whether output is piped.
With --json every error also has a stable string code, like "config.unknown_key": switch on that where the number is
too coarse.

A campaign in which people could not be reached (a dead number, a landline, an opt-out) is done: 0. What a retry or a
fix could still send (a carrier refused, no route, throttled out, expired, unknown) is 3. --strict makes any failure 3.
`)
	return b.String()
}

// showHelp prints the page of a command, as a document where a program asked. Help must work whatever else is wrong,
// so a bad variable in the environment is left for the command itself to report.
func (a *app) showHelp(cmd *cobra.Command) error {
	_ = a.settle(cmd)
	if a.wantsJSON() {
		return a.document(commandDocument(cmd))
	}
	return a.printf("%s", a.helpPage(cmd))
}

// helpPage leads with examples; flags, exit status and pointers follow.
func (a *app) helpPage(cmd *cobra.Command) string {
	var b strings.Builder
	heading := func(text string) { b.WriteString("\n" + a.stdout.paint(bold, text) + "\n") }
	b.WriteString(sentence(cmp.Or(cmd.Long, cmd.Short)) + "\n")
	if cmd.Example != "" {
		heading("Examples")
		for line := range strings.Lines(cmd.Example) {
			b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	heading("Usage")
	usage := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		usage = cmd.CommandPath() + " COMMAND [flags]"
	}
	b.WriteString("  " + usage + "\n")
	for _, group := range subcommands(cmd) {
		heading(group.title)
		for _, sub := range group.commands {
			fmt.Fprintf(&b, "  %-12s %s\n", sub.Name(), sub.Short)
		}
	}
	for _, s := range flagSections(cmd) {
		heading(s.title)
		b.WriteString(s.usages)
	}
	if !cmd.HasParent() {
		heading("Topics (smsctl help TOPIC)")
		for _, t := range topics() {
			fmt.Fprintf(&b, "  %-14s %s\n", t.name, t.short)
		}
		return b.String()
	}
	if !cmd.HasAvailableSubCommands() {
		heading("Exit status")
		for _, row := range exitCodesOf(cmd) {
			fmt.Fprintf(&b, "  %3d  %-12s %s\n", row.Code, row.Name, row.Meaning)
		}
	}
	heading("More")
	b.WriteString("  smsctl --help               flags that every command has\n  smsctl help exit-codes      what a script can rely on\n")
	return b.String()
}

func sentence(s string) string {
	if s != "" && !strings.HasSuffix(s, ".") && !strings.Contains(s, "\n") {
		return s + "."
	}
	return s
}

// subcommands are the visible commands below cmd, by group and in their order.
func subcommands(cmd *cobra.Command) []commandGroup {
	groups := []commandGroup{}
	for _, g := range cmd.Groups() {
		groups = append(groups, commandGroup{title: g.ID})
	}
	if len(groups) == 0 {
		groups = append(groups, commandGroup{title: "Commands"})
	}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() && sub.Name() != "help" {
			continue
		}
		i := max(0, slices.IndexFunc(groups, func(g commandGroup) bool { return g.title == sub.GroupID }))
		groups[i].commands = append(groups[i].commands, sub)
	}
	for _, g := range groups {
		slices.SortStableFunc(g.commands, func(a, b *cobra.Command) int {
			return cmp.Compare(a.Annotations[positionAnnotation], b.Annotations[positionAnnotation])
		})
	}
	return slices.DeleteFunc(groups, func(g commandGroup) bool { return len(g.commands) == 0 })
}

type flagSection struct{ title, usages string }

// flagSections are a command's own flags under their headings, in the order in which they were declared.
func flagSections(cmd *cobra.Command) []flagSection {
	const plain = "Flags"
	titles := []string{plain} // first, whatever was declared first
	sets := map[string]*pflag.FlagSet{}
	own := cmd.LocalFlags()
	own.SortFlags = false
	own.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		title := plain
		if s := f.Annotations[sectionAnnotation]; len(s) > 0 {
			title = s[0]
		}
		if sets[title] == nil {
			sets[title] = pflag.NewFlagSet(title, pflag.ContinueOnError)
			sets[title].SortFlags = false
		}
		if !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
		sets[title].AddFlag(f)
	})
	var sections []flagSection
	for _, title := range titles {
		if sets[title] != nil {
			sections = append(sections, flagSection{title, sets[title].FlagUsagesWrapped(110)})
		}
	}
	return sections
}
