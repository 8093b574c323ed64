package generic

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// ReceiptConfig describes the requests that bring receipts.
type ReceiptConfig struct {
	Method string                           `yaml:"method"` // absent = any
	Each   string                           `yaml:"each"`   // path of the list, where a request brings several
	ID     string                           `yaml:"id"`
	Ref    string                           `yaml:"ref"`
	To     string                           `yaml:"to"`
	State  string                           `yaml:"state"`
	Code   string                           `yaml:"code"`
	Detail string                           `yaml:"detail"`
	States map[string]carriers.ReceiptState `yaml:"states"`
	Codes  map[string]carriers.Class        `yaml:"codes"` // over the carrier's own `codes:`
	Verify *VerifyConfig                    `yaml:"verify"`
	Reply  ReplyConfig                      `yaml:"reply"`
}

// ReplyConfig is what the gateway wants to hear once a receipt is kept.
type ReplyConfig struct {
	Status      int    `yaml:"status"`
	ContentType string `yaml:"content_type"`
	Body        string `yaml:"body"`
}

// receipt is the compiled ReceiptConfig.
type receipt struct {
	method string
	each   *finder
	words
	ref, to *finder
	id      *finder
	verify  verifier
	reply   carriers.Reply
}

// words translate what a gateway says of a message, in a receipt or when asked.
type words struct {
	state, code, detail *finder
	states              map[string]carriers.ReceiptState // keys in lower case
	codes               *carriers.Codes
}

// Receipts reads one request of the gateway. Without verify: a receipt is believed only if the URL proved its ref, for
// its MAC is a secret that only the gateway was told.
func (c *carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	r := c.receipt
	if r == nil {
		return nil, carriers.Reply{}, fmt.Errorf("%w: carrier %s has no receipt section in the config", carriers.ErrPayload, c.info.Name)
	}
	if err := r.verify.check(cb); err != nil {
		return nil, carriers.Reply{}, err
	}
	if r.method != "" && r.method != cb.Method && !cb.Kept {
		return nil, carriers.Reply{}, fmt.Errorf("%w: %s instead of %s", carriers.ErrPayload, cb.Method, r.method)
	}
	d, err := documentOf(cb)
	if err != nil {
		return nil, carriers.Reply{}, err
	}
	var all []carriers.Receipt
	for _, one := range itemsOf(d, r.each) {
		got, err := r.read(one, cb.Ref)
		if err != nil {
			return nil, carriers.Reply{}, err
		}
		got.Detail, got.Raw = c.http.Redact(got.Detail), rawOf(cb)
		all = append(all, got)
	}
	if len(all) == 0 {
		return nil, carriers.Reply{}, fmt.Errorf("%w: nothing at receipt.each", carriers.ErrPayload)
	}
	return all, r.reply, nil
}

// itemsOf are the parts of a request that each bring something; each nil is the request as a whole.
func itemsOf(d *document, each *finder) []*document {
	if each == nil {
		return []*document{d}
	}
	list := each.at(d.value())
	if !list.IsArray() {
		return nil
	}
	var items []*document
	for _, item := range list.Array() {
		items = append(items, &document{header: d.header, body: d.body, read: true, json: item.Raw})
	}
	return items
}

// rawOf is the request as it came: its body, else its query.
func rawOf(cb carriers.Callback) []byte {
	raw := cb.Body
	if len(raw) == 0 {
		_, query, _ := strings.Cut(cb.URL, "?")
		raw = []byte(query)
	}
	return carriers.RawPayload(raw)
}

// documentOf reads JSON, or a form and the query together.
func documentOf(cb carriers.Callback) (*document, error) {
	d := newDocument(cb.Header, cb.Body)
	if text := bytes.TrimSpace(cb.Body); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		if d.value() == "" {
			return nil, fmt.Errorf("%w: not JSON", carriers.ErrPayload)
		}
		return d, nil
	}
	form, err := url.ParseQuery(string(cb.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: neither JSON nor a form", carriers.ErrPayload)
	}
	for name, values := range cb.Query {
		if !form.Has(name) {
			form[name] = values
		}
	}
	d.read, d.form = true, form
	return d, nil
}

