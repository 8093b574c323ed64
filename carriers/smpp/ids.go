package smpp

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/smsctl/smsctl/carriers"
)

// How a message center writes the same id in its answer and in its receipts.
const (
	idAuto    = "auto"     // found out
	idSame    = "same"     // the same, to the letter
	idRespHex = "resp_hex" // hex in the answer, decimal in the receipt
	idRespDec = "resp_dec" // decimal in the answer, hex in the receipt
)

const (
	generation = 50_000 // ids remembered before the older half is forgotten
	earlyMost  = 4096   // ids of receipts that came before the answer, before the older half is forgotten
	earlyEach  = 4      // receipts remembered of each
	votes      = 8      // receipts that must agree before auto is sure
)

// book knows the ids as long as it is not known how the message center writes them; then the store alone knows them. A
// receipt whose id could be of two messages is nobody's.
type book struct {
	exact bool // ids stay as they are

	mu       sync.Mutex
	mode     string // auto until it is found out
	vote     string
	votes    int
	now, old map[string]entry
	early    map[string][]notice // by every form of their ids
	earlier  map[string][]notice // the older half of them
}

// entry is one part that was taken.
type entry struct {
	ref, to, id string
	parts       int  // of a long message, of which this is one
	nobody      bool // two messages were given that id
}

func newBook(mode string) *book {
	return &book{mode: mode, exact: mode == idSame, now: map[string]entry{}, early: map[string][]notice{}}
}

// taken enters the id of a part, and returns how it is written here and what was said of it before.
func (b *book) taken(j *job, raw string) (id string, early []carriers.Receipt) {
	id = b.fold(raw)
	b.mu.Lock()
	defer b.mu.Unlock()
	e := entry{ref: j.ref, to: j.to, id: id, parts: j.many()}
	switch {
	case id == "":
		return id, nil
	case b.mode == idAuto:
		b.enter(&e)
	case len(b.early)+len(b.earlier) == 0: // nothing has come since it was found out
		return id, nil
	}
	for _, n := range append(slices.Clone(b.earlier[id]), b.early[id]...) {
		if n.concerns(e.to) {
			early = append(early, e.said(n.Receipt))
		}
	}
	delete(b.early, id)
	delete(b.earlier, id)
	return id, early
}

// enter keeps an id for receipts to come.
func (b *book) enter(e *entry) {
	if before, twice := b.find(e.id); twice {
		if e.parts = 0; before.ref != e.ref { // else the message center takes all parts for one message
			e.nobody = true
		}
	}
	if len(b.now) >= generation {
		b.now, b.old = make(map[string]entry, generation), b.now
	}
	b.now[e.id] = *e
}

// remember keeps a receipt of a message that is not known yet.
func (b *book) remember(n notice, candidates []candidate) {
	if len(b.early) >= earlyMost {
		b.early, b.earlier = make(map[string][]notice), b.early
	}
	for _, c := range candidates {
		if len(b.early[c.id]) < earlyEach {
			b.early[c.id] = append(b.early[c.id], n)
		}
	}
}

// resolve finds the message that a receipt speaks of and gives it that message's id. One that is not known here keeps the
// id it came with: the store may know it.
func (b *book) resolve(n notice) carriers.Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	candidates := b.candidates(n)
	r := n.Receipt
	if len(candidates) == 0 {
		return r
	}
	r.ID = candidates[0].id
	if b.mode != idAuto {
		return r // the store knows it, or will
	}
	var hit *entry
	how := ""
	for _, c := range candidates {
		e, ok := b.find(c.id)
		if !ok || !n.concerns(e.to) {
			continue
		}
		if e.nobody || hit != nil && hit.id != e.id {
			r.ID, r.Detail = "", "its id could be of two messages"
			return r
		}
		if hit == nil {
			hit, how = &e, c.how
		}
	}
	if hit == nil {
		b.remember(n, candidates)
		return r
	}
	if !readsAlike(n.tlvID) && !readsAlike(n.textID) {
		b.learn(how)
	}
	return hit.said(r)
}

// said is what a receipt says of a message, or of one of its parts.
func (e *entry) said(r carriers.Receipt) carriers.Receipt {
	r.Ref, r.ID, r.To, r.Parts = e.ref, e.id, e.to, e.parts
	return r
}

func (b *book) find(id string) (entry, bool) {
	e, ok := b.now[id]
	if !ok {
		e, ok = b.old[id]
	}
	return e, ok
}

// candidate is one reading of a receipt's id.
type candidate struct{ id, how string }

// candidates are the readings of a receipt's ids, the likeliest first.
func (b *book) candidates(n notice) (cs []candidate) {
	add := func(id, how string) {
		for _, c := range cs {
			if c.id == id {
				return
			}
		}
		if id != "" {
			cs = append(cs, candidate{id, how})
		}
	}
	switch b.mode {
	case idSame:
		add(b.fold(n.tlvID), idSame)
		if n.tlvID == "" {
			add(b.fold(n.textID), idSame)
		}
	case idAuto:
		for _, raw := range []string{n.tlvID, n.textID} {
			add(b.fold(raw), idSame)
		}
		for _, raw := range []string{n.textID, n.tlvID} {
			add(rebase(raw, 10, 16), idRespHex)
			add(rebase(raw, 16, 10), idRespDec)
		}
	default: // receipted_message_id is the answer's own id, if the message center follows the specification
		from, to := 10, 16
		if b.mode == idRespDec {
			from, to = 16, 10
		}
		if n.textID == "" {
			n.textID = n.tlvID
		}
		id := rebase(n.textID, from, to)
		if id == "" {
			id = b.fold(n.textID)
		}
		add(id, b.mode)
	}
	return cs
}

// readsAlike says that an id is the same number in both bases: it proves nothing.
func readsAlike(raw string) bool {
	dec := rebase(raw, 10, 10)
	return dec != "" && dec == rebase(raw, 16, 10)
}

// learn counts what receipts have proved.
func (b *book) learn(how string) {
	if b.mode != idAuto {
		return
	}
	if how != b.vote {
		b.vote, b.votes = how, 0
	}
	if b.votes++; b.votes >= votes {
		b.mode = how
	}
}

// fold makes one of the ways to write an id: small hex digits without leading zeros. Other ids, and those of a message
// center that is said to write them the same, stay as they are.
func (b *book) fold(id string) string {
	id = strings.Trim(id, " \x00")
	if b.exact || !hexDigits(id) {
		return id
	}
	id = strings.TrimLeft(strings.ToLower(id), "0")
	if id == "" {
		return "0"
	}
	return id
}

func hexDigits(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// rebase writes a number in another base; "" for what is no number of 64 bits.
func rebase(id string, from, to int) string {
	v, err := strconv.ParseUint(strings.Trim(id, " \x00"), from, 64)
	if err != nil {
		return ""
	}
	return strconv.FormatUint(v, to)
}

// concerns says that one of a receipt's addresses is the recipient's. Message centers write it with and without prefixes,
// so the last eight digits count.
func (n *notice) concerns(to string) bool {
	for _, a := range n.addresses {
		if a != "" && tail(a) == tail(to) {
			return true
		}
	}
	return false
}

func tail(number string) string { return number[max(0, len(number)-8):] }
