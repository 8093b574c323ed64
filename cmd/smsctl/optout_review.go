package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

func newOptOutReviewCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "review", Short: "Read the replies that may be a STOP, and decide", Args: cobra.NoArgs,
		Long: `Read the replies that may be a STOP, and decide. A reply that holds a word such as "cancel" or "stop" in other wording than
a plain STOP is kept for a person, and what its STOP would stop is not sent to the number meanwhile (optout.hold_on_review
in the config). The law counts any wording that a reasonable person takes for a stop: in doubt, accept. This is not legal
advice.`,
		Example: "smsctl optout review\nsmsctl optout review accept 17\nsmsctl optout review dismiss 18",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.listReviews(ctx) })
		},
	}
	addSimulate(cmd, &simulate)
	cmd.AddCommand(newReviewListCommand(a), newReviewAcceptCommand(a), newReviewDismissCommand(a))
	return exits(cmd, exitLocked)
}

func newReviewListCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "list", Short: "Show the replies that wait for a person", Args: cobra.NoArgs, Example: "smsctl optout review list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.listReviews(ctx) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

// replyView is a message from a person as it is shown.
type replyView struct {
	ID        int64      `json:"id"`
	Number    string     `json:"number"`
	To        string     `json:"to"`
	Carrier   string     `json:"carrier"`
	MessageID string     `json:"message_id"`
	Text      string     `json:"text"`
	At        time.Time  `json:"at"`
	Received  time.Time  `json:"received_at"`
	Action    string     `json:"action"`
	Word      string     `json:"word"`
	Rule      string     `json:"rule"`
	Authority string     `json:"authority"`
	Certainty string     `json:"certainty"`
	Campaign  string     `json:"campaign"`
	Scope     string     `json:"scope"`
	Review    string     `json:"review"`
	Reviewer  string     `json:"reviewer"`
	Reviewed  *time.Time `json:"reviewed_at"`
}

func replyOf(r *store.Reply, p report.Privacy) replyView {
	number := r.From
	if r.Phone != 0 {
		number = p.Number(phone.FromDigits(r.Phone))
	}
	v := replyView{
		ID: r.ID, Number: number, To: r.To, Carrier: r.Carrier, MessageID: r.MessageID, Text: r.Text, At: r.At.UTC(), Received: r.ReceivedAt.UTC(),
		Action: string(r.Verdict.Action), Word: r.Verdict.Word, Rule: r.Verdict.Rule, Authority: r.Verdict.Authority, Certainty: r.Verdict.Certainty,
		Campaign: r.Campaign, Scope: string(r.Scope), Review: r.Review, Reviewer: r.Reviewer,
	}
	if !r.ReviewedAt.IsZero() {
		at := r.ReviewedAt.UTC()
		v.Reviewed = &at
	}
	return v
}

func (s *session) listReviews(ctx context.Context) error {
	p, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	all := []replyView{}
	if err := s.store.EachInbound(ctx, 0, func(r *store.Reply) error { all = append(all, replyOf(r, p)); return nil }); err != nil {
		return err
	}
	if len(all) == 0 {
		s.say("No reply waits for review.")
	}
	return s.print(map[string]any{"schema": "smsctl.optout_reviews/1", "replies": all}, func() error {
		t, err := s.newTable(columns("id", "number", "received", "text", "word", "scope", "campaign"))
		if err != nil {
			return err
		}
		for _, r := range all {
			t.row(strconv.FormatInt(r.ID, 10), r.Number, r.Received, oneLine(r.Text), r.Word, r.Scope, r.Campaign)
		}
		return t.flush()
	})
}

func newReviewAcceptCommand(a *app) *cobra.Command {
	var scope string
	var simulate bool
	cmd := &cobra.Command{
		Use: "accept ID...", Short: "They meant STOP: put their numbers on the list", Args: cobra.MinimumNArgs(1),
		Example: "smsctl optout review accept 17\nsmsctl optout review accept 17 --scope all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.review(ctx, args, true, scope) })
		},
	}
	cmd.Flags().StringVar(&scope, "scope", "", "instead of what a STOP of theirs reaches: "+scopeHelp)
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitState, exitLocked)
}

func newReviewDismissCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "dismiss ID...", Short: "They meant something else: their numbers may be written to", Args: cobra.MinimumNArgs(1),
		Long: `They meant something else: their numbers may be written to. Recipients that were held meanwhile are queued again; a campaign
that has ended sends them with campaign resume.`,
		Example: "smsctl optout review dismiss 18",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.review(ctx, args, false, "") })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitNotFound, exitState, exitLocked)
}

func (s *session) review(ctx context.Context, args []string, accept bool, scopeText string) error {
	var scope optout.Scope
	if scopeText != "" {
		var err error
		if scope, err = scopeOf(scopeText); err != nil {
			return err
		}
	}
	ids := make([]int64, len(args))
	for i, arg := range args { // all are read before any is decided
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id < 1 {
			return fail(exitUsage, "usage.bad_value", "%q is no reply's number", arg).at("argument %d", i+1).fix("smsctl optout review list")
		}
		ids[i] = id
	}
	verdict := "dismissed"
	if accept {
		verdict = "accepted"
	}
	resumed := []string{}
	for _, id := range ids {
		names, err := s.store.Review(ctx, id, accept, scope, s.actor())
		switch {
		case errors.Is(err, campaign.ErrNotFound):
			return fail(exitNotFound, "optout.reply_not_found", "there is no reply %d", id).at("%s", s.store.Path()).fix("smsctl optout review list")
		case errors.Is(err, store.ErrReviewed):
			return fail(exitState, "optout.reviewed", "reply %d does not wait for review", id).at("somebody has decided, or the person has sent a clear word since").
				fix("smsctl optout review list")
		case err != nil:
			return err
		}
		resumed = append(resumed, names...)
	}
	doc := map[string]any{"schema": "smsctl.optout_review/1", "review": verdict, "ids": ids, "queued_again": resumed}
	return s.print(doc, func() error {
		if err := s.printf("%s %s\n", count(int64(len(ids))), verdict); err != nil {
			return err
		}
		if len(resumed) > 0 {
			s.say("Queued again in: %s. Send with: smsctl campaign resume %s", strings.Join(resumed, ", "), resumed[0])
		}
		return nil
	})
}
