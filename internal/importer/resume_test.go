package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/importer"
	"arauto/internal/store"

	"github.com/google/go-cmp/cmp"
)

// A fate ends the program just before or just after its nth write, to the database or to a file. What comes
// later does not happen.
type fate struct {
	at     int
	after  bool
	writes int
	dead   bool
}

var errKilled = errors.New("killed")

func (f *fate) write(do func() error) error {
	if f.dead {
		return errKilled
	}
	f.writes++
	if f.writes != f.at {
		return do()
	}
	f.dead = true
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

type mortalStore struct {
	*store.Store
	fate *fate
}

func (m mortalStore) AddChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) (added []arauto.Added, after arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		added, after, err = m.Store.AddChunk(ctx, now, l, j, list, update)
		return err
	})
	return added, after, err
}

func (m mortalStore) SuppressChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, list []arauto.Suppression, update func([]arauto.Added, *arauto.Job)) (added []arauto.Added, after arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		added, after, err = m.Store.SuppressChunk(ctx, now, l, j, list, update)
		return err
	})
	return added, after, err
}

type mortalBlobs struct {
	*blob.Dir
	fate *fate
}

func (m mortalBlobs) Append(ctx context.Context, key string, at int64, data []byte) error {
	return m.fate.write(func() error { return m.Dir.Append(ctx, key, at, data) })
}

// mixed has contacts, bad rows and duplicates in every chunk but one, which has contacts only.
func mixed() string {
	var b strings.Builder
	b.WriteString("nome;fone;obs\n")
	for n := range 23 {
		phone := fmt.Sprintf("119876543%02d", n)
		switch {
		case n >= 10 && n < 15:
		case n%5 == 1:
			phone = "not a phone"
		case n%5 == 3:
			phone = "+55 11 98765-4300"
		}
		fmt.Fprintf(&b, "Pessoa %d;%s;\"linha 1\nlinha 2\"\n", n, phone)
	}
	return b.String()
}

type outcome struct {
	Phones  []string
	Rejects string
	Job     arauto.Job
}

// importMortal does an import that is killed as f says, restarted, and tells how it ended.
func importMortal(t *testing.T, file string, f *fate) outcome {
	t.Helper()
	w := newWorld(t, "BR")
	j := w.start(w.imports(w.store, w.blobs, nil), strings.NewReader(file), importer.Options{})
	for chunk := 5; ; {
		l, taken, err := w.store.Take(t.Context(), time.Now(), w.account.ID, "job:1", "a", time.Minute)
		if err != nil || !taken {
			t.Fatal(taken, err)
		}
		if j, err = w.store.StartJob(t.Context(), time.Now(), l, j); err != nil {
			t.Fatal(err)
		}
		i := w.imports(mortalStore{w.store, f}, mortalBlobs{w.blobs, f}, nil)
		i.SetChunk(chunk)
		done, err := i.Work(t.Context(), l, j, nil)
		if f.dead {
			f.dead, f.at, chunk = false, 0, 3 // a later version may cut otherwise
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.FinishJob(t.Context(), time.Now(), l, done); err != nil {
			t.Fatal(err)
		}
		if j, err = w.store.Job(t.Context(), w.account.ID, j.ID); err != nil {
			t.Fatal(err)
		}
		ended := arauto.Job{ID: j.ID, State: j.State, Total: j.Total, Done: j.Done, Accepted: j.Accepted, Duplicate: j.Duplicate, Rejected: j.Rejected}
		return outcome{w.phones(), w.rejects(i, j.ID), ended}
	}
}

// Whenever the program dies, the import ends as if nothing had happened.
func TestImport_KilledAtAnyWrite(t *testing.T) {
	file := mixed()
	whole := &fate{}
	want := importMortal(t, file, whole)
	if got := numbersOf(want.Job); want.Job.State != arauto.JobCompleted || got != (numbers{16, 3, 4}) || len(want.Phones) != 16 {
		t.Fatalf("undisturbed: %+v", want.Job)
	}
	if n := strings.Count(want.Rejects, "\r\n"); n != 1+3+4 {
		t.Fatalf("undisturbed, the file of rejects has %d rows:\n%s", n, want.Rejects)
	}
	if whole.writes != 5+4 {
		t.Fatalf("%d writes: five chunks, four with rejects", whole.writes)
	}
	for at := range whole.writes {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, after it %v", at+1, after), func(t *testing.T) {
				if diff := cmp.Diff(want, importMortal(t, file, &fate{at: at + 1, after: after})); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A file that cannot be read for a moment is no fault of the customer's.
func TestWork_ReadErrorIsPassing(t *testing.T) {
	w := newWorld(t, "BR")
	j := w.start(w.imports(w.store, w.blobs, nil), strings.NewReader(strings.Repeat("nome;fone;obs\n", 20_000)), importer.Options{})
	l, _, err := w.store.Take(t.Context(), time.Now(), w.account.ID, "job:1", "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if j, err = w.store.StartJob(t.Context(), time.Now(), l, j); err != nil {
		t.Fatal(err)
	}
	_, err = w.imports(w.store, flaky{w.blobs}, nil).Work(t.Context(), l, j, nil)
	if !errors.Is(err, errDisk) || arauto.KindOf(err) != arauto.KindInternal {
		t.Errorf("got %v", err)
	}
}

var errDisk = errors.New("input/output error")

// flaky files break off in the middle.
type flaky struct{ *blob.Dir }

func (f flaky) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	file, err := f.Dir.Open(ctx, key)
	return &breaking{file, 200_000}, err
}

type breaking struct {
	io.ReadSeekCloser
	left int
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errDisk
	}
	n, err := b.ReadSeekCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
