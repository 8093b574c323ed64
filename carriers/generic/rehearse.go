package generic

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/carriers"
)

// Rehearse writes a receipt as the config describes them: each value where it will be looked for, as JSON, or in the
// query where receipts come by GET.
func (c *carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	if c.receipt == nil {
		return carriers.Callback{}, errors.New("the config has no receipt section for this carrier")
	}
	word, err := c.receipt.say(r.Status)
	if err != nil {
		return carriers.Callback{}, err
	}
	var root any
	for _, v := range []struct {
		key   string
		at    *finder
		value string
	}{{"state", c.receipt.state, word}, {"id", c.receipt.id, r.ID}, {"ref", c.receipt.ref, r.Ref}, {"to", c.receipt.to, r.To}} {
		switch {
		case v.at == nil || v.value == "":
		case v.at.path == nil:
			return carriers.Callback{}, fmt.Errorf("receipt.%s is not found by a path, so it is not known where to write it", v.key)
		default:
			root = put(root, v.at.path, v.value)
		}
	}
	if c.receipt.each != nil {
		root = put(nil, c.receipt.each.path, []any{root})
	}
	address := r.URL
	if !c.info.RefInReceipts && c.info.Signed {
		address = r.Account()
	}
	cb := r.JSON(address, root)
	if c.receipt.method == http.MethodGet {
		if cb, err = asQuery(r, address, root); err != nil {
			return carriers.Callback{}, err
		}
	} else if c.receipt.method != "" {
		cb.Method = c.receipt.method
	}
	return c.receipt.verify.sign(r, cb), nil
}

// say is the gateway's word for a status: itself, if it is one, else the first that means it.
func (w *words) say(status string) (string, error) {
	if _, known := w.states[strings.ToLower(status)]; known {
		return status, nil
	}
	if err := carriers.CheckState(carriers.ReceiptState(status)); err != nil {
		return "", fmt.Errorf("%w, or a word of receipt.states", err)
	}
	for _, word := range slices.Sorted(maps.Keys(w.states)) {
		if w.states[word] == carriers.ReceiptState(status) {
			return word, nil
		}
	}
	return "", fmt.Errorf("receipt.states has no word for %s", status)
}

// put writes a value at a path and returns what it was written into.
func put(into any, path []step, value any) any {
	if len(path) == 0 {
		return value
	}
	if name := path[0].name; name != "" {
		object, ok := into.(map[string]any)
		if !ok {
			object = map[string]any{}
		}
		object[name] = put(object[name], path[1:], value)
		return object
	}
	list, _ := into.([]any)
	for len(list) <= path[0].index {
		list = append(list, nil)
	}
	list[path[0].index] = put(list[path[0].index], path[1:], value)
	return list
}

// asQuery writes the members of an object behind the address.
func asQuery(r carriers.Rehearsal, address string, root any) (carriers.Callback, error) {
	object, ok := root.(map[string]any)
	form := url.Values{}
	for name, v := range object {
		text, plain := v.(string)
		ok = ok && plain
		form.Set(name, text)
	}
	if !ok {
		return carriers.Callback{}, errors.New("receipts come by GET, and a value in them lies deeper than a query can")
	}
	separator := "?"
	if strings.Contains(address, separator) {
		separator = "&"
	}
	return r.Get(address + separator + form.Encode()), nil
}

// sign writes the proof that check wants.
func (v *verifier) sign(r carriers.Rehearsal, cb carriers.Callback) carriers.Callback {
	var proof string
	switch v.kind {
	case 'e':
		proof = r.Word(v.equals)
	case 'h':
		mac := hmac.New(v.sum, r.Key(v.key))
		_, _ = mac.Write(v.text.append(nil, callbackValues(cb)))
		proof = v.prefix + v.encode(mac.Sum(nil))
	default:
		return cb
	}
	if v.header != "" {
		cb.Header.Set(v.header, proof)
		return cb
	}
	separator := "?"
	if strings.Contains(cb.URL, separator) {
		separator = "&"
	}
	cb.URL += separator + url.QueryEscape(v.query) + "=" + url.QueryEscape(proof)
	cb.Query.Set(v.query, proof)
	return cb
}
