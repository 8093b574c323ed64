package optout

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
)

//go:embed keywords.tsv
var keywordsTSV string

// Keyword is a row of keywords.tsv: a word and what it means, with who says so.
type Keyword struct {
	Action    Action   `json:"action"`
	Word      string   `json:"word"`
	Strength  Strength `json:"strength"`
	Language  string   `json:"language"`
	Authority string   `json:"authority"`
	Source    string   `json:"source"`
	Certainty string   `json:"certainty"` // A law, B a provider's documentation, C convention
}

// Strength is how much of a message a keyword must be.
type Strength string

// The strengths.
const (
	Strong Strength = "strong" // counts in a short message, is reviewed in a long one
	Weak   Strength = "weak"   // is reviewed wherever it is not the whole message
	Whole  Strength = "whole"  // counts only as the whole message
)

// Keywords is the list that comes with the program.
func Keywords() []Keyword {
	all, err := ReadKeywords(keywordsTSV)
	if err != nil {
		panic("keywords.tsv of the program: " + err.Error()) // a test reads it
	}
	return all
}

// keywordColumns is the header of the file.
const keywordColumns = "action\tword\tstrength\tlanguage\tauthority\tsource\tcertainty"

// ReadKeywords reads a file of the form of keywords.tsv. Its errors begin with the number of the line.
func ReadKeywords(tsv string) ([]Keyword, error) {
	var all []Keyword
	header := false
	for i, line := range strings.Split(strings.ReplaceAll(tsv, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !header {
			if header = line == keywordColumns; !header {
				return nil, fmt.Errorf("line %d: the columns are not %s", i+1, strings.ReplaceAll(keywordColumns, "\t", ", "))
			}
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			return nil, fmt.Errorf("line %d: %d columns, want 7 with a tab between them", i+1, len(f))
		}
		k := Keyword{Action(f[0]), f[1], Strength(f[2]), f[3], f[4], f[5], f[6]}
		if err := k.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		all = append(all, k)
	}
	if !slices.ContainsFunc(all, func(k Keyword) bool { return k.Action == Stop }) {
		return nil, fmt.Errorf("line 1: no word means stop: nobody could opt out")
	}
	return all, nil
}

func (k Keyword) check() error {
	switch {
	case !slices.Contains([]Action{Stop, StopAll, Start, Help, denial}, k.Action):
		return fmt.Errorf("action %q is not stop, stop_all, start, help or denial", k.Action)
	case !slices.Contains([]Strength{Strong, Weak, Whole}, k.Strength):
		return fmt.Errorf("strength %q is not strong, weak or whole", k.Strength)
	case len(words(k.Word)) == 0:
		return fmt.Errorf("the word %q has neither letter nor digit", k.Word)
	case (k.Action == Start || k.Action == Help) && k.Strength != Whole:
		return fmt.Errorf("%s counts as a whole message only: write whole", k.Action)
	}
	return nil
}

// WriteKeywords writes a list as a file that [ReadKeywords] reads.
func WriteKeywords(w io.Writer, list []Keyword) error {
	var b strings.Builder
	b.WriteString(strings.TrimRight(keywordsTSV[:strings.Index(keywordsTSV, keywordColumns)], "\n") + "\n" + keywordColumns + "\n")
	for _, k := range list {
		b.WriteString(strings.Join([]string{
			string(k.Action), k.Word, string(k.Strength), k.Language, k.Authority, k.Source, k.Certainty,
		}, "\t") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
