package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// Exports writes contacts into files.
type Exports interface {
	// Start queues it; campaign is the one it is of, or 0. The error is invalid.
	Start(ctx context.Context, actor arauto.Actor, account, campaign int64, x arauto.Export) (arauto.Job, error)
	// StartPerson queues the export of everything that is kept of the person with that key; of their files those behind after.
	StartPerson(ctx context.Context, actor arauto.Actor, account int64, key string, after int64) (arauto.Job, error)
	// File opens what an export wrote; not found before it is written, and once it expired.
	File(ctx context.Context, j arauto.Job) (file io.ReadCloser, name, contentType string, err error)
}

type exportBody struct {
	Format    string `json:"format" enum:"csv,xlsx,jsonl" doc:"jsonl: one JSON object a line. A spreadsheet goes on in another sheet after 1,048,576 rows"`
	Delimiter string `json:"delimiter,omitempty" maxLength:"1" doc:"Of CSV: a comma, which is what absent means, or a semicolon"`
	BOM       bool   `json:"bom,omitempty" doc:"CSV: begin with the mark by which Excel knows UTF-8"`
	Campaigns []ref  `json:"campaigns,omitempty" maxItems:"100" nullable:"false" doc:"Absent = all"`
	Whom
	InsertedFrom *time.Time `json:"inserted_from,omitempty" doc:"Inclusive"`
	InsertedTo   *time.Time `json:"inserted_to,omitempty" doc:"Inclusive"`
}

// ByExport names an export in a path.
type ByExport struct {
	Export string `path:"export" maxLength:"36" doc:"Number or UUID of its job"`
}

type wireExport struct {
	Job       wireJob    `json:"job"`
	FileURL   *string    `json:"file_url" doc:"Where the file is; null until it is written, and once it expired"`
	ExpiresAt *time.Time `json:"expires_at" doc:"Until when it is there"`
}

func (a *API) wordExport(j arauto.Job) *wireExport {
	out := &wireExport{Job: wordJob(j)}
	if j.State != arauto.JobCompleted {
		return out
	}
	until := j.FinishedAt.Add(arauto.ExportKept)
	out.ExpiresAt = at(until)
	if a.Now().Before(until) {
		out.FileURL = text(fmt.Sprintf("%s/%s/%d/file", Prefix, exportPaths[j.Kind], j.ID))
	}
	return out
}

// exportPaths is where exports are found: who may read reports may not read everything of a person.
var exportPaths = map[arauto.JobKind]string{arauto.JobExport: "exports", arauto.JobPersonExport: "person-exports"}

func (a *API) exports() {
	handle(a, op{
		method: http.MethodPost, path: "/exports", scope: arauto.TokenReports, tag: "reports", summary: "Write contacts into a file", status: http.StatusAccepted,
		more: "All that is set must hold. The answer is a job; its file can be fetched for seven days. In CSV, cells that a spreadsheet would run (those that begin with = + - @, a tab or a carriage return) " +
			"begin with an apostrophe, phones among them. Moments are by the account's clock, in JSON lines UTC.",
	}, a.startExport)
	handle(a, op{method: http.MethodGet, path: "/exports/{export}", scope: arauto.TokenReports, tag: "reports", summary: "How far an export is, and where its file"},
		func(ctx context.Context, c Caller, in *ByExport) (*wireExport, error) {
			job, err := a.exportJob(ctx, c, arauto.JobExport, in.Export)
			return a.wordExport(job), err
		})
	a.personExports()
	stream(a, op{method: http.MethodGet, path: "/exports/{export}/file", scope: arauto.TokenReports, tag: "reports", summary: "The file of an export"},
		"application/octet-stream", &huma.Schema{Type: huma.TypeString, Format: "binary"}, a.exportFile(arauto.JobExport))
}

