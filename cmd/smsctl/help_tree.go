package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandInfo is a command for programs: what its help page tells people.
type commandInfo struct {
	Schema    string         `json:"schema,omitempty"` // of the outermost one
	Name      string         `json:"name"`
	Path      string         `json:"path"`
	Usage     string         `json:"usage"`
	Aliases   []string       `json:"aliases"`
	Group     string         `json:"group"`
	Short     string         `json:"short"`
	Long      string         `json:"long"`
	Examples  []string       `json:"examples"`
	Flags     []flagInfo     `json:"flags"`
	ExitCodes []exitCodeInfo `json:"exit_codes"`
	Commands  []commandInfo  `json:"commands"`
}

type flagInfo struct {
	Name    string `json:"name"`
	Short   string `json:"shorthand"`
	Type    string `json:"type"`
	Default string `json:"default"`
	Usage   string `json:"usage"`
	Env     string `json:"env"` // its environment twin, "" for none
	Section string `json:"section"`
}

const helpSchema = "smsctl.help/1"

// commandDocument describes one command; its subcommands by name and purpose only.
func commandDocument(cmd *cobra.Command) commandInfo {
	info := describe(cmd)
	info.Schema = helpSchema
	for _, g := range subcommands(cmd) {
		for _, sub := range g.commands {
			info.Commands = append(info.Commands, describe(sub))
		}
	}
	return info
}

// treeDocument describes everything below root.
func treeDocument(root *cobra.Command) commandInfo {
	info := describeAll(root)
	info.Schema = helpSchema
	return info
}

func describeAll(cmd *cobra.Command) commandInfo {
	info := describe(cmd)
	for _, g := range subcommands(cmd) {
		for _, sub := range g.commands {
			info.Commands = append(info.Commands, describeAll(sub))
		}
	}
	return info
}

func describe(cmd *cobra.Command) commandInfo {
	info := commandInfo{
		Name: cmd.Name(), Path: cmd.CommandPath(), Usage: cmd.UseLine(), Group: cmd.GroupID, Short: cmd.Short, Long: cmd.Long,
		Aliases: append([]string{}, cmd.Aliases...), Examples: []string{}, Flags: []flagInfo{}, Commands: []commandInfo{},
		ExitCodes: exitCodesOf(cmd),
	}
	for line := range strings.Lines(cmd.Example) {
		info.Examples = append(info.Examples, strings.TrimRight(line, "\n"))
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		flag := flagInfo{Name: f.Name, Short: f.Shorthand, Type: kind, Default: f.DefValue, Usage: usage}
		if kind == "" {
			flag.Type = f.Value.Type()
		}
		if hasTwin(f) {
			flag.Env = twin(f.Name)
		}
		if s := f.Annotations[sectionAnnotation]; len(s) > 0 {
			flag.Section = s[0]
		}
		info.Flags = append(info.Flags, flag)
	})
	return info
}
