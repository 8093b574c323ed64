package carriers

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Account is what every type that speaks HTTP is made of: it is embedded, and [Open] builds it.
type Account struct {
	HTTP    *Client
	Header  http.Header // of every request
	Codes   *Codes
	From    string // of messages that name no sender
	Now     func() time.Time
	Timeout time.Duration // of one submit

	info   Info
	states map[string]ReceiptState
}

// Info describes the carrier.
func (a *Account) Info() Info { return a.info }

// Close ends the idle connections.
func (a *Account) Close(context.Context) error {
	a.HTTP.Close()
	return nil
}

// Get reads the JSON of a resource into v and returns what is worth keeping of the raw answer. limit is in bytes, 0 is
// the client's own.
func (a *Account) Get(ctx context.Context, u *url.URL, limit int, v any) (raw []byte, err error) {
	got := a.HTTP.Do(ctx, Request{Method: http.MethodGet, URL: u, Header: a.Header, Limit: limit})
	defer got.Release()
	if err := got.Problem(); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(got.Body, v); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return RawPayload(got.Body), nil
}

// Post sends a body.
func (a *Account) Post(ctx context.Context, u *url.URL, body []byte) *Answer {
	return a.HTTP.Do(ctx, Request{Method: http.MethodPost, URL: u, Header: a.Header, Body: body})
}

// State looks up the vendor's word for what became of a message.
func (a *Account) State(word string) (state ReceiptState, known bool) {
	state, known = a.states[word]
	return state, known
}

// Words are all words of the vendor that mean a state, sorted.
func (a *Account) Words(state ReceiptState) (words []string) {
	for _, word := range slices.Sorted(maps.Keys(a.states)) {
		if a.states[word] == state {
			words = append(words, word)
		}
	}
	return words
}

// Receipt translates the vendor's word and code. A word that is not in the table is kept as the detail; a failure has
// the class of its code; and what expired is called so even where the vendor's word is a wider one.
func (a *Account) Receipt(word, code string) Receipt {
	state, known := a.State(word)
	if !known {
		return Receipt{State: ReceiptUnknown, Code: code, Detail: "unknown state " + a.HTTP.Redact(word)}
	}
	r := Receipt{State: state, Code: code}
	if !state.Final() || state == ReceiptDelivered {
		return r
	}
	if r.Class, known = a.Codes.Class(code); !known {
		r.Class = ClassUnknown
		if state == ReceiptExpired {
			r.Class = ClassExpired
		}
	}
	if r.Class == ClassExpired {
		r.State = ReceiptExpired
	}
	return r
}

// SendsNoReceipts says so where the config does not say the contrary: then nothing is waited for.
func (a *Account) SendsNoReceipts() {
	if expected := &a.info.Common.Receipts.Expected; *expected == nil {
		*expected = new(bool)
	}
}

// Known answers a lookup of a message that has the carrier's id: it was taken, and the only question is what became of
// it.
func Known(ctx context.Context, p Poller, s Submitted) (Finding, error) {
	r, err := p.Poll(ctx, s)
	if err != nil {
		return Finding{}, err
	}
	return Finding{Verdict: Found, ID: s.ID, Receipt: r}, nil
}

// Decode reads the JSON of an answer that says success; failed says that it is none, and r what follows.
func (a *Answer) Decode(v any) (r Result, failed bool) {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return a.Unreadable("the answer is not JSON: " + err.Error()), true
	}
	return Result{}, false
}

// Opening is a type's New under way. The first thing that is wrong is kept, so that New reads as a list: [Open], then
// addresses and secrets, [Opening.Account], [Opening.Done].
type Opening struct {
	name    string
	env     Env
	common  *Common
	secrets []string
	err     error
}

// Open reads a carrier's part of the config and has it check itself. cfg embeds [Common].
func Open(name string, decode func(any) error, env Env, cfg interface{ shared() *Common }, check func() error) *Opening {
	o := &Opening{name: name, env: env, common: cfg.shared()}
	if o.err = decode(cfg); o.err == nil {
		o.err = check()
	}
	return o
}

// shared makes every config that embeds Common known to Open.
func (c *Common) shared() *Common { return c }

