package twilio

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

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
	req, err := http.NewRequestWithContext(t.Context(), r.Method, vendorURL+r.URL.RequestURI(), bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.Header
	route, params := routeOf(doc, req)
	if route.Operation == nil {
		return fmt.Errorf("no operation for %s %s", req.Method, req.URL.Path)
	}
	return openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

// routeOf finds the operation. The document has two paths, and the library's router knows no {Sid}.json.
func routeOf(doc *openapi3.T, req *http.Request) (*routers.Route, map[string]string) {
	path := regexp.MustCompile(`^(?:/twilio)?/2010-04-01/Accounts/([^/]+)/Messages(?:/([^/]+))?\.json$`).FindStringSubmatch(req.URL.Path)
	if path == nil {
		return &routers.Route{}, nil
	}
	name, params := "/2010-04-01/Accounts/{AccountSid}/Messages.json", map[string]string{"AccountSid": path[1]}
	if path[2] != "" {
		name, params["Sid"] = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json", path[2]
	}
	item := doc.Paths.Value(name)
	return &routers.Route{Spec: doc, Path: name, PathItem: item, Method: req.Method, Operation: item.GetOperation(req.Method)}, params
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	folder := specFolder(t)
	if folder == "" {
		t.Skip("SMSCTL_SPECS is not set")
	}
	bad, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/2010-04-01/Accounts/"+account+"/Messages/SM1.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	if validate(t, folder, carriertest.Request{Method: bad.Method, URL: bad.URL, Header: bad.Header}) == nil {
		t.Error("a SID that is none is accepted")
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
