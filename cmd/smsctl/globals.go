package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// globalFlags are the flags every command has. What depends on several of them is settled once, in app.settle.
type globalFlags struct {
	config, profile, db   string
	json                  bool
	jq, template          string
	fields                []string
	plain, noHeader       bool
	quiet                 bool
	verbose               int
	logFile, logFormat    string
	color                 string
	noColor               bool
	ascii, accessible     bool
	noInput, yes, version bool
	pii, tz               string
}

// fromFlag marks in app.origins a value that stood on the command line.
const fromFlag = "flag"

func addGlobalFlags(a *app, root *cobra.Command) {
	f, g := root.PersistentFlags(), &a.flags
	f.SortFlags = false
	f.StringVarP(&g.config, "config", "c", "", "config `FILE`; none runs without one")
	f.StringVar(&g.profile, "profile", "default", "environment `NAME` of the config")
	f.StringVar(&g.db, "db", "", "database `FILE` (default: the config's, else in the data directory)")
	f.BoolVar(&g.json, "json", false, "machine output: JSON on stdout, JSON errors on stderr")
	f.StringVar(&g.jq, "jq", "", "filter the JSON by a jq `EXPR`; implies --json")
	f.StringVar(&g.template, "template", "", "format the JSON by a Go `TEMPLATE`; implies --json")
	f.StringSliceVar(&g.fields, "fields", nil, "columns of a table, in this order: `a,b`")
	f.BoolVar(&g.plain, "plain", false, "tab-separated tables, nothing cut (automatic in a pipe)")
	f.BoolVar(&g.noHeader, "no-header", false, "tables without their header")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "less on stderr; with --json only the summary of a stream")
	f.CountVarP(&g.verbose, "verbose", "v", "more on stderr; twice for everything")
	f.StringVar(&g.logFile, "log-file", "", "log to `FILE` (default: in the state directory; none writes no log)")
	f.Var(newEnum(&g.logFormat, "text", "text", "json"), "log-format", "format of the log file: text, json")
	f.Var(newEnum(&g.color, "auto", "auto", "always", "never"), "color", "colours: auto, always, never")
	f.BoolVar(&g.noColor, "no-color", false, "the same as --color never")
	f.BoolVar(&g.ascii, "ascii", false, "only ASCII on the screen (automatic when the locale is not UTF-8)")
	f.BoolVar(&g.accessible, "accessible", false, "for screen readers: lines of text, nothing redrawn")
	f.BoolVar(&g.noInput, "no-input", false, "never ask; fail and name the flag that answers")
	f.BoolVarP(&g.yes, "yes", "y", false, "answer confirmations; never raises a cost ceiling")
	f.Var(newEnum(&g.pii, "", "masked", "full", "hash"), "pii", "phone numbers: masked, full, hash (default: masked, full in files)")
	f.StringVar(&g.tz, "tz", "", "`ZONE` of the times shown (default: local); JSON is always UTC")
	f.BoolVar(&g.version, "version", false, "print the version")
}

// settle completes what the command line began: environment twins, then everything that is derived from several
// flags. It runs before a command's own code, so that a bad value means that nothing has happened.
func (a *app) settle(cmd *cobra.Command) error {
	if err := a.applyTwins(cmd.Flags()); err != nil {
		return err
	}
	a.parsed = true
	if v := a.env.get("ACCESSIBLE"); v != "" && v != "0" && a.origins["accessible"] == "" {
		a.flags.accessible = true
	}
	a.settleColors()
	a.ascii = a.flags.ascii || a.flags.accessible || asciiWanted(a.env) // a check mark is read as two words
	if a.flags.tz != "" {
		zone, err := time.LoadLocation(a.flags.tz)
		if err != nil {
			return fail(exitUsage, "usage.time_zone", "unknown time zone %q", a.flags.tz).
				at("in --tz").fix("use a name of the IANA database, like Europe/London or UTC")
		}
		a.zone = zone
	}
	if a.wantsJSON() && len(a.flags.fields) > 0 {
		return fail(exitUsage, "usage.fields_with_json", "--fields selects the columns of a table, not JSON").
			at("both --fields and JSON output were asked for").fix(`use --jq, like --jq '.rows[].name'`)
	}
	var err error
	a.filter, err = newFilter(a.flags.jq, a.flags.template)
	return err
}

