package api_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"arauto"
)

func (f *fakeStore) LiftSuppressions(_ context.Context, _ arauto.Actor, _ time.Time, account int64, ids []int64, _ string) (lifted []int64, err error) {
	for _, id := range ids {
		if _, err := mine(0, "suppression", account, id); err == nil {
			lifted = append(lifted, id)
		}
	}
	return lifted, nil
}

func (f *fakeStore) FindSuppressions(_ context.Context, _ time.Time, account int64, filter arauto.SuppressionFilter, before int64, _ int) ([]arauto.Suppression, int64, error) {
	f.called(fmt.Sprintf("FindSuppressions %+v", filter))
	list, err := all(arauto.Suppression{ID: 1, Phone: "+5511999880001", Scope: arauto.SuppressAll, Source: "api", Evidence: "=cmd|' /C calc'!A0", ExpiresAt: now}, account)
	if before > 1 || account != 1 {
		return list, 0, err
	}
	return list, 7, err
}

func (o *fakeOthers) Suppress(_ context.Context, _ arauto.Actor, account int64, name string, file io.Reader, columns map[string]string, d arauto.Suppression) (arauto.Job, error) {
	body, err := io.ReadAll(file)
	o.started = append(o.started, fmt.Sprintf("%d %q %q %v %s %s %s %q", account, name, body, columns, d.Scope, d.Channel, d.ExpiresAt.Format(time.DateOnly), d.Evidence))
	return arauto.Job{ID: 1, UUID: jobUUID, Kind: arauto.JobSuppressions, State: arauto.JobQueued}, err
}

func TestSuppressions_Channels(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "write", "POST", "/api/v1/suppressions", `{"phones":["+5511999881122","no"],"channels":["whatsapp","voice"],"evidence":"carta","expires_at":"2027-01-01T00:00:00Z"}`)
	if got["added"] != 1.0 || got["rejected"] != 1.0 || len(w.store.holds) != 2 {
		t.Errorf("got %v, %+v", got, w.store.holds)
	}
	for i, want := range []arauto.Channel{arauto.ChannelWhatsApp, arauto.ChannelVoice} {
		if s := w.store.holds[i]; s.Channel != want || s.ExpiresAt.Year() != 2027 {
			t.Errorf("entry %+v", s)
		}
	}
	w.refuses(t, "/api/v1/suppressions", `{"phones":["+5511999881122"],"channel":"voice","channels":["voice"],"evidence":"x"}`, "body.channels")
	w.refuses(t, "/api/v1/suppressions", `{"phones":["+5511999881122"],"evidence":"x","expires_at":"2020-01-01T00:00:00Z"}`, "body.expires_at")
}

func TestSuppressions_ListAndExport(t *testing.T) {
	w := newWorld(t)
	got := w.ask(t, 200, "read", "GET", "/api/v1/suppressions?scope=all&channel=voice&source=api&in_force=true&phone=%2B5511999880001", "")
	if len(got["data"].([]any)) != 1 || got["next"] == nil {
		t.Errorf("got %v", got)
	}
	filter := arauto.SuppressionFilter{PersonKey: "5511999880001", Scope: arauto.SuppressAll, Channel: arauto.ChannelVoice, Source: "api", InForce: true}
	if w.store.calls[fmt.Sprintf("FindSuppressions %+v", filter)] != 1 {
		t.Errorf("asked for %v", w.store.calls)
	}
	if got := w.ask(t, 200, "read", "GET", got["next"].(string), ""); got["next"] != nil {
		t.Errorf("got %v", got)
	}
	if got := w.ask(t, 200, "read", "GET", "/api/v1/suppressions?phone=12", ""); len(got["data"].([]any)) != 0 {
		t.Errorf("nobody's phone: %v", got)
	}
	rec := w.do("read", "GET", "/api/v1/suppressions/export", "")
	lines := strings.Split(rec.Body.String(), "\r\n")
	if len(lines) != 4 || lines[0] != "phone,scope,channel,expires_at,evidence,source,created_at,lifted_at,id" || !strings.HasPrefix(lines[1], `+5511999880001,all,any,2026-11-20T12:00:00Z,'=cmd|`) {
		t.Errorf("got %q", lines)
	}
}

func TestSuppressions_Lift(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/suppressions/lift"
	if got := w.ask(t, 200, "write", "POST", path, `{"ids":[1,99],"evidence":"asked"}`); fmt.Sprint(got["lifted"]) != "[1]" {
		t.Errorf("got %v", got)
	}
	w.store.holds = []arauto.Suppression{{ID: 1, PersonKey: arauto.Phone("+5511999881122").PersonKey()}, {ID: 2, PersonKey: arauto.Phone("+5511999881122").PersonKey(), LiftedAt: now}}
	if got := w.ask(t, 200, "write", "POST", path, `{"phones":["+5511999881122"],"evidence":"asked"}`); fmt.Sprint(got["lifted"]) != "[1]" {
		t.Errorf("got %v", got)
	}
	for body, location := range map[string]string{
		`{"evidence":"x"}`: "body.ids", `{"ids":[1],"phones":["+5511999881122"],"evidence":"x"}`: "body.ids", `{"phones":["x"],"evidence":"x"}`: "body.phones[0]",
	} {
		w.refuses(t, path, body, location)
	}
}

func TestSuppressions_Import(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/suppressions/imports"
	job := w.ask(t, 202, "write", "POST", path+"?name=C:%5Clistas%5Cprocon.csv&scope=marketing&channel=voice&expires_at=2027-01-01T00:00:00Z&evidence=Procon&columns=%7B%22phone%22:%22F%22%7D",
		"F\n11999881122\n", "Content-Type", "text/csv")
	if job["kind"] != "suppression_import" {
		t.Errorf("got %v", job)
	}
	if want := `1 "procon.csv" "F\n11999881122\n" map[phone:F] marketing voice 2027-01-01 "Procon"`; len(w.others.started) != 1 || w.others.started[0] != want {
		t.Errorf("started %q", w.others.started)
	}
	if p := w.ask(t, 422, "write", "POST", path+"?expires_at=2020-01-01T00:00:00Z", "F\n", "Content-Type", "text/csv"); !strings.Contains(fmt.Sprint(p), "query.expires_at") {
		t.Errorf("got %v", p)
	}
}
