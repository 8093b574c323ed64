package sim

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// The plain dialect is the gateway of the config's example of a generic connector:
//
//	POST /NAME/send         {"to","from","text","ref","callback"}  →  202 {"id"}
//	GET  /NAME/status/{id}                                         →  200 {"id","status","code"}
//	the callback            {"id","ref","status","code"}
//
// all with `Authorization: Bearer TOKEN`. An error is its HTTP status with {"error"}.

type plainSubmit struct {
	To       string `json:"to"`
	From     string `json:"from"`
	Text     string `json:"text"`
	Ref      string `json:"ref"`
	Callback string `json:"callback"`
}

func (p *peer) plain(w http.ResponseWriter, r *http.Request, path string) {
	id, isStatus := strings.CutPrefix(path, "status/")
	switch {
	case r.Header.Get("Authorization") != p.basic:
		plainError(w, http.StatusUnauthorized, "wrong token")
	case path == "send" && r.Method == http.MethodPost:
		p.plainSubmit(w, r)
	case isStatus && r.Method == http.MethodGet && p.pollable():
		p.plainStatus(w, id)
	case path == "send" || isStatus && p.pollable():
		plainError(w, http.StatusMethodNotAllowed, "wrong method")
	default:
		plainError(w, http.StatusNotFound, "nothing here")
	}
}

func (p *peer) plainSubmit(w http.ResponseWriter, r *http.Request) {
	var in plainSubmit
	b, err := body(r)
	if err == nil {
		err = json.Unmarshal(b, &in)
	}
	if err != nil || in.To == "" || in.Text == "" || in.Callback != "" && !callable(in.Callback) {
		plainError(w, http.StatusBadRequest, "to and text are needed, callback must be an address")
		return
	}
	if in.To[0] != '+' {
		in.To = "+" + in.To
	}
	m := carriers.Message{Ref: in.Ref, To: in.To, From: in.From, Text: in.Text, ReceiptURL: in.Callback}
	if m.Ref == "" {
		m.Ref = refOf(in.Callback)
	}
	a, ok := p.submit(w, r, &m)
	if !ok {
		return
	}
	if a.refusal != nil {
		retryAfter(w, a.refusal)
		plainError(w, or(a.refusal.Status, usualOf(a.refusal.Class).plain), or(a.refusal.Code, string(a.refusal.Class)))
		return
	}
	respond(w, http.StatusAccepted, append(append(append(make([]byte, 0, 48), `{"id":"`...), a.id...), `"}`...))
}

func (p *peer) plainStatus(w http.ResponseWriter, id string) {
	i, ok := p.ledger.find(id)
	if !ok {
		plainError(w, http.StatusNotFound, "no such message")
		return
	}
	rec := p.ledger.get(i)
	respond(w, http.StatusOK, plainReceipt(nil, id, rec.ref, rec.state(p.server.now())))
}

// plainReceipt writes the body of statuses and of receipts. The dialect knows sent, delivered and undelivered.
func plainReceipt(b []byte, id, ref string, o outcome) []byte {
	status, code := string(o.state), ""
	if o.state.Final() && o.state != carriers.ReceiptDelivered {
		status, code = "undelivered", or(o.code, string(o.class))
	}
	b = append(append(append(b, `{"id":"`...), id...), '"')
	b = appendField(b, "ref", ref)
	b = appendField(b, "status", status)
	b = appendField(b, "code", code)
	return append(b, '}')
}

func plainError(w http.ResponseWriter, status int, why string) {
	respond(w, status, append(appendJSON([]byte(`{"error":`), why), '}'))
}
