package carriers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// ReceiptState is what a carrier says about a message it took, the same words for all vendors.
type ReceiptState string

// The states, by rank.
const (
	ReceiptAccepted    ReceiptState = "accepted"
	ReceiptQueued      ReceiptState = "queued"
	ReceiptSent        ReceiptState = "sent"
	ReceiptUnknown     ReceiptState = "unknown"
	ReceiptUndelivered ReceiptState = "undelivered"
	ReceiptExpired     ReceiptState = "expired"
	ReceiptFailed      ReceiptState = "failed"
	ReceiptRejected    ReceiptState = "rejected"
	ReceiptCancelled   ReceiptState = "cancelled"
	ReceiptDelivered   ReceiptState = "delivered"
)

// ReceiptStates are all states, by rank.
func ReceiptStates() []ReceiptState {
	return []ReceiptState{
		ReceiptAccepted, ReceiptQueued, ReceiptSent, ReceiptUnknown, ReceiptUndelivered, ReceiptExpired, ReceiptFailed,
		ReceiptRejected, ReceiptCancelled, ReceiptDelivered,
	}
}

// Rank orders the states: a receipt is applied only if it ranks higher than what is known. Delivered beats every
// failure, because a late handset says more than an early network. An unknown word ranks 0.
func (s ReceiptState) Rank() int {
	switch s {
	case ReceiptAccepted:
		return 10
	case ReceiptQueued:
		return 20
	case ReceiptSent:
		return 30
	case ReceiptUnknown:
		return 40
	case ReceiptUndelivered, ReceiptExpired, ReceiptFailed, ReceiptRejected, ReceiptCancelled:
		return 50
	case ReceiptDelivered:
		return 60
	}
	return 0
}

// Final says that nothing but a late delivered follows.
func (s ReceiptState) Final() bool { return s.Rank() >= 50 }

// Receipt is what a carrier says later about an attempt.
type Receipt struct {
	Ref      string // our reference, if the receipt carries it
	ID       string // the carrier's id, if it carries that
	To       string // E.164, if it carries that
	State    ReceiptState
	Class    Class     // why not delivered
	Code     string    // the vendor's code, raw
	Detail   string    // the vendor's words, shortened
	At       time.Time // the carrier's own time, zero if it sends none
	Raw      []byte    // the payload as it came, bounded
	Segments int       // what was billed, 0 = it does not say
	Parts    int       // of a long message whose parts have receipts of their own: ID and all the rest speak of one of so many
}

// Callback is one HTTP request of a carrier to our listener.
type Callback struct {
	Method     string
	URL        string // as the carrier sees it: rebuilt from public_url, never from Host
	Query      url.Values
	Header     http.Header
	Body       []byte
	Ref        string // our reference in the path whose MAC was verified, "" if the path has none
	ReceivedAt time.Time

	// Kept says that Body is the Raw of a receipt that was verified when it came: the proof is gone, and not asked for.
	// Only [Reread] sets it.
	Kept bool
}

// Rereader is a carrier that can read the Raw of its receipts anew in a way of its own.
type Rereader interface {
	Reread(raw []byte) (Receipt, error)
}

// Reread reads the Raw of a receipt anew, by the tables that hold now. It may be of a request with several.
func Reread(c Carrier, raw []byte, ref string) ([]Receipt, error) {
	switch c := c.(type) {
	case Rereader:
		r, err := c.Reread(raw)
		r.Ref = ref
		return []Receipt{r}, err
	case Receiver:
		all, _, err := c.Receipts(Callback{
			Method: http.MethodPost, Query: url.Values{}, Header: http.Header{}, Body: raw, Ref: ref, Kept: true,
		})
		return all, err
	}
	return nil, fmt.Errorf("receipts of type %s cannot be read anew", c.Info().Type)
}

// Reply is what the vendor wants to hear once its receipts are committed. The zero value is 204 without a body.
type Reply struct {
	Status      int
	ContentType string
	Body        string
}

// The ways in which a callback is refused.
var (
	ErrSignature = errors.New("signature does not hold")
	ErrPayload   = errors.New("payload cannot be read")
)
