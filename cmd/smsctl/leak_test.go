package main

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Neither a secret nor a whole telephone number gets to where people and log collectors read, though the carriers
// repeat both in their errors, and though everything is logged that can be.
func TestSecretsAndNumbersStayInside(t *testing.T) {
	t.Parallel()
	const canary, other = "c4n4ry-0f-alpha-7f3a", "c4n4ry-0f-delta-91be"
	v := newVendor(t, func(s *stage) {
		s.carrier("alpha")["auth_token"] = canary
		s.carrier("delta")["secrets"] = tree{"token": "file:" + s.write("delta.token", other+"\n")}
	})
	people := append(numbers(20), "+447911")
	answers := []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusServiceUnavailable, http.StatusUnprocessableEntity, 0,
	}
	v.answers(func(submit) int { return answers[int(v.n.Load())%len(answers)] })
	list := v.write("people.csv", listOf(people))
	said := ""
	for _, args := range [][]string{
		v.sending(list, "--yes", "-vv", "--give-up", "1s"),
		v.sending(list, "--yes", "-vv", "--json", "--give-up", "1s", "--new"),
		v.sending(list, "--yes"), v.sending(list, "-m", "Other", "--yes", "--json"),
		{"campaign", "show", "people", "-vv"}, {"campaign", "show", "people", "--json"}, {"campaign", "list", "--json"},
		{"config", "show"}, {"config", "show", "--json", "--origin"}, {"config", "validate", "-vv"},
		{"report", "people"}, {"report", "people", "--json"}, {"report", "people", "--format", "html"}, {"report", "people", "--format", "md"},
		{"doctor", "--offline"}, {"doctor", "carriers", "secrets", "--json"}, {"plan", "--csv", list, "-m", "Hi {{name}}", "-vv", "--skip-invalid"},
		{"send", "--to", people[0], "-m", "Hi", "-vv", "--yes", "--no-wait"},
		{"message", "list", "-vv"}, {"message", "list", "--json"},
	} {
		p := v.start(args...)
		p.wait()
		said += "\n$ smsctl " + strings.Join(args, " ") + "\n" + p.stdout.String() + p.stderr.String()
	}
	read := 0
	v.ok(filepath.WalkDir(v.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".log") {
			return err
		}
		b, err := os.ReadFile(path)
		read += len(b)
		said += "\n" + path + "\n" + string(b)
		return err
	}))
	if read == 0 {
		t.Error("there is no log to look into")
	}
	basic := base64.StdEncoding.EncodeToString([]byte("AC00000000000000000000000000000000:" + canary))
	for _, secret := range []string{canary, other, basic} {
		v.absent(said, secret)
	}
	for _, number := range people[:20] {
		for _, line := range strings.Split(said, "\n") {
			if !strings.HasPrefix(line, "$ ") && strings.Contains(line, number[1:]) {
				t.Errorf("a whole number in %q", line)
				return
			}
		}
	}
}

func (v *vendor) absent(said, secret string) {
	v.Helper()
	if i := strings.Index(said, secret); i >= 0 {
		v.Errorf("a secret in …%s…", said[max(0, i-300):min(len(said), i+100)])
	}
}
