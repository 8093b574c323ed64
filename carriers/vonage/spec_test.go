package vonage

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// document is Vonage's OpenAPI document of the SMS API.
var document = carriertest.Document{
	File: "vonage-sms.json", Server: smsURL,
	// It forgets to say that a form is an object, and the library insists on it.
	Mend: func(doc *openapi3.T) {
		body := doc.Paths.Value("/{format}").Post.RequestBody.Value
		body.Content["application/x-www-form-urlencoded"].Schema.Value.Type = &openapi3.Types{"object"}
	},
	Place: func(path string) (string, map[string]string) {
		if !strings.HasSuffix(path, "/sms/json") {
			return "", nil
		}
		return "/{format}", map[string]string{"format": "json"}
	},
}

// validMessage checks a submit to the Messages API, of which there is no document that may be had.
func validMessage(t *testing.T, r carriertest.Request) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{
		"message_type": "text", "channel": "sms", "to": strings.TrimPrefix(carriertest.To, "+"), "text": carriertest.Text,
		"from": strings.TrimPrefix(carriertest.From, "+"), "client_ref": carriertest.Ref, "ttl": 3600.0, "webhook_version": "v1",
	} {
		if got[k] != want {
			t.Errorf("%s: %v, want %v", k, got[k], want)
		}
	}
	if u, _ := got["webhook_url"].(string); !strings.HasPrefix(u, carriertest.PublicURL) || r.URL.Path != "/vonage/v1/messages" {
		t.Errorf("webhook_url %s to %s", u, r.URL.Path)
	}
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	document.Refuses(t, "POST", "/sms/json", "application/x-www-form-urlencoded", map[string]string{
		"no from": "api_key=abcd1234&to=447700900123", "a short key": "api_key=a&to=447700900123&from=A", "no number": "api_key=abcd1234&to=x&from=A",
		"a short ttl": "api_key=abcd1234&to=447700900123&from=A&ttl=1",
	})
}
