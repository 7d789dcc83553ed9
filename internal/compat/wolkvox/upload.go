package wolkvox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"arauto"
)

// MaxUpload is how large the body of an upload may be, in bytes.
const MaxUpload = 32 << 20

// Uploader puts records into a voice campaign.
type Uploader interface {
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	// AddRecords puts the rows of a file of JSON lines into a campaign and says what became of them. Each line is an object
	// of texts: name, phone, and what else the record has. The file is complete when it is called.
	AddRecords(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign arauto.Campaign, lines io.Reader) (arauto.Job, error)
}

// addRecord takes a JSON array of records into a voice campaign. Nothing is done with the first before the last was read:
// an array that is cut off, or has too many, changes nothing.
func (a *API) addRecord(ctx context.Context, q *ask) error {
	named := q.query.Get("campaign_id")
	if named == "" {
		return errNoParameters
	}
	campaign, err := a.voice(ctx, q, named)
	if err != nil {
		return err
	}
	lines, sent, err := a.readRecords(q.r.Body)
	if err != nil {
		return err
	}
	actor := arauto.Actor{Account: q.account.ID, Token: q.caller.ID, Name: q.caller.Name}
	job, err := a.Uploader.AddRecords(ctx, actor, q.account, campaign, lines)
	if err != nil {
		return fmt.Errorf("add records: %w", err)
	}
	n := strconv.FormatInt
	body := appendHead(nil, q.form, http.StatusCreated, "", n(job.Accepted, 10)+" records were added")
	body = appendMembers(body, member{"total_added", n(job.Accepted, 10)}, member{"total_rejected", n(int64(sent)-job.Accepted, 10)}, member{"total_sent", n(int64(sent), 10)})
	startBody(q.w, http.StatusCreated)
	_, _ = q.w.Write(append(body, `]}`...)) // the client has gone: there is nobody left to tell
	return nil
}

// voice is the campaign of that number, if it dials people and takes more of them.
func (a *API) voice(ctx context.Context, q *ask, named string) (arauto.Campaign, error) {
	id, err := strconv.ParseInt(named, 10, 64)
	if err != nil || id <= 0 {
		return arauto.Campaign{}, errNoCampaign
	}
	c, err := a.Uploader.Campaign(ctx, q.account.ID, id)
	switch {
	case arauto.KindOf(err) == arauto.KindNotFound, err == nil && c.Channel != arauto.ChannelVoice:
		return c, errNoCampaign
	case err != nil:
		return c, fmt.Errorf("look up campaign: %w", err)
	case c.Accepts() != nil:
		return c, errEnded
	}
	return c, nil
}

// readRecords reads the array to its end, one record at a time, and makes lines of it.
func (a *API) readRecords(body io.Reader) (lines io.Reader, n int, err error) {
	d := json.NewDecoder(bufio.NewReader(body))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, 0, unreadable(err)
	}
	out := &recordLines{}
	for d.More() {
		if n++; n > a.Limits.Upload {
			return nil, n, errUploadMany
		}
		var record map[string]any
		if err := d.Decode(&record); err != nil || record == nil {
			return nil, n, unreadable(err)
		}
		out.add(record)
	}
	if _, err := d.Token(); err != nil {
		return nil, n, unreadable(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, n, errNotRecords // something follows the array
	}
	if n == 0 {
		return nil, 0, errNoRecords
	}
	return out.reader(), n, nil
}

func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errUploadLarge
	}
	return errNotRecords
}
