package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/text"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

// intake is what the import of a list has found out: a plan is printed from it.
type intake struct {
	campaign.Tally
	encoding    string
	delimiter   rune
	blank       int
	cost        carriers.Price
	unpriced    int64  // messages to countries without a price
	rejects     string // where the rejected rows were written; "" if there were none
	firstReject []campaign.Reject
	times       *campaign.Schedule // nil: all are sent to at once
	senders     []string           // what those with a daily cap have sent of their day
	senderRoom  int64              // segments that they may still send today; below 0: others may send the rest
}

// intake reads the list into the campaign c, which is new or is created here once the header and the message are known
// to be good: a wrong column name must not leave a campaign behind.
func (s *session) intake(ctx context.Context, o *sendOptions, l *list, c *campaign.Campaign, lease campaign.Lease) (*intake, error) {
	parser, err := s.parser(o)
	if err != nil {
		return nil, err
	}
	rows, done, err := l.rows(o)
	if err != nil {
		return nil, err
	}
	in, err := s.importRows(ctx, o, l, c, lease, rows, &campaign.Intake{List: rows, Phones: parser})
	if err := errors.Join(err, ignoreAfter(err, done)); err != nil {
		return nil, l.explain(err)
	}
	if err := s.acceptable(o, l, in); err != nil {
		return in, err
	}
	if err := s.checkSender(c, in); err != nil {
		return in, err
	}
	if err := s.checkLabels(in); err != nil {
		return in, err
	}
	return in, s.fits(c, in)
}

// ignoreAfter closes what is left; its own complaint matters only if nothing else went wrong.
func ignoreAfter(err error, done func() error) error {
	if e := done(); err == nil {
		return e
	}
	return nil
}

func (s *session) importRows(ctx context.Context, o *sendOptions, l *list, c *campaign.Campaign, lease campaign.Lease,
	rows *recipients.Reader, work *campaign.Intake,
) (*intake, error) {
	bound, err := l.bind(o, c.Template, rows)
	if err != nil {
		return nil, err
	}
	optOuts := s.store.OptOuts
	if o.optOuts != nil {
		optOuts = o.optOuts
	}
	optedOut, err := optOuts(ctx, optout.Target{
		Sender: c.Sender, Brand: c.Settings.Brand, Class: string(c.Type), Campaign: c.Name,
	})
	if err != nil {
		return nil, err
	}
	times, err := s.schedule(o, c, rows)
	if err != nil {
		return nil, err
	}
	if work.Consented, err = s.consented(ctx, o, c); err != nil {
		return nil, err
	}
	if work.AtCap, err = s.atCap(ctx, o, c); err != nil {
		return nil, err
	}
	if work.Labels, err = s.labeller(o, c); err != nil {
		return nil, err
	}
	c.Columns, c.SourceSHA = rows.Header(), l.sha
	if err := s.store.CreateCampaign(ctx, c, lease); err != nil {
		return nil, err
	}
	path, err := s.rejectsPath(o, c)
	if err != nil {
		return nil, err
	}
	kept := &firstRejects{to: s.store.Importer(c.ID, lease.Token)}
	work.Text, work.MaxSegments, work.OptedOut, work.Price = bound, o.maxSegments, optedOut.Has, s.price
	work.Times = times
	work.Import, work.Rejects = kept, recipients.NewRejects(path, rows.Header(), rows.Delimiter())
	work.Progress = s.importProgress(c)
	if o.transliterate {
		work.Transliterate = func(t string) string { t, _ = text.Transliterate(t); return t }
	}
	var tally campaign.Tally
	err = s.whileHolding(ctx, c, lease, func() (err error) { tally, err = work.Run(ctx); return err })
	if err != nil {
		return nil, err
	}
	in := &intake{Tally: tally, encoding: rows.Encoding(), delimiter: rows.Delimiter(), blank: rows.Blank(), firstReject: kept.first, times: times}
	if work.Rejects.Count() > 0 {
		in.rejects = path
	}
	if in.senders, in.senderRoom, err = s.sendersDay(ctx, o, c); err != nil {
		return nil, err
	}
	in.cost, in.unpriced = tally.Cost(s.price)
	c.Estimate = in.cost
	return in, s.store.FinishImport(ctx, c.ID, lease.Token, store.Intake{
		Rows: tally.Rows, Invalid: tally.Invalid, Duplicate: tally.Duplicate, OptedOut: tally.OptedOut,
		SourceSHA: l.sha, Columns: rows.Header(), Estimate: in.cost,
	})
}

