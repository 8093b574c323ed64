package main

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"io"

	"github.com/spf13/cobra"

	"github.com/smsctl/smsctl/campaign/optout"
	"github.com/smsctl/smsctl/campaign/report"
	"github.com/smsctl/smsctl/store"
)

func newOptOutExportCommand(a *app) *cobra.Command {
	var out, hashed string
	var simulate bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write the list as a CSV file that import reads", Args: cobra.NoArgs,
		Long: `Write the list as a CSV file that import reads. Into a file (-o) numbers are written in full, on the terminal they are
masked; --pii says otherwise. With --pii hash they are hashed under the key keys.hash of the config, and --hashed sha256 makes
plain hashes for others to compare with: whoever tries all numbers finds out whose they are. Entries that are hashes already
stay what they are.`,
		Example: "smsctl optout export -o stops.csv\nsmsctl optout export -o hashes.csv --pii hash\nsmsctl optout export -o - --hashed sha256",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withSession(cmd.Context(), simulate, func(ctx context.Context, s *session) error { return s.exportOptOuts(ctx, out, hashed) })
		},
	}
	cmd.Flags().Var(newEnum(&hashed, "", string(optout.SHA256), string(optout.HMAC)), "hashed", "hashes instead of numbers: sha256, hmac-sha256 (as --pii hash)")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to `FILE`, or - for stdout")
	addSimulate(cmd, &simulate)
	return exits(cmd, exitLocked)
}

func (s *session) exportOptOuts(ctx context.Context, out, hashed string) error {
	if s.wantsJSON() && (out == "" || out == "-") {
		return s.listOptOuts(ctx, "", 0)
	}
	def := report.Full
	if out == "" {
		def = report.Masked
	}
	p, err := s.privacy(s.cfg, s.store, def)
	if err != nil {
		return err
	}
	if hashed == "" && s.flags.pii == report.Hash {
		hashed = string(optout.HMAC)
	}
	write := func(w io.Writer) error { return s.writeOptOuts(ctx, w, p) }
	if hashed != "" {
		write = func(w io.Writer) error { return s.writeHashedOptOuts(ctx, w, optout.Alg(hashed)) }
	}
	if out == "" || out == "-" {
		if hashed == "" && p.Hides() {
			s.say("The numbers are masked, so this list cannot be imported: -o FILE writes them in full, --pii full does so here.")
		}
		return write(s.stdout)
	}
	if err := s.writeFile(out, write); err != nil {
		return err
	}
	s.say("Written: %s%s", s.stderr.link(out, out), fullNotice(hashed == "" && !p.Hides()))
	if s.wantsJSON() {
		return s.document(map[string]any{"schema": "smsctl.optout_export/1", "path": out})
	}
	return nil
}

// fullNotice is said of a file that holds people's numbers.
func fullNotice(full bool) string {
	if full {
		return " (numbers in full, for you alone to read; --pii masked or hash hides them)"
	}
	return ""
}

func (s *session) writeOptOuts(ctx context.Context, w io.Writer, p report.Privacy) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"number", "scope", "reason", "at", "source", "evidence"}); err != nil {
		return err
	}
	hashed := 0
	if err := s.store.EachOptOut(ctx, func(o store.OptedOut) error {
		if _, held := o.Scope.Held(); held {
			return nil // nobody has decided yet
		}
		if o.Hash != nil {
			hashed++
			return nil
		}
		e := entryOf(o, p)
		return c.Write([]string{e.Number, e.Scope, e.Reason, e.At.Format(timeFormat), e.Source, e.Evidence})
	}); err != nil {
		return err
	}
	if hashed > 0 {
		s.warn("%s entries are hashes and have no number: --pii hash writes them with all others", count(int64(hashed)))
	}
	c.Flush()
	return c.Error()
}

// writeHashedOptOuts writes hashes and nothing that leads to a person: no evidence.
func (s *session) writeHashedOptOuts(ctx context.Context, w io.Writer, alg optout.Alg) error {
	kind := optout.HashKind{Alg: alg}
	key, err := s.store.OwnKey()
	if err != nil {
		return err
	}
	if alg == optout.HMAC {
		kind = key.Kind()
	} else {
		s.warn("sha256 of a number is undone by trying all numbers: treat this list as the numbers themselves")
	}
	hashers, err := optout.Hashers([]optout.HashKind{kind}, []optout.Key{key})
	if err != nil {
		return err
	}
	c := csv.NewWriter(w)
	if err := c.Write([]string{hashColumn, "hash_alg", "hash_key", "hash_of", "scope", "reason", "at", "source"}); err != nil {
		return err
	}
	if err := s.store.EachOptOut(ctx, func(o store.OptedOut) error {
		if _, held := o.Scope.Held(); held {
			return nil
		}
		sum, of := o.Hash, o.Kind
		if sum == nil {
			sum, of = hashers[0].Sum(o.Phone), kind
		}
		return c.Write([]string{
			hex.EncodeToString(sum), string(of.Alg), of.KeyID, "+E.164", string(o.Scope), o.Reason, o.OccurredAt.UTC().Format(timeFormat), o.Source,
		})
	}); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}
