package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"arauto"
)

// targetExternal in a mapping makes a column the contact's external id.
const targetExternal = "external_id"

const storeTimeout = time.Minute

// resume says how far an import is. Its rows up to Row are stored; the rejects among those after From, the last
// chunk, may not be written yet, which cannot be part of the same transaction. Everything to write them again is
// here: who was a duplicate of whom is not in the file.
type resume struct {
	From       int           `json:"from"`
	Row        int           `json:"row"`
	Rejects    int64         `json:"rejects"`              // bytes of the file of rejects up to From
	Duplicates map[int]int64 `json:"duplicates,omitempty"` // by row after From: the contact that was there
}

// Work implements the worker of import jobs: it reads the file from where j got to, adds what its rows say chunk by
// chunk, contacts to the campaign or entries to the do-not-contact list, and writes what it could not add to the
// file of rejects.
//
// The error is invalid for a file that cannot be read as such a list, a conflict once the campaign takes no more
// contacts. Anything else may pass: call Work again with the job as it is stored.
func (i *Imports) Work(ctx context.Context, l arauto.Lease, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
	p, err := parseParams(j)
	if err != nil {
		return j, err
	}
	file, err := i.Blobs.Open(ctx, p.Upload)
	if err != nil {
		return j, err
	}
	defer file.Close()
	read := &counter{r: file}
	list, err := i.open(p, read)
	if err != nil {
		return j, err
	}
	if j.Kind == arauto.JobSuppressions {
		entries, err := i.entries(p, list)
		if err != nil {
			return j, err
		}
		r := &run[arauto.Suppression]{Imports: i, list: list, lease: l, job: j, params: p, read: read, parse: entries.entry, add: i.Store.SuppressChunk}
		return work(ctx, r)
	}
	r := &run[arauto.Contact]{Imports: i, list: list, lease: l, job: j, params: p, read: read, add: i.Store.AddChunk, twice: alreadyThere}
	r.parse = r.contact
	return work(ctx, r)
}

// work does the rest of an import.
func work[T any](ctx context.Context, r *run[T]) (arauto.Job, error) {
	j := r.job
	if err := r.goOn(); err != nil {
		return j, err
	}
	if err := r.all(ctx); err != nil {
		return r.job, err
	}
	r.job.Done = r.job.Total
	return r.job, nil
}

// A list is a file that was opened as a list of contacts.
type list struct {
	source  Source
	dialect Dialect
	header  []string // the file's own
	columns *Columns
	phones  Phones
	// external says that one of the custom fields is the external id.
	external bool
}

// open reads the header and settles what the columns are. Its errors of kind invalid are about the file.
func (i *Imports) open(p params, file io.Reader) (list, error) {
	phones, err := i.Phones(p.Country)
	if err != nil {
		return list{}, err
	}
	source, dialect, err := OpenCSV(file, CSVOptions{Separator: p.Separator, Encoding: p.Encoding})
	if err != nil {
		return list{}, err
	}
	sample, source := Peek(source, MaxPeek)
	header, mapping, err := p.place(source.Header())
	if err != nil {
		return list{}, err
	}
	columns, err := MapColumns(header, sample, ColumnOptions{Mapping: mapping, NameRequired: p.NameRequired})
	if err != nil {
		return list{}, err
	}
	_, external := mapping[targetExternal]
	return list{source, dialect, source.Header(), columns, phones, external}, nil
}

// place gives the first columns the names that the positions say, and returns the mapping that then holds.
func (p params) place(header []string) ([]string, map[string]string, error) {
	if len(p.Positions) == 0 {
		return header, p.Mapping, nil
	}
	if len(header) < len(p.Positions) {
		return nil, nil, arauto.Errorf(arauto.KindInvalid, "file", "the file has %d columns and needs at least %d, in this order: %s",
			len(header), len(p.Positions), strings.Join(p.Positions, ", "))
	}
	mapping := map[string]string{targetName: ""}
	for _, target := range p.Positions {
		if target == targetName || target == targetPhone || target == targetExternal {
			mapping[target] = target
		}
	}
	return slices.Concat(p.Positions, header[len(p.Positions):]), mapping, nil
}

// A run is one import being done, of a file whose rows each say a T.
type run[T any] struct {
	*Imports
	list
	lease  arauto.Lease
	job    arauto.Job
	params params
	resume resume

	// parse reads one row; the error is what is wrong with it.
	parse func(Row) (T, error)
	// add stores what rows said, with what update makes of the job, both or neither.
	add func(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []T, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error)
	// twice is why a row that was there already is refused; nil when that is no fault.
	twice func(id int64) error

	read    *counter
	rejects *Rejects
	pending bytes.Buffer // what rejects wrote and the blob does not have
	written int64        // bytes of the file of rejects
}

// A line is one row of a chunk: what it says, or why that is nothing.
type line[T any] struct {
	row  Row
	says T
	err  error
}

// goOn continues where the job got to.
func (r *run[T]) goOn() (err error) {
	if r.job.Resume != "" {
		if err := json.Unmarshal([]byte(r.job.Resume), &r.resume); err != nil {
			return fmt.Errorf("read where job %d got to: %w", r.job.ID, err)
		}
	}
	if r.rejects, err = NewRejects(&r.pending, r.dialect, r.header); err != nil {
		return err
	}
	if r.written = r.resume.Rejects; r.written > 0 { // the header is there
		if err := r.rejects.Flush(); err != nil {
			return err
		}
		r.pending.Reset()
	}
	return nil
}

