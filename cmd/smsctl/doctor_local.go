package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/rules"
	"github.com/smsctl/smsctl/store"
)

func (d *doctor) checkConfig(context.Context) {
	switch {
	case d.broken != nil:
		e := d.asCLIError(d.broken)
		d.say(verdictFail, "%s: %s", e.What, e.Where).remedy("%s", e.Fix)
		return
	case len(d.faults) > 0:
		for _, p := range d.faults {
			d.say(verdictFail, "%s:%d: %s", p.File, p.Line, p.Message).remedy("%s", cmp.Or(p.Hint, "smsctl config validate"))
		}
		return
	case d.loaded.simulated():
		d.say(verdictOK, "no config file: built-in simulated carriers, which reach nobody").remedy("smsctl init")
		return
	}
	path := d.loaded.file.path
	if err := checkPrivate(path); err != nil {
		f := d.say(verdictWarn, "%s: %v", path, err)
		f.remedy("chmod 600 %s", path)
		if d.fix {
			f.mended(os.Chmod(path, 0o600))
		}
		return
	}
	d.say(verdictOK, "%s (profile %s, %s)", path, d.flags.profile, plural(len(d.loaded.Carriers), "carrier"))
}

func (d *doctor) checkSecrets(context.Context) {
	if d.loaded == nil {
		d.say(verdictSkip, "the config cannot be read")
		return
	}
	bad := 0
	for _, p := range d.unbuilt {
		if p.Code == "config.secret" {
			bad++
			d.say(verdictFail, "%s", p.Message).remedy("%s", cmp.Or(p.Hint, "smsctl help configuration"))
		}
	}
	literal, references := 0, 0
	for _, s := range d.loaded.settingsOf(d.carrierTypes()) {
		if text, ok := s.Value.(string); ok && isReference(text) {
			references++
		}
		if s.literal == "" {
			continue
		}
		literal++
		d.say(verdictWarn, "%s stands in the config itself (%s)", s.key(), s.Origin).remedy("write it as env:NAME, file:PATH, cmd:COMMAND or keyring:NAME: smsctl help configuration")
	}
	if bad+literal == 0 {
		d.say(verdictOK, "%s, all resolved", plural(references, "reference"))
	}
}

func (d *doctor) checkStore(ctx context.Context) {
	if d.loaded == nil {
		d.say(verdictSkip, "the config cannot be read, so it is not known where the database is")
		return
	}
	path := d.databasePath(d.loaded)
	p, err := store.PendingMigrations(ctx, path)
	switch {
	case err != nil:
		e := d.asCLIError(storeError(err, path))
		d.say(verdictFail, "%s: %s", e.What, e.Where).remedy("%s", e.Fix)
		return
	case p.From == 0:
		d.say(verdictOK, "%s is made by the first campaign", path)
		return
	case len(p.Run) > 0:
		d.say(verdictWarn, "%s has schema %d, this smsctl writes %d", path, p.From, p.To).remedy("smsctl db migrate")
		return
	case d.session == nil:
		_, err := d.open(ctx, false)
		e := d.asCLIError(err)
		d.say(verdictFail, "%s: %s", e.What, e.Where).remedy("%s", e.Fix)
		return
	}
	d.checkOpenStore(ctx, path)
}

// largeStore is from where proving every row takes longer than anybody waits for a doctor.
const largeStore = 256 << 20

// largeWAL is a write-ahead log that nobody has taken into the database for long: a reader that never ends.
const largeWAL = 512 << 20

