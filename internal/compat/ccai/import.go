package ccai

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"

	"arauto/internal/compat/wire"
)

// maxEnvelope is what a multipart body may hold around the file.
const maxEnvelope = 1 << 20

// importFile answers POST /campaigns/{id}/contacts/import: 202 without a body once the file is kept. What is in it is
// looked at by the job, whose address is in Location: a file that is no JSON array fails there, not here. The file is
// spooled first, so that one that is too large or cut off changes nothing.
func (a *API) importFile(w http.ResponseWriter, q asked) error {
	if err := q.campaign.Accepts(); err != nil {
		return err
	}
	spool, err := os.CreateTemp(a.TempDir, "contacts-*.json")
	if err != nil {
		return fmt.Errorf("spool an upload: %w", err)
	}
	defer func() {
		_ = spool.Close()
		_ = os.Remove(spool.Name()) // a file left behind is the system's temporary one, nobody's answer
	}()
	filename, err := a.receive(q.Request, spool)
	if err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read a spooled upload: %w", err)
	}
	job, err := a.Jobs.Import(q.Context(), q.actor(), q.Account, q.campaign.ID, spool, filename)
	if err != nil {
		return err
	}
	id := strconv.FormatInt(job.ID, 10)
	w.Header().Set("Location", AppsPrefix+"campaigns/"+strconv.FormatInt(q.campaign.ID, 10)+"/contacts/jobs/"+id)
	w.Header().Set("X-Job-Id", id)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// receive copies the file in r's form to spool and returns its name. Every part is read: a second file would otherwise be
// dropped without a word, and a form that breaks off would not be noticed.
func (a *API) receive(r *http.Request, spool *os.File) (filename string, err error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return "", refusal{http.StatusUnsupportedMediaType, "the body is compressed: send it as it is"}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return "", refusal{http.StatusUnsupportedMediaType, "send the file as the part file of multipart/form-data"}
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return "", unreadable(err)
	}
	// A part of another name counts when it is the only one: it is kept until a better one comes.
	named, others := false, 0
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF) && (named || others == 1):
			return filename, nil
		case errors.Is(err, io.EOF):
			return "", invalid("file", "there is no such part: name the part that carries the file \"file\"")
		case err != nil:
			return "", unreadable(err)
		}
		isFile := part.FormName() == "file" || part.FormName() == "arquivo"
		switch {
		case isFile && named:
			return "", invalid("file", "there are two files in the form: send one at a time")
		case isFile:
			named = true
		case named || others > 0:
			others++
			continue
		default:
			others++
		}
		filename = nameOf(part)
		if err := a.keep(spool, part); err != nil {
			return "", err
		}
	}
}

func nameOf(part *multipart.Part) string {
	if name := part.FileName(); name != "" {
		return name
	}
	return "contacts.json"
}

// keep makes spool hold what part does. It tells a file that is too large, and a body that breaks off, from a disk of ours
// that is full.
func (a *API) keep(spool *os.File, part io.Reader) error {
	if err := spool.Truncate(0); err != nil {
		return fmt.Errorf("spool an upload: %w", err)
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("spool an upload: %w", err)
	}
	source := &wire.Remembered{Reader: io.LimitReader(part, a.ImportLimit+1)}
	n, err := io.Copy(spool, source)
	switch {
	case source.Err != nil:
		return unreadable(source.Err)
	case err != nil:
		return fmt.Errorf("spool an upload: %w", err)
	case n > a.ImportLimit:
		return tooLargeFor(a.ImportLimit)
	}
	return nil
}
