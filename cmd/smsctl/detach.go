package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
)

// newWorkerCommand is what a detached campaign runs in: a process of its own session that no terminal can take along.
func newWorkerCommand(a *app) *cobra.Command {
	var v runOptions
	var only []string
	var simulate bool
	cmd := &cobra.Command{
		Use: "worker CAMPAIGN", Short: "Send a campaign in the background", Hidden: true, Args: cobra.ExactArgs(1),
		Long:    "Send a campaign in the background. `send --detach` and the key d of the dashboard start it.",
		Example: "smsctl worker spring",
		RunE: func(cmd *cobra.Command, args []string) error {
			v.progress = viewNone
			return a.eachCampaign(cmd.Context(), simulate, args, func(ctx context.Context, s *session, c *campaign.Campaign) error {
				return s.takeUp(ctx, c, only, &v, func(*campaign.Campaign, campaign.Lease) error { return nil })
			})
		},
	}
	v.register(cmd.Flags())
	cmd.Flags().StringSliceVar(&only, "carrier", nil, "only these carriers, `A,B`")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitGuard, exitNoRoute, exitNotFound, exitLocked, exitState, exitInterrupted, exitTerminated)
}

// workerWait is how long a worker may take to begin.
const workerWait = 20 * time.Second

// handOver lets a worker go on with a campaign that nobody holds now, and tells how to find it again.
func (s *session) handOver(ctx context.Context, c *campaign.Campaign, v *runOptions, only []string) error {
	pid, err := s.startWorker(ctx, c, v, only)
	if err != nil {
		return err
	}
	if s.wantsJSON() {
		stream, err := s.stream(c)
		if err != nil {
			return err
		}
		return stream.emit("detached", map[string]any{"pid": pid, "watch": "smsctl campaign watch " + c.Name, "log": s.campaignLog(c)})
	}
	log := s.campaignLog(c)
	s.say("Detached: %s goes on in pid %d.\nWatch it:  smsctl campaign watch %s\nIts log:   %s", c.Name, pid, c.Name, s.stderr.link(log, log))
	return nil
}

// detachNow gives a campaign that is ready to a worker.
func (s *session) detachNow(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, v *runOptions) error {
	if err := s.store.Release(ctx, c.ID, lease.Token, c.Status, c.Reason); err != nil {
		return err
	}
	return s.handOver(ctx, c, v, s.carrierNames())
}

// campaignLog is where the lines about a campaign are kept.
func (a *app) campaignLog(c *campaign.Campaign) string {
	if a.flags.logFile != "" {
		return a.flags.logFile
	}
	return filepath.Join(a.stateDir(), "log", fileName(c.Name)+".log")
}

// fileName is a campaign's name as the name of a file.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '_'
		}
		return r
	}, name)
	if strings.Trim(name, ".") == "" {
		return "campaign"
	}
	return name
}

// startWorker starts a worker and returns when it has the campaign's lease. What the worker says before that, and
// should it ever break down, is in a file of its own.
func (s *session) startWorker(ctx context.Context, c *campaign.Campaign, v *runOptions, only []string) (pid int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("finding this program: %w", err)
	}
	said, err := s.workerFile(c)
	if err != nil {
		return 0, err
	}
	defer func() { _ = said.Close() }()                    // the worker has its own handle
	cmd := exec.Command(self, s.workerArgs(c, v, only)...) //nolint:noctx // it outlives this process, that is its purpose
	cmd.Stderr = said
	cmd.SysProcAttr = ownSession()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting a worker: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // a browser stays for hours: no worker may be left behind as a zombie
	return cmd.Process.Pid, s.awaitWorker(ctx, c, cmd.Process.Pid, ended, said.Name())
}

func (s *session) awaitWorker(ctx context.Context, c *campaign.Campaign, pid int, ended <-chan error, said string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for began := s.now(); s.now().Sub(began) < workerWait; {
		fresh, err := s.store.Campaign(ctx, c.ID)
		if err != nil {
			return err
		}
		if l := fresh.Lease; l != nil && l.PID == pid && fresh.Status == campaign.Running || final(fresh.Status) {
			return nil
		}
		select {
		case <-tick.C:
		case err := <-ended:
			if err == nil { // it had little to do
				return nil
			}
			return fail(exitError, "campaign.detach", "the worker of campaign %s has ended at once", c.Name).
				at("%s", oneLine(lastLine(said))).fix("smsctl campaign resume %s", c.Name).because(err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fail(exitError, "campaign.detach", "the worker of campaign %s does not begin", c.Name).at("pid %d, see %s", pid, said).
		fix("smsctl campaign show %s", c.Name)
}

func lastLine(path string) string {
	text, err := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i := len(lines) - 1; i >= 0 && err == nil; i-- {
		if what, ok := strings.CutPrefix(lines[i], "error: "); ok {
			return what
		}
	}
	return "see " + path
}

func (s *session) workerFile(c *campaign.Campaign) (*os.File, error) {
	path := filepath.Join(s.stateDir(), "log", fileName(c.Name)+".worker.log")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("creating the log's folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the worker's log: %w", err)
	}
	return f, nil
}

// workerArgs is the command line of a worker that does what this process would have done.
func (s *session) workerArgs(c *campaign.Campaign, v *runOptions, only []string) []string {
	args := append([]string{"worker", c.PublicID, "--no-input", "--color=never"}, s.ownFlags()...)
	args = append(args, "--drain-timeout="+v.drainTimeout.String())
	if v.noWait {
		args = append(args, "--no-wait")
	}
	if v.wait > 0 {
		args = append(args, "--wait="+v.wait.String())
	}
	for _, r := range v.reports {
		args = append(args, "--report="+r)
	}
	if len(only) > 0 {
		args = append(args, "--carrier="+strings.Join(only, ","))
	}
	return args
}

// ownFlags let another process of this program work with the same database, config and log.
func (s *session) ownFlags() []string {
	args := []string{"--db=" + absolute(s.store.Path()), "--profile=" + s.flags.profile}
	if s.flags.config != "" {
		path := s.flags.config
		if path != "none" {
			path = absolute(path)
		}
		args = append(args, "--config="+path)
	}
	if s.mode == campaign.Simulated && !s.cfg.onlySimulated() {
		args = append(args, "--simulate")
	}
	if s.flags.logFile != "" {
		args = append(args, "--log-file="+s.flags.logFile)
	}
	return append(args, "--log-format="+s.flags.logFormat)
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// resumeBehind goes on with a campaign that nobody works on, in a worker.
func (s *session) resumeBehind(ctx context.Context, c *campaign.Campaign) (string, error) {
	if c.Status == campaign.Stopped || c.Status == campaign.Importing || c.Desired == campaign.WantCancel {
		return "", impossible(c, "resumed")
	}
	pid, err := s.startWorker(ctx, c, &runOptions{drainTimeout: defaultDrain}, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s goes on in pid %d.", c.Name, pid), nil
}
