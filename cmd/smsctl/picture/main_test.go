package main

import (
	"encoding/xml"
	"strings"
	"testing"
)

// A picture is well-formed, has every text in its colour, and boxes and bars as shapes.
func TestPicture(t *testing.T) {
	t.Parallel()
	screen := "\x1b[2m┌─\x1b[0m <ann> & 日本 \x1b[2m─┐\x1b[0m\n\x1b[2m│\x1b[0m \x1b[1m\x1b[31mLIVE\x1b[39m\x1b[0m ██░ ▄ \x1b[2m│\x1b[0m\n"
	var b strings.Builder
	if err := picture(strings.NewReader(screen), &b, "a <title>"); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	for _, want := range []string{
		"<title>a &lt;title&gt;</title>",
		`textLength="117.6" lengthAdjust="spacingAndGlyphs" fill="#d6dde4"> &lt;ann&gt; &amp; 日本 </text>`, // 14 cells
		`fill="#ff7b72" font-weight="bold">LIVE</text>`,
		`width="16.8" height="14.0" fill="#d6dde4"/>`, // two blocks
		`height="14.0" fill-opacity="0.22"`,           // the rest of the bar
		`height="7.0" fill="#d6dde4"/>`,               // half a block
		`height="1" fill="#d6dde4" opacity="0.55"/>`,  // a faint line
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.ContainsAny(got, "\x1b─│█░") {
		t.Errorf("a sequence or a shape as text:\n%s", got)
	}
}
