package store_test

import (
	"errors"
	"testing"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store/storetest"
)

// A carrier that is searched by number and text finds every copy of a message: the one that an earlier attempt is known
// by says nothing about a later one.
func TestResolveRefusesTheCopyOfAnotherAttempt(t *testing.T) {
	s, ctx := storetest.Open(t), t.Context()
	c := storetest.Campaign(t, s, 1, nil)
	due, err := s.Fresh(ctx, c.ID, 0, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	try := func(res carriers.Result, next campaign.State) campaign.Outcome {
		t.Helper()
		a, err := s.Begin(ctx, campaign.Start{Lease: storetest.Token, Recipient: due[0].ID, Carrier: "alpha"})
		if err != nil {
			t.Fatal(err)
		}
		o := campaign.Outcome{Attempt: a.Attempt, Recipient: due[0].ID, Result: res, Counted: true, Next: next}
		if err := s.RecordNow(ctx, o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := try(carriers.Accept("SM1", "201"), campaign.Awaiting)
	if err := s.Overdue(ctx, storetest.Token, first.Attempt, true, "no receipt", c.CreatedAt); err != nil {
		t.Fatal(err)
	}
	second := try(carriers.Ambiguous("", "", "reset"), campaign.Unknown)
	found := func(id string) campaign.Outcome {
		second.Result, second.Next = carriers.Accept(id, "found by lookup"), campaign.Awaiting
		return second
	}
	if err := s.Resolve(ctx, storetest.Token, found("SM1")); !errors.Is(err, campaign.ErrAnother) {
		t.Errorf("the first attempt's message was taken for the second's: %v", err)
	}
	if err := s.Resolve(ctx, storetest.Token, found("SM2")); err != nil {
		t.Error(err)
	}
	n, err := s.Counts(ctx, c.ID)
	if err != nil || n.AcceptedAttempts != 2 || n.PossibleDuplicates != 1 || n.Awaiting != 1 {
		t.Errorf("%+v %v", n, err)
	}
}
