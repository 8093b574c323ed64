package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// maxMessage bounds the JSON of one message.
const maxMessage = 64 << 10

// Request is a message that a program wants sent.
type Request struct {
	To    string               `json:"to"`
	Text  string               `json:"text"`
	From  string               `json:"from"`
	Type  campaign.MessageType `json:"type"`
	Group string               `json:"group"`
	Ref   string               `json:"ref"`
}

// Message is a message as the API tells of it.
type Message struct {
	ID         string         `json:"id"`
	CampaignID string         `json:"campaign_id"`
	To         string         `json:"to"`
	State      campaign.State `json:"state"`
	Reason     string         `json:"reason,omitempty"`
	Class      string         `json:"error_class,omitempty"`
	Country    string         `json:"country"`
	Segments   int            `json:"segments"`
	Encoding   string         `json:"encoding"`
	Ref        string         `json:"ref,omitempty"`
	Carrier    string         `json:"carrier,omitempty"`
	Attempts   int            `json:"attempts"`
	Cost       string         `json:"cost,omitempty"`
	Currency   string         `json:"currency,omitempty"`
	AcceptedAt *time.Time     `json:"accepted_at,omitempty"`
	FinalAt    *time.Time     `json:"final_at,omitempty"`
	Replayed   bool           `json:"replayed,omitempty"` // the key was known
}

// ParseRequest reads a message strictly: a field that is not understood would not be obeyed.
func ParseRequest(body []byte) (Request, error) {
	r := Request{Type: campaign.Transactional}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, malformed(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, problem(http.StatusBadRequest, "json.malformed", "there is something after the message's object")
	}
	return r, r.check()
}

func malformed(err error) error {
	var wrong *json.UnmarshalTypeError
	title := strings.TrimPrefix(err.Error(), "json: ")
	p := problem(http.StatusBadRequest, "json.malformed", "the body is no message: "+title).hint("see GET /v1/openapi.json")
	if errors.As(err, &wrong) {
		p.Field = wrong.Field
	}
	return p
}

func (r *Request) check() error {
	bad := func(field, code, title string) error {
		return problem(http.StatusUnprocessableEntity, code, title).in(field)
	}
	switch {
	case r.To == "":
		return bad("to", "to.missing", "there is nobody to send to")
	case r.Text == "":
		return bad("text", campaign.CodeTextEmpty, "there is no text")
	case r.Type != campaign.Transactional && r.Type != campaign.Promotional:
		return bad("type", "type.unknown", fmt.Sprintf("%q is neither transactional nor promotional", r.Type))
	case len(r.Ref) > 200:
		return bad("ref", "ref.too_long", "a ref has at most 200 bytes")
	case !groupName(r.Group):
		return bad("group", "group.malformed", "a group is up to 32 lower-case letters, digits, dashes and underscores")
	}
	return nil
}

// groupName keeps groups usable in names of campaigns.
func groupName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) <= 32
}

func (s *Server) postMessage(w http.ResponseWriter, r *http.Request) (int, any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	if err != nil {
		return 0, nil, unreadable(err)
	}
	req, err := ParseRequest(body)
	if err != nil {
		return 0, nil, err
	}
	key, err := s.key(r)
	if err != nil {
		return 0, nil, err
	}
	if req.From != "" {
		if err := s.Sender(req.From); err != nil {
			return 0, nil, problem(http.StatusUnprocessableEntity, "from.malformed", err.Error()).in("from")
		}
	}
	recipient, reject := s.Intake.One(&campaign.Single{To: req.To, Text: req.Text, Ref: req.Ref, Type: req.Type})
	if reject != nil {
		return 0, nil, problem(http.StatusUnprocessableEntity, reject.Code, reject.Message).in(fieldOf(reject.Code)).hint(reject.Fix)
	}
	o := campaign.Order{Recipient: recipient, Key: key}
	if key != nil {
		o.Digest = hash("message", number(recipient.Phone), req.Text, req.From, string(req.Type), req.Group, req.Ref)
	}
	return s.order(r.Context(), w, Kind{Type: req.Type, From: req.From, Group: req.Group}, o)
}

// order makes a message durable. A campaign that takes no more, because somebody has cancelled it, is followed by another.
func (s *Server) order(ctx context.Context, w http.ResponseWriter, k Kind, o campaign.Order) (int, any, error) {
	for tries, spent := 0, int64(0); ; tries++ {
		c, err := s.Orders.Open(ctx, k, spent)
		if err != nil {
			return 0, nil, err
		}
		o.Campaign, spent = c.ID, c.ID
		taken, err := s.Orders.Order(ctx, o)
		if errors.Is(err, campaign.ErrState) && tries < 3 {
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		if taken.Again {
			m, err := s.Views.Recipient(ctx, taken.Recipient)
			m.Replayed = true
			w.Header().Set("Idempotent-Replayed", "true")
			return http.StatusOK, m, err
		}
		s.Taken(c.ID)
		r := &o.Recipient
		m := Message{
			ID: campaign.MessageID(c.PublicID, taken.Recipient), CampaignID: c.PublicID, To: number(r.Phone), State: campaign.Queued,
			Country: r.Country, Segments: r.Segments, Encoding: encoding(r.UCS2), Ref: r.Cells[2],
		}
		w.Header().Set("Location", "/v1/messages/"+m.ID)
		return http.StatusAccepted, m, nil
	}
}

func (s *Server) getMessage(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	m, err := s.Views.Message(r.Context(), r.PathValue("id"))
	return http.StatusOK, m, err
}

func encoding(ucs2 bool) string {
	if ucs2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// fieldOf is the field of the request that a refusal is about.
func fieldOf(code string) string {
	if strings.HasPrefix(code, "text.") {
		return "text"
	}
	return "to"
}

// key is the hash of the request's idempotency key, nil if there is none.
func (s *Server) key(r *http.Request) ([]byte, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return nil, nil
	}
	if len(key) > 255 {
		return nil, problem(http.StatusBadRequest, "idempotency_key.too_long", "an Idempotency-Key has at most 255 bytes").in("Idempotency-Key")
	}
	return hash("key", r.URL.Path, key), nil
}

// hash is what keys and requests are kept as: 16 bytes, because they are compared and not attacked by whoever has the token.
func hash(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return h.Sum(nil)[:16]
}

// unreadable says why a body could not be read.
func unreadable(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return problem(http.StatusRequestEntityTooLarge, "body.too_long", fmt.Sprintf("the body has more than %d bytes", long.Limit))
	}
	return problem(http.StatusBadRequest, "body.broken", "the body broke off")
}
