package importer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"path"
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
	// AddChunk adds contacts to the job's campaign and stores what update makes of the job, both or neither.
	AddChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Contact,
		update func(added []arauto.Added, j *arauto.Job)) ([]arauto.Added, arauto.Job, error)
	// SuppressChunk is AddChunk for entries of the account's do-not-contact list.
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
	Remove(ctx context.Context, key string) error
}

// Phones reads numbers as one country writes them; its errors are invalid and say what is wrong.
type Phones interface {
	Parse(raw string) (arauto.Phone, error)
}

// Config is what Imports need. Phones gives the reader for an ISO 3166 country. Wake tells whoever runs jobs that
// there is one; it may be nil.
type Config struct {
	Store  Store
	Blobs  Blobs
	Phones func(country string) (Phones, error)
	Now    func() time.Time
	Wake   func()
}

// Imports starts imports and does them: it is the worker of jobs of kind JobImport and JobSuppressions. Make it with
// New.
type Imports struct {
	Config
	chunkRows  int
	chunkBytes int
}

// What one transaction takes at most. A row may be longer than that alone; then it goes alone.
const (
	chunkRows  = 1000
	chunkBytes = 1 << 20
)

// New is Imports over c.
func New(c Config) *Imports {
	if c.Wake == nil {
		c.Wake = func() {}
	}
	return &Imports{Config: c, chunkRows: chunkRows, chunkBytes: chunkBytes}
}

// Options say how one file is to be read.
type Options struct {
	// Limit is how many bytes the file may have; 0 = DefaultLimit.
	Limit int64
	// Mapping and NameRequired are those of ColumnOptions. A column that the mapping calls "external_id" is the
	// customer's own id of a contact rather than a custom field.
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
	// Unread queues the file without looking at it: what is wrong with it is then why the job fails.
	Unread bool
}

// DefaultLimit is Options.Limit where nothing else was asked for: about a million rows.
const DefaultLimit = 100 << 20

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
	Separator    byte              `json:"separator,omitempty"`
	Encoding     Encoding          `json:"encoding,omitempty"`
	Entries      *entryParams      `json:"entries,omitempty"` // of a do-not-contact list
}

// Start keeps the file that body gives and queues its import into a campaign. name is the file's, for people.
// Of the file's rows it looks at the first few only, to find the columns.
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
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	return i.take(ctx, actor, arauto.Job{Account: account.ID, Campaign: campaign, Kind: arauto.JobImport}, paramsOf(account, name, o), body, o.Limit)
}

func paramsOf(account arauto.Account, name string, o Options) params {
	unique := strings.ToLower(rand.Text())
	return params{
		Name: name, Country: account.Country, Mapping: o.Mapping, NameRequired: o.NameRequired, Positions: o.Positions,
		Separator: o.CSV.Separator, Encoding: o.CSV.Encoding,
		Upload: fmt.Sprintf("%d/uploads/%s.csv", account.ID, unique), Rejects: fmt.Sprintf("%d/rejects/%s.csv", account.ID, unique),
	}
}

// take keeps the file that body gives and queues j, the work on it, or does neither.
func (i *Imports) take(ctx context.Context, actor arauto.Actor, j arauto.Job, p params, body io.Reader, limit int64) (arauto.Job, error) {
	var err error
	if j.Total, err = i.Blobs.Put(ctx, p.Upload, &limited{r: body, left: limit, limit: limit}); err != nil {
		return arauto.Job{}, fmt.Errorf("keep the uploaded file: %w", err)
	}
	if j, err = i.queue(ctx, actor, j, p); err != nil {
		if removeErr := i.Blobs.Remove(context.WithoutCancel(ctx), p.Upload); removeErr != nil {
			err = fmt.Errorf("%w (and the file stays behind: %w)", err, removeErr)
		}
		return arauto.Job{}, err
	}
	i.Wake()
	return j, nil
}

// queue creates the job of a file that is kept, if it can be read.
func (i *Imports) queue(ctx context.Context, actor arauto.Actor, j arauto.Job, p params) (arauto.Job, error) {
	file, err := i.Blobs.Open(ctx, p.Upload)
	if err != nil {
		return j, err
	}
	defer file.Close()
	list, err := i.open(p, file)
	if err != nil {
		return j, err
	}
	if p.Entries != nil {
		if _, err := i.entries(p, list); err != nil {
			return j, err
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

// Rejects opens the file of an import's rejects, those that were found so far, with a name to save it under. It is
// UTF-8 CSV with the columns of the uploaded file, then row and reason; duplicates are in it, too. The error is not
// found when there is no such import, or every row went in. The caller closes the file.
func (i *Imports) Rejects(ctx context.Context, account, job int64) (file io.ReadCloser, name string, err error) {
	j, err := i.Store.Job(ctx, account, job)
	if err != nil {
		return nil, "", err
	}
	if j.Kind != arauto.JobImport && j.Kind != arauto.JobSuppressions {
		return nil, "", arauto.Errorf(arauto.KindNotFound, "job", "job %d is no import: it has no rejects", job)
	}
	if j.Rejected == 0 && (j.Duplicate == 0 || j.Kind == arauto.JobSuppressions) {
		return nil, "", arauto.Errorf(arauto.KindNotFound, "job", "import %d has no rejects: every row read so far went in", job)
	}
	p, err := parseParams(j)
	if err != nil {
		return nil, "", err
	}
	opened, err := i.Blobs.Open(ctx, p.Rejects)
	if err != nil {
		return nil, "", err
	}
	return opened, rejectsName(p.Name), nil
}

// rejectsName is "contatos-rejects.csv" for "contatos.csv", whatever the uploader's system puts into names.
func rejectsName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSuffix(name, path.Ext(name))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`"/:*?<>|`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if name == "" || name == "." {
		name = "import"
	}
	return name + "-rejects.csv"
}

func parseParams(j arauto.Job) (params, error) {
	var p params
	if err := json.Unmarshal([]byte(j.Params), &p); err != nil {
		return p, fmt.Errorf("read the params of job %d: %w", j.ID, err)
	}
	return p, nil
}
