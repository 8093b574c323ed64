package store_test

import (
	"testing"
	"time"

	"github.com/smsctl/smsctl/store/storetest"
)

func TestLastPoll(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	at := time.UnixMilli(1772366340123)
	for _, want := range []time.Time{at, at.Add(time.Hour)} {
		if err := s.NotePoll(t.Context(), "alpha", want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.LastPoll(t.Context(), "alpha"); err != nil || !got.Equal(want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
	if got, err := s.LastPoll(t.Context(), "delta"); err != nil || !got.IsZero() {
		t.Errorf("of one that was never asked: %v, %v", got, err)
	}
}
