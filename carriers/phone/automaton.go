package phone

import (
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
)

// An automaton answers, in one walk over the digits of a number, which of up to 16 patterns match all of it.
//
// libphonenumber describes each kind of number of a territory (mobile, fixed line, premium …) by a regular expression over
// digits. Asking them one after the other costs Go's regexp 7 µs a number. Digits are an alphabet of ten, and no number is longer
// than 17, so all the expressions of a territory fit into one small deterministic automaton, where the same question is one
// table lookup a digit.
type automaton struct {
	states []state // 0 is the dead state, 1 the start
}

type state struct {
	next    [10]uint16
	accepts uint16 // bit i: pattern i matches what was read so far
}

const (
	dead  = 0
	start = 1
)

// match returns the set of patterns that match all of digits, as a bit set.
func (a *automaton) match(digits string) uint16 {
	at := uint16(start)
	for i := range len(digits) {
		at = a.states[at].next[digits[i]-'0']
		if at == dead {
			return 0
		}
	}
	return a.states[at].accepts
}

// compile builds the automaton of patterns by the subset construction over Go's own compiled programs, so it
// understands exactly the syntax that Go's regexp does. Patterns match as a whole, as if written ^(?:…)$.
func compile(patterns []string) (*automaton, error) {
	n, err := union(patterns)
	if err != nil {
		return nil, err
	}
	b := builder{nfa: n, ids: map[string]uint16{}}
	b.states = make([]state, 2)
	b.sets = make([][]uint32, 2)
	b.sets[start] = n.closure(n.starts)
	b.states[start].accepts = n.accepted(b.sets[start])
	b.ids[key(b.sets[start])] = start
	for at := start; at < len(b.sets); at++ {
		for digit := range 10 {
			next, err := b.step(b.sets[at], rune('0'+digit))
			if err != nil {
				return nil, err
			}
			b.states[at].next[digit] = next
		}
	}
	return &automaton{states: b.states}, nil
}

// A builder turns sets of places in the programs into states, numbering each set once.
type builder struct {
	nfa    *nfa
	states []state
	sets   [][]uint32
	ids    map[string]uint16
}

func (b *builder) step(from []uint32, digit rune) (uint16, error) {
	var reached []uint32
	for _, at := range from {
		if inst := &b.nfa.insts[at]; consumes(inst) && inst.MatchRune(digit) {
			reached = append(reached, b.nfa.out[at])
		}
	}
	if len(reached) == 0 {
		return dead, nil
	}
	set := b.nfa.closure(reached)
	if id, known := b.ids[key(set)]; known {
		return id, nil
	}
	if len(b.sets) > 1<<16-1 {
		return dead, fmt.Errorf("patterns need more than %d states", 1<<16)
	}
	id := uint16(len(b.sets))
	b.ids[key(set)] = id
	b.sets = append(b.sets, set)
	b.states = append(b.states, state{accepts: b.nfa.accepted(set)})
	return id, nil
}

// An nfa is the programs of several patterns laid end to end. The targets of a program's instructions are kept beside
// them, moved by the program's offset.
type nfa struct {
	insts    []syntax.Inst
	out, arg []uint32
	pattern  []uint8 // whose instruction it is
	starts   []uint32
}

func union(patterns []string) (*nfa, error) {
	if len(patterns) > 16 {
		return nil, fmt.Errorf("%d patterns do not fit a 16-bit set", len(patterns))
	}
	n := &nfa{}
	for i, pattern := range patterns {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("parse pattern %q: %w", pattern, err)
		}
		prog, err := syntax.Compile(re.Simplify())
		if err != nil {
			return nil, fmt.Errorf("compile pattern %q: %w", pattern, err)
		}
		offset := uint32(len(n.insts))
		for _, inst := range prog.Inst {
			if inst.Op == syntax.InstEmptyWidth {
				return nil, fmt.Errorf("pattern %q has an anchor", pattern)
			}
			n.insts = append(n.insts, inst)
			n.out = append(n.out, inst.Out+offset)
			n.arg = append(n.arg, inst.Arg+offset)
			n.pattern = append(n.pattern, uint8(i))
		}
		n.starts = append(n.starts, uint32(prog.Start)+offset)
	}
	return n, nil
}

// closure returns the places that read a digit or accept, reachable from places without reading, sorted.
func (n *nfa) closure(places []uint32) []uint32 {
	var set []uint32
	seen := make(map[uint32]bool, len(places))
	todo := slices.Clone(places)
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		switch n.insts[at].Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, n.out[at], n.arg[at])
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, n.out[at])
		case syntax.InstFail:
		default:
			set = append(set, at)
		}
	}
	slices.Sort(set)
	return set
}

func (n *nfa) accepted(set []uint32) (patterns uint16) {
	for _, at := range set {
		if n.insts[at].Op == syntax.InstMatch {
			patterns |= 1 << n.pattern[at]
		}
	}
	return patterns
}

func consumes(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	default:
		return false
	}
}

func key(set []uint32) string {
	b := make([]byte, 0, 4*len(set))
	for _, at := range set {
		b = binary.LittleEndian.AppendUint32(b, at)
	}
	return string(b)
}
