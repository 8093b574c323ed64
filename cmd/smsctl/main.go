// Command smsctl sends SMS campaigns from a CSV file, over many carriers, from the command line.
//
// This package is the only one that reads flags, environment and the config file. One command is one file
// (version.go, config_show.go, …) with a constructor newXCommand(a *app) *cobra.Command, and one line in
// [commandGroups]. What every command shares stands in:
//
//	app.go        what a command sees of the world: streams, environment, clock, flags, lazily loaded config
//	output.go     documents, tables, events: stdout is data, stderr is messages
//	errors.go     the one error type and the one place where any error becomes text or JSON and an exit code
//	exitcodes.go  the table of exit codes
//	config.go     the config file: what it may hold; config_decode.go: strict decoding with file and line
package main

import (
	"os"
	_ "time/tzdata" // --tz and schedules need zones where the system has none

	"github.com/smsctl/smsctl/cmd/smsctl/quiet"
)

var _ = quiet.Over() // all other packages are initialised now

func main() {
	os.Exit(run(os.Args[1:], systemApp()))
}
