package text

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var columns = []string{"phone", "First Name", "city", "Order #", "firma"}

func bind(t testing.TB, source string, missing Missing) *Bound {
	t.Helper()
	template, err := Parse(source)
	if err != nil {
		t.Fatalf("parse %q: %v", source, err)
	}
	b, err := template.Bind(columns, map[string]string{"code": " SPRING20 ", "blank": " "}, missing)
	if err != nil {
		t.Fatalf("bind %q: %v", source, err)
	}
	return b
}

func TestRender(t *testing.T) {
	row := []string{"+447912345678", " ana maría ", "KÖLN", "A{{city}}7", ""}
	tests := []struct{ source, want string }{
		{"", ""},
		{"no placeholder", "no placeholder"},
		{"Hi {{first_name}}!", "Hi ana maría!"},
		{"Hi {{ First Name | there }}!", "Hi ana maría!"},
		{"{{FIRST-NAME:title}}", "Ana María"},
		{"{{first_name:upper}} in {{city:lower}}", "ANA MARÍA in köln"},
		{"{{first_name : trim : upper | you}}", "ANA MARÍA"},
		{"{{firma|friend}}", "friend"},
		{"{{firma:upper|friend}}", "friend"},
		{"[{{firma|}}]", "[]"},
		{"{{order #}}", "A{{city}}7"}, // a field is never evaluated
		{"Code {{code}}{{CODE:lower}}", "Code SPRING20spring20"},
		{"[{{blank|none}}]", "[none]"},
		{`literal \{{first_name}} }} {x}`, "literal {{first_name}} }} {x}"},
		{`a \\{{city}} b \ c`, `a \KÖLN b \ c`},
		{"{{city|a|b:c}}", "KÖLN"},
		{"{{firma|a|b:c}}", "a|b:c"},
		{"line\n{{city}}\nend", "line\nKÖLN\nend"},
	}
	for _, test := range tests {
		if got, err := bind(t, test.source, Reject).Render(row); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.source, got, err, test.want)
		}
	}
}

func TestRenderCleansValues(t *testing.T) {
	b := bind(t, "[{{city|none}}]", Reject)
	for value, want := range map[string]string{
		"  Leeds\t":           "[Leeds]",
		"a\r\nb":              "[a b]",
		"a\x00\x07b":          "[a b]",
		"\u0085Ünï\u2028côde": "[Ünï côde]",
		"\x00":                "[none]",
		"\u00a0 ":             "[none]",
		"bad \xff utf":        "[bad \xff utf]",
	} {
		if got, err := b.Render([]string{"", "", value}); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", value, got, err, want)
		}
	}
}

