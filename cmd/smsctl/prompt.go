package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// confirm asks y/N and returns nil for yes. --yes answers it. Where nobody can be asked, or the answer is no, the
// error is exit 9 and names the flag that answers.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.flags.yes {
		return nil
	}
	answer, err := a.ask(ctx, question+" [y/N] ", "--yes")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer == "y" || answer == "yes" {
		return nil
	}
	return declined(question)
}

// confirmTyped is for what cannot be undone: only the wanted text confirms, say a recipient count or a campaign's
// name. In a count the commas that people write are accepted.
func (a *app) confirmTyped(ctx context.Context, question, want string) error {
	if a.flags.yes {
		return nil
	}
	answer, err := a.ask(ctx, question+" ", "--yes")
	if err != nil {
		return err
	}
	if _, err := strconv.Atoi(want); err == nil {
		answer = strings.NewReplacer(",", "", " ", "").Replace(answer)
	}
	if answer == want {
		return nil
	}
	return declined(question)
}

func declined(question string) error {
	return fail(exitUnconfirmed, "confirm.declined", "not confirmed, nothing was done").
		at("%s", oneLine(question)).fix("run it again and confirm, or use --yes")
}

// ask prints a question to stderr and reads a line. flag is what answers it without a person.
func (a *app) ask(ctx context.Context, question, flag string) (string, error) {
	impossible := ""
	switch {
	case a.flags.noInput:
		impossible = "--no-input forbids asking"
	case a.wantsJSON():
		impossible = "with JSON output nobody is asked"
	case !a.stdinTTY:
		impossible = "stdin is not a terminal"
	}
	if impossible != "" {
		return "", fail(exitUnconfirmed, "confirm.needed", "this needs a confirmation, and %s", impossible).
			at("%s", oneLine(question)).fix("%s %s", a.commandPath(), flag).with("flag", flag)
	}
	if a.flags.accessible { // a screen reader announces whole lines
		question += "\n"
	}
	fmt.Fprint(a.stderr, a.glyphs(question))
	return a.readLine(ctx)
}

// readLine waits for a line or for ctx. A read from a terminal cannot be interrupted, so its goroutine may stay
// behind; ctx only ends here when the process is about to.
func (a *app) readLine(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := a.stdin.ReadString('\n')
		done <- result{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case r := <-done:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return "", fmt.Errorf("reading the answer: %w", r.err)
		}
		return strings.TrimSpace(r.line), nil
	}
}
