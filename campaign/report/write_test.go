package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/routing"
)

func write(t *testing.T, f report.Format, o report.Options, like report.Row, rows ...report.Row) string {
	t.Helper()
	var b bytes.Buffer
	w, err := report.NewWriter(&b, f, like, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func privacy(t *testing.T, mode string) report.Privacy {
	t.Helper()
	p, err := report.PrivacyOf(mode, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func message() *report.Message {
	at := time.Date(2026, 10, 9, 13, 1, 31, 20e6, time.UTC)
	took := int64(410)
	return &report.Message{
		CampaignID: "cmp_a", Campaign: "spring", ID: "msg_a.1", Row: 2, To: "+447700900123", Country: "GB", Kind: "mobile",
		State: campaign.Failed, Class: carriers.ClassUnknown, Code: "E1", Error: `=cmd|'/c calc'!A1`, Carrier: "alpha", Attempts: 1, Segments: 1,
		Encoding: "GSM-7", Cost: 7900, Currency: "EUR", PriceSource: "table", QueuedAt: at, FirstAttemptAt: &at, AcceptMS: &took,
		Sender: "+15005550006", Tags: map[string]string{"b": "2", "a": "1"},
	}
}

// The columns are a public contract: new ones come at the end only.
func TestColumns(t *testing.T) {
	for table, want := range map[report.Table]string{
		report.Messages: "campaign_id,campaign,message_id,row,to,country,number_type,state,error_class,error_code,error_message,actionable,carrier,attempts," +
			"rescued,segments,encoding,cost,currency,price_source,queued_at,first_attempt_at,accepted_at,final_at,accept_ms,dlr_ms,carrier_message_id,sender,tags\n",
		report.Attempts: "campaign_id,message_id,attempt,carrier,score,reason,candidates,submitted_at,finished_at,took_ms,outcome,error_class,error_code," +
			"http_or_smpp_status,carrier_message_id,cost,currency\n",
		report.Failures: "phone,name,smsctl_state,smsctl_class,smsctl_code,smsctl_message,smsctl_actionable,smsctl_message_id\n",
	} {
		if got := write(t, report.CSV, report.Options{}, table.Like([]string{"phone", "name"})); got != want {
			t.Errorf("%s:\n%s, want\n%s", table, got, want)
		}
	}
}

func TestEveryTableHasAsManyCellsAsColumns(t *testing.T) {
	rows := map[report.Table][]report.Row{
		report.Messages: {message()},
		report.Attempts: {&report.Attempt{Carrier: "alpha", Decision: decided("alpha", "beta")}},
		report.Failures: {&report.Failure{Columns: []string{"phone"}, Row: []string{"1"}}},
		report.Invalid:  {&report.Reject{Columns: []string{"phone"}, Reject: campaign.Reject{Column: "phone", Cells: []string{"12"}}}},
	}
	r := spring()
	r.Series = report.Series{StepS: 10, T0: r.GeneratedAt, Accepted: []int64{1, 2}, Failed: []int64{0, 1}, ByCarrier: map[string][]int64{"alpha": {1, 2}}}
	for _, table := range report.Tables() {
		if table.Aggregate() {
			rows[table] = r.Rows(table)
		}
		if table == report.Excluded {
			continue // as invalid
		}
		if len(rows[table]) == 0 {
			t.Errorf("%s has no rows", table)
		}
		text := write(t, report.CSV, report.Options{}, table.Like([]string{"phone"}), rows[table]...)
		if _, err := csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil {
			t.Errorf("%s: %v\n%s", table, err, text)
		}
		for line := range strings.Lines(write(t, report.NDJSON, report.Options{}, table.Like(nil), rows[table]...)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %s", table, line)
			}
		}
		if text := write(t, report.JSON, report.Options{}, table.Like(nil), rows[table]...); !json.Valid([]byte(text)) {
			t.Errorf("%s: no JSON: %s", table, text)
		}
	}
}

func TestExcelProtectsFreeTextAlone(t *testing.T) {
	o := report.Options{Privacy: privacy(t, report.Full), Excel: true}
	text := write(t, report.CSV, o, &report.Message{}, message())
	if !strings.HasPrefix(text, "\ufeffcampaign_id,") || strings.Count(text, "\r\n") != 2 {
		t.Errorf("no byte order mark or no CRLF: %q", text)
	}
	if !strings.Contains(text, `,'=cmd|'/c calc'!A1,`) || !strings.Contains(text, ",+447700900123,") || !strings.Contains(text, ",+15005550006,a=1;b=2") {
		t.Errorf("cells are not protected as they should be: %s", text)
	}
	if pure := write(t, report.CSV, report.Options{}, &report.Message{}, message()); !strings.Contains(pure, `,=cmd|'/c calc'!A1,`) || strings.Contains(pure, "\r") {
		t.Errorf("the default is not pure: %s", pure)
	}
}

func TestPrivacy(t *testing.T) {
	hash := privacy(t, report.Hash).Number("+447700900123")
	for _, c := range []struct{ mode, want string }{
		{report.Masked, "+44 7700 •••123"}, {report.Full, "+447700900123"}, {report.Hash, hash},
	} {
		o := report.Options{Privacy: privacy(t, c.mode)}
		if text := write(t, report.CSV, o, &report.Message{}, message()); !strings.Contains(text, ","+c.want+",") {
			t.Errorf("%s: %s", c.mode, text)
		}
		if text := write(t, report.NDJSON, o, &report.Message{}, message()); !strings.Contains(text, `"to":"`+c.want+`"`) {
			t.Errorf("%s: %s", c.mode, text)
		}
		// In a list the number may be written in any way.
		f := &report.Failure{Columns: []string{"mobile", "name"}, Row: []string{"07700 900-123", "Ana"}, To: "+447700900123"}
		want := c.want
		if c.mode == report.Full {
			want = "07700 900-123"
		}
		if text := write(t, report.CSV, o, f, f); !strings.Contains(text, "\n"+want+",Ana,") {
			t.Errorf("%s: %s", c.mode, text)
		}
	}
	if len(hash) != 64 || hash == privacy(t, report.Hash).Number("+447700900124") {
		t.Errorf("hash %q", hash)
	}
	if _, err := report.PrivacyOf(report.Hash, nil); err == nil {
		t.Error("a hash without a key is accepted")
	}
	var zero report.Privacy
	if got := zero.Number("+447700900123"); got != "+44 7700 •••123" {
		t.Errorf("the zero Privacy shows %q", got)
	}
}

// A failures file is the list again: sent again, every cell comes back as it was, whatever a spreadsheet would make of it.
func FuzzFailuresAreReadBack(f *testing.F) {
	f.Add("Ana", "=1+1", true)
	f.Add("'=1+1", "''-5", false)
	f.Add("'", "a,\"b\"\nc", true)
	f.Add("＝x", "\t", true)
	f.Fuzz(func(t *testing.T, a, b string, excel bool) {
		for _, s := range []string{a, b} {
			if strings.ContainsAny(s, "\r\x00") || !utf8.ValidString(s) {
				t.Skip("the reader refuses or changes such cells itself")
			}
		}
		row := []string{"+447700900123", a, b}
		text := write(t, report.CSV, report.Options{Privacy: privacy(t, report.Full), Excel: excel}, &report.Failure{Columns: []string{"phone", "one", "two"}},
			&report.Failure{Columns: []string{"phone", "one", "two"}, Row: row, To: row[0], State: campaign.Failed, Error: "=x"})
		r, err := recipients.Open(strings.NewReader(text), recipients.Options{Delimiter: ','})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		got, err := r.Next()
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !slices.Equal(got.Cells, row) || !slices.Equal(r.Header(), []string{"phone", "one", "two"}) {
			t.Errorf("cells %q, want %q, header %q\n%s", got.Cells, row, r.Header(), text)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("a second row: %v", err)
		}
	})
}

// decided is a decision for one of two carriers, the other was tried before.
func decided(chosen, other string) *report.Decision {
	return report.DecisionOf(routing.Decision{Type: "promotional", Value: 400_000, Candidates: []routing.Candidacy{
		{Carrier: chosen, Chosen: true, Mean: .934, SD: .02, Here: 12, Above: 40, Trust: 1, Weight: 2, Worth: 747_200, Price: 10_000, Late: 1},
		{Carrier: other, Reason: routing.Tried},
	}})
}

func TestDetailTellsTheStory(t *testing.T) {
	at := time.Date(2026, 10, 9, 14, 2, 11, 188e6, time.UTC)
	after := func(ms int) *time.Time { v := at.Add(time.Duration(ms) * time.Millisecond); return &v }
	took := int64(1900)
	m := message()
	m.State, m.Class, m.QueuedAt, m.Attempts, m.Rescued, m.FirstAttemptAt, m.FinalAt = campaign.Delivered, "", at, 2, true, after(16), after(5916)
	d := &report.Detail{
		Message: *m, Source: "customers.csv", Text: "Hi Ana, call +447700900123.",
		History: []report.Attempt{
			{N: 1, Carrier: "smpp-local", SubmittedAt: *after(16), FinishedAt: after(1922), TookMS: &took, Outcome: campaign.AttemptRefused,
				Class: carriers.ClassThrottled, Code: "ESME_RTHROTTLED", Ref: "ref1", Decision: decided("smpp-local", "twilio-main")},
			{N: 2, Carrier: "twilio-main", SubmittedAt: *after(2714), FinishedAt: after(3122), TookMS: &took, Outcome: campaign.AttemptAccepted,
				Status: "HTTP 201", CarrierMessageID: "SM9c1e", Ref: "ref2", Decision: decided("twilio-main", "smpp-local")},
		},
		Receipts: []report.Receipt{
			{Attempt: 2, Carrier: "twilio-main", Via: "webhook", State: carriers.ReceiptSent, ReceivedAt: *after(3000), Applied: true, MatchedAt: after(3122)},
			{Attempt: 2, Carrier: "twilio-main", Via: "webhook", State: carriers.ReceiptDelivered, ReceivedAt: *after(5916), Applied: true},
			{Attempt: 2, Carrier: "twilio-main", Via: "poll", State: carriers.ReceiptSent, ReceivedAt: *after(6000)},
		},
	}
	d.Tell()
	var got []string
	for _, e := range d.Timeline {
		got = append(got, e.What)
	}
	want := []string{
		"queued", "attempt 1", "refused", "attempt 2", "receipt parked", "accepted", "receipt matched", "receipt delivered", "receipt sent",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, width := range []int{0, 40, 100} {
		var b bytes.Buffer
		if err := d.Private(privacy(t, report.Masked)).WriteText(&b, report.Style{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"+44 7700 •••123", "DELIVERED", "rescued by failover", "REFUSED", "receipt parked", "kept, says nothing new", "Why twilio-main for attempt 2", "only candidate", "0.7372"} {
			if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), word) {
				t.Errorf("width %d: no %q in\n%s", width, word, b.String())
			}
		}
		if strings.Contains(b.String(), "900123") {
			t.Errorf("the number is shown:\n%s", b.String())
		}
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); width > 0 && n > width {
				t.Errorf("%d columns: %q", n, line)
			}
		}
	}
}
