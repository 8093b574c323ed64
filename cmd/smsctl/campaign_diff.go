package main

import (
	"context"
	"errors"
	"io"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
)

// different explains that a campaign of this name holds something else: what differs, and the two choices.
func (s *session) different(ctx context.Context, o *sendOptions, l *list, c, other *campaign.Campaign) error {
	e := fail(exitInput, "campaign.differs", "campaign %s already holds another list or message: nothing was sent", other.Name).
		fix("--new makes a second campaign; smsctl campaign resume %s goes on with the first", other.Name)
	where := ""
	add := func(s string) {
		if where != "" {
			where += ", "
		}
		where += s
	}
	if other.SourceSHA != l.sha {
		added, gone, err := s.compare(ctx, o, l, other)
		if err != nil {
			return err
		}
		add("+" + count(added) + " new, -" + count(gone) + " missing recipients")
		e.with("new", added).with("missing", gone)
	}
	if other.MessageSHA != c.MessageSHA {
		add("message differs")
	}
	if other.Sender != c.Sender {
		add("sender differs")
	}
	if where == "" {
		where = "flags differ that decide who gets what"
	}
	return e.at("%s", where)
}

// compare counts the numbers that only one of the two has.
func (s *session) compare(ctx context.Context, o *sendOptions, l *list, other *campaign.Campaign) (added, gone int64, err error) {
	had, err := s.store.Phones(ctx, other.ID)
	if err != nil {
		return 0, 0, err
	}
	parser, err := s.parser(o)
	if err != nil {
		return 0, 0, err
	}
	rows, done, err := l.rows(o)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, done()) }()
	seen := make(map[uint64]bool)
	for {
		row, err := rows.Next()
		var bad *recipients.RowError
		switch {
		case errors.As(err, &bad):
			continue
		case errors.Is(err, io.EOF):
			return added, int64(len(had)), nil
		case err != nil:
			return 0, 0, l.explain(err)
		}
		number, err := parser.Parse(row.Phone)
		if err != nil || seen[number.Digits()] {
			continue
		}
		seen[number.Digits()] = true
		if had[number.Digits()] {
			delete(had, number.Digits())
		} else {
			added++
		}
	}
}
