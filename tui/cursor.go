package tui

// moved is where the keys that all lists have take their cursor: a row up or down, a screen, to the first or the last. It
// says whether k is one of them.
func moved(k string, at, last, screen int) (to int, ok bool) {
	switch k {
	case "up", "k", "p":
		at--
	case "down", "j", "n":
		at++
	case "pgup":
		at -= screen
	case "pgdown":
		at += screen
	case "g", "home":
		at = 0
	case "G", "end":
		at = last
	default:
		return at, false
	}
	return max(0, min(at, last)), true
}
