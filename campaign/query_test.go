package campaign

import (
	"testing"
	"time"
)

func TestQuery(t *testing.T) {
	f := QueryFacts{
		Campaign: &Campaign{Name: "Spring-Sale", Tags: map[string]string{"team": "crm", "vip": ""}}, Status: Paused,
		Counts: Counts{Eligible: 200, Queued: 50, Delivered: 90, Undelivered: 10, Failed: 30, Expired: 5, Unknown: 15}, Spent: 12.5, Age: 36 * time.Hour,
	}
	for query, want := range map[string]bool{
		"": true, "   ": true, "spring": true, "SALE": true, "winter": false,
		"state:paused": true, "status:paused": true, "state:running,paused": true, "state:running": false, "state:!completed": true, "state:!paused": false,
		"tag:team=crm": true, "tag:team": true, "tag:vip": true, "tag:team=web": false, "tag:other": false,
		"conf<95": true, "conf<90": false, "conf<=90": true, "conf>=90%": true, "conf>90": false, "pct>=75": true,
		"failed>34": true, "failed>35": false, "unknown>=15": true, "queued<51": true, "cost>12": true, "accepted>=100": true,
		"handled>149": true, "eligible<200": false, "age<2d": true, "age>1d": true, "age<90m": false,
		"state:paused spring conf<95": true, "state:paused winter": false,
	} {
		q, err := ParseQuery(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
		} else if got := q.Match(f); got != want {
			t.Errorf("%q: %v", query, got)
		}
	}
	none, _ := ParseQuery("conf<95")
	if none.Match(QueryFacts{Campaign: &Campaign{}}) {
		t.Error("without a receipt there is no confirmed rate to compare")
	}
	for _, bad := range []string{"state:asleep", "state:", "colour:red", "speed<3", "conf<many", "age<x", "<3x:"} {
		if _, err := ParseQuery(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("state:paused tag:team=crm conf<95 age<2d x")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text)
		if err != nil {
			return
		}
		again, err := ParseQuery(q.String())
		if err != nil || again.String() != q.String() {
			t.Errorf("%q: %q, %v", text, again, err)
		}
		q.Match(QueryFacts{Campaign: &Campaign{}})
	})
}
