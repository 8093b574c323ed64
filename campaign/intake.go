package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/smsctl/smsctl/campaign/recipients"
	"github.com/smsctl/smsctl/carriers"
	"github.com/smsctl/smsctl/carriers/gsm"
	"github.com/smsctl/smsctl/carriers/phone"
)

// Importer takes what intake has made of the rows, a batch at a time and in the order of the file. It returns the rows
// whose number was there before.
type Importer interface {
	Import(ctx context.Context, batch []Recipient, rejects []Reject) (dups []Reject, err error)
}

// Renderer makes the text of a row.
type Renderer interface {
	Render(cells []string) (string, error)
}

// Labeller puts into a text what it must say in a country, and tells whether it does not.
type Labeller interface {
	Add(country, text string) (labelled string, added bool)
	Lacks(country, text string) bool
}

// Intake turns the rows of a list into recipients: normalise, opt-out, render, segments, price; the importer finds the
// duplicates. Rows are worked on in parallel, because reading telephone numbers and rendering cost more than the disk.
type Intake struct {
	List          *recipients.Reader
	Phones        *phone.Parser
	Text          Renderer
	Labels        Labeller            // nil adds nothing and asks for nothing
	Strict        bool                // a single message whose text lacks something is refused
	Transliterate func(string) string // nil leaves texts as they are
	MaxSegments   int
	Times         *Schedule // nil: all are sent to at once
	OptedOut      func(phone uint64) bool
	Consented     func(phone uint64) bool                     // nil asks for no consent
	AtCap         func(phone uint64) bool                     // who has had as many messages as caps allow; nil: there are none
	Price         func(country string) (carriers.Price, bool) // of a segment
	Import        Importer
	Rejects       *recipients.Rejects // nil writes no file
	Progress      func(rows int)      // called now and then
}

// chunkRows is what one worker takes at a time: enough to hide the hand-over.
const chunkRows = 256

// importRows is what one transaction takes: some megabytes, a fraction of a second.
const importRows = 10_000

// chunk is some consecutive rows on their way through a worker.
type chunk struct {
	rows    []recipients.Row
	good    []Recipient
	rejects []Reject
	tally   Tally
	done    chan struct{}
}

// Run reads the whole list. Nothing of it can be sent before the caller has finished the import; on an error the
// caller discards it.
func (in *Intake) Run(ctx context.Context) (Tally, error) {
	g, ctx := errgroup.WithContext(ctx)
	workers := max(1, runtime.GOMAXPROCS(0))
	work, order := make(chan *chunk), make(chan *chunk, 4*workers) // some chunks ahead of the importer, so that no worker waits for it
	g.Go(func() error {
		defer close(work)
		defer close(order)
		return in.read(ctx, work, order)
	})
	for range workers {
		g.Go(func() error {
			for c := range work {
				in.prepare(c)
				close(c.done)
			}
			return nil
		})
	}
	var sum Tally
	g.Go(func() error { return in.collect(ctx, order, &sum) })
	err := g.Wait()
	if in.Rejects != nil && err == nil {
		err = in.Rejects.Close()
	}
	sum.Rows = int64(in.List.Rows())
	return sum, err
}

