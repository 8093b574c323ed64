package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newScheduleInstallCommand(a *app) *cobra.Command {
	var systemd, crontab bool
	var dir string
	cmd := &cobra.Command{
		Use: "install", Short: "Print what lets cron or systemd look at the clock each minute", Args: cobra.NoArgs,
		Long: `Print what lets cron or systemd look at the clock each minute, with the paths of this program and this config. Nothing is
changed, unless --output names a folder for the units; what then starts them is said.

One of cron, systemd and smsctl serve is enough; several do no harm.`,
		Example: `smsctl schedule install --crontab | crontab -          # if there is no other line in it
smsctl schedule install --systemd --output ~/.config/systemd/user
systemctl --user daemon-reload && systemctl --user enable --now smsctl-schedule.timer`,
		RunE: func(*cobra.Command, []string) error {
			if systemd == crontab {
				return fail(exitUsage, "usage.install_what", "say for what: --systemd or --crontab").at("one of them is needed").fix("smsctl schedule install --systemd")
			}
			return a.install(systemd, dir)
		},
	}
	cmd.Flags().BoolVar(&systemd, "systemd", false, "a service and a timer")
	cmd.Flags().BoolVar(&crontab, "crontab", false, "a line of a crontab")
	cmd.Flags().StringVarP(&dir, "output", "o", "", "write the units into this `FOLDER`")
	return cmd
}

// unit is a file of systemd.
type unit struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (a *app) install(systemd bool, dir string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if cfg.simulated() {
		return fail(exitConfig, "schedule.no_config", "schedules need a config").at("there is none, only the built-in simulated carriers").fix("smsctl init")
	}
	args, err := a.tickCommand(cfg)
	if err != nil {
		return err
	}
	if !systemd {
		if dir != "" {
			return fail(exitUsage, "usage.bad_value", "a crontab is no file in a folder").at("--output %s", dir).fix("smsctl schedule install --crontab")
		}
		line := crontabLine(args)
		return a.print(map[string]any{"schema": "smsctl.install/1", "crontab": line}, func() error { return a.printf("%s", line) })
	}
	units := systemdUnits(args, a.flags.profile, a.account())
	if dir == "" {
		return a.print(map[string]any{"schema": "smsctl.install/1", "units": units}, func() error {
			for _, u := range units {
				if err := a.printf("# %s\n%s\n", u.Name, u.Text); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return a.writeUnits(units, dir)
}

func (a *app) writeUnits(units []unit, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating %s: %w", dir, err)
	}
	var paths []string
	for _, u := range units {
		path := filepath.Join(dir, u.Name)
		if err := os.WriteFile(path, []byte(u.Text), 0o644); err != nil { //nolint:gosec // units are read by everybody
			return fmt.Errorf("writing a unit: %w", err)
		}
		paths = append(paths, path)
	}
	manager := "systemctl --user"
	if os.Geteuid() == 0 {
		manager = "systemctl"
	}
	start := fmt.Sprintf("%s daemon-reload && %s enable --now %s", manager, manager, units[1].Name)
	return a.print(map[string]any{"schema": "smsctl.install/1", "written": paths, "start": start}, func() error {
		return a.printf("%s\n\nStart it:  %s\n", strings.Join(paths, "\n"), start)
	})
}

// tickCommand is the command line that looks at the clock, with nothing in it that depends on a folder or on a shell's
// variables.
func (a *app) tickCommand(cfg *config) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	args := []string{self, "schedule", "run", "--due", "--no-input", "--config=" + absolute(cfg.file.path)}
	if a.flags.profile != "default" {
		args = append(args, "--profile="+a.flags.profile)
	}
	if a.flags.db != "" {
		args = append(args, "--db="+absolute(a.flags.db))
	}
	if a.flags.logFile != "" {
		args = append(args, "--log-file="+absolute(a.flags.logFile))
	}
	return args, nil
}

// crontabLine runs each minute. Cron takes a percent sign for the end of the line; the rest is the shell's.
func crontabLine(args []string) string {
	return "# smsctl sends what is due. It prints nothing when nothing is: cron mails what it prints to you.\n" +
		"* * * * * " + strings.ReplaceAll(shellWords(args), "%", `\%`) + "\n"
}

// shellWords is a command line that a shell takes apart again.
func shellWords(args []string) string {
	words := make([]string, len(args))
	for i, w := range args {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes what a shell would not take literally.
func shellWord(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-=+,:@%", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// systemdWord quotes for ExecStart.
func systemdWord(w string) string {
	w = strings.NewReplacer("%", "%%", "$", "$$").Replace(w)
	if !strings.ContainsAny(w, " \t\"'\\;") {
		return w
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
}

// account is whose service it is, "" for a user's own.
func (a *app) account() string {
	if os.Geteuid() != 0 {
		return ""
	}
	if name := a.env.get("SUDO_USER"); name != "" {
		return name
	}
	return "root"
}

// systemdUnits are the service, which ends when everything that it has begun has ended, and the timer. A service that is
// still active is not started again, so it goes on looking at the clock meanwhile.
func systemdUnits(args []string, profile, account string) []unit {
	words := make([]string, len(args))
	for i, w := range args {
		words[i] = systemdWord(w)
	}
	name := "smsctl-schedule"
	if profile != "default" {
		name += "-" + profile
	}
	who := ""
	if account != "" {
		who = "User=" + account + "\n"
	}
	service := fmt.Sprintf(`[Unit]
Description=smsctl: send what is due
Documentation=man:smsctl(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
%sExecStart=%s
# Secrets that the config takes from the environment (env:NAME):
#EnvironmentFile=/etc/smsctl/environment
# Submits under way finish when it is stopped; the next start goes on.
KillMode=mixed
TimeoutStopSec=60
`, who, strings.Join(words, " "))
	timer := `[Unit]
Description=smsctl: look at the clock each minute

[Timer]
OnCalendar=*-*-* *:*:00
AccuracySec=1s

[Install]
WantedBy=timers.target
`
	return []unit{{name + ".service", service}, {name + ".timer", timer}}
}
