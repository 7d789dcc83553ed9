package exporter

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"arauto"
)

// People is where the files of people are listed.
type People interface {
	// FilesOfPerson lists those behind after, by id; fewer than limit are the last.
	FilesOfPerson(ctx context.Context, account int64, key string, after int64, limit int) ([]arauto.PersonFile, error)
}

// personParams is what such a job is about. An erasure takes the key out of jobs that have ended.
type personParams struct {
	Key   string
	After int64 `json:",omitempty"` // files up to that id are in an earlier archive
}

const (
	fileRows = 500
	// mostFiles and mostBytes are what one archive has of files; it is the rest that is asked for next. What is
	// remembered of a file while the archive is written is about a kilobyte.
	mostFiles = 5000
	mostBytes = 4 << 30
)

// StartPerson queues the export of everything that is kept of a person; of their files those behind after.
func (e *Exports) StartPerson(ctx context.Context, actor arauto.Actor, account int64, key string, after int64) (arauto.Job, error) {
	j := arauto.Job{Account: account, Kind: arauto.JobPersonExport, Params: text(personParams{key, after})}
	asked := map[string]any{"format": "zip"}
	if after > 0 {
		asked["files_after"] = after
	}
	j, err := e.Store.QueueBulk(ctx, actor, e.Now(), j, text(asked))
	if err == nil {
		e.Wake()
	}
	return j, err
}

// writePerson writes an archive with the person's files and then the document, which says what became of each: an archive
// that speaks of somebody who is erased goes as a whole, also when they are erased in between, since the document is of
// nobody then.
func (e *Exports) writePerson(ctx context.Context, out io.Writer, j *arauto.Job, progress func(arauto.Job) error) error {
	var p personParams
	if err := json.Unmarshal([]byte(j.Params), &p); err != nil {
		return fmt.Errorf("read the params of job %d: %w", j.ID, err)
	}
	if p.Key == "" {
		return arauto.Errorf(arauto.KindNotFound, "", "the person of job %d was erased", j.ID)
	}
	archive := zip.NewWriter(out)
	x := &filing{Exports: e, job: j, person: p, zip: archive, tried: map[int64]arauto.PersonFile{}, told: e.Now(), progress: progress}
	if err := x.files(ctx); err != nil {
		return err
	}
	document, err := archive.CreateHeader(&zip.FileHeader{Name: "person.json", Method: zip.Deflate, Modified: e.Now()})
	if err != nil {
		return err
	}
	files := j.Done
	err = e.Document(ctx, j.Account, p.Key, x.list, document, func(rows int64) error { return x.tell(files + rows) })
	if err != nil {
		return err
	}
	j.Rejected = x.left
	j.Accepted = j.Done - j.Rejected
	return archive.Close()
}

// filing is the files of one archive.
type filing struct {
	*Exports
	job      *arauto.Job
	person   personParams
	zip      *zip.Writer
	tried    map[int64]arauto.PersonFile // what became of each file that was looked for
	bytes    int64
	full     int64 // the file before the first for which there was no room; 0 = there was room for all
	left     int64 // how many of the document's files are not in the archive
	told     time.Time
	progress func(arauto.Job) error
}

func (x *filing) tell(done int64) error {
	x.job.Done, x.job.Accepted = done, done
	if now := x.Now(); now.Sub(x.told) >= reportEvery {
		x.told = now
		return x.progress(*x.job)
	}
	return nil
}

// files puts into the archive what there is of the person's files and what it has room for.
func (x *filing) files(ctx context.Context) error {
	for after, n := x.person.After, fileRows; n == fileRows; {
		list, err := x.page(ctx, after, fileRows)
		if err != nil {
			return err
		}
		for _, f := range list {
			if f.State == arauto.AttachmentHere {
				if len(x.tried) == x.most() || len(x.tried) > 0 && x.bytes+f.Size > mostBytes {
					x.full = after
					return nil
				}
				if err := x.file(ctx, f); err != nil {
					return err
				}
			}
			after = f.ID
			if err := x.tell(x.job.Done + 1); err != nil {
				return err
			}
		}
		n = len(list)
	}
	return nil
}

func (x *filing) most() int {
	if x.fileCount > 0 {
		return x.fileCount
	}
	return mostFiles
}

func (x *filing) page(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return x.People.FilesOfPerson(ctx, x.job.Account, x.person.Key, after, limit)
}

// file copies one into the archive. One that was removed meanwhile is said to be, and no error.
func (x *filing) file(ctx context.Context, f arauto.PersonFile) error {
	body, err := x.Blobs.Open(ctx, f.Blob)
	if arauto.KindOf(err) == arauto.KindNotFound {
		f.Left = arauto.LeftRemoved
		x.tried[f.ID] = f
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	f.Archived = archived(f.Attachment)
	part, err := x.zip.CreateHeader(&zip.FileHeader{Name: f.Archived, Method: packed(f.Type), Modified: f.At})
	if err != nil {
		return err
	}
	n, err := io.Copy(part, &interruptible{ctx, body})
	if err != nil {
		return fmt.Errorf("put file %d into an archive: %w", f.ID, err)
	}
	f.Size = n
	x.bytes += n
	x.tried[f.ID] = f
	return nil
}

// list is what the document is told of the files: as they are now, and what became of them in the archive.
func (x *filing) list(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error) {
	list, err := x.page(ctx, after, limit)
	for i := range list {
		f := &list[i]
		tried, known := x.tried[f.ID]
		switch {
		case known:
			*f = tried
		case f.ID <= x.person.After:
			f.Left = arauto.LeftEarlier
		case f.State != arauto.AttachmentHere:
			f.Left = arauto.LeftNotHere
		case x.full > 0 && f.ID > x.full:
			f.Left = arauto.LeftFull
		default:
			f.Left = arauto.LeftLate
		}
		if f.Left != "" {
			x.left++
		}
	}
	return list, err
}

// packed is how a file of that type is put into an archive: most are packed already.
func packed(fileType string) uint16 {
	if strings.HasPrefix(fileType, "text/") || fileType == "application/x-ole-storage" || fileType == "application/octet-stream" {
		return zip.Deflate
	}
	return zip.Store
}

// interruptible ends a long copy when nobody waits for it any more.
type interruptible struct {
	ctx context.Context // of the one copy that made it
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := context.Cause(i.ctx); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
