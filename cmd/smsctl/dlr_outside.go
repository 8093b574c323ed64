package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"time"
)

// forwardTimeout bounds a post to the program that receipts are forwarded to: it must not hold up the others for long.
const forwardTimeout = 10 * time.Second

// forward posts a receipt to another program.
func (s *session) forward(ctx context.Context, address string, e receiptEvent) error {
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding a receipt: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end or given up
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s", address, resp.Status)
	}
	return nil
}

// tunnels are the programs that can carry a local address to the outside, and how each says where it is.
func tunnels(name, local string) (args []string, says *regexp.Regexp) {
	if name == "ngrok" {
		return []string{"http", local, "--log", "stdout", "--log-format", "logfmt"}, regexp.MustCompile(`url=(https://[^\s"]+)`)
	}
	return []string{"tunnel", "--no-autoupdate", "--url", "http://" + local}, regexp.MustCompile(`(https://[a-z0-9-]+\.trycloudflare\.com)`)
}

// tunnelPatience is how long a tunnel may take to say its address.
const tunnelPatience = 30 * time.Second

// openTunnel starts an installed program and returns the address that it says; nothing is downloaded.
func (s *session) openTunnel(ctx context.Context, name, local string) (stop func(), public string, err error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, "", fail(exitConfig, "dlr.no_tunnel", "%s is not installed", name).at("--tunnel %s", name).
			fix("install %s, or give the address that reaches this machine with --public-url", name).because(err)
	}
	args, says := tunnels(name, local)
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, path, args...)
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = in, in, time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, "", fail(exitConfig, "dlr.no_tunnel", "%s cannot be started", name).at("%v", err).fix("try it by hand: %s", path).because(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		_ = in.Close()
		close(ended)
	}()
	found := make(chan string, 1)
	go func() { // reads to the end, so that the program never waits for us
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if at := says.FindStringSubmatch(lines.Text()); at != nil {
				select {
				case found <- at[1]:
				default:
				}
			}
		}
		_, _ = io.Copy(io.Discard, out) // a line too long for the scanner
	}()
	stop = func() { cancel(); <-ended }
	timer := time.NewTimer(tunnelPatience)
	defer timer.Stop()
	why := errors.New("it ended")
	select {
	case public = <-found:
		return stop, public, nil
	case <-timer.C:
		why = errors.New("it has not said its address within " + tunnelPatience.String())
	case <-ctx.Done():
		why = ctx.Err()
	case <-ended:
	}
	stop()
	return nil, "", fail(exitNoRoute, "dlr.no_tunnel", "%s opened no tunnel: %v", name, why).at("--tunnel %s", name).fix("try it by hand: %s", path)
}
