package campaign

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	campaignPrefix = "cmp_"
	messagePrefix  = "msg_"
)

// MessageID is the public id of the message to a recipient: msg_7f3k9q2a.8411 is the 8411th message of the campaign
// cmp_7f3k9q2a. People meet it in reports and may give it back to `message show`.
func MessageID(campaignPublicID string, recipient int64) string {
	const sequence = 1<<32 - 1 // a recipient's id is its campaign's << 32 | its sequence
	return messagePrefix + strings.TrimPrefix(campaignPublicID, campaignPrefix) + "." + strconv.FormatInt(recipient&sequence, 10)
}

// ParseMessageID takes a message's public id apart.
func ParseMessageID(id string) (campaignPublicID string, sequence int64, err error) {
	rest, ok := strings.CutPrefix(id, messagePrefix)
	name, digits, dot := strings.Cut(rest, ".")
	sequence, bad := strconv.ParseInt(digits, 10, 64)
	if !ok || !dot || name == "" || bad != nil || sequence < 1 || sequence >= 1<<32 || digits[0] == '+' {
		return "", 0, fmt.Errorf("%q is no message id: they read msg_7f3k9q2a.8411", id)
	}
	return campaignPrefix + name, sequence, nil
}
