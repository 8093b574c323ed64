package recipients

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normalize gives the name by which a column is known in a message: "First Name", "first-name" and "FIRST_NAME" are all
// first_name. It is NFKC and case folded, without a byte order mark or space around it, and every run of spaces, hyphens
// and underscores is one underscore.
func Normalize(header string) string {
	name := strings.ReplaceAll(strings.ToValidUTF8(header, "\ufffd"), "\ufeff", "")
	// Folding can undo NFKC, hence NFKC on both sides. Folded Cherokee is in capitals, hence the lower case: to normalise
	// a name again must change nothing.
	name = norm.NFKC.String(strings.ToLower(cases.Fold().String(norm.NFKC.String(name))))
	name = strings.TrimFunc(name, unicode.IsSpace)

	var b strings.Builder
	b.Grow(len(name))
	joined := false
	for _, c := range name {
		if c == '_' || c == '-' || unicode.IsSpace(c) {
			if !joined {
				b.WriteByte('_')
			}
			joined = true
			continue
		}
		joined = false
		b.WriteRune(c)
	}
	return b.String()
}
