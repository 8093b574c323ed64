package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/text"
	"github.com/smsctl/smsctl/carriers/phone"
)

// list is the input of a campaign: a file that can be read twice, once for its hash and once for its rows. Standard
// input is kept in a temporary file for that.
type list struct {
	name string // what people call it
	path string
	temp bool
	sha  string
}

// sampleSHA is the list of testdata/csv: its numbers are valid ones and may belong to somebody.
const sampleSHA = "05b256a485a95faa00b995959e2158c519bcdead9db5c8d2c2f2d07f6b832038"

// openList hashes the list, so that it is known whether it was sent before anything else is done.
func (a *app) openList(o *sendOptions) (*list, error) {
	l := &list{name: o.csv, path: o.csv}
	switch {
	case o.to != "":
		l.name = "--to"
		if err := l.keep(strings.NewReader("phone\n" + o.to + "\n")); err != nil {
			return nil, err
		}
		return l, nil
	case o.csv == "-":
		l.name = "standard input"
		if err := l.keep(a.stdin); err != nil {
			return nil, err
		}
		return l, nil
	}
	f, err := os.Open(o.csv)
	if err != nil {
		return nil, unreadable(l.name, err)
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, unreadable(l.name, err)
	}
	l.sha = hex.EncodeToString(h.Sum(nil))
	return l, nil
}

func unreadable(name string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fail(exitInput, "csv.unreadable", "the list cannot be read").at("%s: %v", name, err).fix("check the name given with --csv").because(err)
}

// keep writes what can be read only once into a temporary file.
func (l *list) keep(r io.Reader) (err error) {
	f, err := os.CreateTemp("", "smsctl-*.csv")
	if err != nil {
		return fmt.Errorf("keeping %s: %w", l.name, err)
	}
	l.path, l.temp = f.Name(), true
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), r)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("keeping %s: %w", l.name, err), os.Remove(l.path))
	}
	l.sha = hex.EncodeToString(h.Sum(nil))
	return nil
}

func (l *list) close() error {
	if !l.temp {
		return nil
	}
	return os.Remove(l.path)
}

// rows opens the list for reading; done tells whether it still was the file that was hashed.
func (l *list) rows(o *sendOptions) (r *recipients.Reader, done func() error, err error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, nil, unreadable(l.name, err)
	}
	h := &hashed{r: f, h: sha256.New()}
	r, err = recipients.Open(h, recipients.Options{
		Delimiter: o.delimiterRune(), Encoding: o.encoding, PhoneColumn: o.toColumn, NoHeader: o.noHeader, Limit: o.limit,
	})
	if err != nil {
		return nil, nil, errors.Join(l.explain(err), f.Close())
	}
	return r, func() error {
		_, err := io.Copy(io.Discard, h) // what --limit left unread
		if err = errors.Join(err, f.Close()); err != nil {
			return unreadable(l.name, err)
		}
		if hex.EncodeToString(h.h.Sum(nil)) != l.sha {
			return fail(exitInput, "csv.changed", "the list changed while it was read").at("%s", l.name).fix("run the command again")
		}
		return nil
	}, nil
}

// hashed hashes what is read through it.
type hashed struct {
	r io.Reader
	h hash.Hash
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.h.Write(p[:n])
	return n, err
}

// explain turns what is wrong with the file into an error with a remedy.
func (l *list) explain(err error) error {
	var e *recipients.FileError
	if !errors.As(err, &e) {
		return err
	}
	where := l.name
	if e.Where != "" {
		where += ", " + e.Where
	}
	return fail(exitInput, e.Code, "%s", e.What).at("%s", where).fix("%s", e.Fix).with("line", e.Line).because(err)
}

// bind resolves the message's names to the list's columns.
func (l *list) bind(o *sendOptions, source string, r *recipients.Reader) (*text.Bound, error) {
	t, err := text.Parse(source)
	if err != nil {
		return nil, badTemplate(o, err)
	}
	columns := slices.Clone(r.Columns())
	for _, name := range t.Names() { // {{first_name}} finds a column fname
		if i := r.Column(recipients.Normalize(name)); i >= 0 && !slices.Contains(columns, recipients.Normalize(name)) {
			columns[i] = name
		}
	}
	vars, err := pairs("var", o.vars)
	if err != nil {
		return nil, err
	}
	missing := text.Reject
	if o.missing == "empty" {
		missing = text.Empty
	}
	b, err := t.Bind(columns, vars, missing)
	if err != nil {
		return nil, badTemplate(o, err)
	}
	return b, nil
}

func badTemplate(o *sendOptions, err error) error {
	e := fail(exitInput, "message.invalid", "%s", err).at("in the message given with -m").
		fix("placeholders read {{column}} or {{column|default}}: smsctl help message").because(err)
	if o.messageFile != "" {
		e.at("in %s", o.messageFile)
	}
	var s *text.SyntaxError
	if errors.As(err, &s) {
		e.What = s.Message
		e.Where += fmt.Sprintf(", line %d, column %d", s.Line, s.Column)
		e.with("line", s.Line).with("column", s.Column)
	}
	return e
}

// parser reads numbers by the region of the flag or the config.
func (s *session) parser(o *sendOptions) (*phone.Parser, error) {
	region := o.region
	if region == "" {
		region = string(s.cfg.DefaultRegion)
	}
	if region == "" && s.mode == campaign.Simulated {
		region = "GB"
	}
	p, err := phone.NewParser(phone.Options{DefaultRegion: region, AllowAnyType: o.anyType})
	if err != nil {
		return nil, fail(exitUsage, "usage.bad_region", "%s", err).at("--default-region %s", region).fix("use a country code, like GB").because(err)
	}
	return p, nil
}

// identity is the hash of what makes a second send the same campaign: who, what, from whom, to whom by which rules.
func (s *session) identity(o *sendOptions, l *list, template, sender string) string {
	if o.to != "" {
		if o.ref == "" {
			return "" // new each time
		}
		return digest("ref", string(s.mode), s.flags.profile, o.ref)
	}
	vars := slices.Sorted(slices.Values(o.vars))
	return digest("list", string(s.mode), s.flags.profile, l.sha, template, sender, o.kind, o.region, string(s.cfg.DefaultRegion), o.toColumn,
		o.delimiter, o.encoding, fmt.Sprint(o.noHeader, o.anyType, o.limit, o.missing, o.maxSegments, o.transliterate), strings.Join(vars, "\x00"))
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// prepare imports the list into a new campaign, in parallel and atomically: what it returns can be sent, or nothing
// of it remains.
func (s *session) prepare(ctx context.Context, o *sendOptions, l *list, c *campaign.Campaign, lease campaign.Lease) (*intake, error) {
	in, err := s.intake(ctx, o, l, c, lease)
	if err != nil {
		return nil, errors.Join(err, s.discard(c))
	}
	return in, nil
}

// discard removes a campaign of which nothing was sent; it must work when ctx has been cancelled.
func (s *session) discard(c *campaign.Campaign) error {
	if c.ID == 0 {
		return nil
	}
	return s.store.Discard(context.Background(), c.ID)
}
