package carriertest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Document is a vendor's own OpenAPI document, which judges what is sent to the vendor. The folder of such documents is
// named by SMSCTL_SPECS.
type Document struct {
	File     string
	Server   string // an address that the document names
	Optional bool   // CI may run without it
	// Place finds the path of the document that a request belongs to, with the values of its parameters; "" is none.
	Place func(path string) (name string, params map[string]string)
	// Mend repairs what the document has wrong.
	Mend func(doc *openapi3.T)

	once sync.Once
	doc  *openapi3.T
	err  error
}

// load reads the document once; nil says that there is none here.
func (d *Document) load(t *testing.T) *openapi3.T {
	t.Helper()
	folder := os.Getenv("SMSCTL_SPECS")                           //nolint:forbidigo // only tests import this package
	if folder == "" && os.Getenv("CI") == "true" && !d.Optional { //nolint:forbidigo // likewise
		t.Fatalf("SMSCTL_SPECS is not set: CI must validate requests against %s", d.File)
	}
	file := filepath.Join(folder, d.File)
	if _, err := os.Stat(file); folder == "" || err != nil && d.Optional {
		return nil
	}
	d.once.Do(func() {
		if d.doc, d.err = openapi3.NewLoader().LoadFromFile(file); d.err == nil && d.Mend != nil {
			d.Mend(d.doc)
		}
	})
	if d.err != nil {
		t.Fatal(d.err)
	}
	return d.doc
}

// Valid checks a request against the document, where there is one.
func (d *Document) Valid(t *testing.T, r Request) {
	t.Helper()
	doc := d.load(t)
	if doc == nil {
		t.Logf("SMSCTL_SPECS has no %s: requests are not validated", d.File)
		return
	}
	if err := d.judge(t.Context(), doc, r); err != nil {
		t.Errorf("not a request of %s: %v", d.File, err)
	}
}

// Refuses shows that the document does judge: it must refuse all of these requests.
func (d *Document) Refuses(t *testing.T, method, address, contentType string, bodies map[string]string) {
	t.Helper()
	doc := d.load(t)
	if doc == nil {
		t.Skipf("SMSCTL_SPECS has no %s", d.File)
	}
	for name, body := range bodies {
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := Request{Method: method, URL: req.URL, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
		if d.judge(t.Context(), doc, r) == nil {
			t.Errorf("%s: is accepted", name)
		}
	}
}

func (d *Document) judge(ctx context.Context, doc *openapi3.T, r Request) error {
	name, params := d.Place(r.URL.Path)
	item := doc.Paths.Value(name)
	if item == nil || item.GetOperation(r.Method) == nil {
		return fmt.Errorf("no operation for %s %s", r.Method, r.URL.Path)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, d.Server+r.URL.RequestURI(), bytes.NewReader(r.Body))
	if err != nil {
		return fmt.Errorf("repeating the request: %w", err)
	}
	req.Header = r.Header
	return openapi3filter.ValidateRequest(ctx, &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params,
		Route:   &routers.Route{Spec: doc, Path: name, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}
