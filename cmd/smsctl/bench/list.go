//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// ranges are numbers of mobiles: a prefix, and how many follow it, as many as the digits given.
var ranges = []struct { //nolint:gochecknoglobals // a table that nothing writes to
	prefix string
	first  int
	size   int
	digits int
}{
	{"+44740", 0, 10_000_000, 7},
	{"+3361", 0, 10_000_000, 7},
	{"+49171", 0, 10_000_000, 7},
	{"+3461", 0, 10_000_000, 7},
	{"+39347", 0, 10_000_000, 7},
	{"+3161", 0, 10_000_000, 7},
	{"+91987", 0, 10_000_000, 7},
	{"+1917", 2_000_000, 8_000_000, 7},
}

// numbers gives distinct valid numbers of several countries, mixed.
type numbers struct {
	rnd  *rand.Rand
	next [8]int // in each range
}

func newNumbers(seed uint64) *numbers {
	n := &numbers{rnd: rand.New(rand.NewPCG(seed, 0))}
	for i := range n.next {
		n.next[i] = n.rnd.IntN(ranges[i].size)
	}
	return n
}

// stride has no divisor in common with a range's size, so that walking by it meets every number once, in no order.
const stride = 7_654_321

func (n *numbers) take() string {
	i := n.rnd.IntN(len(ranges))
	r := &ranges[i]
	n.next[i] = (n.next[i] + stride) % r.size
	return fmt.Sprintf("%s%0*d", r.prefix, r.digits, r.first+n.next[i])
}

// The message and its columns: some placeholders, one segment.
const template = "Hi {{first_name|there}}, your order for {{city}} is on its way and arrives today."

func greeting(name, city string) string {
	return "Hi " + name + ", your order for " + city + " is on its way and arrives today."
}

// person is the rest of a row.
func person(i int) (name, city string) {
	names := [...]string{"Ada", "Ben", "Chloe", "Dmitri", "Elena", "Femi", "Grace", "Hugo", "Ines", "Jamal", ""}
	cities := [...]string{"Leeds", "Lyon", "Bremen", "Cadiz", "Torino", "Utrecht", "Pune", "Albany"}
	return names[i%len(names)], cities[i%len(cities)]
}

// list writes a list of n rows, once.
func (b *bench) list(n int) (path string, err error) {
	return b.listOf(n, b.seed)
}

func (b *bench) listOf(n int, seed uint64) (path string, err error) {
	path = filepath.Join(b.dir, fmt.Sprintf("list-%d-%d.csv", n, seed))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "phone,first_name,city")
	numbers := newNumbers(seed)
	for i := range n {
		name, city := person(i)
		fmt.Fprintf(w, "%s,%s,%s\n", numbers.take(), name, city)
	}
	return path, w.Flush()
}
