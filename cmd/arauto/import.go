package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

type importCmd struct {
	remote
	File          string `arg:"" help:"A list of people as the spreadsheet saved it: CSV, XLSX, a JSON array or JSON lines; - is standard input."`
	Campaign      string `required:"" help:"Number, UUID or name."`
	Map           []pair `sep:"none" placeholder:"NAME=COLUMN" help:"What a column is, by its header, where that is not found by itself: phone=\"Cel. do titular\". Any name but phone, name, external_id and user_id (of a voice campaign email, outbound_number and priority instead of the last) is a custom field."`
	Format        string `enum:"csv,xlsx,json,jsonl," default:"" placeholder:"FORMAT" help:"csv, xlsx, json or jsonl, where the file's name says something else."`
	Sheet         string `help:"Of a workbook, by its name. Default: the first that is not hidden."`
	Duplicates    string `enum:"skip,update,fail," default:"" placeholder:"POLICY" help:"Of people who are in the campaign already, or twice in the file: skip leaves them as they are (the default), update gives them the row's name, external id and custom fields, fail refuses the whole file."`
	Across        string `enum:"open,all," default:"" placeholder:"CAMPAIGNS" help:"Count people as duplicates who are in another campaign: open (one that has not ended) or all."`
	AllOrNothing  bool   `help:"One row that cannot go in keeps out every other."`
	KeepMalformed bool   `help:"Keep people of a voice campaign whose phone cannot be read, as Invalid Number."`
	Preview       bool   `help:"Import nothing: show what would become of the first 50 rows."`
	following
}

// following is what every command takes that starts the import of a file.
type following struct {
	Rejects string `placeholder:"FILE" help:"Save the rows that were refused, with the reasons."`
	Detach  bool   `help:"Do not follow: print the job and leave."`

	Every time.Duration `default:"500ms" hidden:"" help:"How often to look."`
}

func (k importCmd) Run(ctx context.Context, c *client) error {
	file, length, err := openList(c, k.File)
	if err != nil {
		return err
	}
	defer file.Close()
	id, err := campaignID(ctx, c, k.Campaign)
	if err != nil {
		return err
	}
	path := "/campaigns/" + url.PathEscape(id) + "/imports"
	if k.Preview {
		return k.preview(ctx, c, path+"/preview", file, length)
	}
	started, raw, err := uploadList[job](ctx, c, path, k.query(), k.Map, k.File, file, length)
	if err != nil {
		return err
	}
	return k.followed(ctx, c, started, raw)
}

func (k importCmd) query() url.Values {
	query := url.Values{}
	for key, value := range map[string]string{"format": k.Format, "sheet": k.Sheet, "duplicates": k.Duplicates, "across": k.Across} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if k.AllOrNothing {
		query.Set("all_or_nothing", "true")
	}
	if k.KeepMalformed {
		query.Set("keep_malformed", "true")
	}
	return query
}

// followed is how a command that started a job ends: with the job, or with how to follow it.
func (k following) followed(ctx context.Context, c *client, started job, raw json.RawMessage) error {
	if k.Detach {
		return c.print(raw, func() error {
			return c.say("Job %d. Follow it with: arauto job follow %d", started.ID, started.ID)
		})
	}
	return followImport(ctx, c, started.ID, k.Every, k.Rejects)
}

// openList is the file of that name and its length; -1 when that cannot be known.
func openList(c *client, name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(c.In), -1, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		file.Close()
		return nil, 0, err
	case info.IsDir():
		file.Close()
		return nil, 0, fmt.Errorf("%s is a directory: name a file", name)
	case !info.Mode().IsRegular():
		return file, -1, nil
	case info.Size() == 0:
		file.Close()
		return nil, 0, fmt.Errorf("%s is empty", name)
	}
	return file, info.Size(), nil
}

// stall is how long nothing may move while a file is sent, or while the server puts it away.
const stall = 2 * time.Minute

// uploadList streams the file to path: it is never held whole. mapped says what its columns are.
func uploadList[T any](ctx context.Context, c *client, path string, query url.Values, mapped []pair, name string, file io.Reader, length int64) (answer T, raw json.RawMessage, err error) {
	if name != "-" {
		query.Set("name", filepath.Base(name))
	}
	if len(mapped) > 0 {
		columns, err := json.Marshal(pairs(mapped))
		if err != nil {
			return answer, nil, fmt.Errorf("encode --map: %w", err)
		}
		query.Set("columns", string(columns))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body := &upload{file: file, length: length, line: c.progress().patient(time.Now()), stalled: time.AfterFunc(stall, func() { cancel(errSlow) })}
	r, err := c.request(ctx, http.MethodPost, path+"?"+query.Encode(), body)
	if err != nil {
		return answer, nil, err
	}
	r.ContentLength = length
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("Expect", "100-continue") // a refusal comes before a gigabyte leaves
	raw, err = c.send(r, &answer)
	if unread := body.end(); unread != nil && ctx.Err() == nil {
		err = fmt.Errorf("read %s: %w", name, unread)
	}
	if errors.Is(err, context.Canceled) {
		c.note("The upload was broken off: nothing is imported.")
	}
	return answer, raw, err
}

// upload is a file on its way. The transport may still read when the answer is there, so what is told to
// people is guarded.
type upload struct {
	file    io.Reader
	length  int64
	stalled *time.Timer // runs while it is the server's turn

	mu    sync.Mutex
	over  bool
	sent  int64
	line  *progress
	wrong error // what reading the file said
}

// Read is the transport's.
func (u *upload) Read(p []byte) (int, error) {
	u.stalled.Stop()
	n, err := u.file.Read(p)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return n, err
	}
	u.stalled.Reset(stall)
	u.sent += int64(n)
	if err != nil && err != io.EOF {
		u.wrong = err
	}
	if u.length > 0 {
		u.line.draw(time.Now(), fmt.Sprintf("%s %s of %s sent", bar(u.sent, u.length), size(u.sent), size(u.length)))
	} else {
		u.line.draw(time.Now(), size(u.sent)+" sent")
	}
	return n, err
}

// Close leaves the file to who opened it.
func (u *upload) Close() error { return nil }

// end says nothing more, and returns what was wrong with the file.
func (u *upload) end() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.over = true
	u.stalled.Stop()
	u.line.end()
	return u.wrong
}
