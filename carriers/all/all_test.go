package all

import (
	"strings"
	"testing"
)

func TestTypesAreSortedAndSayWhatTheyAre(t *testing.T) {
	last := ""
	for _, typ := range Types() {
		if typ.Name <= last {
			t.Errorf("%s after %q: the list is in the order of names", typ.Name, last)
		}
		last = typ.Name
		if typ.New == nil || typ.Doc == "" || strings.Contains(typ.Doc, "\n") {
			t.Errorf("%s has no New or no line of help", typ.Name)
		}
	}
}
