package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
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
	// conflict happens before the first publishing; nil = nothing does.
	conflict func()
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

func (m mortalStore) ImportChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) (added []arauto.Added, after arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		added, after, err = m.Store.ImportChunk(ctx, now, l, j, in, list, update)
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

func (m mortalStore) StageChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, rows []int, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) (added []arauto.Added, after arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		added, after, err = m.Store.StageChunk(ctx, now, l, j, in, rows, list, update)
		return err
	})
	return added, after, err
}

func (m mortalStore) Publish(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, rows int64, update func(int64, int64, *arauto.Job)) (conflicts []arauto.Conflict, after arauto.Job, err error) {
	if m.fate.conflict != nil {
		m.fate.conflict()
		m.fate.conflict = nil
	}
	err = m.fate.write(func() (err error) {
		conflicts, after, err = m.Store.Publish(ctx, now, l, j, in, rows, update)
		return err
	})
	return conflicts, after, err
}

func (m mortalStore) Unstage(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, rows []int, update func(*arauto.Job)) (after arauto.Job, err error) {
	err = m.fate.write(func() (err error) {
		after, err = m.Store.Unstage(ctx, now, l, j, rows, update)
		return err
	})
	return after, err
}

func (m mortalStore) SweepStaged(ctx context.Context, account, spent int64) (more bool, err error) {
	err = m.fate.write(func() (err error) {
		more, err = m.Store.SweepStaged(ctx, account, spent)
		return err
	})
	return more, err
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
func importMortal(t *testing.T, file string, o importer.Options, f *fate) outcome {
	t.Helper()
	return importWindows(t, file, o, f, 0)
}

// importWindows is importMortal with windows of so many rows; 0 = of a chunk's.
func importWindows(t *testing.T, file string, o importer.Options, f *fate, window int) outcome {
	t.Helper()
	w := newWorld(t, "BR")
	if o.Intake.Staged() {
		f.conflict = func() { w.add(t, "+5511987654320") }
	}
	j := w.start(w.imports(w.store, w.blobs, nil), strings.NewReader(file), o)
	for chunk := 5; ; {
		l, taken, err := w.store.Take(t.Context(), time.Now(), w.account.ID, "job:1", "a", time.Minute)
		if err != nil || !taken {
			t.Fatal(taken, err)
		}
		if j, err = w.store.StartJob(t.Context(), time.Now(), l, j); err != nil {
			t.Fatal(err)
		}
		i := w.imports(mortalStore{w.store, f}, mortalBlobs{w.blobs, f}, nil)
		i.Staging = mortalStore{w.store, f}
		i.SetChunk(chunk)
		if window > 0 {
			i.SetWindow(window)
		}
		done, err := i.Work(t.Context(), l, j, nil)
		if f.dead {
			f.dead, f.at, chunk = false, 0, 3 // a later version may cut otherwise
			if n := len(w.contacts()); o.Intake.Staged() && n > 1 && n != 1+wholeOf {
				t.Fatalf("half of it is in: %d contacts", n)
			}
			continue
		}
		switch {
		case arauto.KindOf(err) == arauto.KindInvalid:
			if done, err = w.store.Job(t.Context(), w.account.ID, j.ID); err != nil {
				t.Fatal(err)
			}
			done.State = arauto.JobFailed
		case err != nil:
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
	want := importMortal(t, file, importer.Options{}, whole)
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
				if diff := cmp.Diff(want, importMortal(t, file, importer.Options{}, &fate{at: at + 1, after: after})); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// Also when it is stored in the order of persons, in windows that are longer than a chunk: only the rejects are in
// another order, which depends on where the windows end.
func TestImport_WindowsKilledAtAnyWrite(t *testing.T) {
	file := mixed()
	sorted := func(o outcome) outcome {
		lines := strings.Split(o.Rejects, "\r\n")
		slices.Sort(lines)
		o.Rejects = strings.Join(lines, "\r\n")
		return o
	}
	want := sorted(importMortal(t, file, importer.Options{}, &fate{}))
	for _, window := range []int{10, 17, 100} {
		whole := &fate{}
		if diff := cmp.Diff(want, sorted(importWindows(t, file, importer.Options{}, whole, window))); diff != "" {
			t.Fatalf("in windows of %d: %s", window, diff)
		}
		for at := range whole.writes {
			t.Run(fmt.Sprintf("windows of %d, after write %d", window, at+1), func(t *testing.T) {
				if diff := cmp.Diff(want, sorted(importWindows(t, file, importer.Options{}, &fate{at: at + 1, after: true}, window))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A long list is stored in the order of persons, and due in its own: the first rows have the first turns.
func TestImport_DueInTheFilesOrder(t *testing.T) {
	w := newWorld(t, "BR")
	var b strings.Builder
	b.WriteString("nome;fone\n")
	for n := range 40 {
		fmt.Fprintf(&b, "Pessoa %d;119%08d\n", n, 80000000+n*7%40)
	}
	i := w.running()
	i.SetChunk(5)
	i.SetWindow(40)
	var ticks atomic.Int64
	began := time.Now().Add(-time.Minute)
	i.Now = func() time.Time { return began.Add(time.Duration(ticks.Add(1)) * 10 * time.Millisecond) }
	j := w.start(i, strings.NewReader(b.String()), importer.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if j, err := i.Wait(ctx, w.account.ID, j.ID); err != nil || j.Accepted != 40 {
		t.Fatalf("%+v, %v", j, err)
	}
	due, err := w.store.DueContacts(t.Context(), time.Now().Add(time.Hour), w.account.ID, w.campaign.ID, time.Time{}, 0, 100)
	if err != nil || len(due) != 40 {
		t.Fatal(len(due), err)
	}
	for k, c := range due {
		n := 0
		if _, err := fmt.Sscanf(c.Name, "Pessoa %d", &n); err != nil || n/5 != k/5 {
			t.Errorf("%s has turn %d", c.Name, k)
		}
		if c.DueAt.After(time.Now()) {
			t.Errorf("%s is not due yet: %s", c.Name, c.DueAt)
		}
	}
	slices.SortFunc(due, func(a, b arauto.Contact) int { return int(a.ID - b.ID) })
	if !slices.IsSortedFunc(due, func(a, b arauto.Contact) int { return strings.Compare(a.PersonKey, b.PersonKey) }) {
		t.Error("they were not stored in the order of persons")
	}
}

// add puts somebody into the campaign besides the import.
func (w *world) add(t *testing.T, phone arauto.Phone) {
	t.Helper()
	if _, err := w.store.AddContacts(t.Context(), time.Now(), w.account.ID, w.campaign.ID, []arauto.Contact{{Name: "first", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()}}); err != nil {
		t.Fatal(err)
	}
}

// wholeOf is how many of mixed go in beside somebody who came in meanwhile.
const wholeOf = 15

// Whenever the program dies, what is to go in whole is in whole or not at all, and ends as if nothing had happened:
// also when somebody comes in just before, and when nothing may go in.
func TestImport_WholeKilledAtAnyWrite(t *testing.T) {
	file := mixed()
	t.Run("nothing of it", func(t *testing.T) {
		killedEverywhere(t, file, importer.Options{Intake: arauto.Intake{Whole: true, Duplicates: arauto.DuplicatesFail}}, arauto.JobFailed, numbers{0, 3, 4}, 0)
	})
	usable := strings.ReplaceAll(file, "not a phone", "11987654300")
	t.Run("all of it", func(t *testing.T) {
		killedEverywhere(t, usable, importer.Options{Intake: arauto.Intake{Whole: true}}, arauto.JobCompleted, numbers{wholeOf, 8, 0}, wholeOf+1)
	})
}

func killedEverywhere(t *testing.T, file string, o importer.Options, state arauto.JobState, n numbers, contacts int) {
	whole := &fate{}
	want := importMortal(t, file, o, whole)
	if want.Job.State != state || numbersOf(want.Job) != n || len(want.Phones) != contacts {
		t.Fatalf("undisturbed: %+v, %d contacts", want.Job, len(want.Phones))
	}
	for at := range whole.writes {
		for _, after := range []bool{false, true} {
			if !after && at%3 > 0 {
				continue // what was not written is much the same everywhere
			}
			t.Run(fmt.Sprintf("write %d, after it %v", at+1, after), func(t *testing.T) {
				t.Parallel()
				if diff := cmp.Diff(want, importMortal(t, file, o, &fate{at: at + 1, after: after})); diff != "" {
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
