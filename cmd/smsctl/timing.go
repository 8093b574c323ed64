package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/campaign/windows"
	"github.com/smsctl/smsctl/carriers"
)

// windowsConfig is when people may be written to.
type windowsConfig struct {
	Window   sendWindow        `yaml:"window"`   // of every campaign that has none of its own
	Zone     windowZone        `yaml:"zone"`     // by whose clock
	Margin   carriers.Duration `yaml:"margin"`   // how long before the end the last message is begun
	Holidays string            `yaml:"holidays"` // a file with the holidays of countries that smsctl does not know
}

// sendWindow is a time of day, "" for all of it.
type sendWindow string

func (w *sendWindow) UnmarshalText(b []byte) error {
	*w = sendWindow(b)
	_, err := windows.ParseWindow(string(b))
	return err
}

// windowZone is recipient, or a zone.
type windowZone string

func (z *windowZone) UnmarshalText(b []byte) error {
	*z = windowZone(b)
	if string(b) == windows.Recipient {
		return nil
	}
	_, err := windows.LoadZone(string(b))
	return err
}

// timing puts what flags and config say of the time into the settings of a campaign.
func (s *session) timing(o *sendOptions, c *campaign.Campaign) error {
	st := &c.Settings
	st.Window, st.WindowZone, st.WindowMargin = string(s.cfg.Windows.Window), string(s.cfg.Windows.Zone), time.Duration(s.cfg.Windows.Margin)
	switch {
	case o.window == "none":
		st.Window = ""
	case o.window != "":
		w, err := windows.ParseWindow(o.window)
		if err != nil {
			return fail(exitUsage, "usage.bad_value", "%s", err).at("--window %s", o.window).fix("--window 08:00-21:00, or none")
		}
		st.Window = w.String()
	}
	if o.windowTZ != "" {
		zone := windowZone(o.windowTZ)
		if err := zone.UnmarshalText([]byte(o.windowTZ)); err != nil {
			return fail(exitUsage, "usage.bad_value", "%s", err).at("--window-tz %s", o.windowTZ).fix("--window-tz recipient, or --window-tz Europe/London")
		}
		st.WindowZone = o.windowTZ
	}
	if o.over < 0 || o.over > maxOver {
		return fail(exitUsage, "usage.bad_value", "--over is out of range").at("--over %s", o.over).fix("--over 4h, at most %s", shortDuration(maxOver))
	}
	st.Over = o.over
	if c.Type == campaign.Promotional && c.Mode == campaign.Live {
		st.Compliance = s.cfg.Compliance
	}
	at, err := s.sendTime(o)
	if at.wall == nil {
		st.At = at.instant
	}
	return err
}

// maxOver is how long a campaign may be spread.
const maxOver = 14 * 24 * time.Hour

// sendTime is --at.
type sendTime struct {
	instant time.Time
	wall    *windows.Wall // by the clock of each recipient
}

// sendTime reads --at: an instant, or a local time, in the zone of --window-tz, else of --tz.
func (s *session) sendTime(o *sendOptions) (sendTime, error) {
	text := strings.TrimSpace(o.at)
	if text == "" {
		return sendTime{}, nil
	}
	bad := func(what string) error {
		return fail(exitUsage, "usage.bad_value", "--at: %s", what).at("--at %s", o.at).fix("--at 2026-10-12T09:00, or with its offset 2026-10-12T09:00:00+01:00, or 09:00")
	}
	at, err := time.Parse(time.RFC3339, text)
	zone := s.zone
	if o.windowTZ != "" && o.windowTZ != windows.Recipient {
		if zone, err = windows.LoadZone(o.windowTZ); err != nil {
			return sendTime{}, bad(err.Error())
		}
		at, err = time.Parse(time.RFC3339, text)
	}
	if err == nil {
		return s.toCome(sendTime{instant: at}, bad)
	}
	if clock, err := time.Parse("15:04", text); err == nil { // the next time that it is so late
		now := s.now().In(zone)
		day := time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)
		if clock.Hour()*60+clock.Minute() <= now.Hour()*60+now.Minute() {
			day = day.AddDate(0, 0, 1)
		}
		text = day.Format(time.DateOnly) + " " + clock.Format("15:04")
	}
	wall, err := windows.ParseWall(text)
	if err != nil {
		return sendTime{}, bad(err.Error())
	}
	if o.windowTZ == windows.Recipient {
		return sendTime{wall: &wall}, nil
	}
	if at, err = wall.In(zone); err != nil {
		return sendTime{}, bad(fmt.Sprintf("%s in %s: %s", wall, zone, err))
	}
	return s.toCome(sendTime{instant: at}, bad)
}

