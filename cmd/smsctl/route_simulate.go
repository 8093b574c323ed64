package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/routing/lab"
)

type simulateOptions struct {
	scenario string
	policies []string
	seed     int
	messages int
	rate     float64
	history  bool // the past instead of a scenario
	rehearse bool // that of simulated campaigns
}

func newRouteSimulateCommand(a *app) *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Try the router and simpler policies on simulated carriers",
		Long: `Send a campaign through simulated carriers in virtual time: by the router as it is built into smsctl, by simpler
policies, by a perfect static list, and by an oracle that knows everything but the dice. Nothing is sent, and everything
follows from the seed.

The scenario is a file or a name: ` + strings.Join(lab.Names(), ", ") + `. A file says what the carriers do, as for
smsctl sim serve, and may say more about the campaign (messages, rate, countries) and about prices; smsctl help scenario

ON TIME is the share that arrived within 90 s (transactional) or 4 h (promotional), COST the prices of what was taken and
DUPLICATES the copies beyond the first, where failed and silent messages go to another carrier, three attempts at most. GAP
CAPTURED is of the first choices alone: 0 % is the static list, 100 % the oracle. REGRET is what the oracle makes more of
the campaign's value, in per cent of it.

--from-history replays nothing and sends nothing: of the first attempts in the database it takes those in which a policy
would have chosen as was chosen then, by the router or by its experiments, and weighs each by how seldom that happens. The
intervals are of 95 %; what the past cannot tell is left open. Silence counts as not delivered.`,
		Example: `smsctl route simulate --scenario grey-outage
smsctl route simulate --scenario random --seed 7 --messages 200000
smsctl route simulate --scenario testdata/routing/market.yaml --policy thompson,router
smsctl route simulate --scenario mix --json | jq '.policies[] | {policy, gap_captured}'
smsctl route simulate --from-history`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				o.seed = 0
			}
			if o.history == (o.scenario != "") {
				return fail(exitUsage, "usage.required_flag", "one of --scenario and --from-history is needed").
					at("--scenario says what the carriers do, --from-history takes the past").fix("smsctl route simulate --scenario mix")
			}
			if o.history {
				return a.withSession(cmd.Context(), o.rehearse, func(ctx context.Context, s *session) error { return s.fromHistory(ctx) })
			}
			return a.runSimulate(o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.scenario, "scenario", "", "what the carriers do, `FILE|NAME`")
	f.StringSliceVar(&o.policies, "policy", nil, "only these `POLICIES`, beside static and oracle: "+strings.Join(lab.Policies(), ", "))
	f.IntVar(&o.seed, "seed", 1, "of all chance; a file has its own `N` unless this is given")
	f.IntVar(&o.messages, "messages", 0, "how many; 0 = what the scenario says, 20000 if it says nothing")
	f.Float64Var(&o.rate, "rate", 0, "messages a second; 0 = what the scenario says, 28 if it says nothing")
	f.BoolVar(&o.history, "from-history", false, "instead of a scenario: estimate what other policies would have made of the past attempts")
	addSimulate(cmd, &o.rehearse)
	return exits(cmd, exitInput, exitInterrupted, exitTerminated)
}

func (a *app) runSimulate(o simulateOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	world, err := o.world()
	if err != nil {
		return err
	}
	t, err := a.newTable(columns("policy", ">on_time", ">delivered", ">cost", ">duplicates", ">attempts", ">gap_captured", ">regret"))
	if err != nil {
		return err
	}
	if len(o.policies) == 0 {
		o.policies = lab.Policies()
	}
	w := world()
	doc := simulation{
		Schema: "smsctl.route_simulation/1", Scenario: w.Kind, Seed: w.Seed, Messages: w.Messages, Rate: w.Rate,
		Carriers: w.Carriers, Countries: w.Countries(), Policies: []policyRow{}, Troubles: []troubleRow{},
	}
	for _, x := range lab.Simulate(world, o.policies, runtime.GOMAXPROCS(0)) {
		doc.add(w, x)
		r := doc.Policies[len(doc.Policies)-1]
		t.row(r.Policy, r.OnTime, r.Delivered, fmt.Sprintf("%.2f", r.Cost), r.Duplicates, r.Attempts, percent(r.GapCaptured), percent(r.Regret))
	}
	return a.print(doc, func() error { return a.writeSimulation(&doc, t) })
}

func (o *simulateOptions) check() error {
	for _, p := range o.policies {
		if !slices.Contains(lab.Policies(), p) {
			e := fail(exitUsage, "route.unknown_policy", "unknown policy %q", p).at("--policy %s", strings.Join(o.policies, ",")).
				fix("choose of: %s", strings.Join(lab.Policies(), ", ")).with("policy", p).with("valid", lab.Policies())
			if near := nearest(p, lab.Policies()); near != "" {
				e.fix("did you mean %s?   all: %s", near, strings.Join(lab.Policies(), ", "))
			}
			return e
		}
	}
	if o.seed < 0 || o.messages < 0 || o.messages > 100_000_000 || !(o.rate >= 0 && o.rate <= 1e6) {
		return fail(exitUsage, "route.size", "so much cannot be simulated").at("--seed %d --messages %d --rate %v", o.seed, o.messages, o.rate).
			fix("a seed from 1 on, up to 100000000 messages and 1000000 a second")
	}
	return nil
}

