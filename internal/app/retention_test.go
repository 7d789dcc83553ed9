package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/sandbox"
)

// TestRetention: what is older than the account says goes; what is younger, or another account's, stays.
func TestRetention(t *testing.T) {
	data := t.TempDir()
	n := newInsideAt(t, data, "")
	o := &office{}
	o.meta, o.graph = mute(t, sandbox.Config{})
	api, account := n.account(t, "loja")
	_, other := n.account(t, "outra")
	o.api = api
	o.business = o.api.business(t, sandbox.Config{VerifyToken: "shown"}, o.graph, 1000)
	o.hook = n.base + o.webhookPath
	o.api.do(t, "PATCH", "/api/v1/account", object{"rules": object{"retention": object{"file_days": 10, "message_days": 30, "attachment_days": 20}}}, nil)
	file := func(account int64, name string, age time.Duration) string {
		path := filepath.Join(data, "files", fmt.Sprint(account), filepath.FromSlash(name))
		at := time.Now().Add(-age)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const day = 24 * time.Hour
	gone := []string{file(account.ID, "uploads/old.bin", 11*day), file(account.ID, "rejects/old.bin", 11*day), file(other.ID, "uploads/old.bin", 91*day)}
	stays := []string{file(account.ID, "uploads/new.bin", 9*day), file(account.ID, "media/old.bin", 400*day), file(other.ID, "uploads/new.bin", 89*day)}
	for i, age := range []time.Duration{40 * day, 29 * day} {
		at := seconds(time.Now().Add(-age))
		o.say(t, "messages", object{
			"messages": []object{{"id": fmt.Sprint("wamid.", i), "from": "5511980000031", "timestamp": at, "type": "text", "text": object{"body": fmt.Sprint("texto ", i)}}},
			"contacts": []object{{"wa_id": "5511980000031", "profile": object{"name": "Ana"}}},
		})
	}
	said := func() string {
		var talks struct{ Data []struct{ UUID string } }
		o.api.do(t, "GET", "/api/v1/conversations", nil, &talks)
		var all strings.Builder
		for _, talk := range talks.Data {
			_, text := o.api.ask(t, "GET", "/api/v1/conversations/"+talk.UUID, nil)
			all.Write(text)
		}
		return all.String()
	}
	until(t, 10*time.Second, "both are there", func() bool { s := said(); return strings.Contains(s, "texto 0") && strings.Contains(s, "texto 1") })
	attached := func(name string, age time.Duration) (arauto.Attachment, string) {
		talks, err := n.Store().Conversations(t.Context(), account.ID, 0, 1)
		if err != nil || len(talks) != 1 {
			t.Fatalf("%d conversations, %v", len(talks), err)
		}
		blob := fmt.Sprintf("%d/attachment/%s.0", account.ID, name)
		file(account.ID, "attachment/"+name+".0", age)
		a, err := n.Store().Attach(t.Context(), arauto.System(account.ID), time.Now().Add(-age), arauto.Attachment{
			Account: account.ID, Conversation: talks[0].ID, Source: arauto.AttachmentUpload, Kind: "document", Name: name + ".pdf", Type: "application/pdf", Size: 1, Blob: blob,
		})
		if err != nil {
			t.Fatal(err)
		}
		return a, "/api/v1/conversations/" + talks[0].UUID + "/attachments/" + a.UUID
	}
	old, oldPath := attached("velho", 21*day)
	fresh, freshPath := attached("novo", 19*day)
	n.Retain(t.Context())
	for path, want := range map[string]int{oldPath: 409, freshPath: 200} {
		if status, text := o.api.ask(t, "GET", path, nil); status != want {
			t.Errorf("%s: %d %.200s, want %d", path, status, text, want)
		}
	}
	for _, a := range []arauto.Attachment{old, fresh} {
		is, err := n.Store().Attachment(t.Context(), account.ID, a.UUID)
		_, missing := os.Stat(filepath.Join(data, "files", filepath.FromSlash(a.Blob)))
		if keep := a == fresh; err != nil || (is.State == arauto.AttachmentHere) != keep || (is.Name != "") != keep || (is.Blob != "") != keep || (missing == nil) != keep {
			t.Errorf("%s: %+v, %v; on the disk: %v", a.Name, is, err, missing)
		}
	}
	if s := said(); strings.Contains(s, "texto 0") || !strings.Contains(s, "texto 1") || !strings.Contains(s, `"wamid.0"`) && strings.Count(s, `"kind"`) < 2 {
		t.Errorf("the old text goes, its message stays: %s", s)
	}
	for _, path := range gone {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
	for _, path := range stays {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s is gone", path)
		}
	}
}
