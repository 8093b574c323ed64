package generic

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/smsctl/smsctl/carriers"
)

func TestFieldsWithoutValueAreLeftOut(t *testing.T) {
	c, err := build(t, `
type: http
submit:
  url: https://gw.example.com/send?fixed=1
  query: {q: "{{from}}", kept: "x{{from}}"}
  headers: {X-Ref: "{{ref}}"}
  json: {to: "{{to}}", text: "{{text}}", from: "{{from}}", cb: "{{receipt_url}}", n: 1.50, big: 9007199254740993, no: null, deep: {ttl: "{{validity_s}}"}, list: ["{{from}}"]}
`)
	if err != nil {
		t.Fatal(err)
	}
	s := &c.(*carrier).submit
	req, err := s.request(s.values(&carriers.Message{To: "+44", Text: "hi", Ref: "r-1"}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(req.Body), `{"big":9007199254740993,"deep":{},"list":[""],"n":1.5,"no":null,"text":"hi","to":"+44"}`; got != want {
		t.Errorf("body %s, want %s", got, want)
	}
	if got, want := req.URL.String(), "https://gw.example.com/send?fixed=1&kept=x"; got != want {
		t.Errorf("address %s, want %s", got, want)
	}
	if r := c.Submit(t.Context(), carriers.Message{To: "+44", Text: "hi", Ref: "r\n1"}); r.Accepted != carriers.No ||
		r.Class != carriers.ClassRequestInvalid {
		t.Errorf("a line break in a header: %+v", r)
	}
	if req.Header.Get("X-Ref") != "r-1" || s.common.Get("X-Ref") != "" {
		t.Errorf("header %v", req.Header)
	}
}

func TestBodiesOfAllKinds(t *testing.T) {
	m := carriers.Message{To: "+44", From: "ACME", Text: "a&b=\"c\" <d>\n{{to}} ${key} é", Segments: 2, UCS2: true}
	for _, tt := range []struct{ name, config, want string }{
		{"form", `form: {to: "{{to_digits}}", text: "{{text}}", "odd key": "own & words", key: "${key}"}`,
			"key=k%2B%22&odd%20key=own%20%26%20words&text=a%26b%3D%22c%22%20%3Cd%3E%0A%7B%7Bto%7D%7D%20%24%7Bkey%7D%20%C3%A9&to=44"},
		{"raw json", `content_type: application/json; body: '{"t":"{{text}}","to":"{{to}}","k":"${key}","n":"{{segments}}"}'`,
			`{"t":"a&b=\"c\" <d>\n{{to}} ${key} é","to":"+44","k":"k+\"","n":"2"}`},
		{"xml", `content_type: text/xml; body: '<m to="{{to}}">{{text}}</m>'`,
			"<m to=\"+44\">a&amp;b=&#34;c&#34; &lt;d&gt;&#xA;{{to}} ${key} é</m>"},
		{"plain", `content_type: text/plain; body: "{{to}}: {{text}} ({{encoding}})"`, "+44: a&b=\"c\" <d>\n{{to}} ${key} é (ucs2)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := strings.ReplaceAll(tt.config, "; body:", "\n  body:")
			c, err := build(t, "type: http\nsubmit:\n  url: https://gw.example.com/\n  "+config+"\nsecrets: {key: 'k+\"'}\n")
			if err != nil {
				t.Fatal(err)
			}
			s := &c.(*carrier).submit
			req, err := s.request(s.values(&m))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(req.Body); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFinders(t *testing.T) {
	d := newDocument(http.Header{"X-Id": {"h-1"}}, []byte(`{"a":{"b":[{"c":"x"},{"c":12345678901234567890}]},"t":true,"n":null,"o d":"y","":"z"}`))
	for path, want := range map[string]string{
		"$.a.b[0].c": "x", "$.a.b[1].c": "12345678901234567890", "$.t": "true", "$['o d']": "y", "$['a'].b[0]['c']": "x",
		"/\"c\":\"(.)\"/": "x", "/tru./": "true", "header:X-Id": "h-1",
		"$.n": "", "$.a": "", "$.a.b": "", "$.a.b[2].c": "", "$.a.b.c": "", "$.a[0]": "", "$": "", "/nothing/": "", "header:Y": "",
	} {
		f, err := compileFinder("x", path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got, _ := f.find(d); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for _, bad := range []string{"a", "$a", "$.", "$..a", "$.a[", "$.a[x]", "$.a[-1]", "$.a[99999]", "$['", "$['']", "$.*", "/(/", "header:", "$.a b"} {
		if _, err := compileFinder("x", bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// FuzzRender puts any text through any template in all four contexts and reads it back.
func FuzzRender(f *testing.F) {
	f.Add("Hello {{text}}", "{{text}} ${key} \"\\\x00\u2028 é 😀")
	f.Add("{{ text }}{{to}}${key}", "</x>]]>&amp;\r\n\t")
	f.Add("{{", "}}")
	f.Add("$ { {text} } ${", "%00+ &=")
	f.Fuzz(func(t *testing.T, tmpl, text string) {
		s := scope{names: []string{"text", "to"}, secrets: map[string]string{"key": "a\"&<%"}}
		value := func(name string) string { return map[string]string{"text": text, "to": "+44"}[name] }
		plain, err := s.compile(tmpl, escNone)
		if err != nil {
			return
		}
		want := string(plain.append(nil, value))

		quoted, err := s.quoted(tmpl, escJSON)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := json.Unmarshal([]byte(`"`+string(quoted.append(nil, value))+`"`), &got); err != nil {
			t.Fatalf("JSON: %v", err)
		}
		// A byte that is no UTF-8 becomes one U+FFFD whatever stands beside it in the template.
		if utf8.ValidString(tmpl) && utf8.ValidString(text) && got != want {
			t.Errorf("JSON: %q, want %q", got, want)
		}

		if quoted, err = s.quoted(tmpl, escURL); err != nil {
			t.Fatal(err)
		}
		values, err := url.ParseQuery("a=" + string(quoted.append(nil, value)))
		if err != nil || values.Get("a") != want {
			t.Errorf("form: %q and %v, want %q", values.Get("a"), err, want)
		}

		if quoted, err = s.quoted(tmpl, escXML); err != nil {
			t.Fatal(err)
		}
		var element struct {
			Text string `xml:",chardata"`
		}
		if err := xml.Unmarshal([]byte("<a>"+string(quoted.append(nil, value))+"</a>"), &element); err != nil {
			t.Errorf("XML: %v", err)
		}
	})
}
