// Package exporter writes contacts into files, as jobs: CSV, a spreadsheet, or a JSON object a line. A file is
// streamed from many short reads by key, however many contacts there are, and can be fetched until it expires.
//
// It may not know where contacts and files are kept, nor who asks. The rows are those of a list or a report: newest
// first, of the contacts that were there when the export was asked for.
package exporter

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"arauto"
)

// Store is where contacts and jobs are kept.
type Store interface {
	ContactBound(ctx context.Context, account int64) (int64, error)
	CountContacts(ctx context.Context, account int64, f arauto.ContactFilter, upTo int64) (int64, error)
	QueueBulk(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job, asked string) (arauto.Job, error)
	// ContactRows lists matches below an id, newest first; fewer than limit are the last.
	ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error)
}

// Shelf is where exports are found that are done.
type Shelf interface {
	// ExpiredExports lists finished exports, of every account, that ended before then and still have their file.
	ExpiredExports(ctx context.Context, before time.Time, limit int) ([]arauto.Job, error)
	// DropExport notes that a job's file is gone.
	DropExport(ctx context.Context, account, id int64) error
}

// Blobs is where files are kept.
type Blobs interface {
	// Put stores all that body gives, or nothing when it fails.
	Put(ctx context.Context, key string, body io.Reader) (size int64, err error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Remove(ctx context.Context, key string) error
}

// Columns tells which custom fields contacts have.
type Columns interface {
	// CampaignFields are those of the campaigns whose contacts f asks for; unknown are campaigns of which not all are kept.
	CampaignFields(ctx context.Context, account int64, f arauto.ContactFilter) (keys arauto.FieldKeys, unknown []int64, err error)
	// KeepFields adds names to those of a campaign; all says that there are no others.
	KeepFields(ctx context.Context, account, campaign int64, names []string, all bool) error
	// FieldKeys adds to keys the custom fields of up to limit matches below an id, in the order they are met; last is
	// the lowest id, and n how many there were.
	FieldKeys(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int, keys *arauto.FieldKeys) (last int64, n int, err error)
}

// Exports starts exports and does them: it is the worker of JobExport and of JobPersonExport. Everything exported must be set; Wake tells
// whoever runs jobs that there is one.
type Exports struct {
	Store   Store
	Columns Columns
	Shelf   Shelf
	Blobs   Blobs
	// People lists the files that go with a document.
	People People
	// Document writes everything that is kept of the person with that key, and says now and then how many rows it has.
	// Files are not among them: they are told as list has them, those behind after by id, fewer than limit being the last.
	Document func(ctx context.Context, account int64, key string, list func(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error),
		out io.Writer, wrote func(rows int64) error) error
	Now  func() time.Time
	Wake func()

	sheetRows int // 0 = sheet.MaxRows
	fileCount int // 0 = mostFiles
}

const (
	chunkRows    = 1000
	storeTimeout = time.Minute
	reportEvery  = time.Second
)

// Start queues an export. campaign is the one it is of, or 0. The error is invalid.
func (e *Exports) Start(ctx context.Context, actor arauto.Actor, account, campaign int64, x arauto.Export) (arauto.Job, error) {
	if err := x.Check(); err != nil {
		return arauto.Job{}, err
	}
	if _, err := time.LoadLocation(x.Zone); err != nil {
		return arauto.Job{}, arauto.Errorf(arauto.KindInvalid, "zone", "%q is not a time zone", x.Zone)
	}
	var err error
	if x.UpTo, err = e.Store.ContactBound(ctx, account); err != nil {
		return arauto.Job{}, err
	}
	x.By = actor
	j := arauto.Job{Account: account, Campaign: campaign, Kind: arauto.JobExport, Params: text(x)}
	if j.Total, err = e.Store.CountContacts(ctx, account, x.Who, x.UpTo); err != nil {
		return arauto.Job{}, err
	}
	j, err = e.Store.QueueBulk(ctx, actor, e.Now(), j, text(map[string]any{"format": x.Format, "contacts": j.Total}))
	if err == nil {
		e.Wake()
	}
	return j, err
}

// text is v, which is made of texts, numbers and moments, as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("exporter: texts and numbers travel as JSON: " + err.Error())
	}
	return string(b)
}

func params(j arauto.Job) (x arauto.Export, err error) {
	if err := json.Unmarshal([]byte(j.Params), &x); err != nil {
		return x, fmt.Errorf("read the params of job %d: %w", j.ID, err)
	}
	return x, nil
}

// key is where a job's file is kept: among the account's files, where erasure and retention look.
func key(j arauto.Job) string { return fmt.Sprintf("%d/exports/%d", j.Account, j.ID) }

// formerKey is where files were kept that were written before they were kept there.
func formerKey(j arauto.Job) string { return fmt.Sprintf("exports/%d/%d", j.Account, j.ID) }

// Written is the note in a job's Resume that its file is there; DropExport takes it away.
const Written = "written"

