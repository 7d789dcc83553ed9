package api

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"arauto"
)

// DocumentStore is where everything is that is kept of people.
type DocumentStore interface {
	Account(ctx context.Context, id int64) (arauto.Account, error)
	Person(ctx context.Context, account int64, key string) (arauto.Person, error)
	SuppressionsOf(ctx context.Context, account int64, personKeys []string) (map[string][]arauto.Suppression, error)
	ContactsOfPerson(ctx context.Context, account int64, key string, before int64, limit int) ([]arauto.ContactRow, error)
	Timeline(ctx context.Context, account int64, key string, before arauto.Happening, limit int) ([]arauto.Happening, error)
	// FilesOfPerson lists those behind after, by id; fewer than limit are the last.
	FilesOfPerson(ctx context.Context, account int64, key string, after int64, limit int) ([]arauto.PersonFile, error)
}

// A Document is everything that is kept of a person, in the words of the API: for one request, and for the job that
// writes it into a file.
type Document struct {
	Store DocumentStore
	Codes Codes
	Now   func() time.Time
}

// exportRows is how many rows of a list are read at a time.
const exportRows = 500

// Files lists the files of the person with that key as Write wants them, where none was put into an archive.
func (d Document) Files(account int64, key string) func(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error) {
	return func(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error) {
		return d.Store.FilesOfPerson(ctx, account, key, after, limit)
	}
}

// Write writes the document of the person with that key as it reads, so that a long history is never held. It tells
// wrote after every piece how many rows there are, files not counted; an error of wrote ends it. list gives the files.
func (d Document) Write(ctx context.Context, account int64, key string, list func(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error),
	out io.Writer, wrote func(rows int64) error,
) error {
	owner, err := d.Store.Account(ctx, account)
	if err != nil {
		return err
	}
	p, err := d.Store.Person(ctx, account, key)
	if err != nil {
		return err
	}
	holds, err := d.Store.SuppressionsOf(ctx, account, []string{p.Key})
	if err != nil {
		return err
	}
	suppressions := make([]wireSuppression, 0, len(holds[p.Key]))
	for _, s := range holds[p.Key] {
		suppressions = append(suppressions, wordSuppression(s))
	}
	words := &API{Config: Config{Codes: d.Codes}}
	x := &exporting{w: out, enc: json.NewEncoder(out), wrote: wrote}
	x.text(`{"exported_at":`)
	x.value(at(d.Now()))
	x.text(`,"person":`)
	x.value(wordPerson(p))
	x.text(`,"suppressions":`)
	x.value(suppressions)
	x.text(`,"contacts":[`)
	for before, n := int64(0), exportRows; n == exportRows && x.err == nil; {
		rows, err := d.Store.ContactsOfPerson(ctx, account, p.Key, before, exportRows)
		x.failed(err)
		for _, r := range rows {
			x.element(words.wordContact(r, owner.Language))
			before = r.ID
		}
		n = len(rows)
		x.rows += int64(n)
		x.told()
	}
	x.text(`],"timeline":[`)
	x.begun = false
	for from, n := (arauto.Happening{}), exportRows; n == exportRows && x.err == nil; {
		rows, err := d.Store.Timeline(ctx, account, p.Key, from, exportRows)
		x.failed(err)
		for _, h := range rows {
			x.element(wordHappening(h))
			from = h
		}
		n = len(rows)
		x.rows += int64(n)
		x.told()
	}
	x.text(`],"files":[`)
	x.files(ctx, list)
	x.text("}\n")
	return x.err
}

// files is the last of a document: every file, and where to go on when an archive was full.
func (x *exporting) files(ctx context.Context, list func(ctx context.Context, after int64, limit int) ([]arauto.PersonFile, error)) {
	x.begun = false
	var rest *int64
	for after, n := int64(0), exportRows; n == exportRows && x.err == nil; {
		rows, err := list(ctx, after, exportRows)
		x.failed(err)
		for _, f := range rows {
			if rest == nil && f.Left == arauto.LeftFull {
				rest = number(f.ID - 1)
			}
			x.element(wordFile(f))
			after = f.ID
		}
		n = len(rows)
		x.told()
	}
	x.text(`],"files_after":`)
	x.value(rest)
}

// wireFile is a file of a person's, in their document.
type wireFile struct {
	ID           int64      `json:"id"`
	At           *time.Time `json:"at" doc:"Of its message or click"`
	Direction    string     `json:"direction" enum:"in,out,ad"`
	Conversation int64      `json:"conversation_id"`
	Message      *int64     `json:"message_id" doc:"As the timeline has it; null = an ad's, or never sent"`
	wireAttachment
	URL     string  `json:"url" doc:"Where it can be fetched while it is here"`
	File    *string `json:"file" doc:"Its name in the archive; null = it is not in there"`
	LeftOut *string `json:"left_out" enum:"not_here,removed,late,earlier,full" doc:"Why not"`
}

func wordFile(f arauto.PersonFile) wireFile {
	return wireFile{
		ID: f.ID, At: at(f.At), Direction: string(f.Direction), Conversation: f.Conversation, Message: number(f.Message), wireAttachment: *wordAttachment(f.Attachment),
		URL: Prefix + "/conversations/" + f.Talk + "/attachments/" + f.UUID, File: text(f.Archived), LeftOut: text(f.Left),
	}
}

// exporting writes one document, piece by piece.
type exporting struct {
	w     io.Writer
	enc   *json.Encoder
	begun bool // an element was written
	rows  int64
	wrote func(rows int64) error
	err   error
}

func (x *exporting) failed(err error) {
	if x.err == nil {
		x.err = err
	}
}

func (x *exporting) text(s string) {
	if x.err == nil {
		_, x.err = x.w.Write([]byte(s))
	}
}

func (x *exporting) value(v any) {
	if x.err == nil {
		x.err = x.enc.Encode(v)
	}
}

func (x *exporting) element(v any) {
	if x.begun {
		x.text(",")
	}
	x.begun = true
	x.value(v)
}

// told says how far it is.
func (x *exporting) told() {
	if x.err == nil {
		x.err = x.wrote(x.rows)
	}
}
