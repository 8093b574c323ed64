package carriers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRefused(t *testing.T) {
	codes, err := LoadCodes("code\tclass\tnote\tsource\n"+
		"21610\trecipient_opted_out\tstop\ttest\n"+
		"20500\tambiguous\tfault\ttest\n"+
		"20503\tcarrier_transient\tbusy\ttest\n"+
		"http/503\tcarrier_transient\tnot taken\ttest\n",
		map[string]Class{"999": ClassContentRejected})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		status int
		code   string
		want   Acceptance
		class  Class
		shown  string
	}{
		{400, "21610", No, ClassRecipientOptedOut, "21610"},
		{400, "999", No, ClassContentRejected, "999"},
		{400, "31337", No, ClassUnknown, "31337"},
		{400, "", No, ClassRequestInvalid, "400"},
		{401, "", No, ClassAccountAuth, "401"},
		{402, "", No, ClassAccountBalance, "402"},
		{404, "", No, ClassRequestInvalid, "404"},
		{408, "", Unknown, ClassAmbiguous, "408"},
		{429, "", No, ClassThrottled, "429"},
		{429, "31337", No, ClassThrottled, "31337"},
		{500, "", Unknown, ClassAmbiguous, "500"},
		{500, "31337", Unknown, ClassAmbiguous, "31337"},
		{500, "20500", Unknown, ClassAmbiguous, "20500"},
		{502, "", Unknown, ClassAmbiguous, "502"},
		{503, "", No, ClassCarrierTransient, "503"},
		{503, "20503", No, ClassCarrierTransient, "20503"},
		{504, "", Unknown, ClassAmbiguous, "504"},
		{200, "", Unknown, ClassAmbiguous, "200"},
	} {
		a := &Answer{Status: tt.status, client: NewClient(ClientOptions{})}
		r := a.Refused(codes, tt.code, "words")
		if r.Accepted != tt.want || r.Class != tt.class || r.Code != tt.shown || r.Detail != "words" ||
			r.Status != fmt.Sprint("HTTP ", tt.status) {
			t.Errorf("%d %q: got %+v", tt.status, tt.code, r)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := NewClient(ClientOptions{Now: func() time.Time { return now }})
	for in, want := range map[string]time.Duration{
		"":                     0,
		"7":                    7 * time.Second,
		"0":                    0,
		"-5":                   0,
		"999999":               maxRetryAfter,
		"99999999999999999999": 0,
		"soon":                 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Minute).Format(http.TimeFormat):     0,
		now.AddDate(1, 0, 0).Format(http.TimeFormat):      maxRetryAfter,
	} {
		a := &Answer{Status: 429, Header: http.Header{"Retry-After": {in}}, client: c}
		if got := a.Refused(&Codes{}, "", "").RetryAfter; got != want {
			t.Errorf("Retry-After %q: %v, want %v", in, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	c := NewClient(ClientOptions{Secrets: []string{"s3cr+t/k\"y", "abc", ""}})
	for in, want := range map[string]string{
		"":                                   "",
		"key s3cr+t/k\"y refused":            "key [redacted] refused",
		"?k=s3cr%2Bt%2Fk%22y&to=":            "?k=[redacted]&to=",
		`{"key":"s3cr+t/k\"y"}`:              `{"key":"[redacted]"}`,
		"abc is too short to be cut out":     "abc is too short to be cut out",
		"'To' number +447700900123 invalid":  "'To' number +44********23 invalid",
		"To=%2B447700900123":                 "To=%2B447*******23",
		"+44 7700 900123 is not a mobile":    "+44**********23 is not a mobile",
		"error 21610 on 2026-03-01":          "error 21610 on 2026-03-01",
		"a\nb\x1b[31mred\x00":                "a b [31mred",
		"bad \xff byte":                      "bad \uFFFD byte",
		strings.Repeat("ü", detailLimit+100): strings.Repeat("ü", detailLimit-1) + "…",
	} {
		if got := c.Redact(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestLoadCodesRefuses(t *testing.T) {
	const head = "code\tclass\tnote\tsource\n"
	for in, want := range map[string]string{
		"1\tthrottled\tx\ty\n":                          "first line must be",
		head + "1\tthrottled\n":                         "codes.tsv:2: 2 columns",
		head + "# comment\n1\toops\tx\ty\n":             "codes.tsv:3: class \"oops\"",
		head + "1\tthrottled\ta\tb\n1\texpired\ta\tb\n": "stands twice",
		head + "\tthrottled\tno code\tb\n":              "4 columns",
		head + "1\t\tno class\tb\n":                     "class \"\"",
	} {
		if _, err := LoadCodes(in, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
	_, err := LoadCodes(head, map[string]Class{"5": "throtled"})
	if err == nil || !strings.Contains(err.Error(), `codes: 5: "throtled" is not a class: write one of recipient_invalid, `) {
		t.Errorf("override: %v", err)
	}
}
