package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/carriers"
)

// planSchema names the form of a saved plan.
const planSchema = "smsctl.plan/1"

// planFile pins what was reviewed: send --plan sends exactly that, once, or says what has changed.
type planFile struct {
	Schema    string    `json:"schema"`
	CreatedAt time.Time `json:"created_at"`
	Campaign  string    `json:"campaign"`
	Mode      string    `json:"mode"`
	Profile   string    `json:"profile"`
	List      string    `json:"list"`
	Flags     []string  `json:"flags"` // as on the command line
	Pins      planPins  `json:"pins"`

	Rows      int64        `json:"rows"`
	Invalid   int64        `json:"invalid"`
	Duplicate int64        `json:"duplicate"`
	OptedOut  int64        `json:"opted_out"`
	Eligible  int64        `json:"eligible"`
	Segments  int64        `json:"segments"`
	Cost      report.Money `json:"estimated_cost"`
	Currency  string       `json:"currency"`

	Timing *timingDocument `json:"timing,omitempty"` // who waits until when; absent when all are sent to at once
	Caps   *cappedDocument `json:"caps,omitempty"`   // absent when there are none
	Labels *labelsDocument `json:"labels,omitempty"` // absent when no text got any, and none lacks one
}

// planPins are the hashes of everything the plan depends on.
type planPins struct {
	CSV      string `json:"csv_sha256"`
	Message  string `json:"message_sha256"`
	Config   string `json:"config_sha256"` // prices included
	OptOuts  int64  `json:"opt_outs"`
	Identity string `json:"identity"`
}

func (s *session) pin(ctx context.Context, o *sendOptions, l *list, c *campaign.Campaign, in *intake) (*planFile, error) {
	pins, err := s.pins(ctx, l, c)
	if err != nil {
		return nil, err
	}
	return &planFile{
		Schema: planSchema, CreatedAt: s.now().UTC(), Campaign: c.Name, Mode: string(c.Mode), Profile: c.Profile, List: l.name, Flags: o.given(), Pins: pins,
		Rows: in.Rows, Invalid: in.Invalid, Duplicate: in.Duplicate, OptedOut: in.OptedOut, Eligible: in.Eligible(),
		Segments: in.AllSegments(), Cost: report.Money(in.cost), Currency: c.Currency, Timing: timingOf(&c.Settings, in),
		Caps: cappedOf(&c.Settings, in), Labels: s.labelsOf(in),
	}, nil
}

func (s *session) pins(ctx context.Context, l *list, c *campaign.Campaign) (planPins, error) {
	_, lastEvent, err := s.store.CountOptOuts(ctx)
	if err != nil {
		return planPins{}, err
	}
	return planPins{CSV: l.sha, Message: c.MessageSHA, Config: s.cfg.digest(), OptOuts: lastEvent, Identity: c.Identity}, nil
}

// digest is the hash of the config file as it stands.
func (c *config) digest() string {
	if c.file == nil {
		return "none"
	}
	return digest(c.file.lines...)
}

func (p *planFile) save(path string) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("saving the plan: %w", err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o600); err != nil {
		return fail(exitError, "plan.unwritable", "the plan cannot be saved").at("%v", err).fix("name another file with -o").because(err)
	}
	return nil
}

func readPlan(path string) (*planFile, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fail(exitInput, "plan.unreadable", "the plan cannot be read").at("%v", err).fix("check the name given").because(err)
	}
	var p planFile
	if err := json.Unmarshal(b, &p); err != nil || p.Schema != planSchema {
		return nil, fail(exitInput, "plan.invalid", "this is no plan of smsctl").at("%s", path).fix("make one: smsctl plan … -o %s", path).because(err)
	}
	return &p, nil
}

