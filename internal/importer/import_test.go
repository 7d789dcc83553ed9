package importer_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"arauto"
	campaigncsv "arauto/examples/campaign-csv"
	"arauto/internal/blob"
	"arauto/internal/importer"
	"arauto/internal/jobs"
	"arauto/internal/numbering"
	"arauto/internal/store"
	"arauto/internal/store/storetest"

	"github.com/google/go-cmp/cmp"
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

// The customer's spreadsheet of the examples, from upload to rejects.
func TestImport_UglyFile(t *testing.T) {
	w := newWorld(t, "BR")
	i, j := w.run(campaigncsv.Open(), importer.Options{NameRequired: true})
	if want := (numbers{2000, 24, 36}); j.State != arauto.JobCompleted || numbersOf(j) != want {
		t.Errorf("%s with %+v, want %+v: %s", j.State, numbersOf(j), want, j.Error)
	}
	if size, err := campaigncsv.Open().Seek(0, io.SeekEnd); err != nil || j.Total != size || j.Done != size {
		t.Errorf("read %d of %d bytes, the file has %d", j.Done, j.Total, size)
	}
	contacts := w.contacts()
	counts, err := w.store.Counts(t.Context(), w.account.ID, []int64{w.campaign.ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(contacts) != 2000 || counts[w.campaign.ID][arauto.ContactPending] != 2000 {
		t.Errorf("%d contacts, counted %v", len(contacts), counts[w.campaign.ID])
	}
	people := map[string]bool{}
	for _, c := range contacts {
		if !c.Phone.Valid() || c.PersonKey != c.Phone.PersonKey() || people[c.PersonKey] || c.Name == "" || c.PhoneRaw == "" || c.State != arauto.ContactPending {
			t.Errorf("stored %+v", c)
		}
		people[c.PersonKey] = true
	}
	src, _, err := importer.OpenCSV(strings.NewReader(w.rejects(i, j.ID)), importer.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rows, again := 0, 0
	for {
		row, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows++
		if strings.HasPrefix(row.Cells[len(row.Cells)-1], "already in this campaign (contact ") {
			again++
		}
	}
	if rows != 60 || again != 24 {
		t.Errorf("%d rows of rejects, %d of them duplicates", rows, again)
	}
}

func TestImport_Contact(t *testing.T) {
	w := newWorld(t, "BR")
	file := "Código;Nome;Celular;CPF;Perfil\nA-1; Ana Sá ;(11) 98765-4321;111;\nA-2;;+55 11 91234-5678;;Pessoa <Jurídica>\n"
	_, j := w.run(strings.NewReader(file), importer.Options{Mapping: map[string]string{"external_id": "Código"}})
	if want := (numbers{2, 0, 0}); numbersOf(j) != want {
		t.Errorf("%+v: %s", numbersOf(j), j.Error)
	}
	type contact struct{ External, Name, Raw, Phone, Person, Fields string }
	var got []contact
	for _, c := range w.contacts() {
		got = append(got, contact{c.External, c.Name, c.PhoneRaw, string(c.Phone), c.PersonKey, c.RawFields})
	}
	want := []contact{
		{"A-1", "Ana Sá", "(11) 98765-4321", "+5511987654321", "5511987654321", `{"CPF":"111","Perfil":""}`},
		{"A-2", "", "+55 11 91234-5678", "+5511912345678", "5511912345678", `{"CPF":"","Perfil":"Pessoa <Jurídica>"}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestImport_Countries(t *testing.T) {
	for country, c := range map[string]struct {
		file string
		want []string
		numbers
	}{
		"AR": {
			"nombre;celular\nAna;011 15 5555-1234\nBeto;+54 9 11 5555 1234\nCora;0351 15 512-3456\nDora;123\n",
			[]string{"Ana +5491155551234 541155551234", "Cora +5493515123456 543515123456"},
			numbers{2, 1, 1},
		},
		"MX": {
			"nombre,celular\nAna,55 1234 5678\nBeto,+52 1 55 1234 5678\nCora,044 33 1234 5678\nDora,\n",
			[]string{"Ana +525512345678 525512345678", "Cora +523312345678 523312345678"},
			numbers{2, 1, 1},
		},
	} {
		t.Run(country, func(t *testing.T) {
			w := newWorld(t, country)
			_, j := w.run(strings.NewReader(c.file), importer.Options{})
			if diff := cmp.Diff(c.want, w.phones()); diff != "" || numbersOf(j) != c.numbers {
				t.Error(numbersOf(j), diff, j.Error)
			}
		})
	}
}

func TestImport_SameFileAgain(t *testing.T) {
	w := newWorld(t, "BR")
	file := "nome;fone\nAna;11987654321\nBia;11987654322\n"
	i, j := w.run(strings.NewReader(file), importer.Options{})
	if _, err := i.Rejects(t.Context(), w.account.ID, j.ID); arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("rejects of a clean file: %v", err)
	}
	j = w.start(i, strings.NewReader(file), importer.Options{})
	j, err := i.Wait(t.Context(), w.account.ID, j.ID)
	if want := (numbers{0, 2, 0}); err != nil || j.State != arauto.JobCompleted || numbersOf(j) != want {
		t.Errorf("%v: %+v", err, j)
	}
	want := "\ufeffnome;fone;row;reason\r\nAna;11987654321;2;already in this campaign (contact 1)\r\nBia;11987654322;3;already in this campaign (contact 2)\r\n"
	if diff := cmp.Diff(want, w.rejects(i, j.ID)); diff != "" {
		t.Error(diff)
	}
}

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

// A file that was taken by an earlier version, or spoilt since, fails its job in plain words.
func TestImport_UnusableFile(t *testing.T) {
	w := newWorld(t, "BR")
	i := w.running()
	for key, text := range map[string]string{"1/uploads/a.csv": "nome;cpf\nAna;1\n", "1/uploads/b.csv": "%PDF-1.7"} {
		if _, err := w.blobs.Put(t.Context(), key, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]string{"1/uploads/a.csv": "no column is the phone", "1/uploads/b.csv": "this is a PDF", "1/uploads/c.csv": "there is no file"} {
		j, err := w.store.CreateJob(t.Context(), w.actor(), now, arauto.Job{
			Account: w.account.ID, Campaign: w.campaign.ID, Kind: arauto.JobImport,
			Params: `{"upload":"` + key + `","rejects":"1/rejects/a.csv","country":"BR"}`,
		})
		if err != nil {
			t.Fatal(err)
		}
		if j, err = i.Wait(t.Context(), w.account.ID, j.ID); err != nil || j.State != arauto.JobFailed || !strings.Contains(j.Error, want) {
			t.Errorf("%s: %v, %s %q", key, err, j.State, j.Error)
		}
	}
}

// Columns by their place keep the file's headers where nothing else is said.
func TestImport_Positions(t *testing.T) {
	w := newWorld(t, "BR")
	file := "phone,name,Telefone,cidade\nAna,11987654321,dez,Olinda\nBia,x,onze,Recife\n"
	i, j := w.run(strings.NewReader(file), importer.Options{Positions: []string{"name", "phone", "1"}, NameRequired: true})
	c := w.contacts()
	if want := (numbers{1, 0, 1}); numbersOf(j) != want || len(c) != 1 {
		t.Fatalf("%+v: %s", numbersOf(j), j.Error)
	}
	if c[0].Name != "Ana" || c[0].Phone != "+5511987654321" || c[0].RawFields != `{"1":"dez","cidade":"Olinda"}` {
		t.Errorf("got %+v", c[0])
	}
	if got := w.rejects(i, j.ID); !strings.HasPrefix(got, "\ufeffphone,name,Telefone,cidade,row,reason\r\nBia,x,onze,Recife,3,name: phone ") {
		t.Errorf("got %q", got)
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

// gated lets one chunk in and holds the next until it is told to go on.
type gated struct {
	*store.Store
	calls   atomic.Int64
	reached chan struct{}
	goOn    chan struct{}
}

func (g *gated) ImportChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error) {
	if g.calls.Add(1) == 2 {
		close(g.reached)
		<-g.goOn
	}
	return g.Store.ImportChunk(ctx, now, l, j, in, list, update)
}

// What was in before stays; nothing comes after.
func TestImport_EndedMidway(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w *world, job int64)
		want arauto.JobState
		why  string
	}{
		"job cancelled": {func(w *world, job int64) {
			if err := w.store.CancelJob(w.t.Context(), w.actor(), now, w.account.ID, job); err != nil {
				w.t.Fatal(err)
			}
		}, arauto.JobCancelled, ""},
		"campaign cancelled": {func(w *world, _ int64) { w.change(arauto.CampaignCancel) }, arauto.JobFailed, "duplicate it and add the contacts to the copy"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "BR")
			g := &gated{Store: w.store, reached: make(chan struct{}), goOn: make(chan struct{})}
			i := w.imports(g, w.blobs, nil)
			i.SetChunk(2)
			runner := jobs.New(jobs.Config{
				Store: w.store, Leases: w.store, Node: "a", Now: time.Now, Logger: slog.New(slog.DiscardHandler),
				Workers: map[arauto.JobKind]jobs.Worker{arauto.JobImport: i},
			})
			j := w.start(i, strings.NewReader("nome;fone\nA;11987654321\nB;11987654322\nC;11987654323\nD;11987654324\nE;11987654325\n"), importer.Options{})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); runner.Run(ctx) }()
			<-g.reached
			c.end(w, j.ID)
			close(g.goOn)
			j, err := i.Wait(t.Context(), w.account.ID, j.ID)
			if err != nil {
				t.Fatal(err)
			}
			stop()
			<-ended
			if j.State != c.want || !strings.Contains(j.Error, c.why) || j.Accepted != 2 || len(w.contacts()) != 2 {
				t.Errorf("%+v, %d contacts", j, len(w.contacts()))
			}
		})
	}
}

// lookedAt calls looked when a job was read.
type lookedAt struct {
	importer.Store
	looked func()
}

func (s lookedAt) Job(ctx context.Context, account, id int64) (arauto.Job, error) {
	defer s.looked()
	return s.Store.Job(ctx, account, id)
}

func TestWait_GivesUp(t *testing.T) {
	w := newWorld(t, "BR")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	i := w.imports(lookedAt{w.store, cancel}, w.blobs, nil)
	j := w.start(i, strings.NewReader("nome;fone\n"), importer.Options{})
	if got, err := i.Wait(ctx, w.account.ID, j.ID); !errors.Is(err, context.Canceled) || got.State != arauto.JobQueued {
		t.Errorf("got %v, %v", got.State, err)
	}
}

func TestRejects_NotAnImport(t *testing.T) {
	w := newWorld(t, "BR")
	j, err := w.store.CreateJob(t.Context(), w.actor(), now, arauto.Job{Account: w.account.ID, Kind: arauto.JobTemplateSync})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{j.ID, j.ID + 1} {
		if _, err := w.imports(w.store, w.blobs, nil).Rejects(t.Context(), w.account.ID, id); arauto.KindOf(err) != arauto.KindNotFound {
			t.Errorf("job %d: %v", id, err)
		}
	}
}
