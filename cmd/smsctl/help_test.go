package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
)

// A help page: examples, usage, flags under their headings in the order of their declaration, exit status, pointers.
func TestHelpPage(t *testing.T) {
	r := newTestRun(t, setup{})
	root := newRoot(r.app)
	cmd := exits(&cobra.Command{
		Use: "stamp FILE", Short: "Stamp a file", Example: "smsctl stamp a.txt\nsmsctl stamp --twice a.txt",
		RunE: func(*cobra.Command, []string) error { return nil },
	}, exitInput, exitUnconfirmed)
	cmd.Flags().Bool("twice", false, "stamp it twice")
	cmd.Flags().String("ink", "", "`COLOUR` of the stamp")
	cmd.Flags().Bool("all", false, "stamp all pages")
	cmd.Flags().SortFlags = false
	section(cmd, "Look", "ink")
	root.AddCommand(cmd)
	want := `Stamp a file.

Examples
  smsctl stamp a.txt
  smsctl stamp --twice a.txt

Usage
  smsctl stamp FILE [flags]

Flags
      --twice   stamp it twice
      --all     stamp all pages

Look
      --ink COLOUR   COLOUR of the stamp

Exit status
    0  ok           done; nothing is left that a rerun or a fix could send
    1  error        unexpected error: a bug or the operating system
    2  usage        bad flags or arguments; nothing happened
    4  config       missing or invalid config, or a carrier refused the credentials
    5  input        CSV, message or plan file is invalid, or the plan is stale; nothing was sent
    9  unconfirmed  confirmation was declined, or needed and impossible

More
  smsctl --help               flags that every command has
  smsctl help exit-codes      what a script can rely on
`
	if diff := cmp.Diff(want, r.helpPage(cmd)); diff != "" {
		t.Error(diff)
	}
	if flag := describe(cmd).Flags[1]; flag != (flagInfo{"ink", "", "COLOUR", "", "COLOUR of the stamp", "SMSCTL_INK", "Look"}) {
		t.Errorf("%+v", flag)
	}
}

func TestHelpListsCarrierTypes(t *testing.T) {
	types := []carriers.Type{{Name: "pigeon", Doc: "slow, but no receipts either"}}
	_, stdout, _ := runCLI(t, setup{types: types}, "help", "configuration")
	const want = "\nCarrier types\n\n  pigeon       slow, but no receipts either\n"
	if got := stdout[max(0, len(stdout)-len(want)):]; got != want {
		t.Errorf("ends with %q", got)
	}
}
