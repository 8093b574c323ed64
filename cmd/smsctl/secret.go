package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zalando/go-keyring"
)

// secretStore resolves references to secrets and remembers what they resolved to, so that no log line or error can
// show one.
type secretStore struct {
	env     lookup
	dir     string // relative file: paths start here: the config file's folder
	keyring func(service, user string) (string, error)

	resolving sync.Mutex
	resolved  map[string]string // by reference: cmd: may be slow or ask for a touch

	mu     sync.Mutex // not held while a command runs: the log hides values all the time
	values []string
	hidden *strings.Replacer // of values; nil while there are none
}

// keyringService is the name under which the system's keyring keeps our secrets.
const keyringService = "smsctl"

// commandTimeout bounds cmd: references: a password manager that waits for a person must not hang a cron job.
const commandTimeout = 30 * time.Second

func newSecretStore(env lookup) *secretStore {
	return &secretStore{env: env, keyring: keyring.Get, resolved: map[string]string{}}
}

// resolve returns the secret behind a reference: env:NAME, file:PATH, cmd:COMMAND, keyring:NAME; anything else is the
// secret itself. Its errors name the reference, never a value.
func (s *secretStore) resolve(ref string) (string, error) {
	s.resolving.Lock()
	defer s.resolving.Unlock()
	if v, ok := s.resolved[ref]; ok {
		return v, nil
	}
	v, err := s.fetch(ref)
	if err != nil {
		return "", err
	}
	if v == "" {
		return "", secretError(ref, "the secret is empty", nil)
	}
	s.resolved[ref] = v
	s.remember(v)
	return v, nil
}

func (s *secretStore) fetch(ref string) (string, error) {
	kind, name, _ := strings.Cut(ref, ":")
	switch kind {
	case "env":
		v, ok := s.env(name)
		if !ok {
			return "", secretError(ref, "the environment variable is not set", nil)
		}
		return v, nil
	case "file":
		return s.fromFile(ref, name)
	case "cmd":
		return s.fromCommand(ref, name)
	case "keyring":
		v, err := s.keyring(keyringService, name)
		if err != nil {
			return "", secretError(ref, "the system's keyring has no such secret", err)
		}
		return v, nil
	}
	return ref, nil
}

func (s *secretStore) fromFile(ref, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	if err := checkPrivate(path); err != nil {
		return "", secretError(ref, err.Error(), err).fix("chmod 600 %s", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", secretError(ref, "the file cannot be read", err)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// fromCommand takes the first line a command prints. What it prints to stderr is dropped: it may hold the secret.
func (s *secretStore) fromCommand(ref, command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, flag, command)
	cmd.Dir = s.dir
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", secretError(ref, "the command did not end in "+commandTimeout.String(), err)
	}
	if err != nil {
		return "", secretError(ref, "the command ended with "+err.Error(), err)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	return strings.TrimRight(string(line), "\r"), nil
}

func secretError(ref, what string, cause error) *cliError {
	if !isReference(ref) {
		ref = "a literal secret"
	}
	return fail(exitConfig, "config.secret", "%s", what).at("%s", ref).
		fix("smsctl help configuration   (secrets)").with("reference", ref).because(cause)
}

// isReference says that ref names a secret and is not one.
func isReference(ref string) bool {
	kind, name, found := strings.Cut(ref, ":")
	return found && name != "" && (kind == "env" || kind == "file" || kind == "cmd" || kind == "keyring")
}

// shortestHidden is the length from which a value is looked for in texts: hiding every "a" would help nobody.
const shortestHidden = 4

// remember adds a value that must never be shown.
func (s *secretStore) remember(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(value) < shortestHidden || slices.Contains(s.values, value) {
		return
	}
	s.values = append(s.values, value)
	slices.SortFunc(s.values, func(a, b string) int { return len(b) - len(a) }) // a secret may begin another one
	var pairs []string
	for _, v := range s.values {
		quoted, _ := json.Marshal(v) // a string always marshals
		for _, form := range []string{v, url.QueryEscape(v), url.PathEscape(v), strings.Trim(string(quoted), `"`)} {
			pairs = append(pairs, form, redacted)
		}
	}
	s.hidden = strings.NewReplacer(pairs...)
}

// hide replaces every known secret in text, whether it stands there plain or as part of a URL or of JSON.
func (s *secretStore) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden == nil {
		return text
	}
	return s.hidden.Replace(text)
}

// redacted stands wherever a secret would.
const redacted = "[redacted]"

// checkPrivate says what is wrong with the permissions of a file that holds secrets: others may read it. Windows has
// no such bits.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return errors.New("the file does not exist or cannot be reached")
	}
	if info.IsDir() {
		return errors.New("this is a directory")
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return fmt.Errorf("others may read the file (mode %04o)", mode)
	}
	return nil
}
