package twilio

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// validRequest checks a request against Twilio's OpenAPI document.
func validRequest(t *testing.T, r carriertest.Request) {
	t.Helper()
	if folder := specFolder(t); folder != "" {
		if err := validate(t, folder, r); err != nil {
			t.Errorf("not a request that Twilio documents: %v", err)
		}
	}
}

func validate(t *testing.T, folder string, r carriertest.Request) error {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(folder, "twilio-messages.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: vendorURL}}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaPatternValidation())
	if err != nil {
		t.Fatal(err)
	}
	target := vendorURL + strings.TrimPrefix(r.URL.RequestURI(), "/twilio")
	req, err := http.NewRequestWithContext(t.Context(), r.Method, target, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.Header
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	folder := specFolder(t)
	if folder == "" {
		t.Skip("SMSCTL_SPECS is not set")
	}
	for name, form := range map[string]string{
		"no To": "Body=x", "validity in words": "To=%2B44&ValidityPeriod=long", "a service that is none": "To=%2B44&MessagingServiceSid=MG1",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/2010-04-01/Accounts/"+account+"/Messages.json", nil)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		if err := validate(t, folder, carriertest.Request{Method: req.Method, URL: req.URL, Header: header, Body: []byte(form)}); err == nil {
			t.Errorf("%s: is accepted", name)
		}
	}
}
