package tui

// helpPage names every key that does something.
func (m *Model) helpPage() []string {
	page := (*m.now())
	lines := []string{
		"CAMPAIGN                     CARRIERS                  VIEW",
		"space  pause / resume        enter  about it           tab    next pane",
		"+ -    rate cap by 10 %      x      drain / undrain    1-6    go to pane",
		"r      type a rate cap                                 z      zoom pane",
		"c      cancel (typed name)   LISTS                     l      log level",
		"d      detach                up/down n p  next, prev   R      write report",
		"q      quit (asks)           g G    first, last        ?      this help",
		"Ctrl-C stop, then exit       s      sort",
		"Ctrl-Z suspend               /      filter             MESSAGES",
		"                             y      copy id            m      open list",
		"                             esc    clear, back        v      show number",
	}
	if _, ok := page.(*browser); ok {
		lines = append(lines, "", "Here: enter opens a campaign, C carriers, O opt-outs.")
	}
	if m.w < 80 {
		lines = []string{
			"space pause   + - r rate   c cancel   d detach",
			"q quit   Ctrl-C stop, then exit   Ctrl-Z suspend",
			"tab 1-6 panes   z zoom   l level   / filter   s sort",
			"enter about a carrier   x drain it   m messages",
			"R write report   y copy id   esc back   ? this help",
		}
	}
	title := "Keys"
	return m.box(title, "action keys are off while a filter or dialog has focus, and when read only", lines, min(m.w, 80))
}
