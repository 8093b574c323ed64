package sim

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
)

// The twilio dialect: https://www.twilio.com/docs/messaging/api/message-resource. Numbers, statuses and the signature
// are the vendor's; what a client of messages has no use for is left out.

func (p *Peer) authorization() string {
	switch p.Dialect {
	case DialectTwilio:
		return basic(p.AccountSID, p.AuthToken)
	case DialectVonage:
		return basic(p.APIKey, p.APISecret)
	case DialectPlain, DialectSMPP:
	}
	return "Bearer " + p.Token
}

// twilio answers below /NAME: POST and GET of Messages.json, GET of Messages/{sid}.json and of Balance.json.
func (p *peer) twilio(w http.ResponseWriter, r *http.Request, path string) {
	rest, ours := strings.CutPrefix(path, p.segment)
	sid, one := strings.CutPrefix(rest, "/")
	sid, isJSON := strings.CutSuffix(sid, ".json")
	switch {
	case r.Header.Get("Authorization") != p.basic:
		twilioError(w, http.StatusUnauthorized, "20003", "Authenticate")
	case path == strings.TrimSuffix(p.segment, "Messages")+"Balance.json" && r.Method == http.MethodGet:
		b := appendField([]byte(`{"balance":"1000.00","currency":"USD"`), "account_sid", p.AccountSID)
		respond(w, http.StatusOK, append(b, '}'))
	case !ours || !isJSON || !one && rest != ".json":
		twilioError(w, http.StatusNotFound, "20404", "The requested resource was not found")
	case one && r.Method == http.MethodGet:
		p.twilioGet(w, sid)
	case !one && r.Method == http.MethodPost:
		p.twilioSubmit(w, r)
	case !one && r.Method == http.MethodGet:
		p.twilioList(w, r.URL.Query())
	default:
		twilioError(w, http.StatusMethodNotAllowed, "20004", "Method not allowed")
	}
}

func (p *peer) twilioSubmit(w http.ResponseWriter, r *http.Request) {
	b, err := body(r)
	if err != nil {
		twilioError(w, http.StatusBadRequest, "21602", "The body cannot be read")
		return
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		twilioError(w, http.StatusBadRequest, "21602", "The body is not a form")
		return
	}
	m := carriers.Message{
		To: form.Get("To"), From: form.Get("From"), Text: form.Get("Body"), ReceiptURL: form.Get("StatusCallback"),
	}
	if m.From == "" {
		m.From = form.Get("MessagingServiceSid")
	}
	if code, why := twilioRefuses(&m); code != "" {
		twilioError(w, http.StatusBadRequest, code, why)
		return
	}
	if n, err := strconv.Atoi(form.Get("ValidityPeriod")); err == nil {
		m.Validity = time.Duration(n) * time.Second
	}
	m.Ref = refOf(m.ReceiptURL)
	a, ok := p.submit(w, r, &m)
	if !ok {
		return
	}
	if a.refusal != nil {
		usual := usualOf(a.refusal.Class)
		retryAfter(w, a.refusal)
		twilioError(w, or(a.refusal.Status, usual.status), or(a.refusal.Code, usual.submit), a.refusal.Class.Traits().Title)
		return
	}
	rec := record{to: m.To, from: m.From, text: m.Text, at: a.now.UnixNano()}
	respond(w, http.StatusCreated, p.twilioMessage(make([]byte, 0, 640+len(m.Text)), a.id, &rec, "queued", ""))
}

// twilioRefuses checks what the vendor checks first.
func twilioRefuses(m *carriers.Message) (code, why string) {
	switch {
	case m.To == "":
		return "21604", "A 'To' phone number is required."
	case m.From == "":
		return "21603", "A 'From' phone number is required."
	case m.Text == "":
		return "21602", "Message body is required."
	case utf8.RuneCountInString(m.Text) > 1600:
		return "21617", "The concatenated message body exceeds the 1600 character limit."
	case m.To[0] != '+' || len(m.To) < 8 || len(m.To) > 16 || strings.Trim(m.To[1:], "0123456789") != "":
		return "21211", "The 'To' number is not a valid phone number."
	case m.ReceiptURL != "" && !callable(m.ReceiptURL):
		return "21609", "The StatusCallback URL is not a valid URL."
	}
	return "", ""
}

