package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/store"
)

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and what it was built from",
		Example: "smsctl version --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

// version is what the linker recorded about this binary.
type version struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`   // "unknown" when it was not built from a checkout
	Modified bool   `json:"modified"` // the checkout had changes that are in no commit
	Time     string `json:"commit_time"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	SQLite   string `json:"sqlite"` // the driver module's version
	Library  string `json:"sqlite_version"`
	Database int    `json:"database_schema"` // that this program writes
	Schema   string `json:"schema"`          // of this document
}

func buildVersion() version {
	v := version{
		Version: "devel", Commit: "unknown", SQLite: "not linked", Library: store.SQLiteVersion(), Database: store.SchemaVersion(), Schema: "smsctl.version/1",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == "modernc.org/sqlite" {
			v.SQLite = dep.Version
		}
	}
	return v
}

func (a *app) printVersion() error {
	v := buildVersion()
	return a.print(v, func() error {
		_, err := fmt.Fprintf(a.stdout, "smsctl %s\ncommit  %s\ngo      %s %s\nsqlite  %s (driver %s)\nschema  %d\n", v.Version, v.Commit, v.Go, v.Platform, v.Library, v.SQLite, v.Database)
		return err
	})
}
