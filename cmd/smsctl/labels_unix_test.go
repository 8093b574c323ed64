//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/smsctl/smsctl/carriers/gsm"
)

// labelled is a stage of a sender whose config has the wording of some countries, in strict mode and at an hour that all of
// them allow.
func labelled(t *testing.T) *vendor {
	t.Helper()
	exe, err := exec.LookPath(clocked)
	if err != nil {
		t.Fatal(err)
	}
	v := newVendor(t, only("delta"), withAPI, func(s *stage) {
		s.config["compliance"] = "strict"
		s.config["optout"] = tree{"brand": "Shop"}
		s.config["labels"] = tree{
			"FR": tree{"end": "STOP au 36180"}, "KR": tree{"start": "(광고) Shop", "end": "\n080-123-4567"}, "VN": tree{"start": "[QC]", "end": "Tu choi: TC 9241"},
			"*": tree{"end": "STOP: 9241"},
		}
		s.exe = exe
		s.env = []string{fmt.Sprintf("SMSCTL_TEST_CLOCK=%d", instant(t, "2026-10-13T10:00:00Z").UnixMilli())}
	})
	v.delivering()
	return v
}

// What a country asks of a promotional text is in what the carrier got, and in what was counted and paid; a text that says
// it itself is left as it is, and so is one of another type.
func TestLabelsReachTheCarrier(t *testing.T) {
	t.Parallel()
	v := labelled(t)
	list := v.write("people.csv", `phone,name
+33612345678,Ana
+33612345679,Ben (STOP au 36111)
+821023456789,Kim
+84912345678,An
+447400000001,Cy
`)
	v.run(exitOK, "plan", "--csv", list, "-m", "Sale for {{name}}").says("of the config put into 4 texts: FR 1, GB 1, KR 1, VN 1", "(광고) Shop Sale for Kim")
	v.run(exitOK, "send", "--csv", list, "-m", "Sale for {{name}}", "--campaign", "sale", "--yes")
	want := map[string]string{
		"+33612345678": "Sale for Ana STOP au 36180", "+33612345679": "Sale for Ben (STOP au 36111)", "+821023456789": "(광고) Shop Sale for Kim\n080-123-4567",
		"+84912345678": "[QC] Sale for An Tu choi: TC 9241", "+447400000001": "Sale for Cy STOP: 9241",
	}
	said := v.messages("sale")
	if len(said) != len(want) {
		t.Errorf("%d messages", len(said))
	}
	for number, text := range want {
		if got := v.submitTo(number).text; got != text {
			t.Errorf("%s got %q, not %q", number, got, text)
		}
		size := gsm.Measure(text)
		if m := said[number]; m.Segments != size.Segments || m.Encoding != size.Encoding.String() {
			t.Errorf("%s: %d segments of %s, not %d of %s", number, m.Segments, m.Encoding, size.Segments, size.Encoding)
		}
		v.run(exitOK, "message", "show", "--campaign", "sale", number).says(strings.Split(text, "\n")...)
	}
	seen := len(v.submits())
	v.run(exitOK, "send", "--to", "+33612345678", "-m", "Your code", "--type", "transactional", "--yes")
	if all := v.submits(); len(all) != seen+1 || all[seen].text != "Your code" {
		t.Errorf("transactional: %+v", all[seen:])
	}
}

