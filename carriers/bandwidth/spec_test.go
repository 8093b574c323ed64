package bandwidth

import (
	"strings"
	"testing"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// document is Bandwidth's OpenAPI document, of the npm package bandwidth-sdk (MIT).
var document = carriertest.Document{
	File: "bandwidth.yml", Server: vendorURL, Optional: true,
	Place: func(path string) (string, map[string]string) {
		account, ok := strings.CutPrefix(strings.TrimSuffix(path, "/messages"), "/api/v2/users/")
		if !ok {
			return "", nil
		}
		return "/users/{accountId}/messages", map[string]string{"accountId": account}
	},
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	document.Refuses(t, "POST", "/api/v2/users/1/messages", "application/json", map[string]string{
		"no application": `{"to":["+44"],"from":"+1"}`, "to is no list": `{"applicationId":"a","to":"+44","from":"+1"}`,
		"too long":        `{"applicationId":"a","to":["+44"],"from":"+1","text":"` + strings.Repeat("x", 2049) + `"}`,
		"time of nowhere": `{"applicationId":"a","to":["+44"],"from":"+1","expiration":"tomorrow"}`,
	})
}
