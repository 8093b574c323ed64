package text

import (
	"strings"

	"github.com/smsctl/smsctl/campaign/recipients"
)

// fold returns the form in which names are compared: that of the columns of a CSV file.
func fold(name string) string { return recipients.Normalize(name) }

// nearest returns the name that folded was probably meant to be, "" if none is near.
func nearest(folded string, names []string) string {
	best, bestDistance := "", 1+max(1, len(folded)/3)
	for _, name := range names {
		candidate := fold(name)
		d := distance(folded, candidate)
		if strings.ReplaceAll(folded, "_", "") == strings.ReplaceAll(candidate, "_", "") {
			d = 0
		}
		if d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is the number of single letters to insert, delete, replace, or swap with their neighbour, that lie between a and b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
