package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// Imports takes files of contacts.
type Imports interface {
	// Start keeps file, which may be long, and queues the work. name is the file's own and may be empty.
	// It returns before any row is read; the error is invalid when the file cannot be one of contacts.
	Start(ctx context.Context, actor arauto.Actor, account, campaign int64, name string, file io.Reader, o ImportOptions) (arauto.Job, error)
	// Preview says what Start would make of the first rows, and keeps nothing.
	Preview(ctx context.Context, account, campaign int64, name string, file io.Reader, o ImportOptions) (ImportPreview, error)
	// Rejects opens the rows that were refused, as a file that can be corrected and uploaded again, with its name and
	// media type; not found when there are none.
	Rejects(ctx context.Context, account int64, job arauto.Job) (file io.ReadCloser, name, mediaType string, err error)
	SuppressionImports
}

// ImportOptions say how a file is to be read and what becomes of those who are there already.
type ImportOptions struct {
	// Columns names columns of the file by their header ("phone" → "Celular"); nil = they are found.
	Columns       map[string]string
	Format        string // "" = what the file is
	Sheet         string // of a workbook; "" = the first that is not hidden
	Intake        arauto.Intake
	KeepMalformed bool // phones that cannot be read, of a voice campaign
}

// ImportPreview is what an import would make of the first rows of a file.
type ImportPreview struct {
	Format    string              `json:"format" enum:"csv,xlsx,json,jsonl"`
	Separator string              `json:"separator" doc:"Of CSV"`
	Encoding  string              `json:"encoding" doc:"Of CSV"`
	Sheet     string              `json:"sheet" doc:"Of a workbook: the one that is read"`
	Sheets    []string            `json:"sheets" doc:"Of a workbook: those that are not hidden"`
	Columns   []ImportColumn      `json:"columns"`
	Rows      []ImportPreviewRow  `json:"rows" doc:"The first 50"`
	Counts    ImportPreviewCounts `json:"counts" doc:"Of these rows"`
}

// ImportColumn is what a column is taken for.
type ImportColumn struct {
	Header string `json:"header"`
	Target string `json:"target" doc:"name, phone, user_id, external_id, email, outbound_number, priority; field = a custom field; empty = left out"`
	Key    string `json:"key" doc:"Of the custom field"`
}

// ImportPreviewRow is one row and what would become of it.
type ImportPreviewRow struct {
	Row     int      `json:"row"`
	Cells   []string `json:"cells"`
	Name    string   `json:"name"`
	Phone   string   `json:"phone" doc:"As it is read; empty where that cannot be"`
	UserID  string   `json:"user_id" doc:"The business-scoped id at Meta"`
	Verdict string   `json:"verdict" enum:"new,duplicate,refused"`
	Reason  string   `json:"reason" doc:"Why it does not go in"`
}

// ImportPreviewCounts count verdicts.
type ImportPreviewCounts struct {
	New       int `json:"new"`
	Duplicate int `json:"duplicate"`
	Refused   int `json:"refused"`
}

