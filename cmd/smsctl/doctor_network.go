package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/receipts"
)

// askCarriers asks all carriers at the same time, once for all checks.
func (d *doctor) askCarriers(ctx context.Context) map[string]standing {
	if d.standing != nil {
		return d.standing
	}
	d.standing = map[string]standing{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, c := range d.built {
		all.Go(func() {
			st := d.askCarrier(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			d.standing[c.Info().Name] = st
		})
	}
	all.Wait()
	return d.standing
}

func (d *doctor) checkCarriers(ctx context.Context) {
	if d.loaded == nil {
		d.say(verdictSkip, "the config cannot be read")
		return
	}
	if d.loaded.simulated() {
		d.say(verdictOK, "two built-in simulated ones")
		return
	}
	for _, p := range d.unbuilt {
		if p.Code != "config.secret" {
			d.say(verdictFail, "%s", p.Message).remedy("smsctl config validate")
		}
	}
	if len(d.unbuilt) > 0 {
		return
	}
	asked := d.askCarriers(ctx)
	for _, c := range d.built {
		name, st := c.Info().Name, asked[c.Info().Name]
		switch {
		case c.Info().Simulated:
			d.say(verdictOK, "%s simulated, reaches nobody", name)
		case errors.Is(st.err, errors.ErrUnsupported):
			d.say(verdictOK, "%s configured; a %s carrier cannot be asked without sending", name, c.Info().Type).remedy("smsctl carrier test %s --to NUMBER", name)
		case errors.Is(st.err, carriers.ErrAuth):
			d.say(verdictFail, "%s: %v", name, st.err).remedy("smsctl carrier login %s", name)
		case st.err != nil:
			d.say(verdictFail, "%s does not answer as it should: %v", name, st.err).remedy("check the network and base_url, then: smsctl doctor carriers")
		case st.Balance == "":
			d.say(verdictOK, "%s auth ok", name)
		default:
			d.balance(name, st)
		}
	}
}

func (d *doctor) balance(name string, st standing) {
	amount, _, _ := strings.Cut(st.Balance, " ")
	p, err := carriers.ParsePrice(strings.TrimPrefix(amount, "-"))
	if err == nil && (p == 0 || strings.HasPrefix(amount, "-")) {
		d.say(verdictWarn, "%s auth ok, balance %s: prepaid accounts send nothing without credit", name, st.Balance).remedy("top the account up")
		return
	}
	d.say(verdictOK, "%s auth ok, balance %s", name, st.Balance)
}

// The differences of clocks that signatures, windows and schedules bear, and those that they do not.
const (
	skewNoted = 2 * time.Second
	skewWrong = 60 * time.Second
)

func (d *doctor) checkClock(ctx context.Context) {
	if d.loaded == nil {
		d.say(verdictSkip, "the config cannot be read")
		return
	}
	asked := d.askCarriers(ctx)
	told := false
	for _, c := range d.built {
		st := asked[c.Info().Name]
		if st.Ahead == 0 {
			continue
		}
		told = true
		text := fmt.Sprintf("%+.1f s against %s", st.Ahead.Seconds(), c.Info().Name)
		switch skew := st.Ahead.Abs(); {
		case skew >= skewWrong:
			d.say(verdictFail, "%s: signatures fail and windows open at the wrong time", text).remedy("set the clock: timedatectl set-ntp true")
		case skew >= skewNoted:
			d.say(verdictWarn, "%s", text).remedy("set the clock: timedatectl set-ntp true")
		default:
			d.say(verdictOK, "%s", text)
		}
	}
	if !told {
		d.say(verdictSkip, "no carrier told its time")
	}
}

// checkReceipts calls the public URL as a carrier would, with a question that only our own listener can answer.
func (d *doctor) checkReceipts(ctx context.Context) {
	switch {
	case d.loaded == nil:
		d.say(verdictSkip, "the config cannot be read")
		return
	case d.loaded.onlySimulated():
		d.say(verdictOK, "simulated carriers deliver their own")
		return
	case d.loaded.Receipts.PublicURL == "":
		d.say(verdictWarn, "no receipts.public_url: receipts are polled where a carrier allows that, and missing elsewhere").
			remedy("set receipts.listen and receipts.public_url: smsctl help configuration")
		return
	case d.session == nil:
		d.say(verdictSkip, "there is no database yet: receipts are asked for after the first campaign")
		return
	}
	public := string(d.loaded.Receipts.PublicURL)
	key, err := d.session.callbackKey()
	if err == nil {
		err = d.session.useCarriers(ctx, nil)
	}
	if err != nil {
		d.say(verdictFail, "%v", err).remedy("smsctl config validate")
		return
	}
	stop, _, err := d.session.listen(ctx)
	if err != nil {
		e := d.asCLIError(err)
		d.say(verdictFail, "%s: %s", e.What, e.Where).remedy("%s", e.Fix)
		return
	}
	began := d.now()
	ours, err := receipts.Probe(ctx, public, key)
	took := d.now().Sub(began)
	switch {
	case err != nil:
		d.say(verdictFail, "%s does not answer: %v", public, err).remedy("point it at receipts.listen (%s), and open the way from outside", d.loaded.Receipts.Listen)
	case !ours:
		d.say(verdictFail, "something else answers at %s", public).remedy("point it at receipts.listen (%s) of this machine", d.loaded.Receipts.Listen)
	default:
		d.say(verdictOK, "%s answered in %s", public, shortDuration(took))
	}
	if err := stop(); err != nil {
		d.say(verdictWarn, "stopping the listener: %v", err)
	}
}
