package storetest_test

import (
	"flag"
	"os"
	"testing"

	"github.com/smsctl/smsctl/store/storetest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // the seed replays as well and leaves no file behind
		panic(err)
	}
	os.Exit(m.Run())
}

func TestSequences(t *testing.T) { storetest.Sequences(t, storetest.Embedded) }
