package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/tui"
)

// Sends up to these are confirmed by a letter, larger ones by typing their number.
const (
	mildRecipients = 100
	mildCost       = carriers.Price(5_000_000)
)

// mild says that a send is confirmed by a letter.
func mild(n int64, cost carriers.Price) bool { return n <= mildRecipients && cost <= mildCost }

// unasked says that nobody needs to confirm a send.
func (s *session) unasked(n int64) bool { return s.mode == campaign.Simulated || s.flags.yes || n == 0 }

func (s *session) confirmSend(ctx context.Context, n int64, cost carriers.Price) error {
	if s.unasked(n) {
		return nil
	}
	est := money{cost, string(s.cfg.Currency)}
	if mild(n, cost) {
		return s.confirm(ctx, fmt.Sprintf("Send %s live messages (est %s)?", count(n), est))
	}
	return s.confirmTyped(ctx, fmt.Sprintf("Type %d to send %s live messages (est %s):", n, count(n), est), strconv.FormatInt(n, 10))
}

// approve lets a person read the plan and confirm it: on the screen where there is one, else by a line. The plan is printed
// in either case, so that it stays when the screen has closed.
func (s *session) approve(ctx context.Context, o *sendOptions, v *runOptions, l *list, c *campaign.Campaign, in *intake) error {
	n := in.Eligible()
	view, err := s.chooseView(v.progress)
	if err != nil || view != viewTUI || s.unasked(n) {
		return s.confirmSend(ctx, n, in.cost)
	}
	var plan strings.Builder
	if err := s.printPlan(&plan, o, l, c, in); err != nil {
		return err
	}
	plan.WriteString(s.glyphs(samples(in, len(in.Samples))))
	head, text, _ := strings.Cut(strings.TrimRight(plan.String(), "\n"), "\n")
	want := strconv.FormatInt(n, 10)
	if mild(n, in.cost) {
		want = "y"
	}
	question := fmt.Sprintf("Type %s to send %s (est %s%s).", want, plural(int(n), "live message"), money{in.cost, c.Currency}, ceilingNote(c))
	var tests sync.WaitGroup // the database is theirs until they have ended
	model, answer := tui.NewApproval(s.screenOptions(), tui.Approval{
		Title: strings.Join(strings.Fields(head), " "), Lines: strings.Split(strings.Trim(text, "\n"), "\n"), Question: question, Want: want,
		Test: func(ctx context.Context, number string) (string, error) {
			tests.Add(1)
			defer tests.Done()
			t := *o
			t.testTo = number
			return s.sendTest(ctx, &t, c, in)
		},
	})
	s.onScreen(ctx, model, nil)
	tests.Wait()
	switch {
	case answer() == tui.Approved:
		return nil
	case answer() == tui.Interrupted:
		v.signals.press()
		<-v.signals.drain.Done()
		return v.signals.drain.Err()
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return declined(question)
}

func ceilingNote(c *campaign.Campaign) string {
	if c.Ceiling == nil {
		return ", no ceiling"
	}
	return ", ceiling " + c.Ceiling.String()
}
