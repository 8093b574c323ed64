package store_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/smsctl/smsctl/routing"
	"github.com/smsctl/smsctl/store"
	"github.com/smsctl/smsctl/store/storetest"
)

// What two processes have learned at the same time is kept of both, whoever writes last.
func TestTwoProcessesLearn(t *testing.T) {
	t.Parallel()
	const key = "0\x1falpha"
	counts := func(d, n float64) []byte {
		b := binary.LittleEndian.AppendUint32(nil, 1_800_000_000)
		for _, v := range []float64{d, n} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	one := storetest.Open(t)
	two, err := store.Open(t.Context(), one.Path(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.RelearnWith(t.Context(), []routing.Record{{Key: key, Data: counts(90, 100)}}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		by         *store.Store
		base, mine []byte
	}{
		{one, counts(90, 100), counts(100, 110)},
		{two, counts(90, 100), counts(91, 120)},
		{one, counts(100, 110), counts(105, 115)},
		{two, counts(91, 120), counts(91, 121)},
	} {
		if err := s.by.Remember(t.Context(), 1, 1, []routing.Record{{Key: key, Base: s.base, Data: s.mine}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil { // what was queued is written
		t.Fatal(err)
	}
	three, err := store.Open(t.Context(), one.Path(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = three.Close() })
	records, _, err := three.Recall(t.Context(), 1)
	if err != nil || len(records) != 1 || string(records[0].Data) != string(counts(106, 136)) {
		t.Errorf("%v, %v", records, err)
	}
}