// all goes through the file chunk by chunk. The first one may be stored already, and lacks its rejects at most.
func (r *run[T]) all(ctx context.Context) error {
	for {
		chunk, end, err := r.next(ctx)
		if err != nil {
			return err
		}
		if len(chunk) > 0 {
			if chunk[len(chunk)-1].row.Number > r.resume.Row {
				if err := r.store(ctx, chunk); err != nil {
					return err
				}
			}
			if err := r.reject(ctx, chunk); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}

// next reads the next chunk of rows behind resume.From: what was the last chunk when the import was interrupted, and
// then as many rows as fit. end says that it is the last.
func (r *run[T]) next(ctx context.Context) (chunk []line[T], end bool, err error) {
	interrupted := r.resume.From < r.resume.Row
	for size := 0; interrupted || len(chunk) < r.chunkRows && size < r.chunkBytes; {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		row, err := r.source.Next()
		if errors.Is(err, io.EOF) {
			return chunk, true, nil
		}
		bad, isBad := errors.AsType[*RowError](err)
		switch {
		case isBad:
			row = bad.Row
		case err != nil:
			return nil, false, err
		}
		if row.Number <= r.resume.From {
			continue
		}
		l := line[T]{row: row, err: err}
		if err == nil {
			l.says, l.err = r.parse(row)
		}
		chunk = append(chunk, l)
		if row.Number == r.resume.Row {
			return chunk, false, nil
		}
		for _, cell := range row.Cells {
			size += len(cell)
		}
	}
	return chunk, false, nil
}

// contact reads one row; the error is what is wrong with it.
func (r *run[T]) contact(row Row) (arauto.Contact, error) {
	e, phone, err := r.person(row)
	if err != nil {
		return arauto.Contact{}, err
	}
	c := arauto.Contact{Account: r.job.Account, Campaign: r.job.Campaign, Name: e.Name, PhoneRaw: e.Phone, Phone: phone, PersonKey: phone.PersonKey(), Fields: e.Fields}
	if r.external {
		c.External, _ = c.Fields.Get(targetExternal)
		c.Fields = slices.DeleteFunc(c.Fields, func(f arauto.Field) bool { return f.Key == targetExternal })
	}
	return c, nil
}

// person is a row with its phone read.
func (l list) person(row Row) (Entry, arauto.Phone, error) {
	e, err := l.columns.Entry(row)
	if err != nil {
		return e, "", err
	}
	phone, err := l.phones.Parse(e.Phone)
	if bad, ok := errors.AsType[*arauto.Error](err); ok {
		// The phone's column is named as the file does.
		err = &arauto.Error{Kind: bad.Kind, Field: clean(l.header[l.columns.Phone]), Message: bad.Message}
	}
	return e, phone, err
}

// store adds what the chunk says, with where the import then stands.
func (r *run[T]) store(ctx context.Context, chunk []line[T]) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	said := make([]T, 0, len(chunk))
	rows := make([]int, 0, len(chunk)) // of said
	for _, l := range chunk {
		if l.err == nil {
			said, rows = append(said, l.says), append(rows, l.row.Number)
		}
	}
	var next resume
	_, job, err := r.add(ctx, r.Now(), r.lease, r.job, said, func(added []arauto.Added, j *arauto.Job) {
		next = resume{From: r.resume.Row, Row: chunk[len(chunk)-1].row.Number, Rejects: r.written, Duplicates: map[int]int64{}}
		for n, a := range added {
			if a.Duplicate {
				next.Duplicates[rows[n]] = a.ID
			}
		}
		j.Duplicate += int64(len(next.Duplicates))
		j.Accepted += int64(len(said) - len(next.Duplicates))
		j.Rejected += int64(len(chunk) - len(said))
		j.Done = max(j.Done, min(r.read.n, j.Total))
		j.Resume = next.text()
	})
	if err != nil {
		return err
	}
	r.job, r.resume = job, next
	return nil
}

func (r resume) text() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic("importer: numbers travel as JSON: " + err.Error())
	}
	return string(text)
}

// reject writes those rows of a stored chunk that say nothing. Doing it again writes the same.
func (r *run[T]) reject(ctx context.Context, chunk []line[T]) error {
	refused := false
	for _, l := range chunk {
		why := l.err
		if id, twice := r.resume.Duplicates[l.row.Number]; twice && why == nil && r.twice != nil {
			why = r.twice(id)
		}
		if why == nil {
			continue
		}
		refused = true
		if err := r.rejects.Write(l.row, why); err != nil {
			return err
		}
	}
	r.resume.From = r.resume.Row
	if !refused {
		return nil
	}
	if err := r.rejects.Flush(); err != nil {
		return err
	}
	if err := r.Blobs.Append(ctx, r.params.Rejects, r.written, r.pending.Bytes()); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	r.written += int64(r.pending.Len())
	r.pending.Reset()
	return nil
}

func alreadyThere(contact int64) error {
	return arauto.Errorf(arauto.KindConflict, "", "already in this campaign (contact %d)", contact)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
