package tui

// helpPage names every key that does something.
func (m *Model) helpPage() []string {
	page := (*m.now())
	lines := []string{
		"CAMPAIGN                     CARRIERS                  VIEW",
		"space  pause / resume        enter  about it           tab    next pane",
		"+ -    rate cap by 10 %      x      drain / undrain    1-6    go to pane",
		"r      type a rate cap       t      test message       z      zoom pane",
		"c      cancel (typed name)   b      reset breaker      l      log level",
		"d      detach                                          R      write report",
		"q      quit (asks)           LISTS                     ?      this help",
		"Ctrl-C stop, then exit       up/down n p  next, prev",
		"Ctrl-Z suspend               g G    first, last        MESSAGES",
		"                             s      sort               m      open list",
		"                             /      filter             y      copy id",
		"                             esc    clear, back        v      show number",
	}
	switch page.(type) {
	case *approval:
		lines = []string{
			"Nothing has been sent. Type what is asked for and press enter to send.",
			"t      send the first message to yourself, before you type",
			"up/down, pgup/pgdown, home/end  scroll",
			"esc q  leave: nothing is sent    Ctrl-C  the same, exit 130",
		}
	case *browser:
		lines = append(lines, "", "Here: enter opens a campaign, S schedules, C carriers, O opt-outs.")
	case *timetable:
		lines = []string{
			"space  pause or resume the schedule (asks)",
			"r      run it now: it shows its plan, and asks",
			"enter  all about it: its next and last runs, its rules",
			"up/down n p  next, prev   g G  first, last   esc  back",
		}
	}
	if m.w < 80 && !ownKeys(page) {
		lines = []string{
			"space pause   + - r rate   c cancel   d detach",
			"q quit   Ctrl-C stop, then exit   Ctrl-Z suspend",
			"tab 1-6 panes   z zoom   l level   / filter   s sort",
			"enter about a carrier   x drain, t test, b reset it",
			"m messages",
			"R write report   y copy id   esc back   ? this help",
		}
	}
	title := "Keys"
	return m.box(title, "action keys are off while a filter or dialog has focus, and when read only", lines, min(m.w, 80))
}

// ownKeys says that a panel has keys of its own and none of the others.
func ownKeys(p panel) bool {
	switch p.(type) {
	case *approval, *timetable:
		return true
	}
	return false
}