// Work implements the worker of these jobs: Rows counts who was looked at for columns and then for lines, Done and
// Accepted the rows that were written; of a person, Done counts files as well, and Rejected those that are not in the
// archive. A job that was interrupted writes its file anew: half a file is none. So does one that meets a custom field
// that has no column.
func (e *Exports) Work(ctx context.Context, _ arauto.Lease, j arauto.Job, progress func(arauto.Job) error) (arauto.Job, error) {
	if j.Kind == arauto.JobPersonExport {
		return e.put(ctx, j, func(out io.Writer, j *arauto.Job) error { return e.writePerson(ctx, out, j, progress) })
	}
	x, err := params(j)
	if err != nil {
		return j, err
	}
	for again := 0; ; again++ {
		done, err := e.put(ctx, j, func(out io.Writer, j *arauto.Job) error { return e.write(ctx, out, j, x, progress) })
		late, is := errors.AsType[lateFields](err)
		if !is || again == mostAgain {
			return done, err
		}
		if err := e.Columns.KeepFields(ctx, j.Account, late.campaign, late.names, false); err != nil {
			return done, err
		}
	}
}

// put keeps what write writes, and returns the job as write left it.
func (e *Exports) put(ctx context.Context, j arauto.Job, write func(io.Writer, *arauto.Job) error) (arauto.Job, error) {
	j.Done, j.Accepted, j.Rejected, j.Rows = 0, 0, 0, 0
	name, written := key(j), make(chan struct{}) // j is the writer's until written
	out, in := io.Pipe()
	go func() {
		defer close(written)
		in.CloseWithError(write(in, &j))
	}()
	_, err := e.Blobs.Put(ctx, name, out)
	out.CloseWithError(err) // the writer ends also when the file could not be kept
	<-written
	if err != nil {
		return j, err
	}
	j.Total, j.Resume = j.Done, Written
	return j, nil
}

// write puts every row into w. j's numbers are its own until w is closed.
func (e *Exports) write(ctx context.Context, out io.Writer, j *arauto.Job, x arauto.Export, progress func(arauto.Job) error) error {
	w := bufio.NewWriterSize(out, 64<<10)
	t, err := e.table(w, x)
	if err != nil {
		return err
	}
	told := e.Now()
	tell := func() error {
		now := e.Now()
		if now.Sub(told) < reportEvery {
			return nil
		}
		told = now
		return progress(*j)
	}
	keys, err := e.keys(ctx, j, x, tell)
	if err != nil {
		return err
	}
	if err := t.head(keys); err != nil {
		return err
	}
	j.Rows = 0
	for below := x.UpTo + 1; ; {
		rows, err := e.rows(ctx, j.Account, x, below)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := t.row(&rows[i]); err != nil {
				return err
			}
		}
		j.Done += int64(len(rows))
		j.Accepted, j.Rows = j.Done, j.Done
		if len(rows) < chunkRows {
			if err := t.end(); err != nil {
				return err
			}
			return w.Flush()
		}
		below = rows[len(rows)-1].ID
		if err := tell(); err != nil {
			return err
		}
	}
}

func (e *Exports) rows(ctx context.Context, account int64, x arauto.Export, below int64) ([]arauto.ContactRow, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return e.Store.ContactRows(ctx, account, x.Who, below, chunkRows)
}

// File is what an export wrote.
type File struct {
	io.ReadSeekCloser
	Name, Type string
}

// Open opens the file of an export. It is not found when the job wrote none, has not ended, or its time is over.
func (e *Exports) Open(ctx context.Context, j arauto.Job) (File, error) {
	switch {
	case j.Kind != arauto.JobExport && j.Kind != arauto.JobPersonExport:
		return File{}, arauto.Errorf(arauto.KindNotFound, "", "job %d is no export", j.ID)
	case j.State != arauto.JobCompleted:
		return File{}, arauto.Errorf(arauto.KindNotFound, "", "job %d is %s: there is a file when it is completed", j.ID, j.State)
	case j.Resume != Written || !e.Now().Before(j.FinishedAt.Add(arauto.ExportKept)):
		return File{}, arauto.Errorf(arauto.KindNotFound, "", "the file of job %d expired: export again", j.ID)
	}
	f, err := e.Blobs.Open(ctx, key(j))
	if arauto.KindOf(err) == arauto.KindNotFound {
		f, err = e.Blobs.Open(ctx, formerKey(j))
	}
	if err != nil {
		return File{}, err
	}
	if j.Kind == arauto.JobPersonExport {
		return File{f, fmt.Sprintf("person-%d.zip", j.ID), "application/zip"}, nil
	}
	x, err := params(j)
	return File{f, fmt.Sprintf("export-%d.%s", j.ID, x.Format), types[x.Format]}, err
}

var types = map[arauto.ExportFormat]string{
	arauto.ExportCSV: "text/csv; charset=utf-8", arauto.ExportJSONL: "application/jsonl",
	arauto.ExportXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// Sweep removes files whose time is over, up to limit, and returns how many.
func (e *Exports) Sweep(ctx context.Context, limit int) (int, error) {
	list, err := e.Shelf.ExpiredExports(ctx, e.Now().Add(-arauto.ExportKept), limit)
	if err != nil {
		return 0, err
	}
	for i, j := range list {
		if err := errors.Join(e.Blobs.Remove(ctx, key(j)), e.Blobs.Remove(ctx, formerKey(j))); err != nil {
			return i, err
		}
		if err := e.Shelf.DropExport(ctx, j.Account, j.ID); err != nil {
			return i, err
		}
	}
	return len(list), nil
}
