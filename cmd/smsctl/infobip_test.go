package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/smsctl/smsctl/campaign"
)

// logs is Infobip as far as it matters here: it takes a message once under one id, and its logs know which it took.
type logs struct {
	mu    sync.Mutex
	to    map[string]string // by id of the message
	calls []int             // messages in each
	hang  bool              // takes, and does not answer
}

func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Method == http.MethodGet {
		id := r.URL.Query().Get("messageId")
		if l.to[id] == "" {
			fmt.Fprint(w, `{"results":[]}`)
			return
		}
		fmt.Fprintf(w, `{"results":[{"messageId":%q,"status":{"groupName":"DELIVERED","name":"DELIVERED_TO_HANDSET","id":5}}]}`, id)
		return
	}
	var in struct {
		Messages []struct {
			Destinations []struct{ To, MessageID string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l.calls = append(l.calls, len(in.Messages))
	var said []string
	for _, m := range in.Messages {
		d := m.Destinations[0]
		status := `{"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED"}`
		if l.to[d.MessageID] != "" {
			status = `{"groupName":"REJECTED","id":23,"name":"REJECTED_DUPLICATE_MESSAGE_ID"}`
		}
		l.to[d.MessageID] = d.To
		said = append(said, fmt.Sprintf(`{"messageId":%q,"status":%s}`, d.MessageID, status))
	}
	if l.hang && len(l.calls) > 1 {
		l.mu.Unlock()
		<-r.Context().Done()
		l.mu.Lock()
		return
	}
	fmt.Fprintf(w, `{"messages":[%s]}`, strings.Join(said, ","))
}

// copies are how many messages each number got.
func (l *logs) copies() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := map[string]int{}
	for _, to := range l.to {
		n["+"+to]++
	}
	return n
}

// Batches are under way when the process is killed. Afterwards the vendor is asked, by ids of our own, what it took:
// that is proof in both directions, so nobody is left out and nobody gets it twice.
func TestInfobipProvesWhatWasTaken(t *testing.T) {
	t.Parallel()
	vendor := &logs{to: map[string]string{}, hang: true}
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	s := newStage(t, "", func(s *stage) {
		s.config["carriers"] = tree{"omega": tree{
			"type": "infobip", "api_key": "omega-secret-key", "base_url": server.URL, "batch_size": 20, "timeout": "2s", "price": tree{"*": 0.01},
			"receipts": tree{"expected": false},
		}}
	})
	const n = 200
	list := s.list("people.csv", n)
	p := s.start("send", "--csv", list, "-m", "Hi {{name}}", "--yes")
	s.until("calls are under way", func() bool { vendor.mu.Lock(); defer vendor.mu.Unlock(); return len(vendor.calls) >= 3 })
	p.kill()
	vendor.mu.Lock()
	vendor.hang = false
	vendor.mu.Unlock()
	s.run(exitOK, "campaign", "resume", "people")
	for number, copies := range vendor.copies() {
		if copies != 1 {
			t.Errorf("%s got %d", number, copies)
		}
	}
	if got := len(vendor.copies()); got != n {
		t.Errorf("%d of %d numbers got it", got, n)
	}
	found := 0
	for _, m := range s.messages("people") {
		if m.State == campaign.Delivered { // by what the logs said
			found++
		} else if m.State != campaign.NoReceipt {
			t.Errorf("%s: %s", m.To, m.State)
		}
	}
	vendor.mu.Lock()
	defer vendor.mu.Unlock()
	most := 0
	for _, c := range vendor.calls {
		most = max(most, c)
	}
	if found == 0 || most < 2 || most > 20 {
		t.Errorf("%d found by lookup, calls of %v", found, vendor.calls)
	}
}
