package carriertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// New builds a carrier, as its own type or as one of the interfaces, and closes it after the test.
func New[C any](t testing.TB, typ carriers.Type, config string) C {
	t.Helper()
	c, err := Build(typ, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	as, ok := c.(C)
	if !ok {
		t.Fatalf("%T is no %T", c, as)
	}
	return as
}

// ConfigErrors has the type refuse configs, each with the words that are wanted in its error and none of the secrets.
// (Errors of decoding show the source: hiding what stands there is the program's task.)
func ConfigErrors(t *testing.T, typ carriers.Type, wants map[string]string, secrets ...string) {
	t.Helper()
	for config, want := range wants {
		c, err := Build(typ, config, nil)
		if err == nil {
			_ = c.Close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", config, err, want)
			continue
		}
		for _, secret := range secrets {
			if !strings.HasPrefix(err.Error(), "decoding:") && strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a secret: %v", err)
			}
		}
	}
}

// CodesTable walks a type's table: every row says what, why and, at an address that begins with source, where; and there
// are at least so many rows.
func CodesTable(t *testing.T, tsv, source string, least int) {
	t.Helper()
	codes, err := carriers.LoadCodes(tsv, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range codes.All() {
		if row.Note == "" || !strings.HasPrefix(row.Source, source) {
			t.Errorf("row %+v", row)
		}
	}
	if n := len(codes.All()); n < least {
		t.Errorf("%d rows", n)
	}
}

// AbsenceTakesTime asks a vendor that has never heard of a message, at several times after its submit: what is not
// listed yet, or may not be listed any more, is not absent. empty is its answer; the timeout of a submit is 5 s.
func AbsenceTakesTime(t *testing.T, typ carriers.Type, config, empty string, wants map[time.Duration]carriers.Verdict) {
	t.Helper()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, empty) }))
	defer vendor.Close()
	c := New[carriers.Looker](t, typ, config+"timeout: 5s\nbase_url: "+vendor.URL+"\n")
	for ago, want := range wants {
		s := submitted("")
		s.At = Now().Add(-ago)
		if got, err := c.Lookup(t.Context(), s); err != nil || got.Verdict != want {
			t.Errorf("%v after the submit: %v and %v, want %v", ago, got.Verdict, err, want)
		}
	}
}

// whatHasAnIDIsNeverAbsent: the carrier gave the id, so it took the message, even if it denies that now.
func (r *run) whatHasAnIDIsNeverAbsent(t *testing.T) {
	c, ok := r.patient(t).(carriers.Looker)
	if !ok || r.AsksByRef {
		t.Skip("the type cannot look up, or never by its own id")
	}
	r.vendor.plays(answers(404, "application/json", "{}"))
	s := submitted(wanted(r.first(t, "yes").want, 1))
	s.At = Now().Add(-time.Hour)
	if got, err := c.Lookup(t.Context(), s); got.Verdict == carriers.Absent {
		t.Errorf("%+v %v", got, err)
	}
}
