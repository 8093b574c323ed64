package carriertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smsctl/smsctl/carriers"
)

func (r *run) connectionRefused(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	expect(t, r.submit(t.Context(), r.carrier(t, gone.URL, 5*time.Second)), carriers.No, carriers.ClassCarrierTransient)
}

func (r *run) noHostNoTLS(t *testing.T) {
	t.Run("no such host", func(t *testing.T) {
		c := r.carrier(t, "http://carrier.invalid", time.Second)
		expect(t, r.submit(t.Context(), c), carriers.No, carriers.ClassCarrierTransient)
	})
	t.Run("no TLS", func(t *testing.T) {
		c := r.carrier(t, strings.Replace(r.vendor.URL, "http:", "https:", 1), 5*time.Second)
		r.vendor.plays(r.first(t, "yes").ServeHTTP)
		expect(t, r.submit(t.Context(), c), carriers.No, carriers.ClassCarrierTransient)
		if n := len(r.vendor.requests()); n != 0 {
			t.Errorf("%d requests went out without TLS", n)
		}
	})
}

func (r *run) noAnswer(t *testing.T) {
	r.vendor.plays(func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	c := r.carrier(t, r.vendor.URL, time.Second) // long enough to connect on a busy machine
	expect(t, r.submit(t.Context(), c), carriers.Unknown, carriers.ClassAmbiguous)
}

func (r *run) reset(t *testing.T) {
	r.vendor.plays(drops(true))
	expect(t, r.submit(t.Context(), r.patient(t)), carriers.Unknown, carriers.ClassAmbiguous)
}

func (r *run) serverErrors(t *testing.T) {
	c := r.patient(t)
	for _, status := range []int{500, 502, 503, 504} {
		r.vendor.plays(answers(status, "text/html", "<h1>fault</h1>"))
		got := r.submit(t.Context(), c)
		if slices.Contains(r.Proven, status) {
			expect(t, got, carriers.No, got.Class) // which one is the recorded answers' matter
		} else {
			expect(t, got, carriers.Unknown, carriers.ClassAmbiguous)
		}
		if want := fmt.Sprint("HTTP ", status); got.Status != want {
			t.Errorf("status %q, want %q", got.Status, want)
		}
	}
}

func (r *run) unreadableSuccess(t *testing.T) {
	c := r.patient(t)
	yes := r.first(t, "yes")
	for name, body := range map[string]string{
		"empty":      "",
		"html":       "<html><body>Welcome to the free WiFi</body></html>",
		"null":       "null",
		"an array":   "[1, 2]",
		"cut off":    yes.body[:len(yes.body)/2],
		"other JSON": `{"a": {"b": [true]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r.vendor.plays(answers(yes.status, yes.header.Get("Content-Type"), body))
			expect(t, r.submit(t.Context(), c), carriers.Unknown, carriers.ClassAmbiguous)
		})
	}
}

// hugeAnswer offers 64 MiB and sees how much of it is taken: more than the buffers of two sockets is too much.
func (r *run) hugeAnswer(t *testing.T) {
	const offered, tooMuch = 64 << 20, 32 << 20
	taken := make(chan int, 1)
	r.vendor.plays(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(r.first(t, "yes").status)
		block, sum := make([]byte, 64<<10), 0
		for sum < offered {
			n, err := w.Write(block)
			sum += n
			if err != nil {
				break
			}
		}
		taken <- sum
	})
	expect(t, r.submit(t.Context(), r.patient(t)), carriers.Unknown, carriers.ClassAmbiguous)
	if n := <-taken; n > tooMuch {
		t.Errorf("%d MiB of an endless answer were read", n>>20)
	}
}

func (r *run) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := r.patient(t)
	r.vendor.plays(func(_ http.ResponseWriter, req *http.Request) {
		cancel()
		<-req.Context().Done()
	})
	expect(t, r.submit(ctx, c), carriers.Unknown, carriers.ClassAmbiguous)
	r.vendor.plays(r.first(t, "yes").ServeHTTP)
	expect(t, r.submit(ctx, c), carriers.No, carriers.ClassCarrierTransient)
	if n := len(r.vendor.requests()); n != 0 {
		t.Errorf("%d requests of a cancelled submit", n)
	}
}
