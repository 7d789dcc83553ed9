package importer_test

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/importer"
	"arauto/internal/jobs"
	"arauto/internal/numbering"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

// A world is one account with a campaign, over a real store and real files.
type world struct {
	t        *testing.T
	store    *store.Store
	blobs    *blob.Dir
	dir      string
	account  arauto.Account
	campaign arauto.Campaign
}

type plainSealer struct{}

func (plainSealer) Seal(b []byte) ([]byte, error) { return b, nil }
func (plainSealer) Open(b []byte) ([]byte, error) { return b, nil }

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, country string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	var err error
	if w.store, err = store.Open(t.Context(), storetest.Fresh(t, filepath.Join(w.dir, "arauto.db")), plainSealer{}, now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if w.blobs, err = blob.New(filepath.Join(w.dir, "files")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.blobs.Close() })
	w.account, err = w.store.CreateAccount(t.Context(), arauto.System(0), now, arauto.Account{Slug: "loja", Name: "Loja", Country: country, TimeZone: "America/Sao_Paulo"})
	if err != nil {
		t.Fatal(err)
	}
	w.campaign, err = w.store.CreateCampaign(t.Context(), w.actor(), now, arauto.Campaign{Account: w.account.ID, Name: "Ofertas", Channel: arauto.ChannelWhatsApp})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) actor() arauto.Actor { return arauto.System(w.account.ID) }

func (w *world) imports(s importer.Store, b importer.Blobs, wake func()) *importer.Imports {
	return importer.New(importer.Config{
		Store: s, Staging: w.store, Blobs: b, Now: time.Now, Wake: wake,
		Phones: func(country string) (importer.Phones, error) { return numbering.New(country) },
	})
}

// running is Imports with a runner behind them, as in the program.
func (w *world) running() *importer.Imports {
	w.t.Helper()
	var runner *jobs.Runner
	i := w.imports(w.store, w.blobs, func() { runner.Wake() })
	runner = jobs.New(jobs.Config{
		Store: w.store, Leases: w.store, Node: "a", Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Workers: map[arauto.JobKind]jobs.Worker{arauto.JobImport: i},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := runner.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-ended })
	return i
}

func (w *world) start(i *importer.Imports, file io.Reader, o importer.Options) arauto.Job {
	w.t.Helper()
	j, err := i.Start(w.t.Context(), w.actor(), w.account, w.campaign.ID, "contatos.csv", file, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// run imports a file to its end.
func (w *world) run(file io.Reader, o importer.Options) (*importer.Imports, arauto.Job) {
	w.t.Helper()
	i := w.running()
	j := w.start(i, file, o)
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	j, err := i.Wait(ctx, w.account.ID, j.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return i, j
}

func (w *world) rejects(i *importer.Imports, job int64) string {
	w.t.Helper()
	f, err := i.Rejects(w.t.Context(), w.account.ID, job)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return ""
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if f.Name != "contatos-rejects.csv" {
		w.t.Errorf("the file of rejects is called %q", f.Name)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// contacts lists the campaign's contacts in the order they went in.
func (w *world) contacts() []arauto.ContactRow {
	w.t.Helper()
	var all []arauto.ContactRow
	for below := int64(0); ; {
		page, err := w.store.ContactRows(w.t.Context(), w.account.ID, arauto.ContactFilter{Campaigns: []int64{w.campaign.ID}}, below, 500)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(page) == 0 {
			slices.Reverse(all)
			return all
		}
		all, below = append(all, page...), page[len(page)-1].ID
	}
}

// phones is each contact as "name phone person", in order.
func (w *world) phones() []string {
	list := []string{}
	for _, c := range w.contacts() {
		list = append(list, strings.Join([]string{c.Name, string(c.Phone), c.PersonKey}, " "))
	}
	return list
}

type numbers struct{ Accepted, Duplicate, Rejected int64 }

func numbersOf(j arauto.Job) numbers { return numbers{j.Accepted, j.Duplicate, j.Rejected} }
