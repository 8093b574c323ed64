package bandwidth

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// document reads Bandwidth's OpenAPI document once: it is large.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	folder := os.Getenv("SMSCTL_SPECS")
	if folder == "" {
		return nil, fs.ErrNotExist
	}
	file := filepath.Join(folder, "bandwidth.yml") // of the npm package bandwidth-sdk, MIT
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromFile(file)
})

// validRequest checks a request against Bandwidth's OpenAPI document, where SMSCTL_SPECS has it.
func validRequest(t *testing.T, r carriertest.Request) {
	t.Helper()
	doc, err := document()
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("SMSCTL_SPECS has no bandwidth.yml: requests are not validated against Bandwidth's OpenAPI document")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, doc, r); err != nil {
		t.Errorf("not a request that Bandwidth documents: %v", err)
	}
}

func validate(t *testing.T, doc *openapi3.T, r carriertest.Request) error {
	t.Helper()
	const name = "/users/{accountId}/messages"
	account, ok := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/messages"), "/api/v2/users/")
	item := doc.Paths.Value(name)
	if !ok || item.GetOperation(r.Method) == nil {
		return fmt.Errorf("no operation for %s %s", r.Method, r.URL.Path)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, vendorURL+r.URL.RequestURI(), bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.Header
	return openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: map[string]string{"accountId": account},
		Route:   &routers.Route{Spec: doc, Path: name, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

// TestTheDocumentJudges shows that the validator does refuse.
func TestTheDocumentJudges(t *testing.T) {
	doc, err := document()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("SMSCTL_SPECS has no bandwidth.yml")
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"no application": `{"to":["+44"],"from":"+1"}`, "to is no list": `{"applicationId":"a","to":"+44","from":"+1"}`,
		"too long":        `{"applicationId":"a","to":["+44"],"from":"+1","text":"` + strings.Repeat("x", 2049) + `"}`,
		"time of nowhere": `{"applicationId":"a","to":["+44"],"from":"+1","expiration":"tomorrow"}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/users/1/messages", nil)
		if err != nil {
			t.Fatal(err)
		}
		r := carriertest.Request{
			Method: req.Method, URL: req.URL, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body),
		}
		if validate(t, doc, r) == nil {
			t.Errorf("%s: is accepted", name)
		}
	}
}
