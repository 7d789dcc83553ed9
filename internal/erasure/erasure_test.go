package erasure_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/erasure"
)

// fakeStore has so many steps of each kind to do, and remembers which were done.
type fakeStore struct {
	rows, deleted, texts, waiting int
	open                          []arauto.Job
	done                          []string
}

func (f *fakeStore) PlanErasure(context.Context, arauto.Lease, arauto.Job) (arauto.Erasure, error) {
	return arauto.Erasure{Keys: []string{"5511987654321"}, Files: []string{"1/media/hers.bin"}}, nil
}

func (f *fakeStore) EraseRows(context.Context, time.Time, arauto.Lease, arauto.Job, arauto.Erasure) (bool, error) {
	f.done = append(f.done, "rows")
	f.rows--
	return f.rows > 0, nil
}

func (f *fakeStore) ScrubDeleted(_ context.Context, _ time.Time, _ arauto.Lease, _ arauto.Job, _ arauto.Erasure, after int64) (int64, bool, error) {
	f.done = append(f.done, "deleted")
	return after + 1, int(after)+1 >= f.deleted, nil
}

func (f *fakeStore) Scrub(_ context.Context, _ arauto.Lease, _ arauto.Job, traces arauto.Traces, at int64) (int64, int, bool, error) {
	f.done = append(f.done, "texts")
	if !traces.In([]byte("(11) 98765-4321")) {
		return 0, 0, false, errors.New("the traces are somebody else's")
	}
	if int(at) >= f.texts {
		return at, 0, true, nil
	}
	waiting := 0
	if f.waiting > 0 {
		f.waiting--
		waiting = 1
	}
	return at + 1, waiting, false, nil
}

func (f *fakeStore) EndErasure(context.Context, time.Time, arauto.Lease, arauto.Job) error {
	f.done = append(f.done, "end")
	return nil
}

func (f *fakeStore) OpenJobs(context.Context, int) ([]arauto.Job, error) {
	list := f.open
	f.open = nil // they have ended at the next look
	return list, nil
}

func utf16of(s string) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(c))
		b.WriteByte(byte(c >> 8))
	}
	return b.String()
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("a.xml")
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWork: whenever the program dies, what is left is done after it, each stage in its turn, and files end
// as they should.
func TestWork(t *testing.T) {
	gone, stays := "11 98765-4321", "11 98765-4322"
	files := map[string][2]string{ // as it is, and as it has to be; "" = not there any more
		"1/uploads/list.bin":   {"nome;fone\nZuleica;" + gone + "\nAna;" + stays + "\n", "nome;fone\nAna;" + stays + "\n"},
		"1/uploads/others.bin": {"nome;fone\nAna;" + stays + "\n", "nome;fone\nAna;" + stays + "\n"},
		"1/uploads/json.bin":   {`[{"p":"+5511987654321"},{"p":"+5511987654322"}]`, `[{"p":"+5511987654322"}]` + "\n"},
		"1/uploads/wide.bin":   {utf16of("nome;" + gone), ""},
		"1/uploads/wide2.bin":  {utf16of("nome;" + stays), utf16of("nome;" + stays)},
		"1/exports/sheet.bin":  {zipped(t, "<t>"+gone+"</t>"), ""},
		"1/exports/sheet2.bin": {zipped(t, "<t>"+stays+"</t>"), zipped(t, "<t>"+stays+"</t>")},
		"1/exports/torn.bin":   {"PK\x03\x04 no archive at all", ""},
		"1/media/hers.bin":     {"anything", ""},
		"1/uploads/long.bin":   {strings.Repeat("x", 1<<20) + gone + strings.Repeat("y", 1<<20) + "\nend\n", "end\n"},
		"2/uploads/list.bin":   {"Zuleica;" + gone + "\n", "Zuleica;" + gone + "\n"}, // another account's
	}
	synctest.Test(t, func(t *testing.T) {
		dir, err := blob.New(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		for key, f := range files {
			if _, err := dir.Put(t.Context(), key, strings.NewReader(f[0])); err != nil {
				t.Fatal(err)
			}
		}
		store := &fakeStore{rows: 2, deleted: 2, texts: 3, waiting: 2, open: []arauto.Job{{Account: 1, ID: 7, Kind: arauto.JobImport}, {Account: 2, ID: 1}}}
		compacted := 0
		w := &erasure.Worker{
			Store: store, Files: dir, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
			Compact: func(context.Context) error { compacted++; return nil },
		}
		j := arauto.Job{Account: 1, ID: 9, Kind: arauto.JobErase}
		killed := errors.New("killed")
		for lives := 0; ; lives++ {
			steps := 0
			_, err := w.Work(t.Context(), arauto.Lease{}, j, func(after arauto.Job) error {
				if steps++; steps > 1 && lives%2 == 0 { // before the second step was written down
					return killed
				}
				j = after
				return nil
			})
			if err == nil {
				break
			}
			if !errors.Is(err, killed) || lives > 50 {
				t.Fatalf("life %d: %v", lives, err)
			}
		}
		if compacted == 0 || store.waiting != 0 || store.open != nil {
			t.Errorf("compacted %d times, %d webhooks waited for", compacted, store.waiting)
		}
		order := slices.Compact(store.done)
		if got := strings.Join(order, " "); !strings.HasPrefix(got, "rows deleted texts") || !strings.HasSuffix(got, "rows end") {
			t.Errorf("in the order %s", got)
		}
		for key, f := range files {
			r, err := dir.Open(t.Context(), key)
			if arauto.KindOf(err) == arauto.KindNotFound {
				if f[1] != "" {
					t.Errorf("%s is gone", key)
				}
				continue
			}
			text, err := io.ReadAll(r)
			if r.Close(); err != nil || string(text) != f[1] {
				t.Errorf("%s: %d bytes %.80q, want %.80q, %v", key, len(text), text, f[1], err)
			}
		}
		before := len(store.done)
		if _, err := w.Work(t.Context(), arauto.Lease{}, j, nil); err != nil || len(store.done) != before {
			t.Errorf("a job that was done does it again: %v", err)
		}
	})
}

// TestWork_Patience: what is never dealt with ends the job with words, and nobody waits for ever.
func TestWork_Patience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, err := blob.New(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		w := &erasure.Worker{
			Store: &fakeStore{texts: 1, waiting: 1 << 20}, Files: dir, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Compact: func(context.Context) error { return nil },
		}
		began := time.Now()
		_, err = w.Work(t.Context(), arauto.Lease{}, arauto.Job{Account: 1, ID: 9}, func(arauto.Job) error { return nil })
		if arauto.KindOf(err) != arauto.KindConflict || time.Since(began) > 11*time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
