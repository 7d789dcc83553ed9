package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

// People without a phone come in by their business-scoped id, in every format; what is no such id is refused with the
// column's name.
func TestImport_UserIDs(t *testing.T) {
	want := []string{" BR.1046121691929582596 bsuid:BR.1046121691929582596", "+5511987654321 BR.77 5511987654321", "+5511987654322  5511987654322"}
	for format, file := range map[importer.Format]string{
		importer.FormatCSV:   "nome;celular;BSUID\nAna;;BR.1046121691929582596\nBia;11987654321;BR.77\nCaio;11987654322;\nDavi;;br.1\nEva;;\nAna de novo;;BR.1046121691929582596\n",
		importer.FormatJSONL: `{"nome":"Ana","bsuid":"BR.1046121691929582596"}` + "\n" + `{"nome":"Bia","celular":"11987654321","bsuid":"BR.77"}` + "\n" + `{"nome":"Caio","celular":"11987654322"}` + "\n" + `{"nome":"Davi","bsuid":"br.1"}` + "\n" + `{"nome":"Eva"}` + "\n" + `{"nome":"Ana","bsuid":"BR.1046121691929582596"}` + "\n",
	} {
		t.Run(string(format), func(t *testing.T) {
			w := newWorld(t, "BR")
			i, j := w.run(strings.NewReader(file), importer.Options{Format: format})
			var got []string
			for _, c := range w.contacts() {
				got = append(got, fmt.Sprint(c.Phone, " ", c.UserID, " ", c.PersonKey))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if j.Accepted != 3 || j.Duplicate != 1 || j.Rejected != 2 {
				t.Errorf("%d in, %d twice, %d refused", j.Accepted, j.Duplicate, j.Rejected)
			}
			f, err := i.Rejects(t.Context(), w.account.ID, j.ID)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			text := make([]byte, 2000)
			n, _ := f.Read(text)
			for _, words := range []string{"is not a business-scoped id", "neither a phone nor a business-scoped id"} {
				if !strings.Contains(string(text[:n]), words) {
					t.Errorf("the rejects do not say %q: %s", words, text[:n])
				}
			}
		})
	}
	t.Run("a preview", func(t *testing.T) {
		w := newWorld(t, "BR")
		p, err := w.imports(w.store, w.blobs, nil).Preview(t.Context(), w.account, w.campaign.ID, "x.csv", strings.NewReader("nome;bsuid\nAna;BR.77\nAna;BR.77\n"), importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if p.New != 1 || p.Duplicate != 1 || p.Rows[0].UserID != "BR.77" || p.Columns[1].Target != "user_id" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("for calls", func(t *testing.T) {
		w := newWorld(t, "BR")
		var err error
		w.campaign, err = w.store.CreateCampaign(t.Context(), w.actor(), now, arauto.Campaign{
			Account: w.account.ID, Name: "Ligações", Channel: arauto.ChannelVoice, Voice: arauto.NewVoice(arauto.DialProgressive),
		})
		if err != nil {
			t.Fatal(err)
		}
		i, j := w.run(strings.NewReader("nome;celular;bsuid\nAna;;BR.77\nBia;11987654321;BR.78\n"), importer.Options{KeepMalformed: true})
		if rejects := w.rejects(i, j.ID); j.Accepted != 1 || !strings.Contains(rejects, "a business-scoped id cannot be called") {
			t.Errorf("%d in; refused: %s", j.Accepted, rejects)
		}
		if c := w.contacts(); len(c) != 1 || c[0].RawFields != `{"bsuid":"BR.78"}` {
			t.Errorf("%+v", c)
		}
	})
}
