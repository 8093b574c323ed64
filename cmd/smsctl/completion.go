package main

import (
	"bytes"

	"github.com/spf13/cobra"
)

func newCompletionCommand(a *app) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for bash, zsh, fish or powershell",
		Example: `source <(smsctl completion bash)
smsctl completion zsh > "${fpath[1]}/_smsctl"
smsctl completion fish > ~/.config/fish/completions/smsctl.fish
smsctl completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: shells,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := completionScript(cmd.Root(), args[0])
			if err != nil {
				return err
			}
			doc := map[string]any{"schema": "smsctl.completion/1", "shell": args[0], "script": string(script)}
			return a.print(doc, func() error {
				_, err := a.stdout.Write(script)
				return err
			})
		},
	}
}

func completionScript(root *cobra.Command, shell string) ([]byte, error) {
	const withDescriptions = true
	var b bytes.Buffer
	var err error
	switch shell {
	case "bash":
		err = root.GenBashCompletionV2(&b, withDescriptions)
	case "zsh":
		err = root.GenZshCompletion(&b)
	case "fish":
		err = root.GenFishCompletion(&b, withDescriptions)
	case "powershell":
		err = root.GenPowerShellCompletionWithDesc(&b)
	}
	return b.Bytes(), err
}