func (s *session) toCome(t sendTime, bad func(string) error) (sendTime, error) {
	if t.instant.Before(s.now().Add(-time.Minute)) {
		return t, bad("this time has passed: " + s.localTime(t.instant))
	}
	return t, nil
}

// gates are when the recipients of a campaign may be sent to; nil: at any time.
func (s *session) gates(c *campaign.Campaign) (*windows.Gates, error) {
	st := &c.Settings
	o := windows.Options{Zone: st.WindowZone, Margin: st.WindowMargin, Mode: st.Compliance}
	if st.Window != "" {
		w, err := windows.ParseWindow(st.Window)
		if err != nil {
			return nil, err
		}
		o.Window = &w
	}
	if o.Mode.On() {
		o.Book = rules.Shipped()
		var err error
		if o.Holidays, err = s.holidays(); err != nil {
			return nil, err
		}
	}
	return windows.New(o)
}

// holidays reads the file of the config.
func (s *session) holidays() (_ *windows.Holidays, err error) {
	if s.cfg.Windows.Holidays == "" {
		return nil, nil
	}
	path := s.cfg.relative(s.cfg.Windows.Holidays)
	f, err := os.Open(path)
	if err == nil {
		defer func() { err = errors.Join(err, f.Close()) }()
		var h *windows.Holidays
		if h, err = windows.ReadHolidays(f); err == nil {
			return h, nil
		}
	}
	return nil, fail(exitConfig, "config.bad_value", "the holidays cannot be read: %s", err).at("windows.holidays: %s", path).
		fix("one holiday a line: country,date,name, like JO,2026-03-20,Eid al-Fitr").because(err)
}

// schedule is when the rows of a list are to be sent to; nil: all at once.
func (s *session) schedule(o *sendOptions, c *campaign.Campaign, rows *recipients.Reader) (*campaign.Schedule, error) {
	at, err := s.sendTime(o)
	if err != nil {
		return nil, err
	}
	gates, err := s.gates(c)
	if err != nil {
		return nil, err
	}
	t := &campaign.Schedule{
		Now: s.now(), At: c.Settings.At, Wall: at.wall, Over: c.Settings.Over, Seed: c.Identity + c.Name, Validity: c.Settings.Validity, Gates: gates,
		SendAt: rows.Column("send_at"), TimeZone: -1,
	}
	if z := o.windowTZ; z != "" && z != windows.Recipient {
		if t.Zone, err = windows.LoadZone(z); err != nil {
			return nil, err
		}
	}
	if gates == nil && t.At.IsZero() && t.Wall == nil && t.Over == 0 && t.SendAt < 0 {
		return nil, nil
	}
	for _, name := range []string{"timezone", "time_zone", "tz"} {
		if t.TimeZone < 0 {
			t.TimeZone = rows.Column(name)
		}
	}
	return t, nil
}

// fits refuses a campaign whose messages cannot leave in the time that there is for them.
func (s *session) fits(c *campaign.Campaign, in *intake) error {
	if in.times == nil {
		return nil
	}
	rate := s.fastest(c)
	start := c.Settings.At
	if start.Before(in.times.Now) {
		start = in.times.Now
	}
	end := start.Add(c.Settings.Validity + c.Settings.Over)
	short := in.Waits.Shortage(rate, start, end)
	if short == nil && c.Settings.Over > 0 && rate > 0 {
		if needs := time.Duration(float64(in.AllSegments()) / rate * float64(time.Second)); needs > c.Settings.Over {
			short = &campaign.Shortage{Why: "--over", Segments: in.AllSegments(), Needs: needs, Holds: c.Settings.Over}
		}
	}
	if short == nil {
		return nil
	}
	return fail(exitInput, "window.too_short", "%s need %s at %.4g segments a second, and there are %s: nothing was sent", plural(int(short.Segments), "segment"),
		shortDuration(short.Needs), rate, shortDuration(short.Holds)).at("%s, until %s", short.Why, s.localTime(end)).
		fix("raise --rate, --over or --validity, widen --window, or send to fewer").with("needs_s", short.Needs.Seconds()).with("has_s", short.Holds.Seconds())
}

