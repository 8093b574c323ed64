package sim

import (
	"crypto/hmac"
	"crypto/md5"  // Vonage's scheme, and its default
	"crypto/sha1" // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
)

// The vonage dialect: https://developer.vonage.com/en/api/sms and, to be asked, the records of
// https://developer.vonage.com/en/api/reports. Whatever becomes of a submit, HTTP says 200 unless the scenario names
// another status. A long message has an id and a receipt for each of its parts.

// vonage answers below /NAME: POST of sms/json, GET of v2/reports/records and of account/get-balance.
func (p *peer) vonage(w http.ResponseWriter, r *http.Request, path string) {
	switch {
	case path == "sms/json" && r.Method == http.MethodPost:
		p.vonageSubmit(w, r)
	case path == "v2/reports/records" && r.Method == http.MethodGet && p.pollable():
		p.vonageReport(w, r)
	case path == "account/get-balance" && r.Method == http.MethodGet:
		p.vonageBalance(w, r)
	default:
		http.NotFound(w, r)
	}
}

// vonageBalance answers whoever knows key and secret.
func (p *peer) vonageBalance(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != p.basic {
		respond(w, http.StatusUnauthorized, []byte(`{"error-code":"401","error-code-label":"authentication failed"}`))
		return
	}
	respond(w, http.StatusOK, []byte(`{"value":1000,"autoReload":false}`))
}

func (p *peer) vonageSubmit(w http.ResponseWriter, r *http.Request) {
	b, err := body(r)
	if err != nil {
		vonageRefuses(w, http.StatusOK, "", "3", "The body cannot be read")
		return
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		vonageRefuses(w, http.StatusOK, "", "3", "The body is not a form")
		return
	}
	m := carriers.Message{
		To: "+" + form.Get("to"), From: form.Get("from"), Text: form.Get("text"), ReceiptURL: form.Get("callback"),
		Ref: form.Get("client-ref"),
	}
	if status, why := p.vonageMinds(form, &m); status != "" {
		vonageRefuses(w, http.StatusOK, m.To, status, why)
		return
	}
	if ms, err := strconv.Atoi(form.Get("ttl")); err == nil {
		m.Validity = time.Duration(ms) * time.Millisecond
	}
	m.Segments = max(1, gsm.Measure(m.Text).Segments)
	a, ok := p.submit(w, r, &m)
	if !ok {
		return
	}
	if a.refusal != nil {
		retryAfter(w, a.refusal)
		why := a.refusal.Class.Traits().Title
		if a.refusal.Class == carriers.ClassThrottled {
			wait := or(time.Duration(a.refusal.RetryAfter), 250*time.Millisecond)
			why = fmt.Sprintf("Throughput Rate Exceeded - please wait [ %d ] and retry", wait.Milliseconds())
		}
		status := or(a.refusal.Status, http.StatusOK)
		if a.refusal.Class == carriers.ClassAmbiguous { // its own statuses all prove something
			status = or(a.refusal.Status, http.StatusInternalServerError)
		}
		vonageRefuses(w, status, m.To, or(a.refusal.Code, usualOf(a.refusal.Class).vonage[0]), why)
		return
	}
	respond(w, http.StatusOK, vonageAnswer(a.id, &m))
}

// vonageMinds checks what the vendor checks first.
func (p *peer) vonageMinds(form url.Values, m *carriers.Message) (status, why string) {
	switch {
	case form.Get("api_key") != p.APIKey || form.Get("api_secret") != p.APISecret:
		return "4", "Bad Credentials"
	case m.To == "+" || m.From == "" || m.Text == "":
		return "2", "Missing to, from or text"
	case len(m.To) < 8 || len(m.To) > 16 || strings.Trim(m.To[1:], "0123456789") != "":
		return "3", "Invalid value for parameter: to"
	case m.ReceiptURL != "" && !callable(m.ReceiptURL):
		return "23", "Invalid value for parameter: callback"
	case len(m.Ref) > 100:
		return "3", "Invalid value for parameter: client-ref"
	}
	return "", ""
}

func vonageRefuses(w http.ResponseWriter, status int, to, code, why string) {
	if status/100 == 5 {
		http.Error(w, why, status)
		return
	}
	b := append(make([]byte, 0, 160), `{"message-count":"1","messages":[{"status":"`...)
	b = append(append(b, code...), '"')
	b = appendField(b, "to", strings.TrimPrefix(to, "+"))
	respond(w, status, append(appendField(b, "error-text", why), `}]}`...))
}

