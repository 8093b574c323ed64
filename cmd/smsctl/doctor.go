package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// doctorSchema names the JSON form: others depend on it from its first day.
const doctorSchema = "smsctl.doctor/1"

// The verdicts of a check.
const (
	verdictOK   = "ok"
	verdictWarn = "warn"
	verdictFail = "fail"
	verdictSkip = "skip" // not looked at: offline, or there is nothing to look at
)

// finding is what a check has to say; one that says several things has several.
type finding struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
	Message string `json:"message"`
	Fix     string `json:"fix"`   // a command, "" if there is none to give
	Fixed   bool   `json:"fixed"` // --fix has mended it
}

// check is one thing that the doctor looks at.
type doctorCheck struct {
	name    string
	about   string
	network bool // skipped with --offline
	run     func(d *doctor, ctx context.Context)
}

// doctorChecks lists them in the order in which they are shown: what others depend on comes first.
func doctorChecks() []doctorCheck {
	return []doctorCheck{
		{"config", "the config file: found, readable, valid, private", false, (*doctor).checkConfig},
		{"secrets", "every secret can be resolved, and none stands in the config itself", false, (*doctor).checkSecrets},
		{"store", "the database: schema, integrity, write-ahead log, who may read it", false, (*doctor).checkStore},
		{"disk", "room for the database to grow", false, (*doctor).checkDisk},
		{"clock", "this machine's clock against the carriers'", true, (*doctor).checkClock},
		{"carriers", "each carrier takes the credentials; its balance", true, (*doctor).checkCarriers},
		{"prices", "every carrier has prices, and they are not old", false, (*doctor).checkPrices},
		{"receipts", "the receipt URL can be reached from outside", true, (*doctor).checkReceipts},
		{"orphans", "receipts that match no message", false, (*doctor).checkOrphans},
		{"leases", "campaigns whose process is gone", false, (*doctor).checkLeases},
		{"schedules", "somebody looks at the clock; schedules whose last run was missed or failed", false, (*doctor).checkSchedules},
		{"optouts", "the opt-out list", false, (*doctor).checkOptOuts},
		{"hours", "the hours in which promotional messages may arrive are kept", false, (*doctor).checkHours},
		{"terminal", "what this terminal can show", false, (*doctor).checkTerminal},
	}
}

// doctor is one examination.
type doctor struct {
	*app
	offline, fix bool
	current      string
	findings     []finding

	loaded   *config // nil when the config cannot be used
	faults   problems
	broken   error // why it could not even be read
	built    []carriers.Carrier
	unbuilt  problems // what is wrong with its carriers
	standing map[string]standing
	session  *session // nil when there is no database yet, or none that opens
}

func newDoctorCommand(a *app) *cobra.Command {
	d := &doctor{app: a}
	var list bool
	var names []string
	for _, c := range doctorChecks() {
		names = append(names, c.name)
	}
	cmd := &cobra.Command{
		Use:   "doctor [CHECK...]",
		Short: "Check config, secrets, store, carriers, receipts and clock, and say how to mend what is wrong",
		Long: `Check config, secrets, store, carriers, receipts and clock, and say how to mend what is wrong. Nothing is sent. Warnings
leave the exit code 0; a failure makes it 4.

--fix mends what is safe to mend: who may read the config and the database, and the database's schema, after a backup.`,
		Example: `smsctl doctor
smsctl doctor carriers clock
smsctl doctor --offline --json --jq '.checks[] | select(.verdict == "fail")'`,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return a.listChecks()
			}
			return d.examine(cmd.Context(), args, names)
		},
	}
	cmd.Flags().BoolVar(&list, "list-checks", false, "only list the checks")
	cmd.Flags().BoolVar(&d.offline, "offline", false, "ask nobody over the network")
	cmd.Flags().BoolVar(&d.fix, "fix", false, "mend what is safe to mend")
	return cmd
}

func (a *app) listChecks() error {
	type row struct {
		Name    string `json:"name"`
		About   string `json:"about"`
		Network bool   `json:"network"`
	}
	var rows []row
	text := ""
	for _, c := range doctorChecks() {
		rows = append(rows, row{c.name, c.about, c.network})
		text += fmt.Sprintf("%-10s %s\n", c.name, c.about)
	}
	return a.print(map[string]any{"schema": doctorSchema, "available": rows}, func() error { return a.printf("%s", text) })
}