func (a *API) personExports() {
	handle(a, op{
		method: http.MethodPost, path: "/people/{id}/exports", scope: arauto.TokenAdmin, tag: "people", summary: "Write everything that is kept of a person into a file, for themselves", status: http.StatusAccepted,
		more: "A ZIP archive with the document of GET /people/{id}/export (person.json) and the files of their conversations and of the ads that brought them (files/…): each element of the document's files names " +
			"its own, or says why it has none (left_out). An archive has up to 5,000 files and 4 GiB of them; where there are more, the document's files_after says where the next one goes on. The answer is a job, whose done counts " +
			"files and rows, and rejected the files that are not in it; it can be fetched for seven days, and goes when the person is erased.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByPerson
		After int64 `query:"files_after" minimum:"0" doc:"Files up to that id are left out: an earlier archive has them"`
	},
	) (*wireExport, error) {
		p, err := a.person(ctx, c, in.ID)
		if err != nil {
			return nil, err
		}
		job, err := a.Exports.StartPerson(ctx, actor(c), c.Account.ID, p.Key, in.After)
		return a.wordExport(job), err
	})
	handle(a, op{method: http.MethodGet, path: "/person-exports/{export}", scope: arauto.TokenAdmin, tag: "people", summary: "How far the export of a person is, and where its file"},
		func(ctx context.Context, c Caller, in *ByExport) (*wireExport, error) {
			job, err := a.exportJob(ctx, c, arauto.JobPersonExport, in.Export)
			return a.wordExport(job), err
		})
	stream(a, op{method: http.MethodGet, path: "/person-exports/{export}/file", scope: arauto.TokenAdmin, tag: "people", summary: "The file of the export of a person"},
		"application/zip", &huma.Schema{Type: huma.TypeString, Format: "binary"}, a.exportFile(arauto.JobPersonExport))
}

func (a *API) startExport(ctx context.Context, c Caller, in *struct{ Body exportBody }) (*wireExport, error) {
	b := in.Body
	x := arauto.Export{Format: arauto.ExportFormat(b.Format), Delimiter: b.Delimiter, BOM: b.BOM, Zone: c.Account.TimeZone}
	if x.Format == arauto.ExportCSV && x.Delimiter == "" {
		x.Delimiter = ","
	}
	var campaigns []int64
	for _, r := range b.Campaigns {
		campaign, err := a.campaign(ctx, c, r)
		if err != nil {
			return nil, inBody(err, "campaigns")
		}
		campaigns = append(campaigns, campaign.ID)
	}
	var err error
	if x.Who, err = a.filter(c, b.query(), campaigns); err != nil {
		return nil, err
	}
	x.Who.InsertedFrom, x.Who.InsertedTo = moment(b.InsertedFrom), moment(b.InsertedTo)
	of := int64(0)
	if len(campaigns) == 1 {
		of = campaigns[0]
	}
	job, err := a.Exports.Start(ctx, actor(c), c.Account.ID, of, x)
	return a.wordExport(job), err
}

// exportJob is an export's job; another's is none.
func (a *API) exportJob(ctx context.Context, c Caller, kind arauto.JobKind, id string) (arauto.Job, error) {
	job, err := a.job(ctx, c, id)
	if err == nil && job.Kind != kind {
		err = arauto.Errorf(arauto.KindNotFound, "", "there is no export %s", id)
	}
	return job, err
}

func (a *API) exportFile(kind arauto.JobKind) func(ctx context.Context, c Caller, in *ByExport) (func(http.ResponseWriter), error) {
	return func(ctx context.Context, c Caller, in *ByExport) (func(http.ResponseWriter), error) {
		job, err := a.exportJob(ctx, c, kind, in.Export)
		if err != nil {
			return nil, err
		}
		if kind == arauto.JobPersonExport {
			if err := a.Store.Note(ctx, actor(c), a.Now(), "person.export", fmt.Sprintf("job %d", job.ID), `{}`); err != nil {
				return nil, err
			}
		}
		file, name, contentType, err := a.Exports.File(ctx, job)
		if err != nil {
			return nil, err
		}
		return func(w http.ResponseWriter) {
			defer file.Close()
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename=%q`, name))
			if _, err := io.Copy(w, file); err != nil {
				a.Logger.WarnContext(ctx, "export broken off", "account", c.Account.ID, "job", job.ID, "err", err)
				panic(http.ErrAbortHandler) // a file that is cut off must not look whole
			}
		}, nil
	}
}