func TestTitle(t *testing.T) {
	for in, want := range map[string]string{
		"ana": "Ana", "ANA MARÍA": "Ana María", "jean-luc": "Jean-Luc", "O'NEILL": "O'Neill", "d’arcy": "D’Arcy", "it's": "It's",
		"McDonald": "McDonald", "ludwig van BEETHOVEN": "Ludwig Van Beethoven", "élodie  b": "Élodie  B", "3rd": "3rd", "ŁUKASZ": "Łukasz",
	} {
		if got := string(title.append(nil, in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	for name, row := range map[string][]string{"blank": {"", " "}, "short row": {""}} {
		_, err := bind(t, "Hi {{first_name}}", Reject).Render(row)
		var missing *MissingError
		if !errors.As(err, &missing) || missing.Name != "first_name" {
			t.Errorf("%s: %v, want the missing field by name", name, err)
		}
		if got, err := bind(t, "Hi {{first_name}}!", Empty).Render(row); err != nil || got != "Hi !" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct {
		source       string
		line, column int
		says         string
	}{
		{"Hi {{first_name", 1, 4, `not closed`},
		{"Hi\nÄ {{first_name} {{city}}", 2, 3, `not closed`},
		{"Hi {{.name}}", 1, 4, `here it is {{name}}`},
		{"Hi {{ .Name | there }}", 1, 4, `here it is {{Name | there}}`},
		{"{{}}", 1, 1, "names no field"},
		{"{{|there}}", 1, 1, "names no field"},
		{"{{{city}}}", 1, 1, "brace"},
		{"{{city:shout}}", 1, 1, "upper, lower, title, trim"},
		{"{{ci\nty}}", 1, 1, "not closed"},
	}
	for _, test := range tests {
		_, err := Parse(test.source)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: %v is no SyntaxError", test.source, err)
			continue
		}
		if syntax.Line != test.line || syntax.Column != test.column || !strings.Contains(syntax.Message, test.says) {
			t.Errorf("%q: %v, want line %d, column %d, %q", test.source, err, test.line, test.column, test.says)
		}
	}
}

func TestBindErrors(t *testing.T) {
	tests := []struct {
		source, says string
		vars         map[string]string
	}{
		{"Hi\n  {{firstname}}", `line 2, column 3: unknown field "firstname"; did you mean "First Name"?`, nil},
		{"{{ctiy}}", `did you mean "city"?`, nil},
		{"{{xyzzy}}", "there are phone, First Name", nil},
		{"{{city}}", "is a column and a variable", map[string]string{"City": "x"}},
		{"{{a b}}", "more than one variable", map[string]string{"a-b": "x", "a_b": "y"}},
		{"{{gone}}", `field "gone" is missing or blank`, map[string]string{"gone": ""}},
		{"{{cod}}", `did you mean "code"?`, map[string]string{"code": "x"}},
	}
	for _, test := range tests {
		template, err := Parse(test.source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = template.Bind(columns, test.vars, Reject); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v, want %q", test.source, err, test.says)
		}
	}
	template, err := Parse("{{first_name}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Bind([]string{"First Name", "first-name"}, nil, Reject); err == nil {
		t.Error("a name of two columns was bound")
	}
	if _, err := template.Bind(nil, nil, Reject); err == nil {
		t.Error("a name was bound to nothing")
	}
}

func TestNames(t *testing.T) {
	template, err := Parse("{{First Name|x}} {{city}} {{first_name:upper}} text")
	if err != nil {
		t.Fatal(err)
	}
	if got := template.Names(); !slices.Equal(got, []string{"First Name", "city"}) {
		t.Errorf("got %q", got)
	}
}

func TestRenderAllocatesOnce(t *testing.T) {
	b := bind(t, "Hi {{first_name:title|there}}, 20 % off in {{city}} with {{code}}", Reject)
	row := []string{"", "Jörg", "Köln"}
	if n := testing.AllocsPerRun(50, func() {
		if _, err := b.Render(row); err != nil {
			t.Fatal(err)
		}
	}); n != 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, source := range []string{"Hi {{first_name|there}}", "{{a:upper|b}}", `\{{`, `\\{{a}}`, "{{", "}}", "{{a}}}}", "{{a|{b}}}", "{{.a}}", "{{a\n}}"} {
		f.Add(source, "va{{lue}}\n")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		template, err := Parse(source)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 {
				t.Fatalf("%q: %v has no place", source, err)
			}
			return
		}
		names := template.Names()
		cells := make([]string, len(names))
		for i := range cells {
			cells[i] = value
		}
		bound, err := template.Bind(names, nil, Empty)
		if err != nil {
			t.Fatalf("%q does not bind to its own names %q: %v", source, names, err)
		}
		got, err := bound.Render(cells)
		if err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		if !strings.Contains(source, "{{") && got != source {
			t.Fatalf("%q has no placeholder and became %q", source, got)
		}
		// Escaped, any text comes out as it went in.
		escaped := strings.NewReplacer(`\`, `\`, "{{", `\{{`).Replace(source)
		if !strings.Contains(source, `\{{`) && !strings.Contains(source, "{{{") {
			template, err := Parse(escaped)
			if err != nil {
				t.Fatalf("escaped %q: %v", escaped, err)
			}
			bound, err := template.Bind(nil, nil, Reject)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := bound.Render(nil); err != nil || got != source {
				t.Fatalf("escaped %q came out as %q, %v", source, got, err)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	row := []string{"+447912345678", "Ana", "Leeds", "A7", ""}
	bound := bind(b, "Hi {{first_name|there}}, 20 % off this weekend at ACME {{city}}. Code {{code}}. Reply STOP to opt out.", Reject)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bound.Render(row); err != nil {
			b.Fatal(err)
		}
	}
}
