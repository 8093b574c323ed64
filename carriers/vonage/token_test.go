package vonage

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/carriers/carriertest"
)

// TestTokensAgainstVonage compares with what Vonage's own library made of tokens (tokens.mjs): webhooks that it holds
// for genuine pass here and no others do; and its judgement of a token of ours was good.
func TestTokensAgainstVonage(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/carriers/vonage/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Webhooks, Requests []struct {
			Name, Body, Token string
			Key               []byte // public, of a request
			Holds             bool
		}
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	s := signer{secret: []byte(sigkey)}
	genuine := 0
	for _, w := range recorded.Webhooks {
		if got := s.holdsToken("Bearer "+w.Token, key, []byte(w.Body), carriertest.Now()); got != w.Holds {
			t.Errorf("webhook %s: %v, and Vonage's library says %v", w.Name, got, w.Holds)
		}
		if w.Holds {
			genuine++
		}
	}
	if genuine == 0 || len(recorded.Requests) != 2 {
		t.Fatal("tokens.json is not what tokens.mjs makes")
	}
	names := make([][]string, 0, 2)
	for _, r := range recorded.Requests {
		if !r.Holds {
			t.Errorf("Vonage's library refuses the token %s", r.Name)
		}
		names = append(names, verify(t, r.Token, r.Key))
	}
	if diff := cmp.Diff(slices.DeleteFunc(names[0], func(s string) bool { return s == "acl" }), names[1]); diff != "" {
		t.Errorf("our claims are not theirs: %s", diff)
	}
}

// TestApplicationSigns: a token holds, is used again while it is young, and never past its half life.
func TestApplicationSigns(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	indented := "  " + strings.ReplaceAll(strings.TrimSpace(string(key)), "\n", "\n  ")
	c := build(t, messagesConfig+"application_id: 00000000-1111-4222-8333-444444444444\nprivate_key: |\n"+indented+"\n")
	now := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) // so that whoever judges it later finds it valid
	c.app.now = func() time.Time { return now }
	first, err := c.authorization()
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimPrefix(first, "Bearer ")
	t.Log("for tokens.mjs: " + token + " " + base64.StdEncoding.EncodeToString(public))
	verify(t, token, public)
	now = now.Add(tokenLife/2 - time.Second)
	if again, _ := c.authorization(); again != first {
		t.Error("a young token was thrown away")
	}
	now = now.Add(time.Second)
	if later, _ := c.authorization(); later == first {
		t.Error("an old token is used")
	}
	if basic, _ := build(t, messagesConfig).authorization(); !strings.HasPrefix(basic, "Basic ") {
		t.Errorf("without an application: %.6s", basic)
	}
}

// verify checks a token with its public key and returns the names of its claims.
func verify(t *testing.T, token string, key []byte) []string {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	sum, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, hash[:], sum); err != nil {
		t.Error(err)
	}
	claims := map[string]any{}
	if !decodePart(parts[1], &claims) {
		t.Error("the claims cannot be read")
	}
	return slices.Sorted(maps.Keys(claims))
}

// TestInteropSignatures compares with npm's @vonage/jwt.
func TestInteropSignatures(t *testing.T) {
	carriertest.Signatures(t, messages(), carriertest.Judged{SDK: "vonage", Secret: sigkey})
}
