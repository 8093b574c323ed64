package carriertest

import (
	"errors"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// rehearsal has the carrier play its vendor: what it writes it must believe, for each state that the vendor has a word
// for, and what it writes with another key it must not.
func (r *run) rehearsal(t *testing.T) {
	if len(r.States) == 0 {
		t.Skip("receipts of this type do not come by HTTP")
	}
	c := r.receiver(t)
	player, ok := c.(carriers.Rehearser)
	if !ok {
		t.Fatal("the type cannot be rehearsed")
	}
	words := map[carriers.ReceiptState]bool{}
	for _, state := range r.States {
		words[state] = true
	}
	id := wanted(r.first(t, "yes").want, 1)
	asked := carriers.Rehearsal{
		Submitted: submitted(id), URL: message().ReceiptURL, At: Now().Add(-time.Second),
	}
	for state := range words {
		asked.Status = string(state)
		cb, err := player.Rehearse(asked)
		if err != nil {
			t.Errorf("%s: %v", state, err)
			continue
		}
		got, _, err := c.Receipts(cb)
		if err != nil || len(got) != 1 || got[0].State != state || got[0].Ref != Ref && got[0].ID != id {
			t.Errorf("%s: %+v and %v", state, got, err)
		}
		if !c.(carriers.Carrier).Info().Signed {
			continue
		}
		forged := asked
		forged.Forged = true
		if cb, err = player.Rehearse(forged); err != nil {
			t.Errorf("%s, forged: %v", state, err)
		} else if got, _, err := c.Receipts(cb); !errors.Is(err, carriers.ErrSignature) {
			t.Errorf("%s, forged: %d receipts and %v, want ErrSignature", state, len(got), err)
		}
	}
	asked.Status = "frobnicated"
	if _, err := player.Rehearse(asked); err == nil {
		t.Error("a word that nobody knows is rehearsed")
	} else {
		r.hear(err.Error())
	}
}