func (d *doctor) checkOpenStore(ctx context.Context, path string) {
	i, err := d.session.store.Info(ctx)
	if err != nil {
		d.say(verdictFail, "reading %s: %v", path, err).remedy("smsctl db check")
		return
	}
	integrity := "not proven: it is large, ask smsctl db check"
	if i.Size <= largeStore {
		res, err := d.session.store.Check(ctx, false)
		switch {
		case err != nil:
			d.say(verdictFail, "proving %s: %v", path, err).remedy("smsctl db check")
			return
		case len(res.Findings) > 0:
			d.say(verdictFail, "%s: %s, and %d more", path, res.Findings[0], len(res.Findings)-1+int(res.More)).remedy("smsctl db check")
			return
		}
		integrity = "ok"
	}
	d.say(verdictOK, "schema %d, %s, integrity %s, %s", i.Schema, bytesText(i.Size), integrity, plural(int(i.Campaigns), "campaign"))
	if err := checkPrivate(path); err != nil {
		f := d.say(verdictWarn, "%s: %v", path, err)
		f.remedy("chmod 600 %s", path)
		if d.fix {
			f.mended(os.Chmod(path, 0o600))
		}
	}
	if i.OwesScrub {
		f := d.say(verdictWarn, "what db prune or db forget took out may still be in unused parts of the file: a program was at work on it")
		f.remedy("smsctl doctor store --fix, when nothing is being sent")
		if d.fix {
			f.mended(d.session.store.Scrub(ctx))
		}
	}
	if i.WAL > largeWAL {
		d.say(verdictWarn, "the write-ahead log has %s: a program has been reading the database for very long", bytesText(i.WAL)).
			remedy("end what reads %s, then: smsctl db check", path)
	}
}

// The room below which a campaign may end for want of it.
const (
	scarceRoom = 1 << 30
	noRoom     = 100 << 20
)

func (d *doctor) checkDisk(context.Context) {
	if d.loaded == nil {
		d.say(verdictSkip, "the config cannot be read")
		return
	}
	dir := filepath.Dir(d.databasePath(d.loaded))
	for _, err := os.Stat(dir); err != nil && dir != filepath.Dir(dir); _, err = os.Stat(dir) { // not made yet
		dir = filepath.Dir(dir)
	}
	free := store.DiskFree(dir)
	switch {
	case free == nil:
		d.say(verdictSkip, "this system does not tell how much room is left")
	case *free < noRoom:
		d.say(verdictFail, "%s free at %s", bytesText(*free), dir).remedy("free some room, or name another place: database in the config, or --db")
	case *free < scarceRoom:
		d.say(verdictWarn, "%s free at %s: 1,000,000 messages need about 1 GB", bytesText(*free), dir).remedy("free some room")
	default:
		d.say(verdictOK, "%s free at %s", bytesText(*free), dir)
	}
}

// oldPrices is when a price table deserves another look.
const oldPrices = 90 * 24 * time.Hour

func (d *doctor) checkPrices(context.Context) {
	if d.loaded == nil || d.loaded.simulated() {
		d.say(verdictSkip, "there are no carriers of your own")
		return
	}
	var unpriced []string
	priced, imported := 0, 0
	for _, c := range d.built {
		name := c.Info().Name
		switch l, ok := d.prices[name]; {
		case ok:
			imported++
			if age := d.now().Sub(l.At); age > staleAfter {
				d.say(verdictWarn, "the price list of %s was imported %d days ago, from %s", name, int(age.Hours()/24), l.Source).
					remedy("smsctl carrier prices import %s FILE", name)
			}
		case len(c.Info().Common.Price) == 0 && !c.Info().Simulated:
			unpriced = append(unpriced, name)
		default:
			priced++
		}
	}
	if imported > 0 {
		d.say(verdictOK, "%s priced by an imported list: carrier list has their age", plural(imported, "carrier"))
	}
	if len(unpriced) > 0 {
		d.say(verdictWarn, "no prices for %s: campaigns count as free there, and no ceiling can hold", strings.Join(unpriced, ", ")).
			remedy("add price: {\"*\": 0.05} to the carrier in %s", d.loaded.file.path)
	}
	st, err := os.Stat(d.loaded.file.path)
	if err != nil || priced == 0 {
		return
	}
	if age := d.now().Sub(st.ModTime()); age > oldPrices {
		d.say(verdictWarn, "the price tables are %d days old", int(age.Hours()/24)).remedy("compare them with your carriers', and save %s", d.loaded.file.path)
		return
	}
	d.say(verdictOK, "%s priced, the config was saved on %s", plural(priced, "carrier"), st.ModTime().In(d.zone).Format("2006-01-02"))
}

