package optout

import (
	"slices"
	"testing"
)

func TestParseScope(t *testing.T) {
	for text, want := range map[string]Scope{
		"": All, "ALL": All, " all ": All, "ACME": "sender:ACME", "sender:ACME": "sender:ACME", "Sender: ACME": "sender:ACME",
		"brand:Shop & Co": "brand:Shop & Co", "class:Marketing": Promotional, "class:transactional": "class:transactional",
		"campaign:spring": "campaign:spring", "+15005550006": "sender:+15005550006",
	} {
		if got, err := ParseScope(text); err != nil || got != want {
			t.Errorf("%q: %q %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"class:otp", "brand:", "hold:all", "colour:red", "sender: "} {
		if got, err := ParseScope(text); err == nil {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestBlocked(t *testing.T) {
	promo := Target{Sender: "ACME", Brand: "Shop", Class: "promotional", Campaign: "spring", CampaignID: "cmp_1"}
	code := promo
	code.Class = "transactional"
	for _, c := range []struct {
		by          Scope
		promo, code bool
	}{
		{All, true, true}, {Promotional, true, false}, {"class:transactional", false, true}, {"sender:ACME", true, true},
		{"sender:acme", true, true}, {"sender:OTHER", false, false}, {"brand:Shop", true, false}, {"brand:SHOP", true, false},
		{"brand:Other", false, false}, {"campaign:spring", true, true}, {"campaign:cmp_1", true, true}, {"campaign:autumn", false, false},
		{Hold(Promotional), true, false}, {Hold(All), true, true}, {Hold("brand:Other"), false, false}, {"", false, false}, {"sender:", false, false},
	} {
		_, isHold := c.by.Held()
		for of, want := range map[Target]bool{promo: c.promo, code: c.code} {
			if blocked, held := of.Blocked(c.by); blocked != want || held != (want && isHold) {
				t.Errorf("%s of a %s message: %v, held %v", c.by, of.Class, blocked, held)
			}
		}
	}
	if blocked, _ := (Target{Class: "promotional"}).Blocked("brand:Shop"); !blocked {
		t.Error("a message of nobody knows whose brand goes to somebody who has stopped one")
	}
	if blocked, _ := (Target{Class: "transactional"}).Blocked("brand:Shop"); blocked {
		t.Error("a transactional message is stopped by a brand's scope")
	}
	if nobody := (Target{Class: "promotional"}).Scopes(); !slices.Equal(nobody, []Scope{All, Promotional}) {
		t.Errorf("a campaign without sender and brand is stopped by %v", nobody)
	}
}

func TestReplyScope(t *testing.T) {
	full := Target{Sender: "ACME", Brand: "Shop", Class: "promotional", CampaignID: "cmp_1"}
	for wanted, want := range map[string]Scope{"": "brand:Shop", "brand": "brand:Shop", "all": All, "sender": "sender:ACME", "campaign": "campaign:cmp_1"} {
		if got := full.Reply(wanted); got != want {
			t.Errorf("%q: %s, want %s", wanted, got, want)
		}
		if wanted != "all" && (Target{}).Reply(wanted) != Promotional {
			t.Errorf("%q of nothing known is not the widest that promotes", wanted)
		}
	}
}