func (d *doctor) examine(ctx context.Context, wanted, names []string) (err error) {
	for _, w := range wanted {
		if slices.Contains(names, w) {
			continue
		}
		e := fail(exitUsage, "usage.unknown_check", "there is no check %q", w).at("checks: %s", strings.Join(names, ", ")).fix("smsctl doctor --list-checks")
		if near := nearest(w, names); near != "" {
			e.fix("smsctl doctor %s", near)
		}
		return e
	}
	d.prepare(ctx)
	defer func() { err = errors.Join(err, d.close(context.WithoutCancel(ctx))) }()
	for _, c := range doctorChecks() {
		if len(wanted) > 0 && !slices.Contains(wanted, c.name) {
			continue
		}
		d.current = c.name
		if c.network && d.offline {
			d.say(verdictSkip, "not asked: --offline")
			continue
		}
		c.run(d, ctx)
	}
	return d.conclude()
}

// prepare reads what several checks need. Whatever cannot be had is nil, and the check that it belongs to says why.
func (d *doctor) prepare(ctx context.Context) {
	d.loaded, d.faults, d.broken = d.loadConfig()
	if d.loaded == nil || d.broken != nil || len(d.faults) > 0 {
		if d.loaded != nil && d.broken == nil {
			d.faults = append(d.faults, d.carrierFaults(ctx, d.loaded)...)
		}
		d.loaded = nil
		return
	}
	d.cfg = d.loaded
	d.built, d.unbuilt = d.buildCarriers(ctx, d.loaded, d.log())
	path := d.databasePath(d.loaded)
	if p, err := store.PendingMigrations(ctx, path); err != nil || p.From == 0 || len(p.Run) > 0 && !d.fix {
		return // opening it would make it, or bring it up to date
	}
	if s, err := d.open(ctx, false); err == nil {
		d.session = s
	}
}

func (d *doctor) close(ctx context.Context) error {
	var errs []error
	for _, c := range d.built {
		errs = append(errs, c.Close(ctx))
	}
	if d.session != nil {
		errs = append(errs, d.session.close(ctx))
	}
	return errors.Join(errs...)
}

// say notes a finding of the check that runs. Its last argument, the fix, is a command or "".
func (d *doctor) say(verdict, format string, args ...any) *finding {
	d.findings = append(d.findings, finding{Check: d.current, Verdict: verdict, Message: d.hide(oneLine(fmt.Sprintf(format, args...)))})
	return &d.findings[len(d.findings)-1]
}

func (f *finding) remedy(format string, args ...any) { f.Fix = fmt.Sprintf(format, args...) }

// mended notes that --fix has done what the remedy says.
func (f *finding) mended(err error) {
	if err == nil {
		f.Fixed, f.Verdict = true, verdictOK
		return
	}
	f.Message += "; mending it did not work: " + oneLine(err.Error())
}

func (d *doctor) conclude() error {
	failures, warnings := 0, 0
	categories := map[string]bool{}
	for _, f := range d.findings {
		categories[f.Check] = true
		switch f.Verdict {
		case verdictFail:
			failures++
		case verdictWarn:
			warnings++
		}
	}
	doc := map[string]any{"schema": doctorSchema, "checks": d.findings, "failures": failures, "warnings": warnings}
	err := d.print(doc, func() error {
		for _, f := range d.findings {
			if err := d.line(f); err != nil {
				return err
			}
		}
		return d.printf("\n%s, %s in %s.\n", plural(failures, "failure"), plural(warnings, "warning"), categoriesOf(len(categories)))
	})
	if err != nil || failures == 0 {
		return err
	}
	first := d.findings[slices.IndexFunc(d.findings, func(f finding) bool { return f.Verdict == verdictFail })]
	return fail(exitConfig, "doctor.failures", "doctor found %s", plural(failures, "failure")).at("%s: %s", first.Check, first.Message).
		fix("%s", cmp.Or(first.Fix, "smsctl doctor "+first.Check))
}

func categoriesOf(n int) string {
	if n == 1 {
		return "1 category"
	}
	return fmt.Sprintf("%d categories", n)
}

// line is a finding on the screen: a word first, because a colour says nothing to everybody.
func (d *doctor) line(f finding) error {
	mark := map[string]color{verdictFail: red, verdictWarn: bold, verdictSkip: faint}[f.Verdict]
	word := fmt.Sprintf("%-6s", "["+f.Verdict+"]")
	if f.Fixed {
		word, f.Message = "[ok]  ", f.Message+": mended"
		f.Fix = ""
	}
	if err := d.printf("%s %-10s %s\n", d.stdout.paint(mark, word), f.Check, f.Message); err != nil {
		return err
	}
	if f.Fix == "" {
		return nil
	}
	label := "see"
	if f.Verdict == verdictFail || f.Verdict == verdictWarn {
		label = "fix"
	}
	return d.printf("%-18s%s: %s\n", "", label, f.Fix)
}