func (d *doctor) checkOrphans(ctx context.Context) {
	if d.session == nil {
		d.say(verdictSkip, "there is no database yet")
		return
	}
	i, err := d.session.store.Info(ctx)
	switch {
	case err != nil:
		d.say(verdictFail, "reading receipts: %v", err).remedy("smsctl db check")
	case i.Parked > 0:
		d.say(verdictWarn, "%s of messages that nobody knows", plural(int(i.Parked), "receipt")).remedy("smsctl dlr orphans")
	default:
		d.say(verdictOK, "%s, each of a message that is known", plural(int(i.Receipts), "receipt"))
	}
}

func (d *doctor) checkLeases(ctx context.Context) {
	if d.session == nil {
		d.say(verdictSkip, "there is no database yet")
		return
	}
	all, err := d.session.store.Campaigns(ctx, d.session.mode, d.flags.profile, 0)
	if err != nil {
		d.say(verdictFail, "reading campaigns: %v", err).remedy("smsctl db check")
		return
	}
	working, stuck := 0, 0
	for _, c := range all {
		switch c.Status {
		case campaign.Running, campaign.Draining, campaign.Importing:
		default:
			continue
		}
		if d.session.alive(c) {
			working++
			continue
		}
		stuck++
		d.say(verdictWarn, "%s is %s, but no process works on it", c.Name, c.Status).remedy("smsctl campaign resume %s", c.Name)
	}
	if stuck == 0 {
		d.say(verdictOK, "%s, %d at work, none without its process", plural(len(all), "campaign"), working)
	}
}

func (d *doctor) checkOptOuts(ctx context.Context) {
	if d.session == nil {
		d.say(verdictSkip, "there is no database yet")
		return
	}
	i, err := d.session.store.Info(ctx)
	if err != nil {
		d.say(verdictFail, "reading opt-outs: %v", err).remedy("smsctl db check")
		return
	}
	if i.OptOuts == 0 && i.Campaigns > 0 && d.session.mode == campaign.Live {
		d.say(verdictWarn, "the opt-out list is empty").remedy("smsctl optout import FILE   (if you have one elsewhere)")
		return
	}
	d.say(verdictOK, "%s", plural(int(i.OptOuts), "opt-out"))
}

func (d *doctor) checkTerminal(context.Context) {
	yes := func(b bool, word string) string {
		if b {
			return word
		}
		return "no " + word
	}
	size := "unknown width"
	if w := d.stdout.width(); w > 0 {
		size = count(int64(w)) + " columns"
	}
	text := strings.Join([]string{yes(d.stdout.tty, "terminal"), yes(d.stdout.color, "colours"), yes(!d.ascii, "UTF-8"), size, runtime.GOOS}, ", ")
	switch w := d.stdout.width(); {
	case d.stdout.tty && d.ascii:
		d.say(verdictWarn, "%s: only ASCII is shown", text).remedy("export LANG=C.UTF-8")
	case d.stdout.tty && w > 0 && w < 56:
		d.say(verdictWarn, "%s: the screen of send needs 56 columns for its panes", text).remedy("make the window wider")
	default:
		d.say(verdictOK, "%s", text)
	}
}

// checkHours warns where promotional messages may arrive at any hour.
func (d *doctor) checkHours(context.Context) {
	switch {
	case d.loaded == nil:
		d.say(verdictSkip, "the config cannot be read")
	case d.loaded.onlySimulated():
		d.say(verdictOK, "simulated carriers reach nobody, at any hour")
	case !d.loaded.Compliance.On():
		d.say(verdictWarn, "compliance is off: the hours in which countries allow promotional messages are not kept").
			remedy("write compliance: provider into the config: smsctl help configuration")
	default:
		if d.loaded.Windows.Holidays != "" {
			if _, err := (&session{app: d.app, cfg: d.loaded}).holidays(); err != nil {
				e := d.asCLIError(err)
				d.say(verdictFail, "%s", e.What).remedy("%s", e.Fix)
				return
			}
		}
		d.say(verdictOK, "compliance: %s. %s", d.loaded.Compliance, rules.Disclaimer)
	}
}
