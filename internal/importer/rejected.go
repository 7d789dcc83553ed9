package importer

import (
	"context"
	"io"
	"path"
	"strings"

	"arauto"
)

// Rejected is the file of an import's rejects, to be corrected and uploaded again.
type Rejected struct {
	io.ReadCloser
	Name string // to save it under
	Type string // its media type
}

// Rejects opens the file of an import's rejects, those that were found so far, in the format of the uploaded file:
// UTF-8 CSV or a spreadsheet with its columns, then row and reason; or its objects with those two keys. Duplicates are
// in it, too, unless they changed who was there. The error is not found when there is no such import, or every row went
// in. The caller closes the file.
func (i *Imports) Rejects(ctx context.Context, account, job int64) (Rejected, error) {
	j, err := i.Store.Job(ctx, account, job)
	if err != nil {
		return Rejected{}, err
	}
	if j.Kind != arauto.JobImport && j.Kind != arauto.JobSuppressions {
		return Rejected{}, arauto.Errorf(arauto.KindNotFound, "job", "job %d is no import: it has no rejects", job)
	}
	if j.Rejected == 0 && (j.Duplicate == 0 || j.Kind == arauto.JobSuppressions) {
		return Rejected{}, arauto.Errorf(arauto.KindNotFound, "job", "import %d has no rejects: every row read so far went in", job)
	}
	p, err := parseParams(j)
	if err != nil {
		return Rejected{}, err
	}
	kept, err := i.Blobs.Open(ctx, p.Rejects)
	if err != nil {
		return Rejected{}, err
	}
	name := rejectsName(p.Name)
	switch p.Format {
	case FormatJSONL:
		return Rejected{kept, name + ".jsonl", "application/jsonl"}, nil
	case FormatXLSX:
		return Rejected{sheetOf(kept), name + ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, nil
	case FormatJSON:
		return Rejected{arrayOf(kept), name + ".json", "application/json"}, nil
	}
	return Rejected{kept, name + ".csv", "text/csv; charset=utf-8"}, nil
}

// rejectsName is "contatos-rejects" for "contatos.csv", whatever the uploader's system puts into names.
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
	return name + "-rejects"
}

// arrayOf is JSON lines as one array.
func arrayOf(lines io.ReadCloser) io.ReadCloser {
	return &array{ReadCloser: lines, left: []byte("[\n")}
}

type array struct {
	io.ReadCloser
	left  []byte // to be given before more is read
	next  []byte
	ended bool
	begun bool
}

// Read implements io.Reader: a comma takes the place of every line break but the last.
func (a *array) Read(p []byte) (int, error) {
	for len(a.left) == 0 {
		if a.ended {
			return 0, io.EOF
		}
		if a.next == nil {
			a.next = make([]byte, 32<<10)
		}
		n, err := a.ReadCloser.Read(a.next)
		for _, c := range a.next[:n] {
			if a.begun { // a line break was held back
				a.left, a.begun = append(a.left, ',', '\n'), false
			}
			if c == '\n' {
				a.begun = true
				continue
			}
			a.left = append(a.left, c)
		}
		if err == io.EOF {
			a.left, a.ended = append(a.left, '\n', ']', '\n'), true
		} else if err != nil {
			return 0, err
		}
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}
