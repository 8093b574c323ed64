package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

func newOptOutCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{
		Use: "optout", Aliases: []string{"optouts"}, Short: "Numbers that must not be sent to",
		Long: `Numbers that must not be sent to. The list is looked at when a campaign is planned and again in the moment before each
message is handed to a carrier. Every change is an event that stays, with who made it, why, and where that is written down.

A STOP that comes in as a reply is an entry of the list before the carrier is told that it came. Replies that may be one
are held for a person: smsctl optout review.`,
		Example: "smsctl optout add +447700900123\nsmsctl optout import stops.csv",
	}, newOptOutAddCommand(a), newOptOutRemoveCommand(a), newOptOutCheckCommand(a), newOptOutListCommand(a), newOptOutExplainCommand(a),
		newOptOutReviewCommand(a), newOptOutImportCommand(a), newOptOutExportCommand(a), newOptOutKeywordsCommand(a), newOptOutAddressesCommand(a))
}

// scopeOf reads --scope.
func scopeOf(text string) (optout.Scope, error) {
	scope, err := optout.ParseScope(text)
	if err != nil {
		return "", fail(exitUsage, "usage.bad_value", "%s", err).at("--scope %s", text).
			fix("--scope all, ACME (a sender), brand:ACME, class:promotional or campaign:NAME").with("flag", "--scope")
	}
	return scope, nil
}

const scopeHelp = "all, a `SENDER`, brand:NAME, class:promotional, class:transactional, campaign:NAME"

func newOptOutAddCommand(a *app) *cobra.Command {
	var scope, reason string
	var simulate bool
	cmd := &cobra.Command{
		Use: "add NUMBER...", Short: "Put numbers on the list", Args: cobra.MinimumNArgs(1),
		Example: "smsctl optout add +447700900123\nsmsctl optout add +447700900123 --reason complaint --scope ACME",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.addOptOuts(ctx, args, scope, reason) })
		},
	}
	cmd.Flags().Var(newEnum(&reason, "manual", "stop", "complaint", "manual"), "reason", "stop, complaint, manual")
	cmd.Flags().StringVar(&scope, "scope", string(optout.All), "what must not be sent: "+scopeHelp)
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitLocked)
}

func (s *session) addOptOuts(ctx context.Context, numbers []string, scope, reason string) error {
	reach, err := scopeOf(scope)
	if err != nil {
		return err
	}
	var events []store.OptOut
	for _, text := range numbers { // all are read before any is written
		n, err := s.number(text)
		if err != nil {
			return err
		}
		events = append(events, store.OptOut{
			Phone: n.Digits(), Scope: reach, Source: "cli", Reason: reason, Actor: s.actor(), Evidence: "command line",
		})
	}
	added, err := s.store.AddOptOuts(ctx, events)
	if err != nil {
		return storeError(err, s.store.Path())
	}
	doc := map[string]any{"schema": "smsctl.optout_add/1", "added": added, "already": len(events) - added}
	return s.print(doc, func() error {
		return s.printf("%s added, %s already on the list\n", count(int64(added)), count(int64(len(events)-added)))
	})
}

