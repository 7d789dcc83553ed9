package importer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// Store is where campaigns, contacts and jobs are kept.
type Store interface {
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	CreateJob(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job) (arauto.Job, error)
	Job(ctx context.Context, account, id int64) (arauto.Job, error)
	// ImportChunk adds contacts to the job's campaign and stores what update makes of the job, both or neither.
	ImportChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, list []arauto.Contact,
		update func(added []arauto.Added, j *arauto.Job)) ([]arauto.Added, arauto.Job, error)
	// Present answers for each of those people, by key, whether they are in that campaign, or in another as across has it.
	Present(ctx context.Context, account, campaign int64, across arauto.Across, keys []string) ([]arauto.Added, error)
	// SuppressChunk is ImportChunk for entries of the account's do-not-contact list.
	SuppressChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Suppression,
		update func(added []arauto.Added, j *arauto.Job)) ([]arauto.Added, arauto.Job, error)
}

// Blobs is where files are kept.
type Blobs interface {
	// Put stores all that body gives, or nothing when it fails.
	Put(ctx context.Context, key string, body io.Reader) (size int64, err error)
	// Append makes the file end with data, which begins at that offset.
	Append(ctx context.Context, key string, at int64, data []byte) error
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	// Scratch is a file for the caller alone, which is gone once it is closed.
	Scratch() (*os.File, error)
	Remove(ctx context.Context, key string) error
}

// Phones reads numbers as one country writes them; its errors are invalid and say what is wrong.
type Phones interface {
	Parse(raw string) (arauto.Phone, error)
}

// Config is what Imports need. Phones gives the reader for an ISO 3166 country. Wake tells whoever runs jobs that
// there is one; it may be nil.
type Config struct {
	Store   Store
	Staging Staging
	Blobs   Blobs
	Phones  func(country string) (Phones, error)
	Now     func() time.Time
	Wake    func()
}

// Imports starts imports and does them: it is the worker of jobs of kind JobImport and JobSuppressions. Make it with
// New.
type Imports struct {
	Config
	chunkRows  int
	chunkBytes int
	windowRows int
}

// What one transaction takes at most. A row may be longer than that alone; then it goes alone.
const (
	chunkRows  = 4096
	chunkBytes = 2 << 20
)

// New is Imports over c.
func New(c Config) *Imports {
	if c.Wake == nil {
		c.Wake = func() {}
	}
	return &Imports{Config: c, chunkRows: chunkRows, chunkBytes: chunkBytes, windowRows: windowRows}
}

// Options say how one file is to be read.
type Options struct {
	// Limit is how many bytes the file may have; 0 = DefaultLimit.
	Limit int64
	// Mapping and NameRequired are those of ColumnOptions.
	Mapping      map[string]string
	NameRequired bool
	// Positions say what the first columns are by their place, whatever their headers: "name", "phone", then the
	// keys of custom fields. A file with fewer columns is refused. There is no Mapping then.
	Positions []string
	// Format is what the file is; "" = what it begins with says. A file that is another is refused.
	Format Format
	CSV    CSVOptions
	// Sheet is the sheet of a workbook, by its name; "" = the first that is not hidden.
	Sheet string
	// Intake says what becomes of duplicates, and whether all rows go in or none. A job that failed for duplicates has
	// Duplicate above 0; one that failed for rows that could not be read, Rejected.
	Intake arauto.Intake
	// KeepMalformed stores people of a voice campaign whose phone cannot be read, as Invalid Number, rather than
	// refuse their rows. An empty phone is refused all the same.
	KeepMalformed bool
	// Texts are the keys of a JSON file under which nothing but a text or null may stand.
	Texts []string
	// Unread queues the file without looking at it: what is wrong with it is then why the job fails.
	Unread bool
}

// DefaultLimit is Options.Limit where nothing else was asked for: some ten million rows.
const DefaultLimit = 1 << 30

// params is a job's own copy of what its import was asked for: it is read alike after a restart, whatever changed
// in the account meanwhile.
type params struct {
	Name         string            `json:"name"`    // the file's, as it was uploaded
	Upload       string            `json:"upload"`  // its key
	Rejects      string            `json:"rejects"` // the key of the file of rejects
	Country      string            `json:"country"`
	Mapping      map[string]string `json:"mapping,omitempty"`
	NameRequired bool              `json:"name_required,omitempty"`
	Positions    []string          `json:"positions,omitempty"`
	Format       Format            `json:"format,omitempty"` // "" = CSV, as before there were others
	Separator    byte              `json:"separator,omitempty"`
	Encoding     Encoding          `json:"encoding,omitempty"`
	Sheet        string            `json:"sheet,omitempty"`
	Intake       intakeParams      `json:"intake"`
	Dialled      bool              `json:"dialled,omitempty"`
	Malformed    bool              `json:"keep_malformed,omitempty"`
	Texts        []string          `json:"texts,omitempty"`
	Entries      *entryParams      `json:"entries,omitempty"` // of a do-not-contact list
}

// intakeParams are an Intake as a job stores it.
type intakeParams struct {
	Duplicates arauto.Duplicates `json:"duplicates,omitempty"`
	Across     arauto.Across     `json:"across,omitempty"`
	Whole      bool              `json:"whole,omitempty"`
}

func (p intakeParams) noun() arauto.Intake {
	return arauto.Intake{Duplicates: p.Duplicates, Across: p.Across, Whole: p.Whole}
}

