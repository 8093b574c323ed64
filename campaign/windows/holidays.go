package windows

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// Holidays are the public holidays of countries: those of the cal library where the rules ask for them, the day itself and
// the day on which it is kept, and those of a file.
type Holidays struct {
	own map[string]map[date]bool // of the file, by country
}

type date struct {
	year  int
	month time.Month
	day   int
}

// ReadHolidays reads a file of holidays with the columns country, date and name: JO,2026-03-20,Eid al-Fitr.
func ReadHolidays(r io.Reader) (*Holidays, error) {
	h := &Holidays{own: map[string]map[date]bool{}}
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = -1
	for n := 0; ; n++ {
		f, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return h, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if n == 0 && strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(f[0], "\ufeff")), "country") {
			continue
		}
		if len(f) < 2 || len(strings.TrimSpace(f[0])) != 2 {
			return nil, fmt.Errorf("line %d: want country, date, name, like JO,2026-03-20,Eid al-Fitr", line)
		}
		t, err := time.Parse(time.DateOnly, strings.TrimSpace(f[1]))
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is no date: write 2026-03-20", line, f[1])
		}
		country := strings.ToUpper(strings.TrimSpace(f[0]))
		if h.own[country] == nil {
			h.own[country] = map[date]bool{}
		}
		h.own[country][date{t.Year(), t.Month(), t.Day()}] = true
	}
}

// shipped are the holidays of the library. Other countries of the rules are not in it.
func shipped(country string) []*cal.Holiday {
	switch country {
	case "FR":
		return fr.Holidays
	case "US":
		return us.Holidays
	case "ZA":
		return za.Holidays
	}
	return nil
}

// of returns what says whether a day is a holiday in a country; nil if nothing is known of it.
func (h *Holidays) of(country string) func(year int, month time.Month, day int) bool {
	var own map[date]bool
	if h != nil {
		own = h.own[country]
	}
	calendar := &cal.Calendar{Holidays: shipped(country)}
	if len(own) == 0 && len(calendar.Holidays) == 0 {
		return nil
	}
	return func(year int, month time.Month, day int) bool {
		if own[date{year, month, day}] {
			return true
		}
		itself, kept, _ := calendar.IsHoliday(time.Date(year, month, day, 12, 0, 0, 0, time.UTC))
		return itself || kept
	}
}
