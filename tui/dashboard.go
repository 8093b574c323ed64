package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/smsctl/smsctl/campaign"
	"github.com/smsctl/smsctl/campaign/report"
)

// pane is a part of the dashboard, numbered as its key.
type pane int

const (
	paneFunnel pane = iota + 1
	paneThroughput
	paneCarriers
	paneErrors
	paneCountries
	paneEvents
)

// dashboard shows one campaign.
type dashboard struct {
	subject Subject
	snap    *report.Snapshot
	err     error
	focus   pane
	zoom    bool
	cursor  map[pane]int
	sort    map[pane]int
	loud    bool   // events: only those that a person should look at
	filter  string // of the events
	typing  bool   // the filter has focus
	ran     bool   // somebody was seen to work on it
	leaving string // DETACHING, DRAINING: this process is about to end
}

// arrived is a snapshot, or why there is none.
type arrived struct {
	of   *dashboard
	snap *report.Snapshot
	err  error
}

func (d *dashboard) begin(m *Model) tea.Cmd {
	if d.cursor == nil {
		d.cursor, d.sort, d.focus = map[pane]int{}, map[pane]int{}, paneCarriers
	}
	return d.fetch(m)
}

func (d *dashboard) fetch(m *Model) tea.Cmd {
	ctx, s := m.context(), d.subject.Source
	return func() tea.Msg {
		snap, err := s.Snapshot(ctx)
		return arrived{d, snap, err}
	}
}

func (d *dashboard) hear(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case arrived:
		if msg.of != d {
			return nil
		}
		if d.err = msg.err; msg.err == nil {
			d.snap = msg.snap
			d.ran = d.ran || d.snap.Alive
		}
		if d.subject.Leave && d.ran && d.over() {
			return tea.Quit
		}
		return m.o.NextFrame(frameTime)
	case nextFrame:
		if !slices.Contains(m.stack, panel(d)) {
			return nil
		}
		return d.fetch(m)
	}
	return nil
}

func (d *dashboard) heading() string {
	if d.snap == nil {
		return "smsctl"
	}
	n := d.snap.Counts
	pct := 100
	if n.Eligible > 0 {
		pct = int(100 * n.Handled() / n.Eligible)
	}
	return fmt.Sprintf("%d%% %s", pct, clean(d.snap.Campaign.Name))
}

// over says that nothing is sent any more.
func (d *dashboard) over() bool {
	if d.snap == nil {
		return false
	}
	switch d.snap.Campaign.Status {
	case campaign.Completed, campaign.Incomplete, campaign.Stopped, campaign.Settling:
		return !d.snap.Alive
	}
	return false
}

func (d *dashboard) key(m *Model, k string) tea.Cmd {
	if d.typing {
		d.typeFilter(k)
		if k != "ctrl+c" {
			return nil
		}
	}
	if cmd, done := d.view(m, k); done {
		return cmd
	}
	return d.act(m, k)
}

// view are the keys that change nothing but the view.
func (d *dashboard) view(m *Model, k string) (tea.Cmd, bool) {
	switch k {
	case "tab":
		d.focus = d.focus%paneEvents + 1
	case "shift+tab":
		d.focus = (d.focus+paneEvents-2)%paneEvents + 1
	case "1", "2", "3", "4", "5", "6":
		d.focus = pane(k[0] - '0')
	case "z":
		d.zoom = !d.zoom
	case "up", "k", "p":
		d.cursor[d.focus] = max(0, d.cursor[d.focus]-1)
	case "down", "j", "n":
		d.cursor[d.focus] = min(d.cursor[d.focus]+1, max(0, d.length(d.focus)-1))
	case "g", "home":
		d.cursor[d.focus] = 0
	case "G", "end":
		d.cursor[d.focus] = max(0, d.length(d.focus)-1)
	case "s":
		d.sort[d.focus]++
	case "l":
		d.loud = !d.loud
	case "/":
		d.typing, d.filter, d.focus = true, "", paneEvents
	case "esc":
		switch {
		case d.filter != "":
			d.filter = ""
		case d.zoom:
			d.zoom = false
		case len(m.stack) > 1:
			return m.pop(), true
		}
	case "enter":
		return d.open(m), true
	case "m":
		return d.messages(m, Choice{}, "messages"), true
	default:
		return nil, false
	}
	return nil, true
}

func (d *dashboard) typeFilter(k string) {
	switch {
	case k == "enter":
		d.typing = false
	case k == "esc":
		d.typing, d.filter = false, ""
	case k == "backspace" && d.filter != "":
		r := []rune(d.filter)
		d.filter = string(r[:len(r)-1])
	case len([]rune(k)) == 1:
		d.filter += k
	}
}