func newOptOutRemoveCommand(a *app) *cobra.Command {
	var scope, reason string
	var simulate bool
	cmd := &cobra.Command{
		Use: "remove NUMBER", Short: "Take a number off the list, for a reason that stays", Args: cobra.ExactArgs(1),
		Example: `smsctl optout remove +447700900123 --reason "asked for it by mail, ticket 4711"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return fail(exitUsage, "usage.required_flag", "taking a number off the list needs a reason").at("--reason is missing").
					fix(`smsctl optout remove %s --reason "asked for it by mail"`, args[0]).with("flag", "reason")
			}
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				return s.removeOptOut(ctx, args[0], scope, reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why they may be written to again: `TEXT`, kept for good")
	cmd.Flags().StringVar(&scope, "scope", string(optout.All), "the entry's scope: "+scopeHelp)
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitUnconfirmed, exitNotFound, exitLocked)
}

func (s *session) removeOptOut(ctx context.Context, text, scopeText, reason string) error {
	scope, err := scopeOf(scopeText)
	if err != nil {
		return err
	}
	n, err := s.number(text)
	if err != nil {
		return err
	}
	entries, err := s.store.CheckOptOut(ctx, n.Digits())
	if err != nil {
		return err
	}
	var scopes []string
	for _, e := range entries {
		scopes = append(scopes, string(e.Scope))
	}
	missing := fail(exitNotFound, "optout.not_found", "this number is not on the list for the scope %s", scope).
		at("%s is on the list for: %s", phone.Mask(n.E164), orNone(scopes)).fix("smsctl optout check %s", text)
	found := false
	for _, other := range scopes {
		found = found || other == string(scope)
	}
	if !found {
		return missing
	}
	if err := s.confirmTyped(ctx, fmt.Sprintf("Type %s to allow messages to it again:", n.E164), n.E164); err != nil {
		return err
	}
	removed, err := s.store.RemoveOptOut(ctx, store.OptOut{
		Phone: n.Digits(), Scope: scope, Source: "cli", Reason: reason, Actor: s.actor(), Evidence: "command line",
	})
	if err != nil {
		return storeError(err, s.store.Path())
	}
	if !removed {
		return missing
	}
	return s.print(map[string]any{"schema": "smsctl.optout_remove/1", "removed": 1, "scope": scope}, func() error {
		return s.printf("removed (%s)\n", scope)
	})
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// optOutEntry is an entry of the list as it is shown.
type optOutEntry struct {
	Number     string     `json:"number"` // or what is known of it, "hmac-sha256 3fa9c2d1…"
	Hash       string     `json:"hash,omitempty"`
	Scope      string     `json:"scope"`
	Source     string     `json:"source"`
	Reason     string     `json:"reason"`
	Actor      string     `json:"actor"`
	Evidence   string     `json:"evidence"`
	At         time.Time  `json:"at"`
	RecordedAt time.Time  `json:"recorded_at"`
	HonouredAt *time.Time `json:"honoured_at"` // when it first kept a message from being sent
}

func entryOf(o store.OptedOut, p report.Privacy) optOutEntry {
	e := optOutEntry{
		Number: p.Number(phone.FromDigits(o.Phone)), Scope: string(o.Scope), Source: o.Source, Reason: o.Reason, Actor: o.Actor, Evidence: o.Evidence,
		At: o.OccurredAt.UTC(), RecordedAt: o.RecordedAt.UTC(),
	}
	if o.Hash != nil {
		e.Hash = hex.EncodeToString(o.Hash)
		if o.Phone == 0 {
			e.Number = string(o.Kind.Alg) + " " + e.Hash[:8] + "…"
		}
	}
	if !o.HonouredAt.IsZero() {
		at := o.HonouredAt.UTC()
		e.HonouredAt = &at
	}
	return e
}

func newOptOutCheckCommand(a *app) *cobra.Command {
	var scope string
	var status, simulate bool
	cmd := &cobra.Command{
		Use: "check NUMBER...", Short: "Say whether numbers are on the list, and why", Args: cobra.MinimumNArgs(1),
		Example: "smsctl optout check +447700900123\nsmsctl optout check +447700900123 --exit-status && echo may be sent to",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.checkOptOuts(ctx, args, scope, status) })
		},
	}
	cmd.Flags().BoolVar(&status, "exit-status", false, "exit 3 if any of them is on the list")
	cmd.Flags().StringVar(&scope, "scope", "", "only entries of this scope: "+scopeHelp)
	addSimulate(cmd, &simulate)
	return exits(cmd, exitPartial, exitInput, exitLocked)
}

func (s *session) checkOptOuts(ctx context.Context, numbers []string, scope string, status bool) error {
	shown, err := ofScope(scope)
	if err != nil {
		return err
	}
	p, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	type checked struct {
		Number   string        `json:"number"`
		OptedOut bool          `json:"opted_out"`
		Entries  []optOutEntry `json:"entries"`
	}
	var all []checked
	found := false
	for _, text := range numbers {
		n, err := s.number(text)
		if err != nil {
			return err
		}
		entries, err := s.store.CheckOptOut(ctx, n.Digits())
		if err != nil {
			return err
		}
		c := checked{Number: p.Number(n.E164), Entries: []optOutEntry{}}
		for _, e := range entries {
			if shown(e.Scope) {
				c.Entries = append(c.Entries, entryOf(e, p))
			}
		}
		c.OptedOut = len(c.Entries) > 0
		all, found = append(all, c), found || c.OptedOut
	}
	if err := s.print(map[string]any{"schema": "smsctl.optout_check/1", "numbers": all}, func() error {
		t, err := s.newTable(columns("number", "opted_out", "scope", "reason", "source", "at", "evidence"))
		if err != nil {
			return err
		}
		for _, c := range all {
			if !c.OptedOut {
				t.row(c.Number, "no", "", "", "", nil, "")
			}
			for _, e := range c.Entries {
				t.row(c.Number, "yes", e.Scope, e.Reason, e.Source, e.At, e.Evidence)
			}
		}
		return t.flush()
	}); err != nil {
		return err
	}
	if found && status {
		return exitWith(exitPartial)
	}
	return nil
}

// ofScope says which scopes are to be shown; "" is all.
func ofScope(text string) (func(optout.Scope) bool, error) {
	if text == "" {
		return func(optout.Scope) bool { return true }, nil
	}
	want, err := scopeOf(text)
	return func(s optout.Scope) bool {
		of, _ := s.Held()
		return optout.Fold(string(of)) == optout.Fold(string(want))
	}, err
}

func newOptOutListCommand(a *app) *cobra.Command {
	var limit int
	var scope string
	var simulate bool
	cmd := &cobra.Command{
		Use: "list", Short: "Show the list", Args: cobra.NoArgs,
		Example: "smsctl optout list\nsmsctl optout list --limit 0 --json --jq '.optouts | length'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.listOptOuts(ctx, scope, limit) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most `N`; 0 is all")
	cmd.Flags().StringVar(&scope, "scope", "", "only entries of this scope: "+scopeHelp)
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) listOptOuts(ctx context.Context, scope string, limit int) error {
	shown, err := ofScope(scope)
	if err != nil {
		return err
	}
	p, err := s.privacy(s.cfg, s.store, report.Masked)
	if err != nil {
		return err
	}
	total, _, err := s.store.CountOptOuts(ctx)
	if err != nil {
		return err
	}
	all := []optOutEntry{}
	if err := s.store.EachOptOut(ctx, func(o store.OptedOut) error {
		if !shown(o.Scope) {
			return nil
		}
		all = append(all, entryOf(o, p))
		if limit > 0 && len(all) == limit {
			return io.EOF
		}
		return nil
	}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if scope == "" && int64(len(all)) < total {
		s.say("%s of %s are shown: --limit 0 shows all.", count(int64(len(all))), count(total))
	}
	return s.print(map[string]any{"schema": "smsctl.optouts/1", "total": total, "optouts": all}, func() error {
		t, err := s.newTable(columns("number", "scope", "reason", "source", "actor", "at", "evidence"))
		if err != nil {
			return err
		}
		for _, e := range all {
			t.row(e.Number, e.Scope, e.Reason, e.Source, e.Actor, e.At, e.Evidence)
		}
		return t.flush()
	})
}
