//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// usage is what a process took of the machine.
type usage struct {
	wall, cpu time.Duration
	rss       int64 // bytes, its peak
}

func usageOf(p *os.ProcessState, wall time.Duration) usage {
	u := usage{wall: wall, cpu: p.UserTime() + p.SystemTime()}
	if r, ok := p.SysUsage().(*syscall.Rusage); ok {
		u.rss = r.Maxrss
		if runtime.GOOS != "darwin" { // which counts bytes, the others kilobytes
			u.rss <<= 10
		}
	}
	return u
}

// command runs a program to its end. It sees nothing of the environment that could change what it does.
func command(ctx context.Context, dir, name string, args ...string) (stdout string, used usage, err error) {
	c := exec.CommandContext(ctx, name, args...)
	var out, complaints bytes.Buffer
	c.Dir, c.Env, c.Stdout, c.Stderr = dir, environment(dir), &out, &complaints
	began := time.Now()
	if err := c.Start(); err != nil {
		return "", used, err
	}
	err = c.Wait()
	used = usageOf(c.ProcessState, time.Since(began))
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, args[0], err, strings.TrimSpace(complaints.String()))
	}
	return out.String(), used, err
}

func environment(dir string) []string {
	return []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "LANG=C.UTF-8"}
}

// server is a process that runs until it is stopped.
type server struct {
	cmd        *exec.Cmd
	complaints bytes.Buffer
	began      time.Time
}

// serve starts a program and waits until it listens.
func serve(ctx context.Context, dir, address, name string, args ...string) (*server, error) {
	s := &server{cmd: exec.CommandContext(ctx, name, args...), began: time.Now()}
	s.cmd.Dir, s.cmd.Env, s.cmd.Stderr = dir, environment(dir), &s.complaints
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return s, conn.Close()
		}
		select {
		case <-again.C:
		case <-deadline.C:
			_, stopErr := s.stop()
			return nil, errors.Join(fmt.Errorf("%s does not listen: %w\n%s", args[0], err, s.complaints.String()), stopErr)
		}
	}
}

// stop ends the process as a person would.
func (s *server) stop() (usage, error) {
	err := s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait() // its exit code says that it was interrupted
	return usageOf(s.cmd.ProcessState, time.Since(s.began)), err
}
