package rules

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// What the data asks of texts, and texts that say it or do not.
func TestLacks(t *testing.T) {
	t.Parallel()
	l, err := Shipped().NewLabels("Shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		country, text string
		lacks         bool
	}{
		{"FR", "Soldes! STOP au 36180", false},
		{"FR", "Soldes! stop au\n36 180", false},
		{"FR", "Soldes! STOP", true},
		{"FR", "Non-stop 36180 articles", false}, // read by words, not understood
		{"FR", "Nonstop 36180 articles", true},
		{"US", "Sale. Reply STOP to end", false},
		{"US", "Sale. Opt-out: shop.example", false},
		{"US", "Nonstop sale", true},
		{"GB", "Sale. Unsub: shop.example/u", false},
		{"DE", "Rabatt! Abmelden: STOP", false},
		{"DE", "Rabatt!", true},
		{"KR", "(광고) Shop 02-123-4567 Sale. 무료거부 080-123-4567", false},
		{"KR", "(광고)Shop Sale. 080 123 4567", false},
		{"KR", "Shop (광고) Sale. 080-123-4567", true},
		{"KR", "(광고) Shop Sale", true},
		{"VN", "[QC] Giam gia. Tu choi: soan TC", false},
		{"VN", "[AD] Sale. STOP to 9241", false},
		{"VN", "Sale [QC]. STOP", true},
		{"CN", "【Shop】Sale", false},
		{"CN", "Shop: Sale", true},
		{"MY", "RM0 SHOP: Sale", false},
		{"MY", "Sale", true},
		{"CA", "Sale. STOP", true},
		{"CA", "shop: Sale. Reply STOP", false},
		{"QA", "Sale", false}, // asks for nothing
		{"TR", "Sale", false}, // what operators append
		{"NO", "Sale", false}, // not in the data
	} {
		if got := l.Lacks(c.country, c.text); got != c.lacks {
			t.Errorf("%s %q: lacking %v", c.country, c.text, got)
		}
	}
	nameless, err := Shipped().NewLabels("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !nameless.Lacks("MY", "Shop: Sale") {
		t.Error("a brand that nobody has named is in the text")
	}
}

// A sender's wording goes where it is needed, once.
func TestAdd(t *testing.T) {
	t.Parallel()
	l, err := Shipped().NewLabels("Shop", map[string]Wording{
		"FR": {End: "STOP au 36180"}, "KR": {Start: "(광고) Shop", End: "\n080-123-4567"}, "VN": {Start: "[QC]"}, Anywhere: {End: "Stop: shop.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ country, text, want string }{
		{"FR", "Soldes!", "Soldes! STOP au 36180"},
		{"FR", "Soldes! STOP au 36999", ""},
		{"KR", "Sale", "(광고) Shop Sale\n080-123-4567"},
		{"KR", "(광고) Shop: Sale", "(광고) Shop: Sale\n080-123-4567"},
		{"VN", "[AD] Sale", ""},
		{"VN", "Sale", "[QC] Sale"},
		{"GB", "Sale", "Sale Stop: shop.example"},
		{"GB", "Sale. Reply STOP", ""},
		{"NO", "Salg\n", "Salg\nStop: shop.example"}, // where the data knows of nothing, unless it says just that
		{"NO", "Salg. Stop: shop.example/x", ""},
	} {
		want := c.want
		if want == "" {
			want = c.text
		}
		got, added := l.Add(c.country, c.text)
		if got != want || added != (c.want != "") {
			t.Errorf("%s %q: %q, %v", c.country, c.text, got, added)
		}
		if again, added := l.Add(c.country, got); again != got || added {
			t.Errorf("%s %q: again %q", c.country, got, again)
		}
	}
	if !l.Lacks("VN", "[QC] Sale") {
		t.Error("half of what is asked for is all of it")
	}
}

// Whoever adds a country to the data tells what to look for, or knows that there is nothing.
func TestLabelsOfTheData(t *testing.T) {
	t.Parallel()
	b := Shipped()
	var unchecked []string
	for country, l := range b.labels {
		if l.Says == "" || l.Source == "" || l.Certainty == "" {
			t.Errorf("%s: %+v", country, l)
		}
		if !l.Checked() {
			unchecked = append(unchecked, country)
		}
	}
	slices.Sort(unchecked)
	if got := strings.Join(unchecked, " "); got != "BH IN QA TR" {
		t.Errorf("%s cannot be seen from a text, of %v", got, slices.Sorted(maps.Keys(b.labels)))
	}
}
