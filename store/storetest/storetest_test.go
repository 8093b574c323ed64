package storetest_test

import (
	"testing"

	"github.com/smsctl/smsctl/store/storetest"
)

func TestSequences(t *testing.T) { storetest.Sequences(t, storetest.Embedded) }