// fastest is how many segments a second can leave; 0 is not known, or no limit.
func (s *session) fastest(c *campaign.Campaign) (rate float64) {
	for _, carrier := range s.carriers {
		most := carrier.Info().Common.MaxPerSecond
		if most <= 0 {
			return c.Settings.Rate
		}
		rate += most
	}
	if c.Settings.Rate > 0 && (rate == 0 || c.Settings.Rate < rate) {
		return c.Settings.Rate
	}
	return rate
}

// timingPlan writes who waits until when, and why.
func (s *session) timingPlan(c *campaign.Campaign, in *intake, line func(label, format string, args ...any)) {
	if in.times == nil {
		return
	}
	waits := in.Waits.ByHour()
	var later int64
	for _, w := range waits {
		later += w.Messages
	}
	line("Timing", "%s at once, %s later", count(in.Waits.Now), count(later))
	const shown = 6
	for i, w := range waits {
		if i == shown-1 && len(waits) > shown {
			var rest int64
			for _, w := range waits[i:] {
				rest += w.Messages
			}
			line("", "%s from %s until %s", count(rest), s.localTime(w.At), s.localTime(waits[len(waits)-1].At))
			break
		}
		line("", "%s from %s", count(w.Messages), s.localTime(w.At))
	}
	if w := c.Settings.Window; w != "" {
		zone := "the recipients' clocks"
		if z := c.Settings.WindowZone; z != windows.Recipient && z != "" {
			zone = "the clock of " + z
		}
		line("Window", "%s by %s, the last %s before its end", w, zone, shortDuration(c.Settings.WindowMargin))
	}
	if c.Settings.Compliance.On() {
		line("Hours", "of countries and states are kept (compliance: %s). %s", c.Settings.Compliance, rules.Disclaimer)
	}
}

// timingWarnings are what a plan warns about.
func (s *session) timingWarnings(c *campaign.Campaign, in *intake) (lines []string) {
	if c.Type != campaign.Promotional {
		return nil
	}
	switch {
	case c.Mode == campaign.Live && !s.cfg.Compliance.On():
		lines = append(lines, "compliance is off: the hours in which countries allow promotional messages are not kept\n    fix: compliance: provider in the config, or --type transactional")
	case c.Mode == campaign.Simulated && s.cfg.Compliance.On():
		lines = append(lines, "simulated: the hours of countries (compliance: "+string(s.cfg.Compliance)+") are not kept")
	}
	if in.times != nil {
		if unknown := in.times.Gates.Uncharted(in.ByMessages()); len(unknown) > 0 {
			slices.Sort(unknown)
			lines = append(lines, "no promotional messages may arrive on the public holidays of "+strings.Join(unknown, ", ")+", and smsctl does not know them\n    fix: list them in a file, windows.holidays in the config")
		}
	}
	return lines
}

// timingDocument is the same for programs.
type timingDocument struct {
	Now        int64          `json:"now"`
	Later      int64          `json:"later"`
	From       []timingInHour `json:"from"`
	Window     string         `json:"window"`
	WindowTZ   string         `json:"window_tz"`
	Compliance string         `json:"compliance"`
}

type timingInHour struct {
	At       time.Time `json:"at"`
	Messages int64     `json:"messages"`
}

func timingOf(st *campaign.Settings, in *intake) *timingDocument {
	if in.times == nil {
		return nil
	}
	d := &timingDocument{Now: in.Waits.Now, From: []timingInHour{}, Window: st.Window, WindowTZ: st.WindowZone, Compliance: string(st.Compliance)}
	for _, w := range in.Waits.ByHour() {
		d.Later += w.Messages
		d.From = append(d.From, timingInHour{w.At.UTC(), w.Messages})
	}
	return d
}

// warnOfTimes says that a campaign keeps the times that it was made with.
func (s *session) warnOfTimes(o *sendOptions, c *campaign.Campaign) {
	if o.at != "" || o.over != 0 || o.windowTZ != "" || o.window != "" && o.window != c.Settings.Window {
		s.warn("--at, --window, --window-tz and --over are not taken: %s keeps the times that it was made with", c.Name)
	}
}

// validUntil is when the validity of a campaign's messages ends that is begun now.
func (s *session) validUntil(c *campaign.Campaign) time.Time {
	start := s.now()
	if c.Settings.At.After(start) {
		start = c.Settings.At
	}
	return start.Add(c.Settings.Validity)
}
