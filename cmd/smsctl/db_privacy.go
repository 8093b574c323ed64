package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers/phone"
	"github.com/smsctl/smsctl/store"
)

// pruneOptions say which campaigns are pruned, and how.
type pruneOptions struct {
	olderThan string
	campaigns []string
	redact    bool
	delete    bool
	dryRun    bool
	simulate  bool
}

func newDBPruneCommand(a *app) *cobra.Command {
	var o pruneOptions
	cmd := &cobra.Command{
		Use: "prune", Short: "Take people, or whole campaigns, that are long done out of the database", Args: cobra.NoArgs,
		Long: `Take people, or whole campaigns, that are long done out of the database. Only campaigns that have ended are touched.

--redact empties what leads to people: numbers, texts, the rows of the list, what carriers have told of each. States, sums,
prices, times and errors stay: reports say what they said, and db check proves them. --delete takes the campaigns out whole.
Opt-outs and the replies that prove them stay in either case.

The file is then rewritten, so that nothing is left in unused parts of it. Where another program is at work on it, that is done by
the next send that ends, or by serve when nothing is being sent; until then smsctl doctor says so. Files beside the database (rejected rows, reports,
exports, backups) are yours to delete; those that are known are named.`,
		Example: "smsctl db prune --older-than 90d --redact --dry-run\nsmsctl db prune --older-than 730d --delete\nsmsctl db prune --campaign spring --redact",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), o.simulate, func(ctx context.Context, s *session) error { return s.dbPrune(ctx, &o) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.olderThan, "older-than", "", "only campaigns that ended longer ago than `DURATION`, like 90d, or before a day")
	f.StringSliceVar(&o.campaigns, "campaign", nil, "only these, by `NAME`")
	f.BoolVar(&o.redact, "redact", false, "empty what leads to people, keep the sums")
	f.BoolVar(&o.delete, "delete", false, "take the campaigns out whole")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "only say what would be done")
	addSimulate(cmd, &o.simulate)
	return exits(cmd, exitUnconfirmed, exitNotFound, exitLocked, exitState)
}

// pruneBefore is the moment before which campaigns must have ended.
func (s *session) pruneBefore(o *pruneOptions) (time.Time, error) {
	now := s.now()
	if o.redact == o.delete {
		return now, fail(exitUsage, "usage.required_flag", "say what is to be done: --redact or --delete").at("one of the two is needed").
			fix("smsctl db prune --older-than 90d --redact --dry-run").with("flag", "redact")
	}
	if o.olderThan == "" {
		if len(o.campaigns) == 0 {
			return now, fail(exitUsage, "usage.required_flag", "say which campaigns: --older-than or --campaign").at("--older-than is missing").
				fix("smsctl db prune --older-than 90d --redact --dry-run").with("flag", "older-than")
		}
		return now.Add(time.Hour), nil // whatever the clocks say
	}
	return s.moment("older-than", o.olderThan)
}

func (s *session) dbPrune(ctx context.Context, o *pruneOptions) error {
	before, err := s.pruneBefore(o)
	if err != nil {
		return err
	}
	list, err := s.store.Prunable(ctx, s.mode, s.flags.profile, before)
	if err != nil {
		return err
	}
	if list, err = s.ofNames(ctx, list, o.campaigns); err != nil {
		return err
	}
	if o.redact {
		list = unredacted(list)
	}
	verb := map[bool]string{true: "delete", false: "redact"}[o.delete]
	doc := map[string]any{"schema": "smsctl.db_prune/1", "action": verb, "dry_run": o.dryRun, "campaigns": list, "scrubbed": false}
	if len(list) == 0 && !o.dryRun {
		if err := s.settleScrub(ctx); err != nil {
			return err
		}
	}
	if len(list) == 0 || o.dryRun {
		return s.print(doc, func() error { return s.showPrune(list, verb, o.dryRun) })
	}
	if !s.wantsJSON() {
		if err := s.showPrune(list, verb, true); err != nil {
			return err
		}
	}
	if err := s.confirmTyped(ctx, fmt.Sprintf("Type %s to %s these campaigns for good:", verb, verb), verb); err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	if o.delete {
		err = s.store.Delete(ctx, ids, before)
	} else {
		err = s.store.Redact(ctx, ids, before)
	}
	if err != nil {
		return err
	}
	scrubbed, err := s.scrub(ctx)
	if err != nil {
		return err
	}
	doc["scrubbed"] = scrubbed
	if err := s.print(doc, func() error { return s.printf("%s %sed\n", plural(len(list), "campaign"), trimE(verb)) }); err != nil {
		return err
	}
	for _, c := range list {
		s.nameFile(c.Rejects, c.Name)
	}
	return unscrubbed(scrubbed, s.store.Path())
}

func trimE(verb string) string {
	if verb == "delete" {
		return "delet"
	}
	return verb
}

// ofNames narrows the list to the campaigns of --campaign; one that is not there must not be overlooked.
func (s *session) ofNames(ctx context.Context, list []store.Prunable, names []string) (kept []store.Prunable, err error) {
	if len(names) == 0 {
		return list, nil
	}
	for _, name := range names {
		c, err := s.campaign(ctx, name)
		if err != nil {
			return nil, err
		}
		found := false
		for _, p := range list {
			if p.ID == c.ID {
				kept, found = append(kept, p), true
			}
		}
		if !found {
			return nil, fail(exitState, "db.not_ended", "campaign %s cannot be pruned", c.Name).at("it is %s, or ended too lately", c.Status).
				fix("smsctl campaign show %s", c.Name)
		}
	}
	return kept, nil
}

