package infobip

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

const (
	leastSecret = 16
	timeForm    = "2006-01-02T15:04:05.999-0700"
)

// states maps the names of states. A name that is not in it is judged by its group: Infobip adds names, not groups.
//
//nolint:gochecknoglobals // a table that nothing writes to
var states = map[string]carriers.ReceiptState{
	"PENDING_ACCEPTED":         carriers.ReceiptAccepted,
	"PENDING_ENROUTE":          carriers.ReceiptSent,
	"PENDING_WAITING_DELIVERY": carriers.ReceiptSent,
	"DELIVERED_TO_OPERATOR":    carriers.ReceiptSent, // its group says delivered, and its page that it is not
	"DELIVERED_TO_HANDSET":     carriers.ReceiptDelivered,
	"EXPIRED_DLR_UNKNOWN":      carriers.ReceiptUnknown,

	"ACCEPTED":      carriers.ReceiptAccepted,
	"PENDING":       carriers.ReceiptQueued,
	"DELIVERED":     carriers.ReceiptDelivered,
	"UNDELIVERABLE": carriers.ReceiptUndelivered,
	"EXPIRED":       carriers.ReceiptExpired,
	"REJECTED":      carriers.ReceiptRejected,
}

// stateOf looks up the name of a status, then its group.
func (c *Carrier) stateOf(s status) (state carriers.ReceiptState, known bool) {
	if state, known = c.State(s.Name); !known {
		state, known = c.State(s.Group)
	}
	return state, known
}

// result is what a receipt or a log says of a message.
type result struct {
	ID           string `json:"messageId"`
	To           string `json:"to"`          // in receipts of older forms
	Destination  string `json:"destination"` // in logs
	SentAt       string `json:"sentAt"`
	DoneAt       string `json:"doneAt"`
	Count        int    `json:"messageCount"`
	CallbackData string `json:"callbackData"`
	Status       status `json:"status"`
	Error        struct {
		ID          int    `json:"id"`
		Description string `json:"description"`
	} `json:"error"`
}

// Receipts reads the results of a callback, of which there may be many.
//
// Infobip signs nothing that is sent to an address given with a message. Without callback_secret, that address has our
// reference and its proof in it, and the results are about that message. With it, all messages have one address, and
// each result proves itself by its callbackData: what we gave Infobip with the message, and nobody else can know. A
// result that cannot is somebody else's message on the same account, or forged, and is left out; if no result can, the
// callback is refused.
func (c *Carrier) Receipts(cb carriers.Callback) ([]carriers.Receipt, carriers.Reply, error) {
	var got struct {
		Results []json.RawMessage `json:"results"`
	}
	if cb.Kept { // one result by itself
		got.Results = []json.RawMessage{cb.Body}
	} else if err := json.Unmarshal(cb.Body, &got); err != nil {
		return nil, carriers.Reply{}, c.unreadable(err)
	}
	if len(got.Results) == 0 {
		return nil, carriers.Reply{}, c.unreadable(errors.New("no results"))
	}
	var all []carriers.Receipt
	for _, raw := range got.Results {
		var r result
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, carriers.Reply{}, c.unreadable(err)
		}
		if r.ID == "" || r.Status.Name == "" && r.Status.Group == "" {
			return nil, carriers.Reply{}, c.unreadable(errors.New("messageId or status is missing"))
		}
		if c.Info().Signed && !cb.Kept && !hmac.Equal([]byte(r.CallbackData), []byte(proof(c.secret, r.ID))) {
			continue
		}
		receipt := c.receipt(r)
		receipt.Ref, receipt.Raw = r.ID, carriers.RawPayload(raw)
		all = append(all, receipt)
	}
	if len(all) == 0 {
		return nil, carriers.Reply{}, fmt.Errorf("callbackData: %w", carriers.ErrSignature)
	}
	return all, carriers.Reply{Status: http.StatusOK}, nil
}

// unreadable is the error of a payload that makes no sense. What proves nothing is refused for that first.
func (c *Carrier) unreadable(why error) error {
	if c.Info().Signed {
		return fmt.Errorf("%w: %w: %w", carriers.ErrSignature, carriers.ErrPayload, why)
	}
	return fmt.Errorf("%w: %w", carriers.ErrPayload, why)
}

// proof is what a receipt of the message must carry: an HMAC of its id, in which the purpose keeps it from being of use
// elsewhere.
func proof(secret []byte, id string) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = io.WriteString(mac, "infobip receipt/"+id)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// receipt translates a result. The error says more than the status, where there is one.
func (c *Carrier) receipt(r result) carriers.Receipt {
	out := carriers.Receipt{ID: r.ID, To: number(cmp.Or(r.Destination, r.To)), Segments: max(0, r.Count)}
	for _, at := range []string{r.DoneAt, r.SentAt} {
		if t, err := time.Parse(timeForm, at); err == nil && out.At.IsZero() {
			out.At = t
		}
	}
	if r.Error.ID != 0 {
		out.Code = "error/" + strconv.Itoa(r.Error.ID)
	}
	state, known := c.stateOf(r.Status)
	if !known {
		out.State = carriers.ReceiptUnknown
		out.Detail = "unknown state " + c.HTTP.Redact(r.Status.Group+" "+r.Status.Name)
		return out
	}
	out.State = state
	if !state.Final() || state == carriers.ReceiptDelivered {
		return out
	}
	byStatus := "status/" + strconv.Itoa(r.Status.ID)
	out.Detail = c.HTTP.Redact(cmp.Or(r.Error.Description, r.Status.Description))
	if out.Class = c.class(out.Code, state); out.Class == carriers.ClassUnknown || out.Code == "" {
		if class := c.class(byStatus, state); class != carriers.ClassUnknown || out.Code == "" {
			out.Class, out.Code = class, byStatus
		}
	}
	return out
}

// class is that of a code, or what the state itself says.
func (c *Carrier) class(code string, state carriers.ReceiptState) carriers.Class {
	if class, ok := c.Codes.Class(code); ok {
		return class
	}
	if state == carriers.ReceiptExpired {
		return carriers.ClassExpired
	}
	return carriers.ClassUnknown
}

// number is Infobip's form of a number in E.164, "" for what is none.
func number(s string) string {
	if n, err := strconv.ParseUint(s, 10, 64); err != nil || n < 1_000_000 || len(s) > 15 {
		return ""
	}
	return "+" + s
}

// Rehearse writes a callback with one result.
func (c *Carrier) Rehearse(r carriers.Rehearsal) (carriers.Callback, error) {
	word, _, err := c.Say(r.Status, nil)
	if err != nil {
		return carriers.Callback{}, err
	}
	res := result{
		ID: r.Ref, Destination: strings.TrimPrefix(r.To, "+"), Count: 1, Status: status{Name: word},
		SentAt: r.Submitted.At.UTC().Format(timeForm), DoneAt: r.At.UTC().Format(timeForm),
	}
	address := r.URL
	if len(c.secret) > 0 {
		address, res.CallbackData = r.Account(), proof(r.Key(c.secret), r.Ref)
	}
	return r.JSON(address, map[string]any{"results": []result{res}}), nil
}
