package report

import (
	"fmt"
	"strconv"
)

func (v *view) exclusions() section {
	n := &v.Counts
	s := section{ID: "exclusions", Title: "Exclusions", Lead: "Every row of the list could be sent to."}
	out := n.Invalid + n.Duplicate + n.OptedOut
	if out == 0 {
		return s
	}
	s.Lead = fmt.Sprintf("%s were left out: %s invalid, %s duplicate, %s opted out.", plural(out, "row"), thousands(n.Invalid), thousands(n.Duplicate), thousands(n.OptedOut))
	var rows []bar
	for _, x := range v.Exclusions[:min(len(v.Exclusions), pageBars)] {
		rows = append(rows, bar{x.Code, []part{{"lost", float64(x.N), ""}}, thousands(x.N)})
	}
	if len(rows) > 0 {
		s.Blocks = append(s.Blocks, block{Chart: bars("exclusions", "Excluded rows by reason", "Each reason with the number of rows.", rows)})
	}
	t := &htmlTable{Caption: "Excluded rows", Heads: []string{">Row", "Reason", "Column", "Value", "Explanation"}}
	for i := range v.Excluded {
		r := &v.Excluded[i]
		cells := r.cells(v.o.Privacy)
		t.Rows = append(t.Rows, []string{cells[0].text, cells[4].text, clip(cells[2].text, 30), clip(cells[3].text, 40), clip(cells[5].text, 100)})
	}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t, Folded: true,
			Note: fmt.Sprintf("The first of %s. All of them: smsctl report %s --table invalid, and --table excluded.", plural(out, "row"), clip(shellWord(v.Campaign.Name), 80))})
	}
	return s
}

func (v *view) failures() section {
	s := section{ID: "failures", Title: "Failures", Lead: "Nobody who was sent to failed to get it, as far as is known."}
	all := v.Counts.Failed + v.Counts.Expired + v.Counts.Undelivered
	if len(v.Failures) == 0 {
		return s
	}
	s.Lead = fmt.Sprintf("%s did not get the message.", plural(all, "recipient"))
	t := &htmlTable{Caption: "Recipients who did not get it", Heads: []string{">Row", "To", "Country", "State", "Why", "Code", "Carrier", ">Attempts", "Message"}}
	for i := range v.Failures {
		m := &v.Failures[i]
		t.Rows = append(t.Rows, []string{strconv.Itoa(m.Row), v.o.Privacy.Number(m.To), countryName(m.Country), string(m.State), m.Class.Traits().Title,
			clip(m.Code, 24), clip(m.Carrier, 24), strconv.Itoa(m.Attempts), m.ID})
	}
	s.Blocks = []block{{Table: t, Note: fmt.Sprintf("The first %s of %s. The whole list, ready to be sent again: smsctl report %s --table failures -o failures.csv",
		thousands(int64(len(t.Rows))), thousands(all), clip(shellWord(v.Campaign.Name), 80))}}
	return s
}
