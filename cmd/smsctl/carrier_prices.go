package main

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/store"
)

func newCarrierPricesCommand(a *app) *cobra.Command {
	return verbs(a, &cobra.Command{Use: "prices", Short: "Price lists of carriers", Example: "smsctl carrier prices import alpha prices.csv"},
		newCarrierPricesImportCommand(a))
}

func newCarrierPricesImportCommand(a *app) *cobra.Command {
	var currency string
	var simulate, dryRun bool
	cmd := &cobra.Command{
		Use: "import NAME FILE", Short: "Import what a segment costs, by country, from a CSV", Args: cobra.ExactArgs(2),
		Long: `Import a carrier's price list, in place of the one imported before. The CSV has a header with the columns country (ISO code,
* for all others) and price (of a segment); other columns are ignored, and of several rows for a country, as lists by
network have them, the dearest counts: a plan must not promise too little. Prices in the config go before imported ones.
carrier list shows how old a list is.`,
		Example: "smsctl carrier prices import alpha prices.csv\nsmsctl carrier prices import alpha - --dry-run < prices.csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error {
				return s.importPrices(ctx, args[0], args[1], currency, dryRun)
			})
		},
	}
	cmd.Flags().StringVar(&currency, "currency", "", "the list's currency, which must be the config's, as `EUR`")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only read and check the list")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitInput, exitNotFound, exitLocked)
}

func (s *session) importPrices(ctx context.Context, name, path, currency string, dryRun bool) (err error) {
	if _, err := s.carrier(ctx, name); err != nil {
		return err
	}
	if currency != "" && !strings.EqualFold(currency, string(s.cfg.Currency)) {
		return fail(exitInput, "prices.currency", "the list is in %s, the config counts in %s", strings.ToUpper(currency), s.cfg.Currency).
			at("%s", path).fix("convert the list, or set currency: %s in the config", strings.ToUpper(currency))
	}
	in := io.Reader(s.stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fail(exitInput, "prices.file", "the price list cannot be read").at("%v", err).fix("check the file's name").because(err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	l := store.PriceList{Carrier: name, Source: filepath.Base(path), Currency: string(s.cfg.Currency), Actor: s.actor()}
	var rows int
	if l.Prices, rows, err = readPrices(in, path); err != nil {
		return err
	}
	if !dryRun {
		if err := s.store.ImportPrices(ctx, l); err != nil {
			return err
		}
	}
	doc := map[string]any{"schema": "smsctl.prices_import/1", "carrier": name, "source": l.Source, "rows": rows, "countries": len(l.Prices), "dry_run": dryRun}
	return s.print(doc, func() error {
		word := "imported"
		if dryRun {
			word = "would be imported"
		}
		return s.printf("%s: %s prices %s from %s rows of %s\n", name, count(int64(len(l.Prices))), word, count(int64(rows)), l.Source)
	})
}

// readPrices reads a list. All that is wrong stops it: half a price list is a wrong one.
func readPrices(in io.Reader, name string) (prices map[string]carriers.Price, rows int, err error) {
	bad := func(line int, format string, args ...any) error {
		return fail(exitInput, "prices.invalid", format, args...).at("%s, line %d", name, line).fix("mend the list: country,price like GB,0.04")
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	header, err := r.Read()
	if err != nil {
		return nil, 0, bad(1, "the list is empty or no CSV")
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(header[i], "\uFEFF")))
	}
	atCountry, atPrice := slices.Index(header, "country"), slices.Index(header, "price")
	if atCountry < 0 || atPrice < 0 {
		return nil, 0, bad(1, "the header has no columns country and price: %s", strings.Join(header, ", "))
	}
	prices = map[string]carriers.Price{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			return nil, 0, bad(line, "not CSV: %v", err)
		}
		if len(cells) <= max(atCountry, atPrice) {
			return nil, 0, bad(line, "%d cells are too few", len(cells))
		}
		country := strings.ToUpper(strings.TrimSpace(cells[atCountry]))
		if country != "*" {
			var iso region
			if err := iso.UnmarshalText([]byte(country)); err != nil {
				return nil, 0, bad(line, "%v", err)
			}
		}
		p, err := carriers.ParsePrice(strings.TrimSpace(cells[atPrice]))
		if err != nil {
			return nil, 0, bad(line, "%v", err)
		}
		prices[country] = max(prices[country], p)
		rows++
	}
	if rows == 0 {
		return nil, 0, bad(2, "the list has no prices")
	}
	return prices, rows, nil
}
