package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"arauto"
)

// Reports is what the API asks of the store for those who keep a copy.
type Reports interface {
	// UpdatedContacts lists by (UpdatedAt, ID) ascending what comes after (since, afterID). UpdatedAt is when
	// the row was written, by our own clock.
	UpdatedContacts(ctx context.Context, account int64, f arauto.ContactFilter, since time.Time, afterID int64, limit int) ([]arauto.ContactRow, error)
}

const (
	reportChunk = 500 // rows of one read: a long page is many short ones
	// settled is how old a change must be before those who follow changes are told: a younger one may still
	// be overtaken by one with an earlier moment.
	settled = 5 * time.Second
)

type reportQuery struct {
	Limit        int       `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Rows in a page"`
	Cursor       string    `query:"cursor" maxLength:"200" doc:"From the previous page's next or resume; opaque"`
	Campaign     []string  `query:"campaign" maxItems:"100" doc:"Numbers or UUIDs, separated by commas"`
	InsertedFrom time.Time `query:"inserted_from" doc:"Inclusive"`
	InsertedTo   time.Time `query:"inserted_to" doc:"Inclusive"`
	UpdatedSince time.Time `query:"updated_since" doc:"Only rows changed since, oldest change first; follow resume to be told of later ones"`
	ContactQuery
}

// reportPage is what is streamed; it is never held whole.
type reportPage struct {
	Data   []WireContact `json:"data" nullable:"false"`
	Next   *string       `json:"next" doc:"Relative address of the next page; null on the last"`
	Resume *string       `json:"resume" doc:"With updated_since: where to ask again later for what changes from now on"`
}

func (a *API) reports() {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[reportPage](), true, "ReportPage")
	stream(a, op{
		method: http.MethodGet, path: "/reports/subscribers", scope: arauto.TokenReports, tag: "reports", summary: "Contacts with everything known about them",
		more: "Newest first, and following next visits every row once. With updated_since, by moment of change; a change is told about five seconds after it happened, " +
			"and a row comes again whenever it changes.",
	}, "application/json", schema, a.report)
}

// A reader gets the rows of a report piece by piece.
type reader interface {
	read(ctx context.Context, limit int) ([]arauto.ContactRow, error)
	// keys are where the next page begins; ok is false before the first row.
	keys() (keys []int64, ok bool)
}

func (a *API) report(ctx context.Context, c Caller, in *reportQuery) (func(http.ResponseWriter), error) {
	f, err := a.reportFilter(ctx, c, in)
	if err != nil {
		return nil, err
	}
	rows, err := a.reader(c, f, in)
	if err != nil {
		return nil, err
	}
	// The first piece is read before anything is answered: what is wrong with the request shows here.
	first, err := rows.read(ctx, min(in.Limit, reportChunk))
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter) {
		if err := a.write(ctx, w, c, in, rows, first); err != nil {
			if ctx.Err() == nil {
				a.Logger.ErrorContext(ctx, "report broken off", "account", c.Account.ID, "err", err)
			}
			// A page that is cut off must not look whole.
			panic(http.ErrAbortHandler)
		}
	}, nil
}

func (a *API) reportFilter(ctx context.Context, c Caller, in *reportQuery) (arauto.ContactFilter, error) {
	var campaigns []int64
	for _, r := range in.Campaign {
		campaign, err := a.campaign(ctx, c, ref(r))
		if err != nil {
			return arauto.ContactFilter{}, err
		}
		campaigns = append(campaigns, campaign.ID)
	}
	f, err := a.filter(c, in.ContactQuery, campaigns)
	f.InsertedFrom, f.InsertedTo = in.InsertedFrom.UTC(), in.InsertedTo.UTC()
	if in.InsertedFrom.IsZero() {
		f.InsertedFrom = time.Time{}
	}
	if in.InsertedTo.IsZero() {
		f.InsertedTo = time.Time{}
	}
	return f, err
}

func (a *API) reader(c Caller, f arauto.ContactFilter, in *reportQuery) (reader, error) {
	if in.UpdatedSince.IsZero() {
		keys, err := readCursor(in.Cursor, 1)
		r := &newestFirst{store: a.Store, account: c.Account.ID, filter: f}
		if keys != nil {
			r.below = keys[0]
		}
		return r, err
	}
	r := &byChange{store: a.Store, account: c.Account.ID, filter: f, since: in.UpdatedSince.UTC(), until: a.Now().Add(-settled)}
	keys, err := readCursor(in.Cursor, 2)
	if keys != nil {
		r.since, r.after = time.UnixMilli(keys[0]).UTC(), keys[1]
	}
	return r, err
}

type newestFirst struct {
	store   Store
	account int64
	filter  arauto.ContactFilter
	below   int64
}

func (r *newestFirst) read(ctx context.Context, limit int) ([]arauto.ContactRow, error) {
	rows, err := r.store.ContactRows(ctx, r.account, r.filter, r.below, limit)
	if len(rows) > 0 {
		r.below = rows[len(rows)-1].ID
	}
	return rows, err
}

func (r *newestFirst) keys() ([]int64, bool) { return []int64{r.below}, r.below > 0 }

type byChange struct {
	store   Store
	account int64
	filter  arauto.ContactFilter
	since   time.Time
	after   int64
	until   time.Time
}

func (r *byChange) read(ctx context.Context, limit int) ([]arauto.ContactRow, error) {
	rows, err := r.store.UpdatedContacts(ctx, r.account, r.filter, r.since, r.after, limit)
	for i, row := range rows {
		if row.UpdatedAt.After(r.until) {
			rows = rows[:i]
			break
		}
	}
	if n := len(rows); n > 0 {
		r.since, r.after = rows[n-1].UpdatedAt, rows[n-1].ID
	}
	return rows, err
}

func (r *byChange) keys() ([]int64, bool) { return []int64{r.since.UnixMilli(), r.after}, true }

// write streams one page: rows first, then where to go on.
func (a *API) write(ctx context.Context, w http.ResponseWriter, c Caller, in *reportQuery, rows reader, chunk []arauto.ContactRow) error {
	out := bufio.NewWriterSize(w, 32<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if _, err := out.WriteString(`{"data":[`); err != nil {
		return err
	}
	left, full := in.Limit, false
	for first := true; len(chunk) > 0; {
		for _, r := range chunk {
			if !first {
				_ = out.WriteByte(',') // a write that fails makes the next one fail too
			}
			first = false
			if err := enc.Encode(a.wordContact(r, c.Account.Language)); err != nil {
				return err
			}
		}
		left -= len(chunk)
		if left == 0 {
			full = true
			break
		}
		var err error
		if chunk, err = rows.read(ctx, min(left, reportChunk)); err != nil {
			return err
		}
	}
	var end struct {
		Next   *string `json:"next"`
		Resume *string `json:"resume"`
	}
	keys, ok := rows.keys()
	if full && ok {
		end.Next = nextPage(ctx, keys...)
	}
	if !in.UpdatedSince.IsZero() {
		end.Resume = nextPage(ctx, keys...)
	}
	_, _ = out.WriteString(`],`)
	tail, err := encodeTail(end)
	if err != nil {
		return err
	}
	_, _ = out.Write(tail)
	return out.Flush()
}

// encodeTail is an object without its opening brace, with '&' left as it is.
func encodeTail(v any) ([]byte, error) {
	var b bytesWriter
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b[1:], nil
}

type bytesWriter []byte

func (b *bytesWriter) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}
