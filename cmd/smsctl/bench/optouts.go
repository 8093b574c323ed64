//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/smsctl/smsctl/campaign/optout"
)

// optOuts is an opt-out list of other people than the intake's.
type optOuts struct {
	n      int
	hashed bool // by HMAC, the dearer way
}

func (o *optOuts) String() string {
	if o.hashed {
		return "opt-outs, hashed"
	}
	return "opt-outs"
}

// optOut imports a list, says how long that took, and returns the flags of those who use it.
func (b *bench) optOut(ctx context.Context, t *table, home string, o *optOuts, common []string) (flags []string, err error) {
	var list string
	args := []string{"optout", "import"}
	if o.hashed {
		config := filepath.Join(home, "config.yaml")
		if err := os.WriteFile(config, []byte("keys: {hash: "+hashSecret+"}\n"), 0o600); err != nil {
			return nil, err
		}
		flags = []string{"--config", config}
		args = append(args, "--hashed", string(optout.HMAC))
		list, err = b.hashes(home, o.n)
	} else {
		list, err = b.listOf(o.n, b.seed+1)
	}
	if err != nil {
		return nil, err
	}
	_, used, err := command(ctx, home, b.smsctl, append(append(append(args, list), common...), flags...)...)
	if err != nil {
		return nil, err
	}
	t.row("import", "%6.1f s    %d %s, cpu %.1f s, rss %d MB", used.wall.Seconds(), o.n, o, used.cpu.Seconds(), used.rss>>20)
	return flags, nil
}

const hashSecret = "the-secret-of-the-benchmark"

// hashes writes a list of hashed numbers.
func (b *bench) hashes(dir string, n int) (path string, err error) {
	key := optout.NewKey([]byte(hashSecret))
	hashers, err := optout.Hashers([]optout.HashKind{key.Kind()}, []optout.Key{key})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "hashes.csv")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "hash")
	numbers := newNumbers(b.seed + 1)
	for range n {
		var digits uint64
		if _, err := fmt.Sscanf(numbers.take(), "+%d", &digits); err != nil {
			return "", err
		}
		fmt.Fprintln(w, hex.EncodeToString(hashers[0].Sum(digits)))
	}
	return path, w.Flush()
}