// read cuts the list into chunks, good rows and bad.
func (in *Intake) read(ctx context.Context, work, order chan<- *chunk) error {
	for {
		c := &chunk{done: make(chan struct{})}
		end, err := in.fill(c)
		if err != nil {
			return err
		}
		if len(c.rows)+len(c.rejects) > 0 {
			for _, ch := range []chan<- *chunk{order, work} {
				select {
				case ch <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		if end {
			return nil
		}
	}
}

func (in *Intake) fill(c *chunk) (end bool, err error) {
	c.rows = make([]recipients.Row, 0, chunkRows)
	for len(c.rows)+len(c.rejects) < chunkRows {
		row, err := in.List.Next()
		var bad *recipients.RowError
		switch {
		case err == nil:
			c.rows = append(c.rows, row)
		case errors.As(err, &bad):
			c.rejects = append(c.rejects, *bad)
		case errors.Is(err, io.EOF):
			return true, nil
		default:
			return false, err
		}
	}
	return false, nil
}

// prepare makes recipients and rejects of a chunk's rows.
func (in *Intake) prepare(c *chunk) {
	c.tally.Invalid = int64(len(c.rejects))
	c.good = make([]Recipient, 0, len(c.rows))
	for i := range c.rows {
		r, reject := in.recipient(&c.rows[i], &c.tally)
		switch {
		case reject == nil:
			c.good = append(c.good, r)
			continue
		case reject.Code == CodeOptedOut:
			c.tally.OptedOut++
		default:
			c.tally.Invalid++
		}
		c.rejects = append(c.rejects, *reject)
	}
	c.rows = nil
}

func (in *Intake) recipient(row *recipients.Row, t *Tally) (Recipient, *Reject) {
	number, err := in.Phones.Parse(row.Phone)
	if err != nil {
		return Recipient{}, in.badPhone(row, err)
	}
	digits := number.Digits()
	if in.OptedOut(digits) {
		return Recipient{}, in.reject(row, in.phoneColumn(), CodeOptedOut, "the number is on the opt-out list", "")
	}
	if in.Consented != nil && !in.Consented(digits) {
		return Recipient{}, in.reject(row, in.List.PhoneColumn(), CodeNoConsent, "no consent of this number is recorded", "record it: smsctl consent import")
	}
	text, err := in.Text.Render(row.Cells)
	if err != nil {
		return Recipient{}, in.badText(row, err)
	}
	added := false
	if in.Labels != nil && text != "" {
		text, added = in.Labels.Add(number.Country, text)
	}
	size := gsm.Measure(text)
	if in.Transliterate != nil && size.Encoding == gsm.UCS2 {
		if t := in.Transliterate(text); t != text {
			text, size = t, gsm.Measure(t)
		}
	}
	switch {
	case size.Segments == 0:
		return Recipient{}, in.reject(row, -1, CodeTextEmpty, "the text is empty", "check the message and this row's values")
	case in.MaxSegments > 0 && size.Segments > in.MaxSegments:
		return Recipient{}, in.reject(row, -1, CodeTextLong,
			fmt.Sprintf("the text needs %d segments (%s), more than %d", size.Segments, size.Encoding, in.MaxSegments),
			"shorten the message or this row's values, use --transliterate, or raise --max-segments")
	}
	r := Recipient{
		Line: row.Line, Phone: digits, Country: number.Country, Kind: number.Type.String(), Cells: row.Cells,
		Text: text, UCS2: size.Encoding == gsm.UCS2, Segments: size.Segments,
	}
	r.Labelled, r.Unlabelled = added, in.Labels != nil && in.Labels.Lacks(number.Country, text)
	r.AtCap = in.AtCap != nil && in.AtCap(digits)
	if in.Times != nil {
		if fault := in.Times.of(row, &r); fault != nil {
			return Recipient{}, in.reject(row, fault.column, fault.code, fault.text, fault.fix)
		}
	}
	t.add(&r)
	if in.Times != nil {
		t.Waits.add(&r, 1)
	}
	return r, nil
}

// phoneColumn is where the number stands; a single message has no columns.
func (in *Intake) phoneColumn() int {
	if in.List == nil {
		return -1
	}
	return in.List.PhoneColumn()
}

func (in *Intake) badPhone(row *recipients.Row, err error) *Reject {
	var e *phone.Error
	if errors.As(err, &e) {
		return in.reject(row, in.phoneColumn(), e.Code, e.Detail, "")
	}
	return in.reject(row, in.phoneColumn(), phone.CodeInvalid, err.Error(), "")
}

// coded is an error that names a stable code, the column at fault and a remedy.
type coded interface {
	error
	Code() string
}

func (in *Intake) badText(row *recipients.Row, err error) *Reject {
	code := CodeTextMissing
	var c coded
	if errors.As(err, &c) {
		code = c.Code()
	}
	return in.reject(row, -1, code, err.Error(), "fill the cell in, or give the message a default")
}

func (in *Intake) reject(row *recipients.Row, column int, code, message, fix string) *Reject {
	r := &Reject{Line: row.Line, Record: row.Record, Code: code, Message: message, Fix: fix, Cells: row.Cells}
	if column >= 0 && in.List != nil {
		r.Column, r.Value = in.List.Header()[column], row.Cells[column]
	}
	return r
}

// collect puts the chunks back in the order of the file and imports them.
func (in *Intake) collect(ctx context.Context, order <-chan *chunk, sum *Tally) error {
	var batch []Recipient
	var rejects []Reject
	flush := func() error {
		if len(batch)+len(rejects) == 0 {
			return nil
		}
		dups, err := in.Import.Import(ctx, batch, rejects)
		if err != nil {
			return err
		}
		sum.undo(batch, dups)
		err = in.writeRejects(append(rejects, dups...))
		batch, rejects = batch[:0], nil
		return err
	}
	rows := 0
	for c := range order {
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		rows += len(c.good) + len(c.rejects)
		sum.merge(&c.tally)
		batch, rejects = append(batch, c.good...), append(rejects, c.rejects...)
		if len(batch)+len(rejects) < importRows {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		if in.Progress != nil {
			in.Progress(rows)
		}
	}
	return flush()
}

func (in *Intake) writeRejects(rejects []Reject) error {
	if in.Rejects == nil {
		return nil
	}
	for i := range rejects {
		if err := in.Rejects.Write(&rejects[i]); err != nil {
			return err
		}
	}
	return nil
}
