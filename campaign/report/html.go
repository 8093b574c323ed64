package report

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/smsctl/smsctl/campaign"
)

//go:embed html/page.html html/page.css
var pageFiles embed.FS

// PageOptions say how a page is written.
type PageOptions struct {
	Privacy Privacy
	Zone    *time.Location // of the times on it; nil is UTC
	Version string         // of the program
	Compare *Report        // another campaign to be held against; nil is none
}

// view makes the page: a dossier, and how it is shown.
type view struct {
	*Dossier
	o    PageOptions
	zone *time.Location
}

// section is one of the twelve parts of the page.
type section struct {
	N      int
	ID     string
	Title  string
	Lead   string
	Blocks []block
}

// block is a chart with its numbers, a table, or text.
type block struct {
	Heading string
	Chart   template.HTML
	Legend  []legend
	Pre     string
	Table   *htmlTable
	Folded  bool // the table opens on demand: a chart above shows the same
	Note    string
}

type legend struct{ Class, Word string }

// htmlTable is a table; a head that begins with ">" is of numbers.
type htmlTable struct {
	Caption string
	Heads   []string
	Rows    [][]string
	Sum     []string
}

// Right says whether a column holds numbers.
func (t *htmlTable) Right(i int) bool { return i < len(t.Heads) && strings.HasPrefix(t.Heads[i], ">") }

// Head is the word above a column.
func (t *htmlTable) Head(i int) string { return strings.TrimPrefix(t.Heads[i], ">") }

// tile is a figure that everybody looks for first.
type tile struct{ Figure, Word, Note string }

// Long says that the figure needs smaller letters.
func (t tile) Long() bool { return len(t.Figure) > 8 }

// check is a line of the guards.
type check struct {
	OK   bool
	Text string
}

// maxEmbedded bounds the JSON in a page. Beyond it the series by carrier is left out, which grows with both, then the
// small countries and carriers.
const maxEmbedded = 120 << 10

// WriteHTML writes the page: one file that needs no network and no script, of bounded size whatever the campaign's.
func (d *Dossier) WriteHTML(out io.Writer, o PageOptions) error {
	o.Version = clip(o.Version, 60)
	v := &view{Dossier: d, o: o, zone: o.Zone}
	if v.zone == nil {
		v.zone = time.UTC
	}
	t, err := template.New("page.html").ParseFS(pageFiles, "html/page.html")
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	css, err := pageFiles.ReadFile("html/page.css")
	if err != nil {
		return fmt.Errorf("reading the page's style: %w", err)
	}
	raw, err := v.embedded()
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	return t.Execute(printable{out}, map[string]any{
		"CSS": template.CSS(css), "JSON": template.JS(raw), //nolint:gosec // ours; json.Marshal escapes what could end the element
		"Name": clip(d.Campaign.Name, 120), "ID": d.Campaign.ID, "State": string(d.Campaign.State), "Tone": toneClass(d.Campaign.State),
		"Mode": strings.ToUpper(string(d.Campaign.Mode)), "Profile": clip(d.Campaign.Profile, 60), "When": v.when(), "Partial": d.Partial,
		"Snapshot": v.time(d.GeneratedAt), "Verdict": v.verdict(), "Warnings": v.warnings(), "Tiles": v.tiles(), "Checks": v.checks(),
		"Compare": v.compared(), "Sections": v.sections(), "Version": o.Version,
	})
}

// printable leaves out control characters, which somebody else's names and codes may have: no page needs one.
type printable struct{ io.Writer }

func (p printable) Write(b []byte) (int, error) {
	clean := bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, b)
	if _, err := p.Writer.Write(clean); err != nil {
		return 0, err
	}
	return len(b), nil
}

// embedded is the report for programs that find the page.
func (v *view) embedded() ([]byte, error) {
	raw, err := json.Marshal(v.Report)
	if err != nil || len(raw) <= maxEmbedded {
		return raw, err
	}
	r := *v.Report
	r.Series.ByCarrier = map[string][]int64{}
	if raw, err = json.Marshal(&r); err != nil || len(raw) <= maxEmbedded {
		return raw, err
	}
	r.OutagesDropped += int64(max(0, len(r.Outages)-pageOutages))
	r.Outages = r.Outages[:min(len(r.Outages), pageOutages)]
	r.Carriers, r.Countries = r.Carriers[:min(len(r.Carriers), pageCarriers)], r.Countries[:min(len(r.Countries), pageCountries)]
	return json.Marshal(&r)
}

func toneClass(s campaign.Status) string {
	switch stateTone(s) {
	case Good:
		return "good"
	case Bad:
		return "bad"
	}
	return "calm"
}

func (v *view) time(t time.Time) string { return t.In(v.zone).Format("2 Jan 2006 15:04:05 MST") }

// when is the campaign's own time: from the first message to the end of dispatch, or until now.
func (v *view) when() string {
	c := &v.Campaign
	if c.StartedAt == nil {
		return "made " + v.time(c.CreatedAt) + ", not begun"
	}
	from := c.StartedAt.In(v.zone)
	if c.FinishedAt == nil {
		return "since " + v.time(from)
	}
	to := c.FinishedAt.In(v.zone)
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format("2 Jan 2006 15:04:05") + " – " + to.Format("15:04:05 MST")
	}
	return v.time(from) + " – " + v.time(to)
}

func (v *view) tiles() []tile {
	n := &v.Counts
	cost := tile{v.money(v.Cost.Actual), "cost", plural(n.Segments, "segment")}
	if v.Cost.PerDelivered != nil {
		cost.Note = v.money(*v.Cost.PerDelivered) + " per delivered"
	}
	speed := tile{"--", "a second", "no time on record"}
	if v.Throughput.Average > 0 {
		speed = tile{fmt.Sprintf("%.1f/s", v.Throughput.Average), "on average", fmt.Sprintf("best ten seconds %.1f/s", v.Throughput.Peak)}
	}
	return []tile{
		{thousands(n.Eligible), "eligible", "of " + plural(n.Rows, "row")},
		{percent(v.Rates.Acceptance), "accepted", thousands(n.Accepted) + " of " + thousands(v.Rates.Acceptance.Den) + " handled"},
		{percent(v.Rates.Confirmed), "confirmed", "of " + plural(v.Rates.Confirmed.Den, "final receipt") + ", coverage " + percent(v.Rates.Coverage)},
		{percent(v.Rates.Delivery), "delivered" + soFar(v.Partial || n.Awaiting > 0), thousands(n.Delivered) + " of " + thousands(n.Accepted) + " accepted"},
		cost, speed,
	}
}

func (v *view) checks() []check {
	var out []check
	for _, g := range v.Guards {
		out = append(out, check{g.Passed, fmt.Sprintf("%s, is %.2f %%", clip(g.Expr, 60), 100*g.Value)})
	}
	for _, g := range v.Settings.Guards {
		if len(v.Guards) == 0 {
			out = append(out, check{true, clip(g.Expr, 60)})
		}
	}
	if c := v.Cost.Ceiling; c != nil {
		out = append(out, check{v.Cost.Actual <= *c, "cost " + amount(v.Cost.Actual) + " of at most " + amount(*c)})
	}
	if !v.Reconciled {
		return append(out, check{false, "does not reconcile: run smsctl db check"})
	}
	return append(out, check{true, "reconciles to " + thousands(v.Counts.Eligible)})
}
