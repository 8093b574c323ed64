package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/smsctl/smsctl/campaign"
)

// newLease is this process's claim to a campaign.
func (a *app) newLease() campaign.Lease {
	return campaign.Lease{Token: uuid.NewString(), Host: hostname(), PID: os.Getpid(), Until: a.now().Add(campaign.LeaseTime)}
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// gone says that the process which holds a lease is provably dead: it ran on this machine and is not there any more. A
// lease of another machine, or of a system that cannot tell, has to run out.
func gone(l campaign.Lease) bool {
	if l.Host != hostname() || l.PID == os.Getpid() || runtime.GOOS == "windows" {
		return false
	}
	p, err := os.FindProcess(l.PID)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}

// leased explains that somebody else works on a campaign.
func leased(c *campaign.Campaign, err error) error {
	if !errors.Is(err, campaign.ErrLeased) {
		return err
	}
	where := err.Error()
	return fail(exitLocked, "campaign.locked", "campaign %s is being worked on by another process", c.Name).at("%s", where).
		fix("wait for it, or: smsctl campaign pause %s", c.Name).because(err)
}

// whileHolding keeps a lease alive while something takes long before the run begins: an import, or a person who reads
// the plan.
func (s *session) whileHolding(ctx context.Context, c *campaign.Campaign, lease campaign.Lease, do func() error) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		tick := time.NewTicker(campaign.LeaseTime / 5)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := s.store.Heartbeat(ctx, c.ID, lease.Token, campaign.Pulse{Until: s.now().Add(campaign.LeaseTime)}); err != nil && ctx.Err() == nil {
					ended <- err
					return
				}
			case <-ctx.Done():
				ended <- nil
				return
			}
		}
	}()
	err := do()
	stop()
	return errors.Join(err, <-ended)
}