func vonageAnswer(id string, m *carriers.Message) []byte {
	b := append(make([]byte, 0, 200*m.Segments), `{"message-count":"`...)
	b = append(strconv.AppendInt(b, int64(m.Segments), 10), `","messages":[`...)
	for i := range m.Segments {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"status":"0"`...)
		b = appendField(b, "to", m.To[1:])
		b = appendField(b, "message-id", partID(id, i))
		b = append(b, `,"remaining-balance":"1000.0","message-price":"0.0333","network":"23410"`...)
		b = append(appendField(b, "client-ref", m.Ref), '}')
	}
	return append(b, `]}`...)
}

// partID is the id of a part: its message's, and its place.
func partID(id string, part int) string { return fmt.Sprintf("%s%02x", id, part) }

// vonageReport answers what it knows of some ids, or of a number within a span of time.
func (p *peer) vonageReport(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != p.basic {
		respond(w, http.StatusUnauthorized, []byte(`{"type":"UNAUTHORIZED","title":"Invalid credentials supplied"}`))
		return
	}
	q, now, n := r.URL.Query(), p.server.now(), 0
	b := append(make([]byte, 0, 1024), `{"records":[`...)
	add := func(id string, rec *record) {
		if n++; n > 1 {
			b = append(b, ',')
		}
		status, code := vonageStatus(rec.state(now))
		b = append(b, `{"product":"SMS","direction":"outbound"`...)
		b = appendField(b, "message_id", id)
		b = appendField(b, "client_ref", rec.ref)
		b = appendField(b, "to", rec.to[1:])
		b = appendField(b, "from", rec.from)
		b = appendField(b, "status", status)
		b = append(appendField(b, "error_code", code), '}')
	}
	if q.Get("id") != "" {
		for id := range strings.SplitSeq(q.Get("id"), ",") {
			if i, ok := p.ledger.find(id[:max(0, len(id)-2)]); ok {
				rec := p.ledger.get(i)
				add(id, &rec)
			}
		}
	} else {
		from, err1 := time.Parse(time.RFC3339, q.Get("date_start"))
		until, err2 := time.Parse(time.RFC3339, q.Get("date_end"))
		if q.Get("to") == "" || err1 != nil || err2 != nil {
			respond(w, http.StatusUnprocessableEntity, []byte(`{"type":"VALIDATION","title":"id, or to with date_start and date_end"}`))
			return
		}
		p.ledger.list("+"+q.Get("to"), func(i int32, rec *record) bool {
			if at := time.Unix(0, rec.at); !at.Before(from) && !at.After(until.Add(time.Second)) {
				for part := range max(1, gsm.Measure(rec.text).Segments) {
					add(partID(p.ledger.id(i), part), rec)
				}
			}
			return true
		})
	}
	b = append(b, `],"items_count":`...)
	respond(w, http.StatusOK, append(strconv.AppendInt(b, int64(n), 10), '}'))
}

// vonageStatus says an outcome in the vendor's words.
func vonageStatus(o outcome) (status, code string) {
	status, code = string(o.state), "0"
	switch o.state {
	case carriers.ReceiptDelivered, carriers.ReceiptExpired, carriers.ReceiptRejected, carriers.ReceiptUnknown:
	case carriers.ReceiptQueued:
		status = "buffered"
	case carriers.ReceiptSent, carriers.ReceiptAccepted:
		status = "accepted"
	case carriers.ReceiptUndelivered, carriers.ReceiptFailed, carriers.ReceiptCancelled:
		status = "failed"
	}
	if o.class != "" || o.code != "" {
		if code = or(o.code, usualOf(o.class).vonage[1]); strings.Trim(code, "0123456789") != "" {
			code = usualOf(o.class).vonage[1] // the vendor's codes are numbers, whatever the scenario calls them
		}
	}
	return status, code
}

// vonageCallback writes the receipt of a part: its form, in the order in which the signature sorts it, and its address.
func (p *peer) vonageCallback(c *callback, r *record) (address string, form []byte) {
	status, code := vonageStatus(c.outcome)
	at := p.server.now().UTC()
	signed := make([]byte, 0, 320)
	form = make([]byte, 0, 320)
	quote := strings.NewReplacer("&", "_", "=", "_")
	for _, kv := range [...][2]string{
		{"api-key", p.APIKey}, {"client-ref", r.ref}, {"err-code", code}, {"message-timestamp", at.Format(time.DateTime)},
		{"messageId", partID(p.ledger.id(c.record), c.part)}, {"msisdn", r.to[1:]}, {"network-code", "23410"},
		{"price", "0.03330000"}, {"scts", at.Format("0601021504")}, {"status", status}, {"to", r.from},
	} {
		if kv[1] == "" {
			continue
		}
		signed = append(append(append(append(signed, '&'), kv[0]...), '='), quote.Replace(kv[1])...)
		form = append(append(append(append(form, kv[0]...), '='), url.QueryEscape(kv[1])...), '&')
	}
	if p.SignatureSecret == "" {
		if c.badSignature { // a stranger does not know the address
			return strings.Replace(c.url, "?k=", "?k=x", 1), form[:len(form)-1]
		}
		return c.url, form[:len(form)-1]
	}
	key := p.SignatureSecret
	if c.badSignature {
		key = "not " + key
	}
	return c.url, append(append(form, "sig="...), vonageSign(p.SignatureMethod, key, signed)...)
}

// vonageSign signs parameters as the account's method has it.
func vonageSign(method, key string, signed []byte) string {
	h, _ := vonageHash(method)
	if h == nil {
		sum := md5.Sum(append(signed, key...))
		return hex.EncodeToString(sum[:])
	}
	mac := hmac.New(h, []byte(key))
	mac.Write(signed)
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// vonageHash is the hash of a method; md5hash is no HMAC and has none.
func vonageHash(method string) (h func() hash.Hash, known bool) {
	switch method {
	case "md5hash":
		return nil, true
	case "md5":
		return md5.New, true
	case "sha1":
		return sha1.New, true
	case "sha256":
		return sha256.New, true
	case "sha512":
		return sha512.New, true
	}
	return nil, false
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
