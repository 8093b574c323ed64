package campaign_test

import (
	"testing"

	"github.com/smsctl/smsctl/campaign"
)

func TestMessageIDComesBack(t *testing.T) {
	id := campaign.MessageID("cmp_7f3k9q2a", 12<<32|8411)
	if id != "msg_7f3k9q2a.8411" {
		t.Fatalf("MessageID = %q", id)
	}
	public, seq, err := campaign.ParseMessageID(id)
	if err != nil || public != "cmp_7f3k9q2a" || seq != 8411 {
		t.Errorf("ParseMessageID = %q, %d, %v", public, seq, err)
	}
}

func TestParseMessageIDRefuses(t *testing.T) {
	for _, id := range []string{
		"", "msg_", "msg_.1", "msg_a", "msg_a.", "msg_a.0", "msg_a.-1", "msg_a.+1", "msg_a.1x", "msg_a.4294967296", "cmp_a.1", "+447700900123",
	} {
		if public, seq, err := campaign.ParseMessageID(id); err == nil {
			t.Errorf("ParseMessageID(%q) = %q, %d, no error", id, public, seq)
		}
	}
}