func (a *app) settleColors() {
	mode := a.flags.color
	if a.flags.noColor && a.origins["color"] != fromFlag {
		mode = "never"
	}
	if a.wantsJSON() {
		mode = "never"
	}
	a.stdout.color = colorWanted(mode, a.stdout.tty, a.env)
	a.stderr.color = colorWanted(mode, a.stderr.tty, a.env)
	if !a.wantsJSON() && !a.flags.accessible && !a.flags.plain {
		a.stdout.links, a.stderr.links = linksWanted(a.stdout.tty, a.env), linksWanted(a.stderr.tty, a.env)
	}
}

// wantsJSON says whether output and errors are for a program. Before the flags are parsed (an error of use must still
// come as JSON) only the raw arguments can tell.
func (a *app) wantsJSON() bool {
	if a.parsed {
		return a.flags.json || a.flags.jq != "" || a.flags.template != ""
	}
	for _, arg := range a.args {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			return false
		case name == "--json":
			return value != "false" && value != "0"
		case name == "--jq", name == "--template":
			return true
		}
	}
	v := a.env.get("SMSCTL_JSON")
	return v != "" && v != "0" && v != "false" || a.env.get("SMSCTL_JQ") != "" || a.env.get("SMSCTL_TEMPLATE") != ""
}

// twin is the environment variable of a flag: --log-file is SMSCTL_LOG_FILE.
func twin(flag string) string {
	return "SMSCTL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// hasTwin excludes the flags that are questions, not settings. (SMSCTL_VERSION is often set by installers.)
func hasTwin(f *pflag.Flag) bool { return f.Name != "help" && f.Name != "version" }

// applyTwins sets every flag that is not on the command line from its environment variable, and notes where each
// value came from. A repeatable flag takes one value a line.
func (a *app) applyTwins(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed && a.origins[f.Name] == "" {
			a.origins[f.Name] = fromFlag
		}
		value := a.env.get(twin(f.Name))
		if f.Changed || value == "" || !hasTwin(f) || failed != nil {
			return
		}
		values := []string{value}
		if f.Value.Type() == "stringArray" {
			values = strings.Split(value, "\n")
		}
		for _, v := range values {
			if err := flags.Set(f.Name, v); err != nil {
				failed = fail(exitUsage, "usage.bad_value", "%s", valueComplaint(err, v)).
					at("in the environment variable %s, which stands for --%s", twin(f.Name), f.Name).
					fix("unset %s or give it a valid value", twin(f.Name)).with("variable", twin(f.Name))
				return
			}
		}
		a.origins[f.Name] = twin(f.Name)
	})
	return failed
}

// valueComplaint says what is wrong with a flag's value without naming Go functions.
func valueComplaint(err error, value string) string {
	cause := err
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && invalid.Unwrap() != nil {
		cause = invalid.Unwrap()
	}
	text := cause.Error()
	if strings.HasPrefix(text, "strconv.ParseBool") {
		return fmt.Sprintf("%q is neither true nor false", value)
	}
	if strings.HasPrefix(text, "strconv.") {
		return fmt.Sprintf("%q is not a number", value)
	}
	if strings.HasPrefix(text, "time:") {
		return fmt.Sprintf("%q is not a duration: write 10s, 2m or 4h", value)
	}
	return text
}

// enum is a flag with a fixed set of values.
type enum struct {
	value   *string
	allowed []string
}

func newEnum(target *string, def string, allowed ...string) *enum {
	*target = def
	return &enum{target, allowed}
}

func (e *enum) String() string {
	if e.value == nil { // pflag asks a zero value for its default
		return ""
	}
	return *e.value
}

func (e *enum) Set(v string) error {
	for _, ok := range e.allowed {
		if v == ok {
			*e.value = v
			return nil
		}
	}
	return fmt.Errorf("%q is none of %s", v, strings.Join(e.allowed, ", "))
}

func (e *enum) Type() string { return "WORD" }