// importProgress says now and then how far a long import is, so that nobody takes it for stuck.
func (s *session) importProgress(c *campaign.Campaign) func(int) {
	last := s.now()
	return func(rows int) {
		if now := s.now(); now.Sub(last) >= s.interval() {
			last = now
			s.say("importing %s: %s rows", c.Name, count(int64(rows)))
		}
	}
}

// firstRejects remembers some invalid rows for the error that names them.
type firstRejects struct {
	to    campaign.Importer
	first []campaign.Reject
}

func (f *firstRejects) Import(ctx context.Context, batch []campaign.Recipient, rejects []campaign.Reject) ([]campaign.Reject, error) {
	for i := range rejects {
		if len(f.first) < 3 && rejects[i].Code != campaign.CodeOptedOut {
			f.first = append(f.first, rejects[i])
		}
	}
	return f.to.Import(ctx, batch, rejects)
}

// rejectsPath is where the rows that are not sent to are written: --rejects, else a file of the campaign in the state
// directory.
func (s *session) rejectsPath(o *sendOptions, c *campaign.Campaign) (string, error) {
	path := o.rejects
	if path == "" {
		path = filepath.Join(s.stateDir(), "rejects", filepath.Base(c.Name)+".csv")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("creating the folder of the rejects: %w", err)
	}
	return path, nil
}

// acceptable refuses a list of which too much is wrong, before anything of it can be sent.
func (s *session) acceptable(o *sendOptions, l *list, in *intake) error {
	limit, err := parseShare("max-rejects", o.maxRejects)
	if err != nil {
		return err
	}
	if in.Rows == 0 {
		return fail(exitInput, "csv.no_rows", "the list has no rows").at("%s", l.name).fix("add recipients below the header")
	}
	if o.to != "" && in.Eligible() == 0 {
		return s.refusedNumber(in)
	}
	if float64(in.Invalid) > limit*float64(in.Rows) {
		where := "first: "
		for i, r := range in.firstReject {
			if i > 0 {
				where += ", "
			}
			where += fmt.Sprintf("line %d %s", r.Line, r.Message)
		}
		return fail(exitInput, "csv.invalid_rows", "%s of %s rows are invalid, more than %s: nothing was sent", count(in.Invalid), count(in.Rows), o.maxRejects).
			at("%s; all: %s", where, in.rejects).
			fix("mend them and send again, or raise --max-rejects, or use --skip-invalid").
			with("invalid", in.Invalid).with("rows", in.Rows).with("rejects", in.rejects)
	}
	if o.maxRecipients > 0 && in.Eligible() > int64(o.maxRecipients) {
		return fail(exitGuard, "recipients.too_many", "%s recipients are more than --max-recipients %d: nothing was sent",
			count(in.Eligible()), o.maxRecipients).at("%s", l.name).fix("check the list, or raise --max-recipients")
	}
	return nil
}

// refusedNumber explains why the one number of --to was not taken.
func (s *session) refusedNumber(in *intake) error {
	if in.OptedOut > 0 {
		return fail(exitInput, campaign.CodeOptedOut, "this number is on the opt-out list: nothing was sent").at("--to").
			fix("smsctl optout check NUMBER")
	}
	e := fail(exitInput, "csv.invalid_rows", "nothing can be sent to this number").at("--to").fix("write it with + and the country code")
	if len(in.firstReject) > 0 {
		e.Code, e.Where = in.firstReject[0].Code, "--to: "+in.firstReject[0].Message
	}
	return e
}
