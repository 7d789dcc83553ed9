package exporter

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/jobs"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
)

var (
	_ jobs.Worker = (*Exports)(nil)
	_ Store       = (*store.Store)(nil)
	_ Columns     = (*store.Store)(nil)
	_ Shelf       = (*store.Store)(nil)
	_ Blobs       = (*blob.Dir)(nil)
)

var base = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

type plainSealer struct{}

func (plainSealer) Seal(b []byte) ([]byte, error) { return b, nil }
func (plainSealer) Open(b []byte) ([]byte, error) { return b, nil }

type world struct {
	*Exports
	t        *testing.T
	store    *store.Store
	account  int64
	campaign int64
	now      time.Time
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, contacts ...arauto.Contact) *world {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), plainSealer{}, base)
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	account, err := s.CreateAccount(ctx, arauto.Actor{Name: "cli"}, base, arauto.Account{Slug: "a", Name: "Loja", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	check(t, err)
	campaign, err := s.CreateCampaign(ctx, arauto.System(account.ID), base, arauto.Campaign{Account: account.ID, Name: "=campanha", Channel: arauto.ChannelWhatsApp})
	check(t, err)
	for i := range contacts {
		contacts[i].PhoneRaw, contacts[i].PersonKey = string(contacts[i].Phone), contacts[i].Phone.PersonKey()
	}
	_, err = s.AddContacts(ctx, base, account.ID, campaign.ID, contacts)
	check(t, err)
	dir, err := blob.New(filepath.Join(t.TempDir(), "files"))
	check(t, err)
	t.Cleanup(func() { _ = dir.Close() })
	w := &world{t: t, store: s, account: account.ID, campaign: campaign.ID, now: base.Add(time.Minute)}
	w.Exports = &Exports{Store: s, Columns: s, Shelf: s, Blobs: dir, Now: func() time.Time { return w.now }, Wake: func() {}}
	return w
}

// export runs one to its end.
func (w *world) export(x arauto.Export) (arauto.Job, []byte) {
	w.t.Helper()
	ctx := w.t.Context()
	x.Zone = "America/Sao_Paulo"
	j, err := w.Start(ctx, arauto.System(w.account), w.account, 0, x)
	check(w.t, err)
	l, _, err := w.store.Take(ctx, w.now, w.account, "job:1", "n1", time.Hour)
	check(w.t, err)
	j, err = w.store.StartJob(ctx, w.now, l, j)
	check(w.t, err)
	done, err := w.Work(ctx, l, j, func(arauto.Job) error { return nil })
	check(w.t, err)
	check(w.t, w.store.FinishJob(ctx, w.now, l, done))
	j, err = w.store.Job(ctx, w.account, j.ID)
	check(w.t, err)
	f, err := w.Open(ctx, j)
	check(w.t, err)
	defer f.Close()
	body, err := io.ReadAll(f)
	check(w.t, err)
	return j, body
}

func ugly() []arauto.Contact {
	return []arauto.Contact{
		{Name: "=cmd|' /C calc'!A0", Phone: "+5511980000001", External: "00012", Fields: arauto.Fields{{Key: "cpf", Value: "000.000.001-91"}, {Key: "@nota", Value: "+1; \"2\"\n3"}}},
		{Name: "José d'Ávila, São João", Phone: "+5511980000002", Fields: arauto.Fields{{Key: "CPF", Value: "-5"}, {Key: "name", Value: "\tcampo"}}},
	}
}

func TestExport_CSV(t *testing.T) {
	w := newWorld(t, ugly()...)
	j, body := w.export(arauto.Export{Format: arauto.ExportCSV, Delimiter: ";", BOM: true})
	text, bom := strings.CutPrefix(string(body), "\ufeff")
	if !bom || !strings.Contains(text, "\r\n") || j.Done != 2 || j.Total != 2 || j.Accepted != 2 {
		t.Errorf("%+v\n%q", j, body)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	rows, err := r.ReadAll()
	check(t, err)
	if len(rows) != 3 {
		t.Fatalf("%d rows: %q", len(rows), rows)
	}
	at := func(row int, name string) string { return rows[row][slices.Index(rows[0], name)] }
	got := []string{at(2, "name"), at(2, "phone"), at(2, "CPF"), at(2, "'@nota"), at(2, "external_id"), at(2, "campaign_name"), at(2, "inserted_at"), at(1, "name"), at(1, "CPF"), at(1, "field.name")}
	want := []string{"'=cmd|' /C calc'!A0", "'+5511980000001", "000.000.001-91", "'+1; \"2\"\n3", "00012", "'=campanha", "2026-03-10 09:00:00", "José d'Ávila, São João", "'-5", "'\tcampo"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
}

// TestExport_XLSX: in sheets of two rows, and with nothing put aside: there is no place for temporary files.
func TestExport_XLSX(t *testing.T) {
	w := newWorld(t, ugly()...)
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	w.sheetRows = 2
	_, body := w.export(arauto.Export{Format: arauto.ExportXLSX})
	f, err := excelize.OpenReader(bytes.NewReader(body))
	check(t, err)
	defer f.Close()
	if diff := cmp.Diff([]string{"Contacts 1", "Contacts 2"}, f.GetSheetList()); diff != "" {
		t.Fatalf("sheets (-want +got):\n%s", diff)
	}
	rows, err := f.GetRows("Contacts 2")
	check(t, err)
	if len(rows) != 2 || rows[0][0] != "id" || rows[1][3] != "=cmd|' /C calc'!A0" || rows[1][4] != "+5511980000001" {
		t.Errorf("%q", rows)
	}
	for _, cell := range []string{"D2", "E2"} {
		kind, err := f.GetCellType("Contacts 2", cell)
		formula, _ := f.GetCellFormula("Contacts 2", cell)
		if err != nil || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString || formula != "" {
			t.Errorf("%s is of type %v with formula %q (%v)", cell, kind, formula, err)
		}
	}
}

func TestExport_JSONL(t *testing.T) {
	list := ugly()
	list[1].Name = "José & <b>d'Ávila</b>"
	w := newWorld(t, list...)
	_, body := w.export(arauto.Export{Format: arauto.ExportJSONL, Who: arauto.ContactFilter{Name: "avila"}})
	var got struct {
		ID         int64
		Phone      string
		InsertedAt string            `json:"inserted_at"`
		SentAt     *string           `json:"sent_at"`
		Fields     map[string]string `json:"fields"`
	}
	check(t, json.Unmarshal(body, &got)) // one line
	if got.ID != 2 || !bytes.Contains(body, []byte(`"José & <b>d'Ávila</b>"`)) || got.Phone != "+5511980000002" || got.InsertedAt != "2026-03-10T12:00:00Z" || got.SentAt != nil || got.Fields["CPF"] != "-5" {
		t.Errorf("%+v\n%s", got, body)
	}
}

// TestExport_Chunks: what is added while an export runs is not in it, and no row is missing or comes twice.
func TestExport_Chunks(t *testing.T) {
	var list []arauto.Contact
	for i := range 2*chunkRows + 1 {
		list = append(list, arauto.Contact{Name: fmt.Sprint("Pessoa ", i), Phone: arauto.Phone(fmt.Sprintf("+55119%08d", 80_000_000+i))})
	}
	w := newWorld(t, list...)
	w.Store = growing{w}
	_, body := w.export(arauto.Export{Format: arauto.ExportCSV, Delimiter: ","})
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	check(t, err)
	if len(rows) != len(list)+1 {
		t.Fatalf("%d rows, want %d and a heading", len(rows), len(list))
	}
	for i, row := range rows[1:] {
		if want := list[len(list)-1-i].Name; row[3] != want {
			t.Fatalf("row %d is %q, want %q", i+1, row[3], want)
		}
	}
}

// TestExport_Progress: an export tells how far it is while it looks for columns, and then how many rows it wrote.
func TestExport_Progress(t *testing.T) {
	var list []arauto.Contact
	for i := range keyRows + 1 {
		list = append(list, arauto.Contact{Name: "Pessoa", Phone: arauto.Phone(fmt.Sprintf("+55119%08d", 80_000_000+i))})
	}
	w := newWorld(t, list...)
	w.Now = func() time.Time { w.now = w.now.Add(reportEvery); return w.now }
	var told [][2]int64
	j := arauto.Job{ID: 1, Account: w.account, Params: text(arauto.Export{Format: arauto.ExportCSV, Delimiter: ",", UpTo: 1 << 40, Zone: "UTC"})}
	_, err := w.Work(t.Context(), arauto.Lease{}, j, func(j arauto.Job) error {
		told = append(told, [2]int64{j.Rows, j.Done})
		return nil
	})
	check(t, err)
	want := [][2]int64{{5000, 0}, {5001, 0}, {1000, 1000}, {2000, 2000}, {3000, 3000}, {4000, 4000}, {5000, 5000}}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// growing adds a contact before each read.
type growing struct{ *world }

func (g growing) ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error) {
	phone := arauto.Phone(fmt.Sprintf("+55118%08d", below))
	if _, err := g.store.AddContacts(ctx, base, account, g.campaign, []arauto.Contact{{Name: "late", Phone: phone, PersonKey: phone.PersonKey()}}); err != nil {
		return nil, err
	}
	return g.store.ContactRows(ctx, account, f, below, limit)
}

func (g growing) ContactBound(ctx context.Context, account int64) (int64, error) {
	return g.store.ContactBound(ctx, account)
}

func (g growing) CountContacts(ctx context.Context, account int64, f arauto.ContactFilter, upTo int64) (int64, error) {
	return g.store.CountContacts(ctx, account, f, upTo)
}

func (g growing) QueueBulk(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job, asked string) (arauto.Job, error) {
	return g.store.QueueBulk(ctx, actor, now, j, asked)
}

func TestExport_Expires(t *testing.T) {
	w := newWorld(t, ugly()...)
	j, _ := w.export(arauto.Export{Format: arauto.ExportJSONL})
	ctx := t.Context()
	w.now = j.FinishedAt.Add(arauto.ExportKept - time.Millisecond)
	if n, err := w.Sweep(ctx, 10); n != 0 || err != nil {
		t.Errorf("swept %d before their time (%v)", n, err)
	}
	w.now = j.FinishedAt.Add(arauto.ExportKept)
	if _, err := w.Open(ctx, j); arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("an expired file: %v", err)
	}
	if n, err := w.Sweep(ctx, 10); n != 1 || err != nil {
		t.Errorf("swept %d (%v), want 1", n, err)
	}
	if _, err := w.Blobs.Open(ctx, key(j)); arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("the file is still there: %v", err)
	}
	if n, err := w.Sweep(ctx, 10); n != 0 || err != nil {
		t.Errorf("swept %d again (%v)", n, err)
	}
}
