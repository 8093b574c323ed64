package tui

import (
	"context"
	"errors"
	"io"

	tea "github.com/charmbracelet/bubbletea"
)

// Screen is a model on a terminal.
type Screen struct{ program *tea.Program }

// framesPerSecond is how often the terminal is written to at most. Snapshots come five times a second; what is above it
// makes keys feel quick.
const framesPerSecond = 20

// Open prepares a screen; nothing is drawn before Run. Signals stay with the caller, the mouse stays with the terminal.
func Open(ctx context.Context, m *Model, in io.Reader, out io.Writer) *Screen {
	m.o.Context = func() context.Context { return ctx }
	return &Screen{tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(),
		tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond))}
}

// Run draws until a person leaves or Close is called, and gives the terminal back as it was.
func (s *Screen) Run() error {
	_, err := s.program.Run()
	if errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrProgramPanic) {
		return nil // the context has ended
	}
	return err
}

// Close ends the screen from outside. It waits only for the screen's own loop.
func (s *Screen) Close() { s.program.Send(Over{}) }
