package importer_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"arauto"
	campaigncsv "arauto/examples/campaign-csv"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

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
