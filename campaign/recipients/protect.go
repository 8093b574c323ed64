package recipients

import "strings"

// Protect makes a cell of free text safe to open in a spreadsheet, which would run what begins like a formula: it puts
// an apostrophe before it, which the spreadsheet hides. A number in E.164 stays as it is, else no other tool could use
// the column. [Unprotect] gives the cell back, also one that began with an apostrophe itself.
func Protect(cell string) string {
	if startsFormula(strings.TrimLeft(cell, "'")) && !isE164(cell) {
		return "'" + cell
	}
	return cell
}

// Unprotect undoes Protect.
func Unprotect(cell string) string {
	if rest, found := strings.CutPrefix(cell, "'"); found && startsFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return cell
}

// startsFormula knows what OWASP lists as the beginning of a formula, with the full-width forms.
func startsFormula(cell string) bool {
	for _, c := range cell {
		return strings.ContainsRune("=+-@\t\r\n＝＋－＠", c)
	}
	return false
}

// isE164 reports whether a cell is a plus and 5 to 15 digits.
func isE164(cell string) bool {
	if len(cell) < 6 || len(cell) > 16 || cell[0] != '+' {
		return false
	}
	return strings.Trim(cell[1:], "0123456789") == ""
}