// load takes the flags from a saved plan; claim compares the pins.
func (o *sendOptions) load(path string) error {
	if o.csv != "" || o.message != "" || o.messageFile != "" || o.to != "" {
		return fail(exitUsage, "usage.plan_and_flags", "--plan already says what is sent, and to whom").at("other input flags were given").
			fix("smsctl send --plan %s", path)
	}
	p, err := readPlan(path)
	if err != nil {
		return err
	}
	if err := o.flags.Parse(p.Flags); err != nil {
		return fail(exitInput, "plan.invalid", "the plan has a flag that this smsctl does not know").at("%s: %v", path, err).
			fix("plan again with this version").because(err)
	}
	o.plan, o.planPath = p, path
	return nil
}

// given are the flags of the plan as they would stand on a command line.
func (o *sendOptions) given() (args []string) {
	o.flags.VisitAll(func(f *pflag.Flag) { // the command's own set has read them: this one does not know that it has
		if !f.Changed {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			args = append(args, "--"+f.Name+"="+v)
		}
	})
	return args
}

// unchanged refuses a plan that does not hold any more, and says what has changed.
func (s *session) unchanged(ctx context.Context, o *sendOptions, l *list, c *campaign.Campaign) error {
	if o.plan == nil {
		return nil
	}
	now, err := s.pins(ctx, l, c)
	if err != nil {
		return err
	}
	was := o.plan.Pins
	var changed []string
	for _, pin := range []struct {
		what string
		same bool
	}{
		{"the list", was.CSV == now.CSV},
		{"the message", was.Message == now.Message},
		{"the config", was.Config == now.Config},
		{"the opt-outs", was.OptOuts == now.OptOuts},
		{"the profile", o.plan.Profile == s.flags.profile && o.plan.Mode == string(s.mode)},
	} {
		if !pin.same {
			changed = append(changed, pin.what)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return fail(exitInput, "plan.stale", "the plan is stale: nothing was sent").at("changed since %s: %s", o.plan.CreatedAt.Format(time.RFC3339), strings.Join(changed, ", ")).
		fix("plan again: smsctl plan … -o %s", filepath.Base(o.planPath)).with("changed", changed)
}

// document is the plan for programs.
func (p *planFile) document(in *intake) any {
	type country struct {
		Country  string `json:"country"`
		Messages int64  `json:"messages"`
		Segments int64  `json:"segments"`
	}
	doc := struct {
		*planFile
		UCS2      int64     `json:"ucs2_messages"`
		Unpriced  int64     `json:"unpriced_messages"`
		Rejects   string    `json:"rejects"`
		Countries []country `json:"countries"`
	}{planFile: p, Countries: []country{}}
	if in != nil {
		doc.UCS2, doc.Unpriced, doc.Rejects = in.UCS2, in.unpriced, in.rejects
		for _, name := range in.ByMessages() {
			doc.Countries = append(doc.Countries, country{name, in.Countries[name].Messages, in.Countries[name].Segments})
		}
	}
	return doc
}

func newPlanShowCommand(a *app) *cobra.Command {
	return exits(&cobra.Command{
		Use:     "show FILE",
		Short:   "Show a saved plan, stale or not",
		Example: "smsctl plan show spring.plan",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readPlan(args[0])
			if err != nil {
				return err
			}
			return a.print(p, func() error {
				return a.printf("Plan  %s   profile %s, %s carriers, made %s\n\n  Input      %s   %s rows\n  Excluded   %s invalid, %s duplicate, %s opted out\n"+
					"  Send       %s messages, %s segments\n  Cost       %s estimated\n", p.Campaign, p.Profile, p.Mode, a.localTime(p.CreatedAt),
					p.List, count(p.Rows), count(p.Invalid), count(p.Duplicate), count(p.OptedOut),
					count(p.Eligible), count(p.Segments), money{carriers.Price(p.Cost), p.Currency})
			})
		},
	}, exitInput)
}

// scratchPath is a place for a database that nobody keeps.
func scratchPath() (path string, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "smsctl-plan-*")
	if err != nil {
		return "", nil, fmt.Errorf("making room for the plan: %w", err)
	}
	return filepath.Join(dir, "plan.db"), func() error { return os.RemoveAll(dir) }, nil
}
