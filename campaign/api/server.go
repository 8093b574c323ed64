package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers/phone"
)

// Orders makes messages durable. Open finds or makes the campaign that collects messages of a kind; spent is one that takes
// no more.
type Orders interface {
	Open(ctx context.Context, k Kind, spent int64) (*campaign.Campaign, error)
	Order(ctx context.Context, o campaign.Order) (campaign.OrderTaken, error)
}

// Lists makes a campaign of a list.
type Lists interface {
	Submit(ctx context.Context, l List, body io.Reader) (Campaign, error)
}

// Views tells what has become of things. What there is not is campaign.ErrNotFound.
type Views interface {
	Message(ctx context.Context, id string) (Message, error)
	Recipient(ctx context.Context, id int64) (Message, error)
	Campaign(ctx context.Context, id string) (Campaign, error)
}

// Kind is what messages have in common that are collected in one campaign.
type Kind struct {
	Type  campaign.MessageType
	From  string // "" is the service's own sender
	Group string
}

// Options are what a server needs.
type Options struct {
	Token   string // whoever has it may do everything
	Orders  Orders
	Lists   Lists
	Views   Views
	Intake  *campaign.Intake                       // its rules, not its list
	Sender  func(text string) error                // checks a sender
	Full    func() (wait time.Duration, full bool) // whether more is queued than shall be
	Taken   func(campaignID int64)                 // messages were added
	Observe func(route string, status int, took time.Duration)
	Now     func() time.Time
	Log     *slog.Logger
	MaxBody int64 // of a list, bytes
}

// maxWaiting bounds the requests that wait for their commit: four transactions of the store.
const maxWaiting = 2048

// Server answers requests.
type Server struct {
	Options
	token   [sha256.Size]byte
	waiting chan struct{} // one for each request that waits for its commit
	mux     *http.ServeMux
}

// New makes a server.
func New(o Options) *Server {
	s := &Server{Options: o, token: sha256.Sum256([]byte(o.Token)), waiting: make(chan struct{}, maxWaiting), mux: http.NewServeMux()}
	s.route("POST /v1/messages", s.bounded(s.postMessage))
	s.route("GET /v1/messages/{id}", s.getMessage)
	s.route("POST /v1/campaigns", s.bounded(s.postCampaign))
	s.route("GET /v1/campaigns/{id}", s.getCampaign)
	s.mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, document)
	})
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, problem(http.StatusNotFound, "not_found", "there is nothing at "+r.Method+" "+r.URL.Path).hint("GET /v1/openapi.json"))
	})
	return s
}

// Document is the contract, as OpenAPI 3.
func Document() string { return document }

//go:embed openapi.json
var document string

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// handler answers with a value and its status, or an error.
type handler func(w http.ResponseWriter, r *http.Request) (status int, body any, err error)

// route adds a handler behind the token.
func (s *Server) route(pattern string, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		var status int
		var body any
		var err error
		if s.allowed(r) {
			status, body, err = h(w, r)
		} else {
			w.Header().Set("WWW-Authenticate", `Bearer realm="smsctl"`)
			err = problem(http.StatusUnauthorized, "unauthorized", "the token is missing or wrong").hint("Authorization: Bearer TOKEN, the api.token of the config")
		}
		if err != nil {
			p := s.explain(err)
			status, body = p.Status, p
		}
		write(w, answer{status, body})
		if s.Observe != nil {
			s.Observe(pattern, status, s.Now().Sub(began))
		}
	})
}

// allowed compares hashes in constant time, so that neither the token's length nor its beginning can be found out.
func (s *Server) allowed(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	return ok && s.Token != "" && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
}

// bounded answers 429 when too much waits: for its commit, or to be sent.
func (s *Server) bounded(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) (int, any, error) {
		if wait, full := s.Full(); full {
			return 0, nil, busy("more messages are queued than api.max_queued", wait)
		}
		select {
		case s.waiting <- struct{}{}:
			defer func() { <-s.waiting }()
		default:
			return 0, nil, busy("too many requests at once", time.Second)
		}
		return h(w, r)
	}
}

// number is how the contract writes a number.
func number(digits uint64) string { return phone.FromDigits(digits) }
