package api

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

// List is a CSV that a program wants sent, without its rows.
type List struct {
	Message    string
	Name       string
	Type       campaign.MessageType
	From       string
	MaxCost    string
	MaxRejects string
	Key        []byte
}

// Campaign is a campaign as the API tells of it.
type Campaign struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	State      campaign.Status  `json:"state"`
	Reason     string           `json:"reason,omitempty"`
	Type       string           `json:"type"`
	Rows       int64            `json:"rows"`
	Invalid    int64            `json:"invalid"`
	Duplicate  int64            `json:"duplicate"`
	OptedOut   int64            `json:"opted_out"`
	Eligible   int64            `json:"eligible"`
	Recipients map[string]int64 `json:"recipients"` // by state
	CreatedAt  time.Time        `json:"created_at"`
	Replayed   bool             `json:"replayed,omitempty"` // the key, or the same list and message, was known
}

// listFields are the parameters of a list.
func listFields() []string {
	return []string{"message", "name", "type", "from", "max_cost", "max_rejects"}
}

// ParseList reads the parameters of a list.
func ParseList(q url.Values) (List, error) {
	for name, values := range q {
		if !slices.Contains(listFields(), name) || len(values) != 1 {
			return List{}, problem(http.StatusBadRequest, "parameter.unknown", name+" is no parameter, or there twice").in(name).hint("see GET /v1/openapi.json")
		}
	}
	l := List{
		Message: q.Get("message"), Name: q.Get("name"), Type: campaign.MessageType(q.Get("type")), From: q.Get("from"),
		MaxCost: q.Get("max_cost"), MaxRejects: q.Get("max_rejects"),
	}
	if l.Type == "" {
		l.Type = campaign.Promotional
	}
	switch {
	case l.Message == "":
		return l, problem(http.StatusUnprocessableEntity, campaign.CodeTextEmpty, "there is no message").in("message")
	case l.Type != campaign.Promotional && l.Type != campaign.Transactional:
		return l, problem(http.StatusUnprocessableEntity, "type.unknown", "the type is neither promotional nor transactional").in("type")
	case len(l.Name) > 100:
		return l, problem(http.StatusUnprocessableEntity, "name.too_long", "a name has at most 100 bytes").in("name")
	}
	return l, nil
}

func (s *Server) postCampaign(w http.ResponseWriter, r *http.Request) (int, any, error) {
	l, err := ParseList(r.URL.Query())
	if err != nil {
		return 0, nil, err
	}
	if l.Key, err = s.key(r); err != nil {
		return 0, nil, err
	}
	body := &limited{r: http.MaxBytesReader(w, r.Body, s.MaxBody)}
	c, err := s.Lists.Submit(r.Context(), l, body)
	switch {
	case body.err != nil:
		return 0, nil, unreadable(body.err)
	case err != nil:
		return 0, nil, err
	case c.Replayed:
		w.Header().Set("Idempotent-Replayed", "true")
		return http.StatusOK, c, nil
	}
	w.Header().Set("Location", "/v1/campaigns/"+c.ID)
	return http.StatusCreated, c, nil
}

func (s *Server) getCampaign(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	c, err := s.Views.Campaign(r.Context(), r.PathValue("id"))
	return http.StatusOK, c, err
}

// limited remembers why a body could not be read: whoever reads it may wrap that beyond recognition.
type limited struct {
	r   io.Reader
	err error
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}
