package tui

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Options are what a screen is made with.
type Options struct {
	Profile      string
	Zone         *time.Location
	Color, ASCII bool
	Copy         func(text string)                // to the clipboard; nil: the terminal offers none
	Link         func(target, text string) string // text that leads to a file or an address; nil: the terminal offers none
	NextFrame    func(time.Duration) tea.Cmd      // nil: a timer; tests have none
	Retitle      func(title string) tea.Cmd       // nil: by the terminal's own sequence
	Context      func() context.Context           // of reads and wishes; nil: background
}

// Model is the program: a stack of panels and, over them, at most one dialog.
type Model struct {
	theme
	o      Options
	w, h   int
	sizes  int // changes of size seen: only the last one is drawn
	stack  []panel
	dialog *dialog
	help   bool
	notice string // what became of the last wish
	title  string
	frame  string // the last one that was drawn
	same   bool   // what has come since has changed nothing that is seen
}

// panel is what fills the screen.
type panel interface {
	begin(m *Model) tea.Cmd
	draw(m *Model) []string // m.h lines of m.w cells
	key(m *Model, k string) tea.Cmd
	hear(m *Model, msg tea.Msg) tea.Cmd
	heading() string
}

var _ tea.Model = (*Model)(nil)

func newModel(o Options, first panel) *Model {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.NextFrame == nil {
		o.NextFrame = func(d time.Duration) tea.Cmd { return tea.Tick(d, func(time.Time) tea.Msg { return nextFrame{} }) }
	}
	if o.Retitle == nil {
		o.Retitle = tea.SetWindowTitle
	}
	return &Model{theme: newTheme(o.Color, o.ASCII), o: o, stack: []panel{first}}
}

// NewDashboard is a model that shows one campaign.
func NewDashboard(o Options, s Subject) *Model { return newModel(o, &dashboard{subject: s}) }

type (
	// nextFrame is the moment for another snapshot.
	nextFrame struct{}
	resized   struct{ n, w, h int }
	// told is what became of a wish.
	told struct {
		text string
		err  error
	}
	// Over ends the screen from outside: the campaign has come to its end.
	Over struct{}
)

// frameTime is the least time between two snapshots.
const frameTime = 200 * time.Millisecond

// resizeTime is how long the size must stand still before it is drawn with.
const resizeTime = 50 * time.Millisecond

func (m *Model) context() context.Context {
	if m.o.Context == nil {
		return context.Background()
	}
	return m.o.Context()
}

func (m *Model) now() *panel { return &m.stack[len(m.stack)-1] }

// Init starts the first panel.
func (m *Model) Init() tea.Cmd { return (*m.now()).begin(m) }

// Update takes in a key or what a read has brought. It never waits for anything.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, m.same = msg.(nextFrame)
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return m, m.resize(msg)
	case resized:
		if msg.n == m.sizes {
			m.w, m.h = msg.w, msg.h
		}
		return m, nil
	case Over:
		return m, tea.Quit
	case told:
		m.notice = msg.text
		if msg.err != nil {
			m.notice = clean(msg.err.Error())
		}
		return m, (*m.now()).hear(m, msg)
	case tea.KeyMsg:
		return m, m.press(msg)
	}
	var cmds []tea.Cmd
	for _, p := range m.stack { // those below stay up to date
		cmds = append(cmds, p.hear(m, msg))
	}
	if t := (*m.now()).heading(); t != m.title {
		m.title = t
		cmds = append(cmds, m.o.Retitle(t))
	}
	return m, tea.Batch(cmds...)
}

func (m *Model) resize(size tea.WindowSizeMsg) tea.Cmd {
	m.sizes++
	if m.w == 0 {
		m.w, m.h = size.Width, size.Height
		return nil
	}
	n := m.sizes
	return tea.Tick(resizeTime, func(time.Time) tea.Msg { return resized{n, size.Width, size.Height} })
}

// tiny says that the window has no room for panes: then only q, ? and Ctrl-C do anything, because nobody sees what other
// keys do.
func (m *Model) tiny() bool { return m.w < 56 || m.h < 10 }

// press takes a key. Keys that were typed faster than they were read come as one; a text that was pasted is no keys.
func (m *Model) press(k tea.KeyMsg) tea.Cmd {
	if k.Paste && (m.dialog == nil || m.dialog.typed == nil) {
		return nil
	}
	if k.Type == tea.KeyRunes && len(k.Runes) > 1 && !k.Paste {
		var cmds []tea.Cmd
		for _, r := range k.Runes {
			cmds = append(cmds, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}))
		}
		return tea.Sequence(cmds...)
	}
	name := k.String()
	switch {
	case name == "ctrl+c":
		return (*m.now()).key(m, name)
	case name == "ctrl+z":
		return tea.Suspend
	case m.dialog != nil:
		return m.dialog.press(m, k)
	case m.help:
		m.help = false
		return nil
	case name == "?":
		m.help = true
		return nil
	case m.tiny() && name != "q":
		return nil
	}
	m.notice = ""
	return (*m.now()).key(m, name)
}

// push opens a panel over the others, pop closes it.
func (m *Model) push(p panel) tea.Cmd {
	m.stack = append(m.stack, p)
	m.notice = ""
	return p.begin(m)
}

func (m *Model) pop() tea.Cmd {
	if len(m.stack) == 1 {
		return tea.Quit
	}
	m.stack = m.stack[:len(m.stack)-1]
	return nil
}

// readOnly is the answer to keys that would do something.
const readOnly = "read only: nothing can be done from here"

// said is what became of the last wish, in the last line. A file or an address at its end is a link.
func (m *Model) said() string {
	text := clean(m.notice)
	i := strings.LastIndexByte(text, ' ') + 1
	if target := text[i:]; m.o.Link != nil && (filepath.IsAbs(target) || strings.Contains(target, "://")) {
		return m.paint(strong, text[:i]) + m.o.Link(target, m.paint(strong, target))
	}
	return m.paint(strong, text)
}

// wish carries a wish out beside the screen and shows what became of it.
func (m *Model) wish(c Controls, w Wish) tea.Cmd {
	if c == nil {
		m.notice = readOnly
		return nil
	}
	ctx := m.context()
	return func() tea.Msg {
		text, err := c.Do(ctx, w)
		return told{text, err}
	}
}

// View draws the screen. Bubble Tea asks for it after every message.
func (m *Model) View() string {
	switch {
	case m.w == 0:
		return ""
	case !m.same || m.frame == "":
		m.frame = m.drawn()
	}
	return m.frame
}

func (m *Model) drawn() string {
	lines := (*m.now()).draw(m)
	if !m.tiny() {
		switch {
		case m.dialog != nil:
			lines = over(lines, m.dialog.draw(m))
		case m.help:
			lines = over(lines, m.helpPage())
		}
	}
	return m.join(lines)
}

// join makes the frame: not one line more, and none wider, than the window.
func (m *Model) join(lines []string) string {
	out := make([]byte, 0, m.w*m.h*2)
	for i := range min(len(lines), m.h) {
		if i > 0 {
			out = append(out, '\n')
		}
		out = append(out, m.last(fit(lines[i], m.w))...)
	}
	return string(out)
}
