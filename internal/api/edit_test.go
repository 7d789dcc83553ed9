package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"arauto"
)

// fakeEdits and fakeExports remember what was asked of them.
type fakeEdits struct{ started []arauto.Edit }

func (d *fakeEdits) Start(_ context.Context, _ arauto.Actor, _, campaign int64, e arauto.Edit) (arauto.Job, error) {
	d.started = append(d.started, e)
	return arauto.Job{ID: 7, Campaign: campaign, Kind: arauto.JobEdit, State: arauto.JobQueued}, e.Check()
}

func (*fakeEdits) Preview(context.Context, int64, int64, arauto.Edit) (int64, error) { return 3, nil }

type fakeExports struct {
	started []arauto.Export
	opened  []int64
}

func (d *fakeExports) Start(_ context.Context, _ arauto.Actor, _, campaign int64, x arauto.Export) (arauto.Job, error) {
	d.started = append(d.started, x)
	return arauto.Job{ID: 8, Campaign: campaign, Kind: arauto.JobExport, State: arauto.JobQueued}, x.Check()
}

func (d *fakeExports) StartPerson(_ context.Context, _ arauto.Actor, _ int64, _ string, _ int64) (arauto.Job, error) {
	return arauto.Job{ID: 1, Kind: arauto.JobPersonExport, State: arauto.JobQueued}, nil
}

func (d *fakeExports) File(_ context.Context, j arauto.Job) (io.ReadCloser, string, string, error) {
	d.opened = append(d.opened, j.ID)
	return io.NopCloser(strings.NewReader("id\r\n")), "export-8.csv", "text/csv; charset=utf-8", nil
}

func TestEdit(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/campaigns/1/contacts/edit"
	for body, status := range map[string]int{
		`{"action":"remove"}`:                                       http.StatusUnprocessableEntity, // whom?
		`{"action":"remove","all":true,"states":["failed"]}`:        http.StatusUnprocessableEntity,
		`{"action":"burn","all":true}`:                              http.StatusUnprocessableEntity,
		`{"action":"hold","phone_part":"12-3"}`:                     http.StatusUnprocessableEntity,
		`{"action":"hold","field_key":"cpf"}`:                       http.StatusUnprocessableEntity,
		`{"action":"hold","reasons":["nothing"]}`:                   http.StatusUnprocessableEntity,
		`{"action":"hold","dial_statuses":["sleeping"]}`:            http.StatusUnprocessableEntity,
		`{"action":"hold","all":true,"dial_statuses":["redial"]}`:   http.StatusUnprocessableEntity,
		`{"action":"hold","all":true}`:                              http.StatusAccepted,
		`{"action":"requeue","reasons":["too_fast"],"reopen":true}`: http.StatusAccepted,
	} {
		if got := w.do("write", http.MethodPost, path, body, "Content-Type", "application/json"); got.Code != status {
			t.Errorf("%s: %d %s, want %d", body, got.Code, got.Body, status)
		}
	}
	if got := w.do("read", http.MethodPost, path, `{"action":"hold","all":true}`); got.Code != http.StatusForbidden {
		t.Errorf("with a token that reads: %d", got.Code)
	}
	w.edits.started = nil
	w.do("write", http.MethodPost, path, `{"action":"remove","states":["failed"],"dial_statuses":["voicemail","not_reached"],"phone_part":"(11) 98","name":"ana","contacts":[4,5]}`)
	want := []arauto.Edit{{Action: arauto.EditRemove, Who: arauto.ContactFilter{
		States: []arauto.ContactState{arauto.ContactFailed}, Dials: []arauto.Dial{arauto.DialVoicemail, arauto.DialNotReached}, Digits: "1198", Name: "ana", IDs: []int64{4, 5}, Now: now,
	}}}
	if diff := cmp.Diff(want, w.edits.started); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := w.do("write", http.MethodPost, path, `{"action":"remove","all":true,"dry_run":true}`); !strings.Contains(got.Body.String(), `"matches":3`) || len(w.edits.started) != 1 {
		t.Errorf("a dry run: %s", got.Body)
	}
}

func TestExport(t *testing.T) {
	w := newWorld(t)
	got := w.do("reports", http.MethodPost, "/api/v1/exports", `{"format":"csv","campaigns":[1],"states":["replied"],"dial_statuses":["finished"],"field_key":"cpf","field_value":"1"}`)
	if got.Code != http.StatusAccepted || !strings.Contains(got.Body.String(), `"file_url":null`) || len(w.exports.started) != 1 {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	x := w.exports.started[0]
	if x.Delimiter != "," || x.Format != arauto.ExportCSV || x.Zone == "" || x.Who.FieldValue != "1" || len(x.Who.Campaigns) != 1 ||
		len(x.Who.Dials) != 1 || x.Who.Dials[0] != arauto.DialFinished {
		t.Errorf("asked for %+v", x)
	}
	for body, status := range map[string]int{
		`{"format":"pdf"}`:                   http.StatusUnprocessableEntity,
		`{"format":"csv","delimiter":"|"}`:   http.StatusUnprocessableEntity,
		`{"format":"jsonl","bom":true}`:      http.StatusUnprocessableEntity,
		`{"format":"csv","campaigns":[999]}`: http.StatusUnprocessableEntity,
		`{"format":"xlsx"}`:                  http.StatusAccepted,
		`{"format":"csv","delimiter":";"}`:   http.StatusAccepted,
	} {
		if got := w.do("reports", http.MethodPost, "/api/v1/exports", body); got.Code != status {
			t.Errorf("%s: %d %s, want %d", body, got.Code, got.Body, status)
		}
	}
	if got := w.do("reports", http.MethodGet, "/api/v1/exports/1/file", ""); got.Code != http.StatusNotFound || len(w.exports.opened) != 0 {
		t.Errorf("the file of an import: %d %s", got.Code, got.Body)
	}
}