// The same by the API, with a message and with a list.
func TestLabelsByTheAPI(t *testing.T) {
	t.Parallel()
	v := labelled(t)
	service := v.start("serve", "--json")
	v.until("the service is ready", v.ready)
	c := v.caller()
	for number, order := range map[string]map[string]any{
		"+33612345670": {"text": "Sale", "type": "promotional"}, "+33612345671": {"text": "Your code"},
	} {
		order["to"] = number
		if status, _, m := c.post("", order); status != http.StatusAccepted {
			t.Errorf("%s: %d %+v", number, status, m)
		}
	}
	status, _, got := c.call(http.MethodPost, "/v1/messages", "application/json", "", []byte(`{"to":"+821023456789","text":"Sale 080","type":"promotional","from":"Shop"}`))
	if status != http.StatusAccepted { // before it stands the config's label
		t.Errorf("%d %s", status, got)
	}
	status, _, got = c.call(http.MethodPost, "/v1/campaigns?message=Sale&name=list", "text/csv", "", []byte("phone\n+33612345672\n"))
	if status != http.StatusCreated {
		t.Errorf("%d %s", status, got)
	}
	v.until("all four are there", func() bool { return len(v.submits()) == 4 })
	for number, text := range map[string]string{
		"+33612345670": "Sale STOP au 36180", "+33612345671": "Your code", "+821023456789": "(광고) Shop Sale 080", "+33612345672": "Sale STOP au 36180",
	} {
		if got := v.submitTo(number).text; got != text {
			t.Errorf("%s got %q, not %q", number, got, text)
		}
	}
	v.ok(service.Process.Signal(syscall.SIGTERM))
	service.wait()
}

// Without the wording strict mode sends nothing, provider mode warns.
func TestLackingLabels(t *testing.T) {
	t.Parallel()
	v := labelled(t)
	delete(v.config, "labels")
	v.rewrite()
	list := v.write("people.csv", "phone\n+33612345678\n+33612345679\n+447400000001\n")
	args := []string{"--csv", list, "-m", "Sale. STOP: 9241"}
	v.run(exitInput, append([]string{"send", "--yes"}, args...)...).says("text.label", "2 texts without what their countries ask", "STOP au 36xxx mandatory on marketing", "labels: {FR: ", "compliance show FR")
	service := v.start("serve", "--json")
	v.until("the service is ready", v.ready)
	c := v.caller()
	status, _, got := c.call(http.MethodPost, "/v1/messages", "application/json", "", []byte(`{"to":"+33612345678","text":"Sale","type":"promotional"}`))
	c.problem(422, "text.label", status, got)
	status, _, got = c.call(http.MethodPost, "/v1/campaigns?message=Sale", "text/csv", "", []byte("phone\n+33612345672\n"))
	c.problem(422, "text.label", status, got)
	v.ok(service.Process.Signal(syscall.SIGTERM))
	service.wait()
	if n := len(v.submits()); n > 0 {
		t.Errorf("%d were sent", n)
	}
	v.config["compliance"] = "provider"
	v.rewrite()
	v.run(exitOK, append([]string{"plan"}, args...)...).says("2 texts to FR without what is asked of them there: STOP au 36xxx", "certainty A-")
	v.run(exitOK, append([]string{"plan", "--json"}, args...)...).says(`"lacking":[{"country":"FR","messages":2,`)
	v.run(exitOK, append([]string{"send", "--yes"}, args...)...)
	if n := len(v.submits()); n != 3 {
		t.Errorf("%d were sent", n)
	}
	v.config["compliance"] = "off"
	v.rewrite()
	if p := v.run(exitOK, append([]string{"plan"}, args...)...); strings.Contains(p.stdout.String(), "without what") {
		t.Errorf("nothing is asked for, and yet\n%s", p.stdout.String())
	}
}

func TestLabelsOfTheConfig(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"labels: {UK: {end: STOP}}\n":           `"UK" is not a country code`,
		"labels: {FR: {end: \" \"}}\n":          "neither start nor end",
		"labels: {FR: {end: \"a\\tb\"}}\n":      "control character",
		"labels: {FR: {footer: STOP}}\n":        "footer",
		"labels: {FR: STOP}\n":                  "must be a mapping",
		"labels: {\"*\": {end: \"STOP\\n\"}}\n": "",
	} {
		_, found := parseConfig("config.yaml", []byte(text), "default")
		if want == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || !strings.Contains(found.Error(), want) {
			t.Errorf("%s: %v", text, found)
		}
	}
}