func (p *peer) twilioGet(w http.ResponseWriter, sid string) {
	i, ok := p.ledger.find(strings.TrimPrefix(sid, "SM"))
	if !ok || !p.pollable() {
		twilioError(w, http.StatusNotFound, "20404", "The requested resource was not found")
		return
	}
	rec := p.ledger.get(i)
	status, code := twilioStatus(rec.state(p.server.now()))
	respond(w, http.StatusOK, p.twilioMessage(nil, p.ledger.id(i), &rec, status, code))
}

// twilioList filters by To, From and DateSent, and pages.
func (p *peer) twilioList(w http.ResponseWriter, q url.Values) {
	if !p.pollable() {
		twilioError(w, http.StatusNotFound, "20404", "The requested resource was not found")
		return
	}
	size, err := strconv.Atoi(q.Get("PageSize"))
	if err != nil || size < 1 || size > 1000 {
		size = 50
	}
	page, _ := strconv.Atoi(q.Get("Page")) // 0 where it says nothing readable
	skip, found, now := max(page, 0)*size, 0, p.server.now()
	b := append(make([]byte, 0, 4096), `{"messages":[`...)
	more := false
	p.ledger.list(q.Get("To"), func(i int32, r *record) bool {
		if from := q.Get("From"); from != "" && from != r.from || !sentWithin(q, time.Unix(0, r.at).UTC()) {
			return true
		}
		found++
		if found <= skip {
			return true
		}
		if more = found > skip+size; more {
			return false
		}
		if found > skip+1 {
			b = append(b, ',')
		}
		status, code := twilioStatus(r.state(now))
		b = p.twilioMessage(b, p.ledger.id(i), r, status, code)
		return true
	})
	b = append(b, `],"page":`...)
	b = strconv.AppendInt(b, int64(max(page, 0)), 10)
	b = append(b, `,"page_size":`...)
	b = strconv.AppendInt(b, int64(size), 10)
	b = append(b, `,"next_page_uri":`...)
	if !more {
		respond(w, http.StatusOK, append(b, `null}`...))
		return
	}
	q.Set("Page", strconv.Itoa(max(page, 0)+1))
	b = appendJSON(b, "/"+p.segment+".json?"+q.Encode())
	respond(w, http.StatusOK, append(b, '}'))
}

// sentWithin applies the three forms of the DateSent filter; each takes a day or a time.
func sentWithin(q url.Values, at time.Time) bool {
	for key, holds := range map[string]func(first, after time.Time) bool{
		"DateSent":  func(first, after time.Time) bool { return !at.Before(first) && at.Before(after) },
		"DateSent>": func(first, _ time.Time) bool { return !at.Before(first) },
		"DateSent<": func(_, after time.Time) bool { return at.Before(after) },
	} {
		v := q.Get(key)
		if v == "" {
			continue
		}
		first, err := time.Parse(time.DateOnly, v)
		after := first.AddDate(0, 0, 1)
		if err != nil {
			if first, err = time.Parse(time.RFC3339, v); err != nil {
				return false
			}
			after = first.Add(time.Second)
		}
		if !holds(first, after) {
			return false
		}
	}
	return true
}

