package importer_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"arauto"
	"arauto/internal/importer"
)

func TestStart_UnusableFile(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		o    importer.Options
		want string
	}{
		"an empty file":    {"", importer.Options{}, "the file is empty"},
		"a spreadsheet":    {"PK\x03\x04 and so on", importer.Options{}, "x.csv is named like CSV and holds a spreadsheet (XLSX)"},
		"no phone column":  {"nome;cpf\nAna;1\n", importer.Options{}, "no column is the phone; the file has the columns nome, cpf"},
		"no name column":   {"cpf;fone\n1;11987654321\n", importer.Options{NameRequired: true}, "no column is the name"},
		"an unfit mapping": {"nome;fone\nAna;11987654321\n", importer.Options{Mapping: map[string]string{"phone": "Cel"}}, `the mapping asks for column "Cel"`},
		"too few columns":  {"a;b\nAna;11987654321\n", importer.Options{Positions: []string{"name", "phone", "1"}}, "has 2 columns and needs at least 3, in this order: name, phone, 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "BR")
			_, err := w.imports(w.store, w.blobs, nil).Start(t.Context(), w.actor(), w.account, w.campaign.ID, "x.csv", strings.NewReader(c.file), c.o)
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), c.want) || len(w.uploads()) > 0 {
				t.Errorf("got %v, kept %v", err, w.uploads())
			}
		})
	}
}

func (w *world) change(events ...arauto.CampaignEvent) {
	w.t.Helper()
	for _, e := range events {
		if _, err := w.store.ChangeCampaign(w.t.Context(), w.actor(), now, w.account.ID, w.campaign.ID, e, ""); err != nil {
			w.t.Fatal(err)
		}
	}
}

// uploads lists what is kept of uploaded files.
func (w *world) uploads() []string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.dir, "files", "*", "*", "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	unfinished, err := filepath.Glob(filepath.Join(w.dir, "files", ".unfinished", "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	return append(found, unfinished...)
}

func TestStart_Refused(t *testing.T) {
	broken := errors.New("the connection was reset")
	for name, c := range map[string]struct {
		events []arauto.CampaignEvent
		body   io.Reader
		o      importer.Options
		kind   arauto.Kind
		want   string
	}{
		"cancelled campaign": {[]arauto.CampaignEvent{arauto.CampaignCancel}, iotest.ErrReader(errors.New("was read")), importer.Options{}, arauto.KindConflict, "is cancelled"},
		"too large":          {nil, strings.NewReader("nome;fone\nAna;11987654321\n"), importer.Options{Limit: 25}, arauto.KindInvalid, "larger than 25 bytes"},
		"much too large":     {nil, io.LimitReader(endless{}, 1<<30), importer.Options{Limit: 2 << 20}, arauto.KindInvalid, "larger than 2 MB"},
		"upload cut off":     {nil, io.MultiReader(strings.NewReader("nome;fone\nAna"), iotest.ErrReader(io.ErrUnexpectedEOF)), importer.Options{}, arauto.KindInvalid, "was cut off after 13 bytes"},
		"upload broke off":   {nil, io.MultiReader(strings.NewReader("nome;fone\nAna"), iotest.ErrReader(broken)), importer.Options{}, arauto.KindInternal, broken.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "BR")
			w.change(c.events...)
			i := w.imports(w.store, w.blobs, nil)
			_, err := i.Start(t.Context(), w.actor(), w.account, w.campaign.ID, "contatos.csv", c.body, c.o)
			if arauto.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if kept := w.uploads(); len(kept) > 0 {
				t.Errorf("kept %v", kept)
			}
			if list, err := w.store.Jobs(t.Context(), w.account.ID, 0, 0, 10); err != nil || len(list) > 0 {
				t.Errorf("queued %v, %v", list, err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestStart_ExactlyTheLimit(t *testing.T) {
	w := newWorld(t, "BR")
	file := "nome;fone\nAna;11987654321\n"
	_, j := w.run(iotest.OneByteReader(strings.NewReader(file)), importer.Options{Limit: int64(len(file))})
	if j.State != arauto.JobCompleted || j.Accepted != 1 || j.Total != int64(len(file)) {
		t.Errorf("got %+v", j)
	}
}

func TestStart_AnothersCampaign(t *testing.T) {
	w := newWorld(t, "BR")
	other := w.account
	other.ID++
	_, err := w.imports(w.store, w.blobs, nil).Start(t.Context(), w.actor(), other, w.campaign.ID, "x.csv", strings.NewReader("x"), importer.Options{})
	if arauto.KindOf(err) != arauto.KindNotFound || len(w.uploads()) > 0 {
		t.Errorf("got %v, kept %v", err, w.uploads())
	}
}