func unredacted(list []store.Prunable) []store.Prunable {
	kept := []store.Prunable{}
	for _, p := range list {
		if !p.Redacted {
			kept = append(kept, p)
		}
	}
	return kept
}

func (s *session) showPrune(list []store.Prunable, verb string, would bool) error {
	if len(list) == 0 {
		s.say("No campaign is to be %sed.", trimE(verb))
		return nil
	}
	t, err := s.newTable(columns("campaign", "state", "ended", "recipients", "attempts"))
	if err != nil {
		return err
	}
	var people, attempts int64
	for _, p := range list {
		t.row(p.Name, p.State, p.EndedAt, count(p.Recipients), count(p.Attempts))
		people, attempts = people+p.Recipients, attempts+p.Attempts
	}
	if err := t.flush(); err != nil {
		return err
	}
	if would {
		s.say("Would %s %s with %s recipients and %s attempts.", verb, plural(len(list), "campaign"), count(people), count(attempts))
	}
	return nil
}

// scrub rewrites the file; false says that somebody else is at work on it.
func (s *session) scrub(ctx context.Context) (bool, error) {
	switch err := s.store.Scrub(ctx); {
	case errors.Is(err, store.ErrLocked):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// settleScrub rewrites the file where somebody was at work on it when people or campaigns were taken out: whoever that was
// does so when it has done, and serve when nothing is being sent.
func (s *session) settleScrub(ctx context.Context) error {
	owed, err := s.store.OwesScrub(ctx)
	if err != nil || !owed {
		return err
	}
	if busy, err := s.store.Busy(ctx); err != nil || busy {
		return err
	}
	s.say("Rewriting the database: nothing is to be left of what was taken out of it.")
	done, err := s.scrub(ctx)
	if err == nil && !done {
		s.log().Info("the database is to be rewritten, and another program is at work on it")
	}
	return err
}

func unscrubbed(done bool, path string) error {
	if done {
		return nil
	}
	return fail(exitLocked, "db.not_scrubbed", "what was taken out is still in unused parts of the file: another program is at work on it").at("%s", path).
		fix("nothing, if that is smsctl: send does it when it has ended, serve when nothing is being sent. Or run the same command again then")
}

// nameFile names a file outside the database that may hold people, if it is there: where the campaign has put its rejected
// rows, or where a campaign of that name puts them by itself.
func (s *session) nameFile(path, campaign string) {
	if path == "" {
		path = filepath.Join(s.stateDir(), "rejects", filepath.Base(campaign)+".csv")
	}
	if _, err := os.Stat(path); err == nil {
		s.say("Not touched: %s holds rejected rows of the list. Delete it when you need it no more.", path)
	}
}

func newDBForgetCommand(a *app) *cobra.Command {
	var simulate bool
	cmd := &cobra.Command{
		Use: "forget NUMBER", Short: "Take one person out of everything, and never send to them again", Args: cobra.ExactArgs(1),
		Long: `Take one person out of everything: recipients, texts, attempts, receipts, what they wrote and were answered, rejected rows,
consents, and the mention of their number in what belongs to others. Sums and reports stay what they were. A hash of the number
under keys.hash of the config stays on the opt-out list, so that they are never sent to again, whatever list they stand on.

Without keys.hash the key lies in the database itself: whoever has the file can find out by trying whether a number is among
the forgotten. Lists, reports, exports and backups outside the database are yours to deal with; files of rejected rows are named.`,
		Example: "smsctl db forget +447700900123",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.dbForget(ctx, args[0]) })
		},
	}
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitUnconfirmed, exitLocked)
}

func (s *session) dbForget(ctx context.Context, text string) error {
	n, err := s.number(text)
	if err != nil {
		return err
	}
	if err := s.confirmTyped(ctx, fmt.Sprintf("Type %s to forget this person for good:", n.E164), n.E164); err != nil {
		return err
	}
	res, err := s.store.Forget(ctx, n.Digits(), s.actor())
	if err != nil {
		return err
	}
	scrubbed, err := s.scrub(ctx)
	if err != nil {
		return err
	}
	doc := struct {
		Schema string `json:"schema"`
		Number string `json:"number"`
		*store.Forgotten
		Scrubbed bool `json:"scrubbed"`
	}{"smsctl.db_forget/1", phone.Mask(n.E164), res, scrubbed}
	if err := s.print(doc, func() error {
		return s.printf("%s is forgotten\n%s", phone.Mask(n.E164), fields([][2]string{
			{"campaigns", count(int64(len(res.Campaigns)))},
			{"recipients", count(res.Recipients)},
			{"attempts", count(res.Attempts)},
			{"receipts", count(res.Receipts)},
			{"replies", count(res.Inbound) + ", answered " + count(res.Replies)},
			{"rejects", count(res.Rejects)},
			{"opt-outs", count(res.Events) + " events kept without the number"},
			{"consents", count(res.Consents)},
			{"mentions", count(res.Mentions)},
			{"kept", "hash " + res.Hash + "…: never sent to again"},
		}))
	}); err != nil {
		return err
	}
	for _, f := range res.Files {
		s.nameFile(f, "")
	}
	for _, name := range res.Campaigns {
		s.nameFile("", name)
	}
	if s.cfg.Keys.Hash == "" {
		s.warn("the key of the hash lies in the database: set keys.hash in the config for numbers that nobody can find by trying")
	}
	return unscrubbed(scrubbed, s.store.Path())
}