// twilioMessage writes a Message resource by hand: reflection would cost more than the whole submit.
func (p *peer) twilioMessage(b []byte, id string, r *record, status, code string) []byte {
	at := time.Unix(0, r.at).UTC()
	b = append(append(append(b, `{"sid":"SM`...), id...), `","status":"`...)
	b = append(append(b, status...), '"')
	b = appendField(b, "to", r.to)
	if strings.HasPrefix(r.from, "MG") {
		b = append(appendField(b, "messaging_service_sid", r.from), `,"from":null`...)
	} else {
		b = append(appendField(b, "from", r.from), `,"messaging_service_sid":null`...)
	}
	b = appendField(b, "body", r.text)
	b = appendField(b, "account_sid", p.AccountSID)
	for _, key := range [...]string{"date_created", "date_updated", "date_sent"} {
		b = append(append(append(b, `,"`...), key...), `":"`...)
		b = append(at.AppendFormat(b, time.RFC1123Z), '"')
	}
	b = append(b, `,"direction":"outbound-api","num_segments":"`...)
	if strings.HasPrefix(r.from, "MG") {
		b = append(b, '0') // a messaging service has not chosen the sender yet
	} else {
		b = strconv.AppendInt(b, int64(gsm.Measure(r.text).Segments), 10)
	}
	b = append(b, `","num_media":"0","price":null,"price_unit":"USD",`...)
	b = append(b, `"api_version":"2010-04-01","error_message":null,"error_code":`...)
	if code == "" {
		b = append(b, "null"...)
	} else {
		b = append(b, code...)
	}
	b = append(append(append(b, `,"uri":"/`...), p.segment...), "/SM"...)
	return append(append(b, id...), `.json"}`...)
}

// twilioStatus says an outcome in the vendor's words.
func twilioStatus(o outcome) (status, code string) {
	switch o.state {
	case carriers.ReceiptDelivered, carriers.ReceiptSent, carriers.ReceiptQueued, carriers.ReceiptAccepted:
		return string(o.state), ""
	case carriers.ReceiptUndelivered, carriers.ReceiptUnknown:
		status = "undelivered"
	case carriers.ReceiptCancelled:
		return "canceled", ""
	case carriers.ReceiptFailed, carriers.ReceiptRejected, carriers.ReceiptExpired:
		status = "failed"
	}
	if code = or(o.code, usualOf(o.class).receipt); strings.Trim(code, "0123456789") != "" {
		code = usualOf(o.class).receipt // the vendor's codes are numbers, whatever the scenario calls them
	}
	return status, code
}

func twilioError(w http.ResponseWriter, status int, code, message string) {
	b := append(make([]byte, 0, 200), `{"code":`...)
	b = append(append(b, code...), `,"message":`...)
	b = appendJSON(b, message)
	b = append(append(append(b, `,"more_info":"https://www.twilio.com/docs/errors/`...), code...), `","status":`...)
	respond(w, status, append(strconv.AppendInt(b, int64(status), 10), '}'))
}

// twilioCallback writes the receipt's form and its signature. The parameters stand in the order that the signature
// sorts them into, so that one pass writes both.
func (p *peer) twilioCallback(c *callback, r *record) (form []byte, header, value string) {
	status, code := twilioStatus(c.outcome)
	sid := "SM" + p.ledger.id(c.record)
	key := p.AuthToken
	if c.badSignature {
		key = "not " + key
	}
	mac := hmac.New(sha1.New, []byte(key))
	signed := append(make([]byte, 0, 512), c.url...)
	form = make([]byte, 0, 320)
	for _, kv := range [...][2]string{
		{"AccountSid", p.AccountSID}, {"ApiVersion", "2010-04-01"}, {"ErrorCode", code}, {"From", r.from},
		{"MessageSid", sid}, {"MessageStatus", status}, {"SmsSid", sid}, {"SmsStatus", status}, {"To", r.to},
	} {
		if kv[1] == "" {
			continue
		}
		signed = append(append(signed, kv[0]...), kv[1]...)
		if len(form) > 0 {
			form = append(form, '&')
		}
		form = append(append(append(form, kv[0]...), '='), url.QueryEscape(kv[1])...)
	}
	mac.Write(signed)
	return form, "X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func retryAfter(w http.ResponseWriter, r *Refusal) {
	if r.RetryAfter > 0 {
		seconds := (time.Duration(r.RetryAfter) + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
}

// or is a, or b where a is the zero value.
func or[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}
