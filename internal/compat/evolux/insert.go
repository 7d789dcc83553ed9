package evolux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"strings"

	"arauto"
	"arauto/internal/compat/wire"
)

// MaxFile is the largest file of subscribers, in bytes: 50 MB.
const MaxFile = 50 << 20

// maxEnvelope is what a multipart body may hold around the file.
const maxEnvelope = 1 << 20

// Insert answers POST /api/v1/campaign/{campaign_uuid}/subscribers: the rows of a CSV file, the multipart part `file` or
// the whole body as text/csv, go into the campaign. The file is spooled before anything is done with it, so that one
// that is too large or cut off changes nothing. It reads the campaign from the request's path value campaign_uuid.
func (a *API) Insert(w http.ResponseWriter, r *http.Request, caller arauto.Token, account arauto.Account) {
	if !allowed(w, r, http.MethodPost, caller, arauto.TokenWrite) {
		return
	}
	campaign, err := a.campaign(r, account)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	spool, err := os.CreateTemp(a.TempDir, "subscribers-*.csv")
	if err != nil {
		a.fail(w, r, fmt.Errorf("spool an upload: %w", err))
		return
	}
	defer func() {
		_ = spool.Close()
		_ = os.Remove(spool.Name()) // a file left behind is the system's temporary one, nobody's answer
	}()
	filename, err := receive(w, r, spool)
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	actor := caller.Actor()
	actor.Account = account.ID
	job, err := a.Inserter.Insert(r.Context(), actor, account, campaign, spool, filename)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeBody(w, http.StatusOK, appendJob(nil, job))
}

// campaign is the one the path names, when contacts may be added to it.
func (a *API) campaign(r *http.Request, account arauto.Account) (arauto.Campaign, error) {
	uuid := r.PathValue("campaign_uuid")
	if !isUUID(uuid) {
		return arauto.Campaign{}, arauto.Errorf(arauto.KindNotFound, "campaign_uuid", "%.50q is not the UUID of a campaign", uuid)
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	campaign, err := a.Reports.CampaignByUUID(ctx, account.ID, strings.ToLower(uuid))
	if err != nil {
		return campaign, fmt.Errorf("look up campaign: %w", err)
	}
	return campaign, campaign.Accepts()
}

// receive copies the file in r's body to spool and returns its name.
func receive(w http.ResponseWriter, r *http.Request, spool io.Writer) (filename string, err error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return "", refusal{http.StatusUnsupportedMediaType, "the body is compressed: send it as it is"}
	}
	r.Body = http.MaxBytesReader(w, r.Body, MaxFile+maxEnvelope)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	switch kind {
	case "text/csv":
		if r.ContentLength > MaxFile {
			return "", errTooLarge
		}
		return "subscribers.csv", copyFile(spool, r.Body)
	case "multipart/form-data":
		if r.ContentLength > MaxFile+maxEnvelope {
			return "", errTooLarge
		}
		return receivePart(r, spool)
	}
	return "", refusal{http.StatusUnsupportedMediaType, "send the file as text/csv, or as the part file of multipart/form-data"}
}

// receivePart reads every part: a second file would otherwise be dropped without a word.
func receivePart(r *http.Request, spool io.Writer) (filename string, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return "", unreadable(err)
	}
	found := false
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF) && !found:
			return "", invalid("file", "there is no such part: name the part that carries the file \"file\"")
		case errors.Is(err, io.EOF):
			return filename, nil
		case err != nil:
			return "", unreadable(err)
		case part.FormName() != "file":
			continue
		case found:
			return "", invalid("file", "there are two parts of that name: send one file at a time")
		}
		found, filename = true, nameOf(part)
		if err := copyFile(spool, part); err != nil {
			return "", err
		}
	}
}

func nameOf(part *multipart.Part) string {
	if name := part.FileName(); name != "" {
		return name
	}
	return "subscribers.csv"
}

var errTooLarge = refusal{http.StatusRequestEntityTooLarge, "the file is larger than 50 MB; nothing was inserted: send it in several files"}

// copyFile tells a file that is too large or empty, and a body that breaks off, from a disk of ours that is full.
func copyFile(to io.Writer, from io.Reader) error {
	source := &wire.Remembered{Reader: io.LimitReader(from, MaxFile+1)}
	n, err := io.Copy(to, source)
	switch {
	case source.Err != nil:
		return unreadable(source.Err)
	case err != nil:
		return fmt.Errorf("spool an upload: %w", err)
	case n > MaxFile:
		return errTooLarge
	case n == 0:
		return invalid("file", "the file is empty")
	}
	return nil
}

func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errTooLarge
	}
	return invalid("", "the body cannot be read (%v); nothing was inserted: send it again", err)
}

// appendJob is the answer to an insertion. Counts are null until the job has ended.
func appendJob(dst []byte, j arauto.Job) []byte {
	count := func(key string, n int64) {
		dst = append(append(append(dst, '"'), key...), `":`...)
		if j.State.Ended() {
			dst = strconv.AppendInt(dst, n, 10)
		} else {
			dst = append(dst, `null`...)
		}
		dst = append(dst, ',')
	}
	dst = append(dst, `{"data":{`...)
	count("accepted", j.Accepted)
	count("duplicate", j.Duplicate)
	dst = append(dst, `"error":`...)
	dst = append(wire.AppendText(dst, j.Error), `,"job_uuid":`...)
	dst = append(wire.AppendText(dst, j.UUID), ',')
	count("rejected", j.Rejected)
	dst = append(dst, `"state":`...)
	dst = wire.AppendText(dst, string(j.State))
	return append(dst, `},"message":"OK","status":200}`...)
}