// act are the keys that do something to the campaign.
func (d *dashboard) act(m *Model, k string) tea.Cmd {
	switch k {
	case "ctrl+c":
		return d.interrupt(m)
	case "q":
		return d.quit(m)
	}
	if d.snap == nil || !strings.Contains(" +-=rcdxtbR", k) {
		return nil
	}
	if d.subject.Controls == nil {
		m.notice = "read only: action keys are off"
		return nil
	}
	c := d.snap.Campaign
	switch k {
	case " ":
		if c.Desired == campaign.WantPause || c.Status == campaign.Paused {
			return m.wish(d.subject.Controls, Wish{Kind: Resume})
		}
		return m.wish(d.subject.Controls, Wish{Kind: Pause})
	case "+", "=":
		return d.nudge(m, 1.1)
	case "-":
		return d.nudge(m, 1/1.1)
	case "r":
		m.dialog = rateDialog(d.cap(), func(v float64) tea.Cmd { return m.wish(d.subject.Controls, Wish{Kind: Rate, Rate: v}) })
	case "c":
		n := d.snap.Counts
		m.dialog = cancelDialog(c.Name, n.Handled(), n.Eligible, n.Queued, func() tea.Cmd {
			return m.wish(d.subject.Controls, Wish{Kind: Cancel})
		})
	case "d":
		if d.subject.Owner {
			return d.detach(m)
		}
		m.notice = "another process sends this campaign: q closes the view only"
	case "x", "t", "b":
		d.steerCarrier(m, k)
	case "R":
		return m.wish(d.subject.Controls, Wish{Kind: Report})
	}
	return nil
}

func (d *dashboard) interrupt(m *Model) tea.Cmd {
	if !d.subject.Owner {
		return tea.Quit
	}
	d.leaving = "DRAINING"
	m.dialog = nil
	return m.wish(d.subject.Controls, Wish{Kind: Interrupt})
}

func (d *dashboard) quit(m *Model) tea.Cmd {
	if !d.subject.Owner || d.over() {
		return m.pop()
	}
	var n campaign.Counts
	if d.snap != nil {
		n = d.snap.Counts
	}
	m.dialog = quitDialog(n.Queued, n.Sending, func(k Kind) tea.Cmd {
		if k == Detach {
			return d.detach(m)
		}
		return d.interrupt(m)
	})
	return nil
}

func (d *dashboard) detach(m *Model) tea.Cmd {
	if d.snap == nil || d.snap.Campaign.Desired != campaign.WantPause {
		d.leaving = "DETACHING"
	}
	return m.wish(d.subject.Controls, Wish{Kind: Detach})
}

// rate is the cap of the campaign as a whole, 0 without one.
func (d *dashboard) rate() float64 {
	if c := d.snap.Campaign; c.RateCap != nil {
		return *c.RateCap
	}
	return d.snap.Campaign.Settings.Rate
}

func (d *dashboard) cap() string {
	if r := d.rate(); r > 0 {
		return limit(r) + "/s"
	}
	return "none"
}

func (d *dashboard) nudge(m *Model, by float64) tea.Cmd {
	r := d.rate()
	if r <= 0 {
		r = max(d.snap.Rate, 1)
	}
	return m.wish(d.subject.Controls, Wish{Kind: Rate, Rate: max(0.1, float64(int(r*by*10+0.5))/10)})
}

// steerCarrier does something with the carrier under the cursor.
func (d *dashboard) steerCarrier(m *Model, k string) {
	lines := d.lines()
	i := d.cursor[paneCarriers]
	switch {
	case d.focus != paneCarriers || i < 0 || i >= len(lines):
		m.notice = k + " is for the carrier under the cursor: 3 goes to the carriers"
	case k == "x":
		d.drain(m, lines[i])
	case k == "t":
		d.test(m, lines[i].name)
	case k == "b":
		d.reset(m, lines[i])
	}
}

// test asks whom a message over the carrier shall go to.
func (d *dashboard) test(m *Model, name string) {
	what := "One real message goes out over it, and costs money."
	if d.snap.Campaign.Mode != campaign.Live {
		what = "One message goes out over it; nobody is reached."
	}
	m.dialog = numberDialog("Test "+clean(name), []string{what, "It is a campaign of its own. Its receipt is waited for.", ""}, func(number string) tea.Cmd {
		cmd := m.wish(d.subject.Controls, Wish{Kind: Test, Carrier: name, Number: number})
		m.notice = "the test is under way ..."
		return cmd
	})
}

// reset asks before messages go to a carrier again that was found ill.
func (d *dashboard) reset(m *Model, l line) {
	if l.status == nil || l.status.Breaker == "closed" {
		m.notice = "the breaker of " + clean(l.name) + " is closed: there is nothing to reset"
		return
	}
	m.confirm("Reset the breaker of "+clean(l.name)+"?", []string{"It is " + l.status.Breaker + ", and gets messages again at once."}, func() tea.Cmd {
		return m.wish(d.subject.Controls, Wish{Kind: Reset, Carrier: l.name})
	})
}

// drain asks before it takes a carrier away, and before it gives it back.
func (d *dashboard) drain(m *Model, l line) {
	w, title, text := Wish{Kind: Drain, Carrier: l.name}, "Drain "+l.name+"?", "It gets no new messages; the others take over."
	if l.drained() {
		w.Kind, title, text = Undrain, "Undrain "+l.name+"?", "It gets messages again."
	}
	m.confirm(clean(title), []string{text, "What is under way finishes."}, func() tea.Cmd { return m.wish(d.subject.Controls, w) })
}

// elapsed is how long the campaign has been worked on.
func (d *dashboard) elapsed() time.Duration {
	c := d.snap.Campaign
	if c.StartedAt.IsZero() {
		return 0
	}
	end := d.snap.At
	if !d.snap.Alive && !c.FinishedAt.IsZero() {
		end = c.FinishedAt
	}
	return max(0, end.Sub(c.StartedAt))
}
