package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/smsctl/smsctl/campaign"
)

// shelf is a library of a few campaigns.
type shelf struct {
	world
	all  []Entry
	fail bool
}

var _ Library = (*shelf)(nil)

func (s *shelf) Campaigns(context.Context) ([]Entry, error) {
	if s.fail {
		return nil, errors.New("the disk is gone")
	}
	return s.all, nil
}

func (s *shelf) Open(int64) Subject {
	return Subject{Source: &s.world, Controls: &s.world, Stories: &s.world}
}

func (s *shelf) Table(_ context.Context, t Table) ([]string, [][]string, error) {
	return []string{"NAME", "TYPE"}, [][]string{{string(t) + "-1", "twilio"}, {"キャリア", "smpp"}}, nil
}

func library() *shelf {
	s := &shelf{world: world{snap: spring()}}
	add := func(id int64, name string, st campaign.Status, alive bool, n campaign.Counts, next string, ago time.Duration) {
		c := &campaign.Campaign{
			ID: id, Name: name, PublicID: fmt.Sprint("cmp_0000000", id), Status: st, Currency: "EUR", CreatedAt: noon().Add(-ago), Template: "Hi {{name}}",
			Mode: campaign.Live, Tags: map[string]string{"team": name[:1]},
		}
		if !alive {
			c.FinishedAt = c.CreatedAt
		}
		if st == campaign.Paused {
			c.Reason = "guard failed_rate<5%: 5.20 %"
		}
		s.all = append(s.all, Entry{Campaign: c, Status: st, Alive: alive, Counts: n, Spent: 12_340_000, Next: next})
	}
	add(5, "spring-sale-2026", campaign.Running, true, spring().Counts, "resume", 7*time.Minute)
	add(4, "loyalty-de", campaign.Paused, false, campaign.Counts{Eligible: 12000, Queued: 5996, Delivered: 5450, Undelivered: 243, Failed: 311}, "resume", 22*time.Minute)
	add(3, "otp-migration", campaign.Settling, true, campaign.Counts{Eligible: 4400, Delivered: 4118, Undelivered: 50, Awaiting: 220, Failed: 12}, "", time.Hour)
	add(2, "フラッシュ-fr", campaign.Incomplete, false, campaign.Counts{Eligible: 9000, Delivered: 8390, Undelivered: 340, Failed: 270}, "retry", 2*time.Hour)
	add(1, "welcome", campaign.Completed, false, campaign.Counts{Eligible: 10, Delivered: 10}, "", 50*time.Hour)
	return s
}

func browse(l Library) *Model { return NewBrowser(still(), l, times(), noon) }

func TestBrowserFrames(t *testing.T) {
	for name, c := range map[string]struct {
		w, h int
		keys []string
	}{
		"browser-100x24": {100, 24, nil}, "browser-80x24": {80, 24, []string{"down", "down", "down"}}, "browser-60x20": {60, 20, nil}, "browser-38x6": {38, 6, nil}, "browser-200x50": {200, 50, nil},
		"browser-paused-120x30":  {120, 30, []string{"down"}},
		"browser-filter-120x30":  {120, 30, strings.Split("/state:!completed conf<97", "")},
		"browser-bad-120x30":     {120, 30, strings.Split("/state:asleep", "")},
		"browser-resume-100x24":  {100, 24, []string{"down", " "}},
		"browser-cancel-100x24":  {100, 24, []string{"down", "c"}},
		"browser-carriers-80x24": {80, 24, []string{"C", "~twilio"}},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, play(t, browse(library()), c.w, c.h, append([]string{"~campaigns"}, c.keys...)...), c.w, c.h)
		})
	}
}

func TestBrowserKeys(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"space", "[{pause  0}]"},
		{"down space", "[]"},
		{"down space y", "[{resume  0}]"},
		{"G space y", "[]"},
		{"down c " + letters("loyalty-de") + " enter", "[{cancel  0}]"},
		{"R", "[{report  0}]"},
		{"/ space c R", "[]"},
		{"/ l o y a l enter space y", "[{resume  0}]"},
		{"/ l o y a l enter esc space", "[{pause  0}]"},
		{"s s s s space", "[{pause  0}]"},
		{"enter ~Carriers space", "[{pause  0}]"},
	} {
		l := library()
		steps := []string{"~campaigns"}
		for k := range strings.FieldsSeq(c.keys) {
			steps = append(steps, strings.ReplaceAll(k, "space", " "))
		}
		play(t, browse(l), 120, 30, steps...)
		if got := l.comesTo(c.want); got != c.want {
			t.Errorf("%s: wished %s, not %s", c.keys, got, c.want)
		}
	}
}

// From the list a few keys lead to a message, and the same number of esc back.
func TestBrowserWayDown(t *testing.T) {
	l := library()
	frame := play(t, browse(l), 120, 30, "~campaigns", "enter", "~Funnel", "4", "enter", "~•••123", "enter", "~Why", "esc", "esc", "esc", "~smsctl ui")
	if !strings.Contains(frame, "5 of 5 campaigns") {
		t.Error(frame)
	}
	play(t, browse(l), 120, 30, "~campaigns", "m", "~•••123")
	play(t, browse(l), 120, 30, "~campaigns", "e", "~› 4 Errors")
	play(t, browse(l), 120, 30, "~campaigns", "O", "~opt-outs-1")
	play(t, browse(&shelf{fail: true}), 80, 24, "~the disk is gone")
	play(t, browse(&shelf{}), 80, 24, "~There is no campaign yet")
}

// The browser, too, never draws wider than the window.
func TestBrowserFits(t *testing.T) {
	m := NewBrowser(still(), library(), times(), noon)
	var model tea.Model = m
	model, _ = model.Update(browsed{(*m.now()).(*browser), library().all, nil})
	for w := 20; w <= 210; w += 9 {
		for h := 2; h <= 60; h += 5 {
			m.w, m.h = w, h
			checkSize(t, model.View(), w, h)
		}
	}
}
