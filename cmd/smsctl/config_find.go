package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxConfigSize refuses a CSV given as --config before it is parsed.
const maxConfigSize = 1 << 20

// configPath is the file to read and who named it: the flag, the variable, or the first of the usual places that
// exists. "" is no file.
func (a *app) configPath() (path, origin string, err error) {
	if named := a.flags.config; named == "none" {
		return "", a.origins["config"], nil
	} else if named != "" {
		path, err := filepath.Abs(named)
		if err != nil {
			return "", "", fmt.Errorf("finding the config file: %w", err)
		}
		return path, a.origins["config"], nil
	}
	for _, path := range a.configPlaces() {
		if _, err := os.Stat(path); err == nil {
			return path, "search", nil
		}
	}
	return "", "", nil
}

// configPlaces are the places of a config that nobody named. The current folder is not among them: a tool that spends
// money must not change its carriers with the folder it is started in.
func (a *app) configPlaces() []string {
	places := []string{filepath.Join(a.dir("XDG_CONFIG_HOME", ".config", "AppData"), "smsctl", "config.yaml")}
	if runtime.GOOS != "windows" {
		places = append(places, "/etc/smsctl/config.yaml")
	}
	return places
}

// dir is one of the XDG base directories, or what stands for it where that variable is not set.
func (a *app) dir(xdg, fallback, windows string) string {
	if v := a.env.get(xdg); filepath.IsAbs(v) {
		return v
	}
	if v := a.env.get(windows); runtime.GOOS == "windows" && v != "" {
		return v
	}
	return filepath.Join(a.home, filepath.FromSlash(fallback))
}

func (a *app) dataDir() string {
	return filepath.Join(a.dir("XDG_DATA_HOME", ".local/share", "LocalAppData"), "smsctl")
}

func (a *app) stateDir() string {
	return filepath.Join(a.dir("XDG_STATE_HOME", ".local/state", "LocalAppData"), "smsctl")
}

// databasePath is the database in force: --db, the config's (relative to the config file), or a default. Without a
// config it is another one, so that a simulated campaign never stands in the way of a live one.
func (a *app) databasePath(cfg *config) string {
	switch {
	case a.flags.db != "":
		return a.flags.db
	case cfg.simulated():
		return filepath.Join(a.dataDir(), "simulated.db")
	case cfg.Database == "":
		return filepath.Join(a.dataDir(), "smsctl.db")
	case filepath.IsAbs(cfg.Database) || strings.Contains(cfg.Database, "://"):
		return cfg.Database
	}
	return filepath.Join(filepath.Dir(cfg.file.path), cfg.Database)
}

func readConfigFile(path, origin string) ([]byte, error) {
	cannot := func(what string, err error) error {
		by := "found by searching"
		if origin == fromFlag {
			by = "named by --config"
		} else if origin != "search" {
			by = "named by " + origin
		}
		return fail(exitConfig, "config.unreadable", "%s", what).at("%s, %s", path, by).
			fix("name another file with --config, or use --config none").with("file", path).because(err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, cannot("the config file does not exist", err)
	case err == nil && info.IsDir():
		return nil, cannot("the config file is a directory", nil)
	case err == nil && info.Size() > maxConfigSize:
		return nil, cannot("the config file is larger than 1 MiB: is it the right file?", nil)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, cannot("the config file cannot be read", err)
	}
	return raw, nil
}