// URL is the base_url of the config, or the vendor's own address.
func (o *Opening) URL(vendor string) *url.URL {
	u, err := ParseURL(o.common.BaseURL, vendor)
	if err != nil {
		o.Fail("base_url", err)
		return &url.URL{}
	}
	return u
}

// Secret resolves a secret that must be there; key is its name in the config.
func (o *Opening) Secret(key string, ref Secret) string {
	if o.err != nil {
		return ""
	}
	s, err := o.env.Secret(ref)
	if err != nil {
		o.Fail(key, err)
		return ""
	}
	o.Hide(s)
	return s
}

// Optional resolves a secret that may be absent: "" then.
func (o *Opening) Optional(key string, ref Secret) string {
	if ref == "" || o.err != nil {
		return ""
	}
	s := o.Secret(key, ref)
	if s == "" {
		o.Fail(key, errors.New("is empty"))
	}
	return s
}

// Basic is the header of basic authentication.
func (o *Opening) Basic(user, password string) string {
	token := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	o.Hide(token)
	return "Basic " + token
}

// Hide keeps a text that is derived from a secret out of everything that the carrier says.
func (o *Opening) Hide(secret string) { o.secrets = append(o.secrets, secret) }

// Fail notes what is wrong with a key, unless something was before.
func (o *Opening) Fail(key string, err error) {
	if o.err == nil {
		o.err = fmt.Errorf("%s: %w", key, err)
	}
}

// Failed says that something is wrong: what was resolved is not whole.
func (o *Opening) Failed() bool { return o.err != nil }

// Facts are what a type knows of itself and its vendor.
type Facts struct {
	Type          string
	Codes         string                  // the type's codes.tsv
	States        map[string]ReceiptState // the vendor's words
	From          string                  // sender of messages that name none; "" = the config's default, unless NoSender
	NoSender      bool                    // the vendor chooses it
	RefInReceipts bool
	OneAddress    bool // see [Info]
	Signed        bool // receipts, and inbound messages unless
	BareInbound   bool // those are not
}

// Account builds the account. The headers, in pairs, go with every request.
func (o *Opening) Account(f Facts, headers ...string) *Account {
	a := &Account{
		Now: o.env.Now, Timeout: o.common.Timeout.Or(DefaultTimeout),
		info: Info{
			Name: o.name, Type: f.Type, Common: *o.common, RefInReceipts: f.RefInReceipts, OneAddress: f.OneAddress, Signed: f.Signed,
			SignedInbound: f.Signed && !f.BareInbound,
		},
	}
	if !f.NoSender {
		a.From = cmp.Or(f.From, o.env.Sender)
	}
	if o.err != nil {
		return a
	}
	if a.Codes, o.err = LoadCodes(f.Codes, o.common.Codes); o.err != nil {
		return a
	}
	if a.states, o.err = LoadStates(f.States, o.common.States); o.err != nil {
		return a
	}
	a.HTTP = NewClient(ClientOptions{Common: *o.common, Now: o.env.Now, Secrets: o.secrets})
	a.Header = a.HTTP.Headers(headers...)
	return a
}

// Done is what New returns.
func (o *Opening) Done(c Carrier) (Carrier, error) {
	if o.err != nil {
		return nil, o.err
	}
	return c, nil
}

// LoadStates lays the config's `states:` over the words of a type. The words of vendors are case-sensitive.
func LoadStates(own, overrides map[string]ReceiptState) (map[string]ReceiptState, error) {
	if len(overrides) == 0 {
		return own, nil
	}
	all := maps.Clone(own)
	if all == nil {
		all = map[string]ReceiptState{}
	}
	for _, word := range slices.Sorted(maps.Keys(overrides)) {
		if err := CheckState(overrides[word]); err != nil {
			return nil, fmt.Errorf("states: %s: %w", word, err)
		}
		all[word] = overrides[word]
	}
	return all, nil
}

// CheckState says how to write a state that the config got wrong.
func CheckState(s ReceiptState) error {
	if s.Rank() > 0 {
		return nil
	}
	var names []string
	for _, known := range ReceiptStates() {
		names = append(names, string(known))
	}
	return fmt.Errorf("%q is not a state: write one of %s", string(s), strings.Join(names, ", "))
}
