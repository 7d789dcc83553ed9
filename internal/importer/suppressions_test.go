package importer_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/importer"

	"github.com/google/go-cmp/cmp"
)

// suppressed is what an import of file leaves on the list, oldest first, with its rejects.
type suppressed struct {
	Entries []string
	Rejects string
	Job     arauto.Job
}

// suppress imports a file of people who must not be contacted; the program dies as f says and is started again.
func suppress(t *testing.T, w *world, file string, d importer.EntryDefaults, f *fate) suppressed {
	t.Helper()
	ctx := t.Context()
	j, err := w.imports(w.store, w.blobs, nil).StartSuppressions(ctx, w.actor(), w.account, "nao-perturbe.csv", strings.NewReader(file), importer.Options{}, d)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := 5; ; {
		l, _, err := w.store.Take(ctx, time.Now(), w.account.ID, "job:1", "a", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if j, err = w.store.StartJob(ctx, time.Now(), l, j); err != nil {
			t.Fatal(err)
		}
		i := w.imports(mortalStore{w.store, f}, mortalBlobs{w.blobs, f}, nil)
		i.SetChunk(chunk)
		done, err := i.Work(ctx, l, j, nil)
		if f.dead {
			f.dead, f.at, chunk = false, 0, 3
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.FinishJob(ctx, time.Now(), l, done); err != nil {
			t.Fatal(err)
		}
		out := suppressed{Job: arauto.Job{Total: done.Total, Done: done.Done, Accepted: done.Accepted, Duplicate: done.Duplicate, Rejected: done.Rejected}}
		out.Entries, out.Rejects = w.entries(), w.entryRejects(i, j.ID)
		return out
	}
}

func (w *world) entries() (list []string) {
	w.t.Helper()
	found, err := w.store.Suppressions(w.t.Context(), w.account.ID, 0, 1000, "")
	if err != nil {
		w.t.Fatal(err)
	}
	for n := range found {
		s := found[len(found)-1-n]
		expires := "-"
		if !s.ExpiresAt.IsZero() {
			expires = s.ExpiresAt.Format(time.RFC3339)
		}
		list = append(list, fmt.Sprintf("%s %s [%s] %s %s: %s", s.Phone, s.Scope, s.Channel, expires, s.Source, s.Evidence))
	}
	return list
}

func (w *world) entryRejects(i *importer.Imports, job int64) string {
	w.t.Helper()
	f, err := i.Rejects(w.t.Context(), w.account.ID, job)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return ""
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func TestSuppressions_AsPeopleWriteThem(t *testing.T) {
	year := time.Now().Year() + 1
	for name, c := range map[string]struct {
		file     string
		defaults importer.EntryDefaults
		want     []string
	}{
		"phones alone": {
			"telefone\n(11) 98765-4321\n+55 21 97777-6666\n5511987654321\n",
			importer.EntryDefaults{},
			[]string{"+5511987654321 all [] - upload: nao-perturbe.csv, row 2", "+5521977776666 all [] - upload: nao-perturbe.csv, row 3"},
		},
		"what the request says": {
			"celular\n11987654321\n",
			importer.EntryDefaults{Scope: arauto.SuppressMarketing, Channel: arauto.ChannelWhatsApp, Evidence: "Procon 123", ExpiresAt: time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC)},
			[]string{"+5511987654321 marketing [whatsapp] 2099-01-02T03:04:05Z upload: Procon 123"},
		},
		"in Portuguese": {
			fmt.Sprintf("Telefone;Escopo;Canal;Válido até;Motivo\n11987654321;Promoções;Ligação;31/12/%d;pediu por telefone\n11987654322;tudo;qualquer;nunca;\n", year),
			importer.EntryDefaults{Evidence: "lista antiga"},
			[]string{
				fmt.Sprintf("+5511987654321 marketing [voice] %d-01-01T03:00:00Z upload: pediu por telefone", year+1),
				"+5511987654322 all [] - upload: lista antiga",
			},
		},
		"in Spanish": {
			fmt.Sprintf("teléfono,ámbito,canal,vencimiento,observación\n11987654321,publicidad,WhatsApp,%d-06-01 10:00,carta\n", year),
			importer.EntryDefaults{},
			[]string{fmt.Sprintf("+5511987654321 marketing [whatsapp] %d-06-01T13:00:00Z upload: carta", year)},
		},
		"in English": {
			fmt.Sprintf("phone,scope,channel,expires_at,evidence\n11987654321,marketing,voice,%d-06-01T10:00:00Z,ticket 7\n", year),
			importer.EntryDefaults{Scope: arauto.SuppressAll},
			[]string{fmt.Sprintf("+5511987654321 marketing [voice] %d-06-01T10:00:00Z upload: ticket 7", year)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := suppress(t, newWorld(t, "BR"), c.file, c.defaults, &fate{})
			if diff := cmp.Diff(c.want, got.Entries); diff != "" {
				t.Error(diff)
			}
			if got.Rejects != "" || got.Job.Accepted != int64(len(c.want)) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestSuppressions_Rejects(t *testing.T) {
	w := newWorld(t, "BR")
	got := suppress(t, w, "telefone;escopo;canal;expira\n123;;;\n11987654321;metade;;\n11987654322;;fax;\n11987654323;;;ontem\n11987654324;;;2001-01-01\n11987654325;;whatsapp e voz;\n11987654326;;;\n", importer.EntryDefaults{}, &fate{})
	if got.Job.Accepted != 1 || got.Job.Rejected != 6 {
		t.Errorf("%+v", got.Job)
	}
	for row, part := range map[int]string{2: "telefone:", 3: `"metade" is not a scope`, 4: `"fax" is not a channel`, 5: `"ontem" is not a date`, 6: "2001-01-01 has passed", 7: "one in each row"} {
		lines := strings.Split(got.Rejects, "\r\n")
		if line := lines[row-1]; !strings.Contains(strings.ReplaceAll(line, `""`, `"`), part) {
			t.Errorf("row %d: %q lacks %q", row, line, part)
		}
	}
	if len(w.entries()) != 1 {
		t.Errorf("%v", w.entries())
	}
}

func TestSuppressions_NotAList(t *testing.T) {
	w := newWorld(t, "BR")
	_, err := w.imports(w.store, w.blobs, nil).StartSuppressions(t.Context(), w.actor(), w.account, "x.csv", strings.NewReader("nome;motivo\nAna;x\n"), importer.Options{}, importer.EntryDefaults{})
	if arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("a file without phones: %v", err)
	}
	list, err := w.store.Jobs(t.Context(), w.account.ID, 0, 0, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// Whenever the program dies, the list ends as if nothing had happened.
func TestSuppressions_KilledAtAnyWrite(t *testing.T) {
	var b strings.Builder
	b.WriteString("fone;motivo\n")
	for n := range 17 {
		phone := fmt.Sprintf("119876543%02d", n)
		switch n % 5 {
		case 1:
			phone = "not a phone"
		case 3:
			phone = "+55 11 98765-4300"
		}
		fmt.Fprintf(&b, "%s;row %d\n", phone, n)
	}
	whole := &fate{}
	want := suppress(t, newWorld(t, "BR"), b.String(), importer.EntryDefaults{}, whole)
	if len(want.Entries) != 10 || want.Job.Accepted != 10 || want.Job.Duplicate != 3 || want.Job.Rejected != 4 || strings.Count(want.Rejects, "\r\n") != 1+4 {
		t.Fatalf("undisturbed: %+v", want)
	}
	for at := range whole.writes {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, after it %v", at+1, after), func(t *testing.T) {
				if diff := cmp.Diff(want, suppress(t, newWorld(t, "BR"), b.String(), importer.EntryDefaults{}, &fate{at: at + 1, after: after})); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
