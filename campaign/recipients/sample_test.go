package recipients

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// go test ./campaign/recipients -run Sample -update writes the files of testdata/csv anew.
var update = flag.Bool("update", false, "write testdata/csv anew")

const csvDir = "../../testdata/csv"

// A place has people, cities and mobile numbers. In a number each x is a random digit. The numbers of the US and Canada
// come from the 555-01xx range of films; the ranges for films of GB and FR cannot serve, for libphonenumber knows that
// nobody has those numbers and calls them invalid.
type place struct {
	country string
	people  int
	numbers []string
	first   string
	last    string
	cities  string
}

var places = []place{
	{"GB", 350, []string{"+4474xxxxxxxx", "+4475xxxxxxxx", "+4477xxxxxxxx", "+4478xxxxxxxx", "+4479xxxxxxxx"},
		"Oliver Amelia George Isla Harry Ava Noah Mia Jack Emily Arthur Sophie Siân Niamh Aisha Mohammed Grace Freya Callum Zoë",
		"Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker Evans Thompson White O'Brien Hughes Edwards Green Khan Lloyd-Price",
		"London,Leeds,Bristol,Manchester,Cardiff,Glasgow,Belfast,York,Newcastle upon Tyne"},
	{"DE", 90, []string{"+4917139200xx"},
		"Jörg Anja Lukas Emma Jürgen Käthe Felix Lea Günther Sophie Björn Hannah Müzeyyen Paul Änne",
		"Müller Schmidt Schäfer Fischer Weiß Köhler Becker Schröder Hoffmann Groß Krüger Zimmermann Yılmaz",
		"Köln,Berlin,München,Hamburg,Düsseldorf,Frankfurt am Main,Würzburg"},
	{"FR", 120, []string{"+336xxxxxxxx", "+337xxxxxxxx"},
		"François Chloé Élodie Jérôme Léa Hugo Camille Anaïs Zoé Loïc Noël Margaux Thérèse Jean-Luc",
		"Lefèvre Martin Bernard Dubois Fontaine Moreau Lemaître Garçon Leroy Béranger D'Artois Gautier",
		"Paris,Lyon,Orléans,Besançon,Nîmes,Saint-Étienne,L'Haÿ-les-Roses"},
	{"US", 100, []string{"+1212555010x", "+1312555011x", "+1415555012x", "+1617555013x", "+1303555014x", "+1206555015x", "+1512555016x",
		"+1404555017x", "+1602555018x", "+1305555019x", "+1213555010x", "+1718555011x", "+1713555012x", "+1702555013x", "+1503555014x"},
		"James Olivia Liam Emma José Sofía Ethan Madison Jayden Hailey DeShawn Kai Renée",
		"Johnson Williams García Miller Davis Rodríguez Martinez Anderson Lee Nguyen Jackson Clark",
		"New York,Chicago,San Francisco,Boston,Denver,Seattle,Austin,Atlanta,Phoenix,Miami"},
	{"ES", 70, []string{"+346xxxxxxxx"},
		"Lucía Martín Sofía Hugo Íñigo Begoña José Álvaro Inés Ángel Nerea Jesús",
		"García Fernández Núñez Muñoz Ibáñez Peña López Sánchez Martínez Gómez",
		"Madrid,Málaga,A Coruña,Cádiz,León,San Sebastián,Logroño"},
	{"IT", 60, []string{"+39347xxxxxxx", "+39328xxxxxxx"},
		"Sofia Niccolò Giulia Alessandro Chiara Lorenzo Noemi Mosè Beatrice Matteo",
		"Rossi Russo Ferrari Esposito Bianchi Nicolò D'Angelo Luca Cantù",
		"Roma,Milano,Forlì,Torino,L'Aquila,Bologna"},
	{"NL", 50, []string{"+316xxxxxxxx"},
		"Daan Emma Zoë Sem Anouk Loïs Bram Fenna Jürre Tess",
		"Jansen Vermeulen Bakker Visser Smit Meijer Koç Hoekstra",
		"Amsterdam,Utrecht,'s-Hertogenbosch,Groningen,Eindhoven"},
	{"PL", 50, []string{"+48512xxxxxx", "+48601xxxxxx"},
		"Zuzanna Łukasz Michał Małgorzata Paweł Agnieszka Grażyna Rafał Bożena Jędrzej",
		"Nowak Wiśniewska Wójcik Kamiński Lewandowska Zieliński Dąbrowski Kozłowska Źrebiec",
		"Łódź,Kraków,Poznań,Gdańsk,Wrocław,Bielsko-Biała"},
	{"IN", 40, []string{"+9198xxxxxxxx", "+9170xxxxxxxx"},
		"Aarav Ananya Vihaan Diya Arjun Priya Kabir Meera Rohan Lakshmi",
		"Sharma Patel Singh Reddy Iyer Gupta Nair Banerjee Khan",
		"Mumbai,Bengaluru,Delhi,Chennai,Kolkata,Pune"},
	{"CA", 30, []string{"+1416555010x", "+1604555011x", "+1514555012x", "+1403555013x", "+1418555014x"},
		"Liam Chloé Noah Zoé Félix Emma Benoît Maëlle Owen Geneviève",
		"Tremblay Gagnon Roy MacDonald Côté Bouchard Singh Campbell",
		"Toronto,Vancouver,Montréal,Calgary,Québec,Trois-Rivières"},
	{"AU", 20, []string{"+614915700xx", "+614915701xx", "+614915703xx"},
		"Charlotte Jack Matilda Lachlan Ruby Hamish Indi",
		"Nguyen Kelly Murphy O'Connor Ryan Papadopoulos",
		"Sydney,Melbourne,Brisbane,Perth,Adelaide"},
	{"BR", 20, []string{"+5511 9xxxxxxxx", "+5521 9xxxxxxxx"},
		"João Júlia Antônio Letícia Thaís César Conceição",
		"Silva Gonçalves Araújo Conceição Magalhães Simões",
		"São Paulo,Rio de Janeiro,Florianópolis"},
}

