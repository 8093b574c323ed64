package vonage

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

// The bounds of ttl, which this API counts in milliseconds.
const (
	leastTTL = 20 * time.Second
	mostTTL  = 7 * 24 * time.Hour
)

// smsAnswer is the answer to a submit: an entry for each part.
type smsAnswer struct {
	Messages []struct {
		Status    string `json:"status"`
		ID        string `json:"message-id"`
		ErrorText string `json:"error-text"`
	} `json:"messages"`
}

// submitSMS calls the SMS API. Its status is in the body, whatever HTTP says; a status other than 0 is a refusal.
func (c *Carrier) submitSMS(ctx context.Context, m carriers.Message) carriers.Result {
	a := c.Post(ctx, c.submit, c.form(m))
	defer a.Release()
	if r, failed := a.Failed(); failed {
		return r
	}
	var got smsAnswer
	err := json.Unmarshal(a.Body, &got)
	switch {
	case !a.OK() && len(got.Messages) == 0:
		return a.Refused(c.Codes, "", strings.TrimSpace(string(a.Body)))
	case err != nil:
		return a.Unreadable("the answer is not JSON: " + err.Error())
	case len(got.Messages) == 0:
		return a.Unreadable("the answer has no messages")
	}
	return c.smsResult(a, m, got)
}

// smsResult makes one result of the parts. Some parts taken and some not is neither a yes nor a no: the recipient may
// see half a message.
func (c *Carrier) smsResult(a *carriers.Answer, m carriers.Message, got smsAnswer) carriers.Result {
	var ids []string
	refused := -1
	for i, part := range got.Messages {
		switch {
		case part.Status == "":
			return a.Unreadable("a part has no status")
		case part.Status != "0":
			refused = i
		case part.ID == "":
			return a.Unreadable("a part has no message-id")
		default:
			ids = append(ids, part.ID)
		}
	}
	if refused < 0 && a.OK() {
		c.parts.expect(m.Ref, len(ids), m.Segments)
		r := carriers.Accept(strings.Join(ids, ","), a.StatusLine())
		r.Segments = len(ids)
		return r
	}
	if refused < 0 {
		return a.Unreadable("the answer says success with a status of failure")
	}
	why := got.Messages[refused]
	if len(ids) > 0 {
		taken := strconv.Itoa(len(ids)) + " of " + strconv.Itoa(len(got.Messages)) + " parts were taken: "
		return a.RefusedAs(carriers.ClassAmbiguous, why.Status, taken+why.ErrorText)
	}
	class, known := c.Codes.Class(why.Status)
	if !known {
		class = carriers.ClassUnknown // a status other than 0 is a refusal, known or not
	}
	r := a.RefusedAs(class, why.Status, why.ErrorText)
	if r.RetryAfter == 0 && class == carriers.ClassThrottled {
		r.RetryAfter = waitIn(why.ErrorText)
	}
	return r
}

// waitIn reads the milliseconds of "please wait [ 250 ] and retry", which stand nowhere else.
func waitIn(text string) time.Duration {
	found := regexp.MustCompile(`\[ *(\d{1,7}) *\]`).FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	ms, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// form is the body of a submit.
func (c *Carrier) form(m carriers.Message) []byte {
	v := url.Values{
		"api_key": {c.account}, "api_secret": {c.secret}, "to": {digits(m.To)}, "from": {c.sender(m)}, "text": {m.Text},
		"client-ref": {m.Ref},
	}
	if m.UCS2 {
		v.Set("type", "unicode")
	}
	if m.ReceiptURL != "" {
		v.Set("callback", withParts(m.ReceiptURL, m.Segments))
	}
	if m.Validity > 0 {
		v.Set("ttl", strconv.FormatInt(clamp(m.Validity, time.Millisecond, leastTTL, mostTTL), 10))
	}
	return []byte(v.Encode())
}
