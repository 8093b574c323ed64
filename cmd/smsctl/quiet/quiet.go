// Package quiet keeps the program from questioning the terminal before it knows whether it will draw on it.
//
// Bubble Tea asks for the background colour as it is initialised, before main and in every command: two escape sequences
// on stdout, and five seconds of waiting on a terminal that does not answer (expect, script, docker run -t in CI). Nothing
// of ours uses the answer: the screen draws in the terminal's own 16 colours. What asks keeps silent where CI is set,
// so it is set until all packages are initialised.
//
// This package must be initialised before Bubble Tea. It is: Go takes the first in the order of import paths whose imports
// are ready; this one needs only os, while Bubble Tea needs os/exec as well, which comes later in that order. A test
// of cmd/smsctl looks whether it holds.
package quiet

import "os"

const asked = "CI" // termenv takes no terminal for one where this is set

var unset = hush() //nolint:gochecknoglobals // must happen before other packages are initialised

// hush says whether the variable was set here.
func hush() bool { return os.Getenv(asked) == "" && os.Setenv(asked, "quiet") == nil }

// Over gives the variable back as it was. It is called as the last package is initialised.
func Over() bool { return unset && os.Unsetenv(asked) == nil }
