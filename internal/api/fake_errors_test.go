package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/api"
)

// fakeCodes knows one code.
type fakeCodes struct{}

func (fakeCodes) Table() []arauto.CodeRule {
	known, _ := fakeCodes{}.Explain(131026)
	return []arauto.CodeRule{known}
}

func (fakeCodes) Explain(code int) (arauto.CodeRule, bool) {
	return arauto.CodeRule{
		First: code, Last: code, Reason: arauto.ReasonNotOnWhatsApp, Scope: arauto.ScopeContact, Action: arauto.ActionFail,
		What: arauto.Words{arauto.Portuguese: "Não está no WhatsApp", arauto.English: "Not on WhatsApp"},
		Next: arauto.Words{arauto.Portuguese: "Confira o número", arauto.English: "Check the number"},
	}, code == 131026
}

func (f *fakeStore) StoppedCountries(_ context.Context, account, waba int64, _ string, _ int) ([]arauto.StoppedCountry, error) {
	if _, err := mine(f.waba, "WhatsApp Business Account", account, waba); err != nil {
		return nil, err
	}
	return []arauto.StoppedCountry{{Calling: "57", Code: 130497, Words: "closed", Since: now}}, nil
}

func (f *fakeStore) LiftCountry(_ context.Context, _ arauto.Actor, _ time.Time, account, waba int64, calling string) error {
	_, err := mine(f.waba, "WhatsApp Business Account", account, waba)
	if err == nil && calling == "55" {
		return arauto.Errorf(arauto.KindNotFound, "", "+%s is not closed", calling)
	}
	return err
}

func (f *fakeStore) PauseWABA(_ context.Context, _ arauto.Actor, at time.Time, account, id int64, why string) (arauto.WABA, error) {
	w, err := mine(f.waba, "WhatsApp Business Account", account, id)
	if err != nil {
		return w, err
	}
	if w.Pause, w.Cause = why, (arauto.Cause{}); why != "" {
		w.Cause.Since = at
	}
	f.waba.Pause, f.waba.Cause = w.Pause, w.Cause
	return w, nil
}

func TestErrors_TableAndPauses(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"the table", http.MethodGet, "/errors", "", 200, `"next_step":{"en":"Check the number","pt":"Confira o número"}`},
		{"pause a WABA", http.MethodPost, "/wabas/1/pause", `{"why":"auditoria"}`, 200, `"pause":"auditoria","pause_cause":{"by_person":true`},
		{"resume it", http.MethodPost, "/wabas/1/resume", "", 200, `"pause":null,"pause_cause":null`},
		{"closed countries", http.MethodGet, "/wabas/1/stopped-countries", "", 200, `"calling_code":"57"`},
		{"one that is not closed", http.MethodDelete, "/wabas/1/stopped-countries/55", "", 404, ""},
		{"lift one", http.MethodDelete, "/wabas/1/stopped-countries/57", "", 204, ""},
		{"of another account", http.MethodPost, "/wabas/2/pause", "", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.do("admin", c.method, api.Prefix+c.path, c.body)
			if got.Code != c.status || !strings.Contains(got.Body.String(), c.want) {
				t.Errorf("%d %s, want %d with %s", got.Code, got.Body.String(), c.status, c.want)
			}
		})
	}
}
