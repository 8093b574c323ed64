package telnyx

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// document is Telnyx's OpenAPI document.
var document = carriertest.Document{
	File: "telnyx-messages.json", Server: vendorURL,
	// It names a scheme that it forgets to declare; the suite looks at the credentials.
	Mend: func(doc *openapi3.T) { doc.Security = nil },
	Place: func(path string) (string, map[string]string) {
		_, rest, ok := strings.Cut(path, "/v2/messages")
		switch {
		case !ok:
			return "", nil
		case rest != "":
			return "/messages/{id}", map[string]string{"id": strings.TrimPrefix(rest, "/")}
		}
		return "/messages", nil
	},
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	document.Refuses(t, "POST", "/v2/messages", "application/json", map[string]string{
		"no to": `{"text":"x"}`, "a number as text": `{"to":"+44","text":1}`,
	})
}
