package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManCommand writes the manual: packagers call it.
func newManCommand(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "man", Hidden: true, Args: cobra.NoArgs,
		Short:   "Write the manual pages into a folder",
		Example: "smsctl man -o man/   # then: man -l man/smsctl.1",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.writeManual(cmd.Root(), out) },
	}
	cmd.Flags().StringVarP(&out, "output", "o", "man", "`DIR` to write to")
	return cmd
}

func (a *app) writeManual(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a manual is for everybody
		return unwritable(dir, err)
	}
	pages := map[string]string{}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		pages[strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"] = manPage(cmd)
		for _, group := range subcommands(cmd) {
			for _, sub := range group.commands {
				visit(sub)
			}
		}
	}
	visit(root)
	for _, t := range topics() {
		text, err := a.topicText(t.name)
		if err != nil {
			return err
		}
		pages["smsctl-"+t.name+".7"] = manTopic(t, text)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // a manual is for everybody
			return unwritable(filepath.Join(dir, name), err)
		}
	}
	doc := map[string]any{"schema": "smsctl.man/1", "folder": dir, "pages": len(pages)}
	return a.print(doc, func() error { return a.printf("%s in %s\n", plural(len(pages), "page"), dir) })
}

// roff writes one page.
type roff struct{ strings.Builder }

func (r *roff) macro(name string, args ...string) {
	r.WriteString("." + name)
	for _, arg := range args {
		r.WriteString(` "` + strings.ReplaceAll(roffText(arg), `"`, `\(dq`) + `"`)
	}
	r.WriteByte('\n')
}

// text writes lines; one that begins like a macro is kept from being one.
func (r *roff) text(s string) {
	for line := range strings.Lines(strings.TrimRight(s, "\n") + "\n") {
		line = roffText(strings.TrimRight(line, "\n"))
		if line == "" {
			r.WriteString(".PP\n")
			continue
		}
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		r.WriteString(line + "\n")
	}
}

// verbatim keeps the lines as they are.
func (r *roff) verbatim(s string) {
	r.WriteString(".nf\n")
	for line := range strings.Lines(strings.Trim(s, "\n") + "\n") {
		line = roffText(strings.TrimRight(line, "\n"))
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		r.WriteString(line + "\n")
	}
	r.WriteString(".fi\n")
}

func roffText(s string) string { return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s) }

func manPage(cmd *cobra.Command) string {
	r := &roff{}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	r.macro("TH", strings.ToUpper(name), "1", "", "smsctl", "User Commands")
	r.macro("SH", "NAME")
	r.text(name + " - " + cmd.Short)
	r.macro("SH", "SYNOPSIS")
	r.text(cmd.UseLine())
	r.macro("SH", "DESCRIPTION")
	r.text(sentence(cmp.Or(cmd.Long, cmd.Short)))
	if cmd.Example != "" {
		r.macro("SH", "EXAMPLES")
		r.verbatim(cmd.Example)
	}
	if groups := subcommands(cmd); len(groups) > 0 {
		r.macro("SH", "COMMANDS")
		for _, g := range groups {
			for _, sub := range g.commands {
				r.macro("TP")
				r.macro("B", sub.Name())
				r.text(sub.Short + ".")
			}
		}
	}
	manFlags(r, cmd)
	if !cmd.HasAvailableSubCommands() {
		r.macro("SH", "EXIT STATUS")
		for _, row := range exitCodesOf(cmd) {
			r.macro("TP")
			r.macro("B", fmt.Sprint(int(row.Code)))
			r.text(row.Name + ": " + row.Meaning + ".")
		}
	}
	r.macro("SH", "SEE ALSO")
	also := []string{"smsctl(1)", "smsctl-exit-codes(7)", "smsctl-configuration(7)"}
	if cmd.HasParent() && cmd.Parent().HasParent() {
		also = append(also, strings.ReplaceAll(cmd.Parent().CommandPath(), " ", "-")+"(1)")
	}
	r.text(strings.Join(also, ", "))
	return r.String()
}

func manFlags(r *roff, cmd *cobra.Command) {
	first := true
	flags := cmd.LocalFlags()
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if first {
			r.macro("SH", "OPTIONS")
			first = false
		}
		value, usage := pflag.UnquoteUsage(f)
		head := "--" + f.Name
		if f.Shorthand != "" {
			head = "-" + f.Shorthand + ", " + head
		}
		if value != "" {
			head += " " + value
		}
		r.macro("TP")
		r.macro("B", head)
		r.text(usage)
	})
}

func manTopic(t topic, text string) string {
	r := &roff{}
	r.macro("TH", strings.ToUpper("smsctl-"+t.name), "7", "", "smsctl", "smsctl")
	r.macro("SH", "NAME")
	r.text("smsctl-" + t.name + " - " + t.short)
	r.macro("SH", "DESCRIPTION")
	r.verbatim(text)
	r.macro("SH", "SEE ALSO")
	r.text("smsctl(1)")
	return r.String()
}