// world reads the scenario: a file by its path, or a kind by its name.
func (o *simulateOptions) world() (func() *lab.World, error) {
	size := lab.Size{Messages: o.messages, Rate: o.rate}
	if slices.Contains(lab.Names(), o.scenario) {
		seed := uint64(max(o.seed, 1))
		return func() *lab.World { return lab.Make(o.scenario, size, seed) }, nil
	}
	b, err := os.ReadFile(o.scenario)
	if errors.Is(err, fs.ErrNotExist) {
		e := fail(exitInput, "route.scenario", "no scenario and no file is called %q", o.scenario).at("--scenario %s", o.scenario).
			fix("a file, or one of: %s", strings.Join(lab.Names(), ", ")).with("valid", lab.Names()).because(err)
		if near := nearest(o.scenario, lab.Names()); near != "" {
			e.fix("did you mean %s?   all: %s", near, strings.Join(lab.Names(), ", "))
		}
		return nil, e
	}
	var m lab.Market
	if err == nil {
		m, err = lab.ParseMarket(b)
	}
	if err != nil {
		return nil, fail(exitInput, "route.scenario", "%s", oneLine(err.Error())).at("%s", o.scenario).fix("see: smsctl help scenario").because(err)
	}
	name := strings.TrimSuffix(filepath.Base(o.scenario), filepath.Ext(o.scenario))
	return func() *lab.World { return m.World(name, size, uint64(o.seed)) }, nil
}

// simulation is the result for programs.
type simulation struct {
	Schema      string       `json:"schema"`
	Scenario    string       `json:"scenario"`
	Seed        uint64       `json:"seed"`
	Messages    int          `json:"messages"`
	Rate        float64      `json:"rate"`
	Carriers    int          `json:"carriers"`
	Countries   int          `json:"countries"`
	Policies    []policyRow  `json:"policies"`
	Troubles    []troubleRow `json:"troubles"`     // what the router had to notice
	FalseAlarms *int         `json:"false_alarms"` // of the router; null without it
}

type policyRow struct {
	Policy      string   `json:"policy"`
	OnTime      share    `json:"on_time"`
	Delivered   share    `json:"delivered"`
	Cost        float64  `json:"cost"` // in the scenario's unit
	Duplicates  int      `json:"duplicates"`
	Attempts    int      `json:"attempts"`
	GapCaptured *float64 `json:"gap_captured"` // null where the oracle is no better than the static list
	Regret      *float64 `json:"regret"`
	Profit      float64  `json:"profit"`  // share of the oracle's
	Seconds     float64  `json:"seconds"` // until the last message was taken
}

type troubleRow struct {
	Carrier  string   `json:"carrier"`
	Country  string   `json:"country"` // "" = everywhere
	Grey     bool     `json:"grey"`    // messages are taken and lost
	From     float64  `json:"from"`    // seconds
	Until    float64  `json:"until"`
	Messages int      `json:"messages"` // that the carrier got before
	After    *float64 `json:"after"`    // seconds; null = not noticed
}

func (s *simulation) add(w *lab.World, x lab.Trial) {
	all := int64(s.Messages)
	r := policyRow{
		Policy: x.Policy, OnTime: share{int64(x.Campaign.OnTime), all}, Delivered: share{int64(x.Campaign.Delivered), all},
		Cost: x.Campaign.Cost, Duplicates: x.Campaign.Duplicates, Attempts: x.Campaign.Accepted, Regret: &x.Regret, Profit: x.Profit,
		Seconds: x.Choice.Finished,
	}
	if x.Gap > 0 {
		r.GapCaptured = &x.Captured
	}
	s.Policies = append(s.Policies, r)
	if x.Policy != "router" {
		return
	}
	s.FalseAlarms = &x.Choice.FalseAlarms
	for _, t := range w.Troubles(&x.Choice) {
		row := troubleRow{t.Carrier, t.Country, t.Grey, t.From, t.To, t.Messages, nil}
		if t.After >= 0 {
			row.After = &t.After
		}
		s.Troubles = append(s.Troubles, row)
	}
}

func percent(x *float64) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100**x)
}

func (a *app) writeSimulation(s *simulation, t *table) error {
	if t.plain {
		return t.flush()
	}
	err := a.printf("%s, seed %d: %s messages, %g a second, %d carriers, %d countries\n\n", s.Scenario, s.Seed, count(int64(s.Messages)), s.Rate, s.Carriers, s.Countries)
	if err = errors.Join(err, t.flush()); err != nil || s.FalseAlarms == nil {
		return err
	}
	var b strings.Builder
	for _, x := range s.Troubles {
		where, what, noticed := "everywhere", "is down", "not noticed"
		if x.Country != "" {
			where = "in " + x.Country
		}
		if x.Grey {
			what = "loses what it takes"
		}
		if x.After != nil {
			noticed = fmt.Sprintf("noticed after %.0f s", *x.After)
		}
		fmt.Fprintf(&b, "%s %s %s from %s on: %s, %s messages went there until then\n", x.Carrier, what, where,
			shortDuration(time.Duration(x.From*float64(time.Second))), noticed, count(int64(x.Messages)))
	}
	fmt.Fprintf(&b, "carriers suspected by the router with which nothing was wrong: %d\n", *s.FalseAlarms)
	return a.printf("\n%s", b.String())
}
