package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/smsctl/smsctl/tui"
)

// schedules are what the browser shows of them, and does as the commands do it.
type schedules struct{ *session }

var (
	_ tui.Schedules        = schedules{}
	_ tui.ScheduleControls = schedules{}
)

// shownRuns is how many of a schedule's last runs the browser shows.
const shownRuns = 20

// Schedules lists them by name.
func (l schedules) Schedules(ctx context.Context) ([]tui.Schedule, error) {
	if err := l.cfg.schedulable(); err != nil {
		return nil, err
	}
	all, err := l.store.Schedules(ctx, l.mode, l.flags.profile)
	if err != nil {
		return nil, err
	}
	out := make([]tui.Schedule, 0, len(all))
	for _, sc := range all {
		v, t, err := l.scheduleView(ctx, sc)
		if err != nil {
			return nil, err
		}
		past, err := l.pastRuns(ctx, sc, v, shownRuns)
		if err != nil {
			return nil, err
		}
		entry := tui.Schedule{Name: v.Name, Cron: v.Cron, Zone: v.Zone, Paused: v.Paused != "", Text: l.scheduleText(sc, t, v, past)}
		if slot, ok := t.Next(l.now()); ok {
			entry.Next = slot.At.In(t.Zone).Format("Mon _2 Jan 15:04 MST")
		}
		if v.Last != nil {
			entry.Last, entry.Became = v.Last.Slot, v.Last.State
		}
		out = append(out, entry)
	}
	return out, nil
}

// Pause begins no more runs.
func (l schedules) Pause(ctx context.Context, name string) (string, error) {
	return l.pauseSchedule(ctx, name, "")
}

// Resume begins them again.
func (l schedules) Resume(ctx context.Context, name string) (string, error) {
	return l.resumeSchedule(ctx, name)
}

// Run is `schedule run NAME` in a process of its own: what it asks and shows is what it asks and shows from a shell.
func (l schedules) Run(name string) tea.ExecCommand {
	self, err := os.Executable()
	cmd := exec.Command(self, append([]string{"schedule", "run", name}, l.ownFlags()...)...) //nolint:noctx // it hears of a stop itself, and drains
	cmd.Stdin, cmd.Stdout, cmd.Stderr = l.keyboard, os.Stdout, l.stderr.file
	return &ownRun{cmd: cmd, err: err}
}

// ownRun has the terminal for itself, until whoever sits there has read what it said last.
type ownRun struct {
	cmd *exec.Cmd
	err error
}

// Run waits for the process, and then for the enter key.
func (r *ownRun) Run() error {
	if r.err != nil {
		return fmt.Errorf("finding this program: %w", r.err)
	}
	err := r.cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		err = fmt.Errorf("the run has ended with %d: smsctl help exit-codes", ended.ExitCode())
	}
	_, _ = fmt.Fprint(r.cmd.Stderr, "\nenter goes back to the browser ")
	key := make([]byte, 1)
	for key[0] != '\n' && key[0] != '\r' {
		if n, failed := r.cmd.Stdin.Read(key); n == 0 || failed != nil {
			break
		}
	}
	return err
}

// SetStdin and the others leave it with the terminal that it has.
func (r *ownRun) SetStdin(io.Reader) {}

// SetStdout leaves it as it is.
func (r *ownRun) SetStdout(io.Writer) {}

// SetStderr leaves it as it is.
func (r *ownRun) SetStderr(io.Writer) {}