// Start keeps the file that body gives and queues its import into a campaign. name is the file's: it says what the file
// holds unless the options do. Of the file's rows it looks at the first few only, to find the columns.
//
// The errors: not found, the campaign; conflict, it takes no more contacts (body is then not read); invalid, the
// file is larger than the limit, of another format, or its columns are not those of contacts. Nothing is kept of a
// file that was not taken.
func (i *Imports) Start(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign int64, name string, body io.Reader, o Options) (arauto.Job, error) {
	c, err := i.Store.Campaign(ctx, account.ID, campaign)
	if err != nil {
		return arauto.Job{}, err
	}
	if err := c.Accepts(); err != nil {
		return arauto.Job{}, err
	}
	p, err := paramsOf(account, name, o)
	if err != nil {
		return arauto.Job{}, err
	}
	p.Dialled = c.Channel == arauto.ChannelVoice
	if o.KeepMalformed && !p.Dialled {
		return arauto.Job{}, arauto.Errorf(arauto.KindInvalid, "keep_malformed", "only a voice campaign keeps people whose phone cannot be read: leave it out")
	}
	return i.take(ctx, actor, arauto.Job{Account: account.ID, Campaign: campaign, Kind: arauto.JobImport}, p, body, o)
}

func paramsOf(account arauto.Account, name string, o Options) (params, error) {
	in, err := o.Intake.Checked()
	if err != nil {
		return params{}, err
	}
	if _, err := ParseFormat(string(o.Format)); err != nil {
		return params{}, err
	}
	unique := strings.ToLower(rand.Text())
	return params{
		Name: name, Country: account.Country, Mapping: o.Mapping, NameRequired: o.NameRequired, Positions: o.Positions,
		Format: o.Format, Separator: o.CSV.Separator, Encoding: o.CSV.Encoding, Sheet: o.Sheet, Malformed: o.KeepMalformed, Texts: o.Texts,
		Intake: intakeParams{Duplicates: in.Duplicates, Across: in.Across, Whole: in.Whole},
		Upload: fmt.Sprintf("%d/uploads/%s.bin", account.ID, unique), Rejects: fmt.Sprintf("%d/rejects/%s.bin", account.ID, unique),
	}, nil
}

// take keeps the file that body gives and queues j, the work on it, or does neither.
func (i *Imports) take(ctx context.Context, actor arauto.Actor, j arauto.Job, p params, body io.Reader, o Options) (arauto.Job, error) {
	limit := o.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	var err error
	if j.Total, err = i.Blobs.Put(ctx, p.Upload, &limited{r: body, left: limit, limit: limit}); err != nil {
		return arauto.Job{}, fmt.Errorf("keep the uploaded file: %w", err)
	}
	if j, err = i.queue(ctx, actor, j, p, o.Unread); err != nil {
		if removeErr := i.Blobs.Remove(context.WithoutCancel(ctx), p.Upload); removeErr != nil {
			err = fmt.Errorf("%w (and the file stays behind: %w)", err, removeErr)
		}
		return arauto.Job{}, err
	}
	i.Wake()
	return j, nil
}

// queue creates the job of a file that is kept, if it can be read, or nobody is to look yet.
func (i *Imports) queue(ctx context.Context, actor arauto.Actor, j arauto.Job, p params, unread bool) (arauto.Job, error) {
	file, err := i.Blobs.Open(ctx, p.Upload)
	if err != nil {
		return j, err
	}
	defer file.Close()
	head, err := headOf(file)
	if err != nil {
		return j, err
	}
	is, err := settle(p.Name, p.Format, head)
	switch {
	case err == nil:
		p.Format = is
	case !unread:
		return j, err
	}
	if !unread {
		list, err := i.open(p, file, j.Total)
		if err != nil {
			return j, err
		}
		defer list.close()
		if p.Entries != nil {
			if _, err := i.entries(p, list); err != nil {
				return j, err
			}
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		return j, err
	}
	j.Params = string(text)
	return i.Store.CreateJob(ctx, actor, i.Now(), j)
}

// limited is a reader that fails, rather than end, when there is more than it may give.
type limited struct {
	r           io.Reader
	left, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, arauto.Errorf(arauto.KindInvalid, "file", "the upload was cut off after %d bytes: send the file again", l.limit-l.left+int64(n))
	}
	if l.left -= int64(n); l.left < 0 {
		return 0, arauto.Errorf(arauto.KindInvalid, "file", "the file is larger than %s: split it and upload the parts", megabytes(l.limit))
	}
	return n, err
}

func megabytes(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + " MB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// Wait returns the job once it has ended, or with ctx's error as it then stands.
func (i *Imports) Wait(ctx context.Context, account, job int64) (arauto.Job, error) {
	const first, longest = 10 * time.Millisecond, 500 * time.Millisecond
	pause := time.NewTimer(0)
	defer pause.Stop()
	var j arauto.Job
	for every := first; ; every = min(every*2, longest) {
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-pause.C:
		}
		var err error
		if j, err = i.Store.Job(ctx, account, job); err != nil || j.State.Ended() {
			return j, err
		}
		pause.Reset(every)
	}
}

func parseParams(j arauto.Job) (params, error) {
	var p params
	if err := json.Unmarshal([]byte(j.Params), &p); err != nil {
		return p, fmt.Errorf("read the params of job %d: %w", j.ID, err)
	}
	return p, nil
}
