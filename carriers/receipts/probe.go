package receipts

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	probeTimeout = 5 * time.Second
	nonceMost    = 64
)

// ErrOtherCarriers says that a listener of ours does not know a carrier whose receipts shall go there.
var ErrOtherCarriers = errors.New("a listener of this database without all of these carriers")

// identify proves that this listener has the key, without giving it away, and says whether it knows the carriers that the
// asker names.
func (l *Listener) identify(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	nonce := query.Get("nonce")
	if r.Method != http.MethodGet || len(nonce) < 16 || len(nonce) > nonceMost || !l.key.set {
		http.Error(w, "GET with a nonce of 16 to 64 characters", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	for _, name := range query["carrier"] {
		if _, known := l.receivers[name]; !known {
			w.WriteHeader(http.StatusNotFound) // with the proof: a stranger's 404 means that it is a stranger
			break
		}
	}
	_, _ = w.Write(l.key.append(nil, "probe", "", url.PathEscape(nonce))) // the asker left: nobody to tell
}

// Probe asks whether the listener behind an address has our key, which is to say: whether it works on our database.
// An address at which something else answers gives false and no error.
func Probe(ctx context.Context, baseURL string, key *Key) (bool, error) {
	return probe(ctx, baseURL, key, nil)
}

// ProbeHere is Probe of the address itself, behind which a listener of ours may speak TLS. Its certificate is for the name
// that carriers call it by, and proves nothing here: the key does.
// A listener of ours that does not know one of the carriers gives [ErrOtherCarriers].
func ProbeHere(ctx context.Context, address string, secure bool, key *Key, carriers ...string) (bool, error) {
	if !secure {
		return probe(ctx, "http://"+address, key, nil, carriers...)
	}
	return probe(ctx, "https://"+address, key, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, carriers...)
}

func probe(ctx context.Context, baseURL string, key *Key, secure *tls.Config, carriers ...string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	nonce := rand.Text()
	address := strings.TrimRight(baseURL, "/") + prefix + wellKnown + "?" + url.Values{"nonce": {nonce}, "carrier": carriers}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, fmt.Errorf("probing the receipt listener: %w", err)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return false, fmt.Errorf("probing the receipt listener: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end or given up
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 256))
	if err != nil {
		return false, fmt.Errorf("probing the receipt listener: %w", err)
	}
	switch ours := key.holds("probe", "", nonce, string(answer)); {
	case ours && resp.StatusCode == http.StatusNotFound:
		return false, ErrOtherCarriers
	default:
		return ours && resp.StatusCode == http.StatusOK, nil
	}
}