// read makes a receipt of one item. The ref that the URL proved beats one in the payload.
func (r *receipt) read(d *document, proved string) (carriers.Receipt, error) {
	got, ok := r.receipt(d)
	if !ok {
		return got, fmt.Errorf("%w: nothing at receipt.state", carriers.ErrPayload)
	}
	got.ID, _ = r.id.find(d)
	got.To, _ = r.to.find(d)
	if got.Ref = proved; proved == "" {
		got.Ref, _ = r.ref.find(d)
	}
	if got.Ref == "" && got.ID == "" {
		return got, fmt.Errorf("%w: nothing at receipt.id and receipt.ref", carriers.ErrPayload)
	}
	return got, nil
}

// receipt translates state, code and words.
func (w *words) receipt(d *document) (carriers.Receipt, bool) {
	word, ok := w.state.find(d)
	if !ok || word == "" {
		return carriers.Receipt{}, false
	}
	var r carriers.Receipt
	r.Code, _ = w.code.find(d)
	r.Detail, _ = w.detail.find(d)
	state, known := w.states[strings.ToLower(word)]
	if !known {
		r.State, r.Detail = carriers.ReceiptUnknown, strings.TrimSpace("unknown state "+word+" "+r.Detail)
		return r, true
	}
	r.State = state
	if !state.Final() || state == carriers.ReceiptDelivered {
		return r, true
	}
	if r.Class, known = w.codes.Class(r.Code); !known {
		r.Class = carriers.ClassUnknown
		if state == carriers.ReceiptExpired {
			r.Class = carriers.ClassExpired
		}
	}
	return r, true
}

// compileReceipt checks the section.
func (c compiler) compileReceipt(cfg *ReceiptConfig, overrides map[string]carriers.Class) (*receipt, error) {
	r := &receipt{reply: carriers.Reply(cfg.Reply)}
	var err error
	if cfg.Method != "" {
		if r.method, err = methodOf("receipt", cfg.Method, http.MethodPost); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		key, text string
		into      **finder
	}{{"each", cfg.Each, &r.each}, {"id", cfg.ID, &r.id}, {"ref", cfg.Ref, &r.ref}, {"to", cfg.To, &r.to}} {
		if *f.into, err = compileFinder("receipt."+f.key, f.text); err != nil {
			return nil, err
		}
	}
	if r.each != nil && (r.each.re != nil || r.each.header != "") {
		return nil, fmt.Errorf("receipt.each: %w", errPath)
	}
	if r.words, err = compileWords("receipt", cfg.State, cfg.Code, cfg.Detail, cfg.States); err != nil {
		return nil, err
	}
	if r.codes, err = receiptCodes(cfg.Codes, overrides); err != nil {
		return nil, err
	}
	if s := cfg.Reply.Status; s != 0 && s/100 != 2 {
		return nil, fmt.Errorf("receipt.reply.status: %d would make the gateway send the receipt again: write 200 or 204", s)
	}
	r.verify, err = c.compileVerify(cfg.Verify)
	return r, err
}

// receiptCodes lays the receipts' own codes over the carrier's: the same number can mean two things.
func receiptCodes(own, overrides map[string]carriers.Class) (*carriers.Codes, error) {
	all := map[string]carriers.Class{}
	for code, class := range overrides {
		all[code] = class
	}
	for code, class := range own {
		all[code] = class
	}
	codes, err := carriers.LoadCodes("", all)
	if err != nil {
		return nil, fmt.Errorf("receipt.%w", err)
	}
	return codes, nil
}

func compileWords(where, state, code, detail string, states map[string]carriers.ReceiptState) (w words, err error) {
	if state == "" {
		return w, fmt.Errorf("%s.state: is missing: say where the word for the state stands, for example \"$.status\"", where)
	}
	for _, f := range []struct {
		key, text string
		into      **finder
	}{{"state", state, &w.state}, {"code", code, &w.code}, {"detail", detail, &w.detail}} {
		if *f.into, err = compileFinder(where+"."+f.key, f.text); err != nil {
			return w, err
		}
	}
	if len(states) == 0 {
		return w, fmt.Errorf("%s.states: is missing: say what the gateway's words mean, for example {DELIVRD: delivered}", where)
	}
	w.states = make(map[string]carriers.ReceiptState, len(states))
	for word, state := range states {
		if state.Rank() == 0 {
			return w, fmt.Errorf("%s.states.%s: %q is not a state: write accepted, queued, sent, unknown, undelivered, "+
				"expired, failed, rejected, cancelled or delivered", where, word, string(state))
		}
		if other, twice := w.states[strings.ToLower(word)]; twice && other != state {
			return w, fmt.Errorf("%s.states.%s: stands twice with different meanings; case does not count", where, word)
		}
		w.states[strings.ToLower(word)] = state
	}
	return w, nil
}