// sample makes the list: a thousand recipients, of whom 6 have no usable number and 4 come twice.
func sample(t *testing.T) []byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(2026, 1000)) // seeded: the same file each time
	pick := func(from []string) string { return from[rng.IntN(len(from))] }

	var rows [][]string
	used := map[string]bool{}
	for _, p := range places {
		for range p.people {
			number := mobile(t, rng, p, used)
			rows = append(rows, []string{pick(strings.Fields(p.first)), pick(strings.Split(p.last, " ")), written(rng, number),
				p.country, pick(strings.Split(p.cities, ",")), ""})
		}
	}
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })

	for _, i := range []int{58, 231, 407, 640, 911} {
		rows[i][0] = ""
	}
	for _, bad := range []struct {
		row   int
		phone string
	}{
		{112, "4.47701E+11"},      // a spreadsheet lost the digits
		{260, "n/a"},              // nobody asked
		{389, ""},                 // nobody knows
		{518, "+44 20 7946 0958"}, // a landline, and one of a range for films
		{702, "07911 1234"},       // cut off
		{845, "07700 900461"},     // of the range for films: nobody has it
	} {
		gb := places[0]
		rows[bad.row] = []string{pick(strings.Fields(gb.first)), pick(strings.Fields(gb.last)), bad.phone, gb.country,
			pick(strings.Split(gb.cities, ",")), ""}
	}
	for from, to := range map[int]int{40: 300, 77: 551, 305: 777, 620: 998} {
		parsed, err := phonenumbers.Parse(rows[from][2], "GB")
		if err != nil {
			t.Fatal(err)
		}
		rows[to] = append([]string(nil), rows[from]...)
		rows[to][0] = strings.ToUpper(rows[to][0])
		rows[to][2] = phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL)
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for i, row := range append([][]string{{"first_name", "last_name", "phone", "country", "city", "order_no"}}, rows...) {
		if i > 0 {
			row[5] = fmt.Sprintf("A-%d", 48_000+i*7)
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return out.Bytes()
}

// mobile makes numbers up until one is new and valid.
func mobile(t *testing.T, rng *rand.Rand, p place, used map[string]bool) *phonenumbers.PhoneNumber {
	t.Helper()
	for range 100_000 {
		pattern := p.numbers[rng.IntN(len(p.numbers))]
		number := strings.Map(func(c rune) rune {
			switch c {
			case 'x':
				return '0' + rune(rng.IntN(10))
			case ' ':
				return -1
			}
			return c
		}, pattern)
		if parsed, err := phonenumbers.Parse(number, ""); err == nil && !used[number] && sendable(parsed) &&
			phonenumbers.GetRegionCodeForNumber(parsed) == p.country {
			used[number] = true
			return parsed
		}
	}
	t.Fatalf("no more valid numbers of %s", p.country)
	return nil
}

func sendable(n *phonenumbers.PhoneNumber) bool {
	kind := phonenumbers.GetNumberType(n)
	return phonenumbers.IsValidNumber(n) && (kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE)
}

// written is a number as people write it: mostly E.164, some with spaces, at home without the country.
func written(rng *rand.Rand, n *phonenumbers.PhoneNumber) string {
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	roll := rng.IntN(100)
	switch home := n.GetCountryCode() == 44; {
	case home && roll < 8:
		return phonenumbers.Format(n, phonenumbers.NATIONAL)
	case home && roll < 14:
		return "0" + phonenumbers.GetNationalSignificantNumber(n)
	case roll < 20:
		return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
	case roll < 22:
		return "00" + e164[1:]
	}
	return e164
}

// The committed list is the one that is made here, and has what its README promises.
func TestSampleList(t *testing.T) {
	path := filepath.Join(csvDir, "recipients.csv")
	made := sample(t)
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Metadata of later libraries may refuse a number of today; then the list is made anew, knowingly.
	if !bytes.Equal(made, committed) {
		t.Error("recipients.csv is not the list made here: run with -update")
	}
	readme, err := os.ReadFile(filepath.Join(csvDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(committed)); !bytes.Contains(readme, []byte(sum)) {
		t.Errorf("README.md does not name the hash %s", sum)
	}

	got := readAll(t, string(committed), Options{})
	if got.end != nil || len(got.bad) > 0 || got.Rows() != 1000 {
		t.Fatalf("%d rows, %v, %v", got.Rows(), got.bad, got.end)
	}
	seen, countries := map[string]bool{}, map[string]bool{}
	invalid, duplicate, nameless := 0, 0, 0
	for _, row := range got.good {
		countries[row.Cells[got.Column("country")]] = true
		if row.Cells[got.Column("first_name")] == "" {
			nameless++
		}
		number, err := phonenumbers.Parse(row.Phone, "GB")
		if err != nil || !sendable(number) {
			invalid++
			continue
		}
		if e164 := phonenumbers.Format(number, phonenumbers.E164); seen[e164] {
			duplicate++
		} else {
			seen[e164] = true
		}
	}
	if invalid != 6 || duplicate != 4 || len(seen) != 990 || nameless != 5 || len(countries) != 12 {
		t.Errorf("%d invalid, %d duplicate, %d eligible, %d without a first name, of %d countries",
			invalid, duplicate, len(seen), nameless, len(countries))
	}
}

// The same small list in every encoding that comes out of a spreadsheet.
func TestSampleEncodings(t *testing.T) {
	for file, c := range map[string]struct{ content, option, encoding string }{
		"utf-8.csv":        {encoded(t, "utf-8"), "", "utf-8"},
		"utf-8-bom.csv":    {encoded(t, "utf-8 bom"), "", "utf-8"},
		"utf-16le-bom.csv": {encoded(t, "utf-16le bom"), "", "utf-16le"},
		"utf-16be-bom.csv": {encoded(t, "utf-16be bom"), "", "utf-16be"},
		"utf-16le.csv":     {encoded(t, "utf-16le"), "utf-16le", "utf-16le"},
		"windows-1252.csv": {encoded(t, "windows-1252"), "windows-1252", "windows-1252"},
		"sep-line.csv":     {"sep=;\r\n" + strings.ReplaceAll(accents, ",", ";"), "", "utf-8"},
		"lone-cr.csv":      {strings.ReplaceAll(accents, "\r\n", "\r"), "", "utf-8"},
	} {
		path := filepath.Join(csvDir, "encodings", file)
		if *update {
			if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(content) != c.content {
			t.Errorf("%s was changed, perhaps by git's line ends", file)
		}
		got := readAll(t, string(content), Options{Encoding: c.option})
		if got.end != nil || len(got.good) != 2 || got.good[1].Cells[0] != "Zoë Ørsted" || got.Encoding() != c.encoding {
			t.Errorf("%s: %q, %v", file, got.cells(), got.end)
		}
	}
}