// Jobs is what the API asks of the store about long work.
type Jobs interface {
	Job(ctx context.Context, account, id int64) (arauto.Job, error)
	JobByUUID(ctx context.Context, account int64, uuid string) (arauto.Job, error)
	// Jobs lists newest first, ids below before (0 = from the newest); campaign 0 = all.
	Jobs(ctx context.Context, account, campaign, before int64, limit int) ([]arauto.Job, error)
	CancelJob(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error
}

type wireJob struct {
	ID         int64      `json:"id"`
	UUID       string     `json:"uuid"`
	CampaignID *int64     `json:"campaign_id"`
	Kind       string     `json:"kind" enum:"import,template_sync,campaign_drain,settle_unknown,retry_failed,audience,suppression_import,contact_edit,export,person_export,erase"`
	State      string     `json:"state" enum:"queued,running,completed,failed,cancelled"`
	Error      *string    `json:"error" doc:"Why it failed"`
	Total      int64      `json:"total" doc:"How much there is to do; 0 = not known"`
	Done       int64      `json:"done" doc:"How much of total is done"`
	Accepted   int64      `json:"accepted" doc:"Rows that went in"`
	Duplicates int64      `json:"duplicates" doc:"Rows that were there already"`
	Rejected   int64      `json:"rejected" doc:"Rows that were refused"`
	Rows       int64      `json:"rows" doc:"Rows that were looked at; 0 where the kind of work has none"`
	RowsPerSec *float64   `json:"rows_per_second" doc:"Lately, while it runs"`
	Left       *float64   `json:"seconds_left" doc:"While it runs, if it goes on as it did lately"`
	RejectsURL *string    `json:"rejects_url" doc:"Where the refused rows are, with reasons"`
	CreatedAt  *time.Time `json:"created_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

func wordJob(j arauto.Job) wireJob {
	out := wireJob{
		ID: j.ID, UUID: j.UUID, CampaignID: number(j.Campaign), Kind: string(j.Kind), State: string(j.State), Error: text(j.Error),
		Total: j.Total, Done: j.Done, Accepted: j.Accepted, Duplicates: j.Duplicate, Rejected: j.Rejected, Rows: j.Rows,
		CreatedAt: at(j.CreatedAt), StartedAt: at(j.StartedAt), FinishedAt: at(j.FinishedAt),
	}
	if pace := math.Round(j.RowPace()); pace > 0 {
		out.RowsPerSec = &pace
	}
	if left, ok := j.Left(); ok {
		seconds := math.Ceil(left.Seconds())
		out.Left = &seconds
	}
	if j.Rejected > 0 {
		out.RejectsURL = text(fmt.Sprintf("%s/jobs/%d/rejects", Prefix, j.ID))
	}
	return out
}

type importInput struct {
	ByRef
	Name          string `query:"name" maxLength:"200" doc:"The file's name, where a raw body has none"`
	Columns       string `query:"columns" maxLength:"4000" doc:"JSON object naming columns by their header where they are not found by themselves: {\"phone\":\"Cel. do titular\"}"`
	Format        string `query:"format" enum:"csv,xlsx,json,jsonl" doc:"What the file is; else it is found out, and must be what its name says"`
	Sheet         string `query:"sheet" maxLength:"100" doc:"Of a workbook, by its name; else the first that is not hidden"`
	Duplicates    string `query:"duplicates" enum:"skip,update,fail" doc:"What becomes of people who are in the campaign already, or twice in the file: they are left as they are (skip, the default), take the row's name, external id and custom fields (update), or have the whole file refused (fail)"`
	Across        string `query:"across" enum:"open,all" doc:"Count people as duplicates who are in another campaign: one that has not ended (open), or any (all)"`
	Whole         bool   `query:"all_or_nothing" doc:"One row that cannot go in keeps out every other"`
	KeepMalformed bool   `query:"keep_malformed" doc:"Keep people of a voice campaign whose phone cannot be read, as Invalid Number"`
}

func (in *importInput) options() (ImportOptions, error) {
	columns, err := readColumns(in.Columns)
	return ImportOptions{
		Columns: columns, Format: in.Format, Sheet: in.Sheet, KeepMalformed: in.KeepMalformed,
		Intake: arauto.Intake{Duplicates: arauto.Duplicates(in.Duplicates), Across: arauto.Across(in.Across), Whole: in.Whole},
	}, err
}

const importMore = "CSV, a spreadsheet (XLSX), a JSON array or JSON lines; as multipart with the part `file`, or as the raw file. "

func (a *API) imports() {
	o := op{
		method: http.MethodPost, path: "/campaigns/{id}/imports", scope: arauto.TokenWrite, tag: "imports", summary: "Import a file of contacts",
		more:   importMore + "The answer is a job: its progress is at /jobs/{id}. Under an Idempotency-Key the body is told apart by its length alone.",
		status: http.StatusAccepted, maxBody: a.ImportLimit, streams: true,
	}
	handle(a, o, a.startImport)
	a.takesFile(o.path)
	o = op{
		method: http.MethodPost, path: "/campaigns/{id}/imports/preview", scope: arauto.TokenRead, tag: "imports", summary: "What an import would make of the first rows of a file",
		more: importMore + "Nothing is kept.", status: http.StatusOK, maxBody: a.ImportLimit, streams: true,
	}
	handle(a, o, a.previewImport)
	a.takesFile(o.path)
}

// takesFile tells the document that the operation at path takes a file: only now, because huma would read a body
// that it knew of.
func (a *API) takesFile(path string) {
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	a.huma.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": binary}, Required: []string{"file"}}},
		"text/csv":            {Schema: binary},
		"application/json":    {Schema: binary},
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {Schema: binary},
	}}
}

func (a *API) startImport(ctx context.Context, c Caller, in *importInput) (*wireJob, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	if err := campaign.Accepts(); err != nil {
		return nil, err
	}
	options, err := in.options()
	if err != nil {
		return nil, err
	}
	name, file, err := a.uploaded(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	job, err := a.Imports.Start(ctx, actor(c), c.Account.ID, campaign.ID, name, file, options)
	out := wordJob(job)
	return &out, err
}

func (a *API) previewImport(ctx context.Context, c Caller, in *importInput) (*ImportPreview, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	options, err := in.options()
	if err != nil {
		return nil, err
	}
	name, file, err := a.uploaded(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out, err := a.Imports.Preview(ctx, c.Account.ID, campaign.ID, name, file, options)
	return &out, err
}

// readColumns reads how a request names the columns of its file; none = nil.
func readColumns(text string) (columns map[string]string, err error) {
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		return nil, arauto.Errorf(arauto.KindInvalid, "query.columns", "this is not a JSON object of texts, such as {\"phone\":\"Celular\"}")
	}
	return columns, nil
}

// uploaded is the file that a request brings, and its name without any directory; given overrules the file's own.
func (a *API) uploaded(ctx context.Context, given string) (name string, file io.Reader, err error) {
	if name, file, err = upload(exchangeOf(ctx).request); err != nil {
		return "", nil, err
	}
	if given != "" {
		name = given
	}
	if name != "" {
		name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	}
	return name, file, nil
}

// upload is the file in r's body: its part "file", or the body itself.
func upload(r *http.Request) (name string, file io.Reader, err error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil {
		name = params["name"]
	}
	switch {
	case kind != "multipart/form-data":
		if r.ContentLength == 0 {
			return "", nil, arauto.Errorf(arauto.KindInvalid, "body", "there is no file: send it as the body, or as multipart/form-data with the part \"file\"")
		}
		return name, r.Body, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return "", nil, arauto.Errorf(arauto.KindInvalid, "body", "this is not multipart/form-data: %v", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, arauto.Errorf(arauto.KindInvalid, "body.file", "the part \"file\" is missing")
		}
		if err != nil {
			var big *http.MaxBytesError
			if errors.As(err, &big) {
				return "", nil, err
			}
			return "", nil, arauto.Errorf(arauto.KindInvalid, "body", "this is not multipart/form-data: %v", err)
		}
		if part.FormName() == "file" {
			return part.FileName(), part, nil
		}
	}
}

func (a *API) jobs() {
	handle(a, op{method: http.MethodGet, path: "/jobs", scope: arauto.TokenRead, tag: "imports", summary: "Long work, newest first"},
		func(ctx context.Context, c Caller, in *struct {
			Paging
			Campaign string `query:"campaign" maxLength:"36" doc:"Number or UUID"`
		},
		) (*page[wireJob], error) {
			before, err := in.key()
			if err != nil {
				return nil, err
			}
			var campaign arauto.Campaign
			if in.Campaign != "" {
				if campaign, err = a.campaign(ctx, c, ref(in.Campaign)); err != nil {
					return nil, err
				}
			}
			rows, err := a.Store.Jobs(ctx, c.Account.ID, campaign.ID, before, in.Limit)
			return pageOf(ctx, in.Paging, rows, func(j arauto.Job) int64 { return j.ID }, wordJob), err
		})
	handle(a, op{method: http.MethodGet, path: "/jobs/{id}", scope: arauto.TokenRead, tag: "imports", summary: "How far a job is"},
		func(ctx context.Context, c Caller, in *ByRef) (*wireJob, error) {
			job, err := a.job(ctx, c, in.ID)
			out := wordJob(job)
			return &out, err
		})
	handle(a, op{method: http.MethodDelete, path: "/jobs/{id}", scope: arauto.TokenWrite, tag: "imports", summary: "Cancel a job", more: "What it has done stays done."},
		func(ctx context.Context, c Caller, in *ByRef) (*wireJob, error) {
			job, err := a.job(ctx, c, in.ID)
			if err != nil {
				return nil, err
			}
			if err := a.Store.CancelJob(ctx, actor(c), a.Now(), c.Account.ID, job.ID); err != nil {
				return nil, err
			}
			job, err = a.Store.Job(ctx, c.Account.ID, job.ID)
			out := wordJob(job)
			return &out, err
		})
	stream(a, op{method: http.MethodGet, path: "/jobs/{id}/rejects", scope: arauto.TokenRead, tag: "imports", summary: "The rows an import refused, as a file to correct"},
		"text/csv; charset=utf-8", &huma.Schema{Type: huma.TypeString, Format: "binary"}, a.rejects)
}

func (a *API) job(ctx context.Context, c Caller, id string) (arauto.Job, error) {
	return find(ctx, ref(id), "job", c.Account.ID, a.Store.Job, a.Store.JobByUUID)
}

func (a *API) rejects(ctx context.Context, c Caller, in *ByRef) (func(http.ResponseWriter), error) {
	job, err := a.job(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	file, name, mediaType, err := a.Imports.Rejects(ctx, c.Account.ID, job)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter) {
		defer file.Close()
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		if _, err := io.Copy(w, file); err != nil {
			a.Logger.WarnContext(ctx, "rejects broken off", "account", c.Account.ID, "job", job.ID, "err", err)
			panic(http.ErrAbortHandler) // a file that is cut off must not look whole
		}
	}, nil
}
