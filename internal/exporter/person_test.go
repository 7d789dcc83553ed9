package exporter

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/store"
)

var _ People = (*store.Store)(nil)

// album is the files of one person.
type album []arauto.PersonFile

func (a album) FilesOfPerson(_ context.Context, _ int64, _ string, after int64, limit int) (list []arauto.PersonFile, _ error) {
	for _, f := range a {
		if f.ID > after && len(list) < limit {
			list = append(list, f)
		}
	}
	return list, nil
}

// told is what a document says of one file.
type told struct {
	ID   int64
	File string
	Left arauto.LeftOut
}

// newAlbum is exports over a directory and files that lie in it; the document is what is told of them.
func newAlbum(t *testing.T, files ...arauto.PersonFile) (*Exports, album) {
	t.Helper()
	dir, err := blob.New(filepath.Join(t.TempDir(), "files"))
	check(t, err)
	t.Cleanup(func() { _ = dir.Close() })
	for i := range files {
		f := &files[i]
		f.ID, f.At = int64(i+1), base
		if f.State == "" {
			f.State, f.Blob = arauto.AttachmentHere, fmt.Sprintf("1/attachment/%d.0", f.ID)
			f.Size, err = dir.Put(t.Context(), f.Blob, strings.NewReader(bytesOf(f.ID)))
			check(t, err)
		}
	}
	e := &Exports{Blobs: dir, People: album(files), Now: func() time.Time { return base }, Wake: func() {}}
	e.Document = func(ctx context.Context, _ int64, _ string, list func(context.Context, int64, int) ([]arauto.PersonFile, error), out io.Writer, wrote func(int64) error) error {
		var all []told
		for after, n := int64(0), 2; n == 2; {
			page, err := list(ctx, after, 2)
			if err != nil {
				return err
			}
			for _, f := range page {
				all, after = append(all, told{f.ID, f.Archived, f.Left}), f.ID
			}
			n = len(page)
		}
		return errors.Join(json.NewEncoder(out).Encode(all), wrote(10))
	}
	return e, files
}

func bytesOf(id int64) string { return strings.Repeat(fmt.Sprintf("file %d ", id), 1000) }

// archive has an archive written, and returns the job, its parts and what its document says.
func (e *Exports) archive(t *testing.T, after int64) (arauto.Job, map[string]string, []told) {
	t.Helper()
	j, err := e.Work(t.Context(), arauto.Lease{}, personJob(after), func(arauto.Job) error { return nil })
	check(t, err)
	parts, says := unzipped(t, e, j)
	return j, parts, says
}

func personJob(after int64) arauto.Job {
	return arauto.Job{ID: 9, Account: 1, Kind: arauto.JobPersonExport, Params: text(personParams{"5511980000001", after})}
}

func unzipped(t *testing.T, e *Exports, j arauto.Job) (map[string]string, []told) {
	t.Helper()
	f, err := e.Blobs.Open(t.Context(), key(j))
	check(t, err)
	defer f.Close()
	body, err := io.ReadAll(f)
	check(t, err)
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	check(t, err)
	parts := map[string]string{}
	for _, part := range archive.File {
		if _, twice := parts[part.Name]; twice {
			t.Errorf("%s is in it twice", part.Name)
		}
		r, err := part.Open()
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, err)
		parts[part.Name] = string(text)
	}
	var says []told
	check(t, json.Unmarshal([]byte(parts["person.json"]), &says))
	delete(parts, "person.json")
	for _, f := range says {
		if f.File != "" && parts[f.File] != bytesOf(f.ID) {
			t.Errorf("%s is not what file %d is", f.File, f.ID)
		}
		if (f.File == "") == (f.Left == "") {
			t.Errorf("%+v: it is in the archive, or there is a reason", f)
		}
	}
	return parts, says
}

func sent(name, fileType string) arauto.PersonFile {
	return arauto.PersonFile{Attachment: arauto.Attachment{Kind: "document", Name: name, Type: fileType}}
}

// TestPerson_Files: every file is in the archive under a name that harms nobody, or the document says why not.
func TestPerson_Files(t *testing.T) {
	gone := arauto.PersonFile{Attachment: arauto.Attachment{Kind: "image", State: arauto.AttachmentGone}}
	waits := arauto.PersonFile{Attachment: arauto.Attachment{Kind: "audio", State: arauto.AttachmentWaiting}}
	e, files := newAlbum(t, sent("../../etc/passwd", "text/plain"), sent("C:\\Windows\\nota.pdf.exe", "application/pdf"), gone, sent("", "audio/ogg"), sent("removed.jpg", "image/jpeg"), waits,
		sent("conta de luz — março.PDF", "application/pdf"), sent("conta de luz — março.PDF", "application/pdf"))
	check(t, e.Blobs.Remove(t.Context(), files[4].Blob))
	j, parts, says := e.archive(t, 0)
	want := []told{
		{1, "files/000001-etc_passwd.txt", ""},
		{2, "files/000002-C_Windows_nota_pdf.pdf", ""},
		{3, "", arauto.LeftNotHere},
		{4, "files/000004-document.ogg", ""},
		{5, "", arauto.LeftRemoved},
		{6, "", arauto.LeftNotHere},
		{7, "files/000007-conta_de_luz_março.pdf", ""},
		{8, "files/000008-conta_de_luz_março.pdf", ""},
	}
	if d := cmp.Diff(want, says); d != "" || len(parts) != 5 {
		t.Errorf("%d parts (-want +got):\n%s", len(parts), d)
	}
	if j.Done != 8+10 || j.Rejected != 3 || j.Accepted != 15 || j.Resume != Written {
		t.Errorf("%+v", j)
	}
}

// TestPerson_Full: what there is no room for is named, and asked for from there on; together the archives have everything.
func TestPerson_Full(t *testing.T) {
	e, files := newAlbum(t, sent("a", "text/plain"), sent("b", "text/plain"), arauto.PersonFile{Attachment: arauto.Attachment{State: arauto.AttachmentRefused}}, sent("c", "text/plain"), sent("d", "text/plain"))
	e.fileCount = 2
	_, _, says := e.archive(t, 0)
	var left []arauto.LeftOut
	for _, f := range says {
		left = append(left, f.Left)
	}
	if d := cmp.Diff([]arauto.LeftOut{"", "", arauto.LeftNotHere, arauto.LeftFull, arauto.LeftFull}, left); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	j, parts, says := e.archive(t, 3)
	if len(parts) != 2 || says[0].Left != arauto.LeftEarlier || says[2].Left != arauto.LeftEarlier || says[4].File == "" || j.Rejected != 3 {
		t.Errorf("%d parts, %+v, %+v", len(parts), says, j)
	}
	files[1].Size, e.fileCount = mostBytes, 0
	_, parts, says = e.archive(t, 0)
	if len(parts) != 1 || says[1].Left != arauto.LeftFull || says[4].Left != arauto.LeftFull {
		t.Errorf("by bytes: %d parts, %+v", len(parts), says)
	}
}

// TestPerson_Late: what comes while the archive is written is named.
func TestPerson_Late(t *testing.T) {
	e, files := newAlbum(t, sent("a", "text/plain"), sent("b", "text/plain"))
	e.People = files[:1]
	document := e.Document
	e.Document = func(ctx context.Context, account int64, key string, list func(context.Context, int64, int) ([]arauto.PersonFile, error), out io.Writer, wrote func(int64) error) error {
		e.People = files
		return document(ctx, account, key, list, out, wrote)
	}
	if _, _, says := e.archive(t, 0); says[0].File == "" || says[1].Left != arauto.LeftLate {
		t.Errorf("%+v", says)
	}
}

// TestPerson_Erased: who is erased while their archive is written has none: the job fails, and says why.
func TestPerson_Erased(t *testing.T) {
	e, files := newAlbum(t, sent("a", "text/plain"))
	e.Document = func(context.Context, int64, string, func(context.Context, int64, int) ([]arauto.PersonFile, error), io.Writer, func(int64) error) error {
		return arauto.Errorf(arauto.KindNotFound, "", "there is no such person")
	}
	for name, j := range map[string]arauto.Job{"while it runs": personJob(0), "before": {ID: 9, Account: 1, Kind: arauto.JobPersonExport, Params: `{"Key":""}`}} {
		_, err := e.Work(t.Context(), arauto.Lease{}, j, func(arauto.Job) error { return nil })
		if arauto.KindOf(err) != arauto.KindNotFound {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := e.Blobs.Open(t.Context(), key(j)); arauto.KindOf(err) != arauto.KindNotFound {
			t.Errorf("%s: there is an archive with %d files: %v", name, len(files), err)
		}
	}
}

// failing lets so many reads of files and writes of the archive happen, and then fails each.
type failing struct {
	Blobs
	left *atomic.Int64 // both ends of the archive count
	err  error
}

func (f failing) step() error {
	if f.left.Add(-1) < 0 {
		return f.err
	}
	return nil
}

func (f failing) Put(ctx context.Context, key string, body io.Reader) (int64, error) {
	return f.Blobs.Put(ctx, key, stepping{body, f})
}

func (f failing) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	r, err := f.Blobs.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return steppingFile{r, stepping{r, f}}, nil
}

type stepping struct {
	io.Reader
	f failing
}

func (s stepping) Read(p []byte) (int, error) {
	if err := s.f.step(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p[:min(len(p), 1500)])
}

type steppingFile struct {
	io.ReadSeekCloser
	s stepping
}

func (s steppingFile) Read(p []byte) (int, error) { return s.s.Read(p) }

// TestPerson_CutOffAnywhere: whether a file cannot be read or the disk is full, at whichever moment: no archive is there,
// nor a part of one, and the next try has it whole.
func TestPerson_CutOffAnywhere(t *testing.T) {
	e, _ := newAlbum(t, sent("a", "text/plain"), sent("b", "image/jpeg"))
	whole := e.Blobs
	tries := 0
	for ; ; tries++ {
		var left atomic.Int64
		left.Store(int64(tries))
		e.Blobs = failing{whole, &left, syscall.ENOSPC}
		_, err := e.Work(t.Context(), arauto.Lease{}, personJob(0), func(arauto.Job) error { return nil })
		e.Blobs = whole
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ENOSPC) || arauto.KindOf(err) != arauto.KindInternal {
			t.Fatalf("after %d steps: %v", tries, err) // an internal error is tried again
		}
		if _, err := whole.Open(t.Context(), key(personJob(0))); arauto.KindOf(err) != arauto.KindNotFound {
			t.Fatalf("after %d steps there is an archive: %v", tries, err)
		}
	}
	if parts, _ := unzipped(t, e, personJob(0)); tries < 15 || len(parts) != 2 {
		t.Errorf("%d parts after %d tries", len(parts), tries)
	}
}

// TestPerson_Cancelled: who ends the job ends the copy of a file, too.
func TestPerson_Cancelled(t *testing.T) {
	e, _ := newAlbum(t, sent("a", "text/plain"), sent("b", "text/plain"))
	now := base
	e.Now = func() time.Time { now = now.Add(time.Hour); return now } // it tells after every file
	ctx, cancel := context.WithCancel(t.Context())
	_, err := e.Work(ctx, arauto.Lease{}, personJob(0), func(j arauto.Job) error {
		if j.Done != 1 {
			t.Errorf("told %d, want one file", j.Done)
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := e.Blobs.Open(t.Context(), key(personJob(0))); arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("there is an archive: %v", err)
	}
}

// TestArchived: whatever a person calls a file, its name in the archive stays inside, is short, plain, and says what the
// file is; two files never have the same.
func TestArchived(t *testing.T) {
	types := slices.Sorted(func(yield func(string) bool) {
		for fileType := range extensions {
			if !yield(fileType) {
				return
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"..", "/", "\\", "\x00", "\u202egpj.exe", "CON", ".", " ", "\xff", "é", "a\u0301"})), 0, 8).Draw(t, "name")
		a := arauto.Attachment{ID: rapid.Int64Range(1, 1<<50).Draw(t, "id"), Kind: "document", Name: strings.Join(pieces, ""), Type: rapid.SampledFrom(append(types, "application/x-odd", "text/plain; charset=utf-8", "")).Draw(t, "type")}
		name := archived(a)
		dir, file := path.Split(name)
		if dir != "files/" || !filepath.IsLocal(name) || path.Clean(name) != name || strings.Count(file, ".") != 1 || len(file) > 140 || !utf8.ValidString(name) {
			t.Errorf("%q became %q", a.Name, name)
		}
		for _, c := range file {
			if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || strings.ContainsRune(`\/:*?"<>| `, c) {
				t.Errorf("%q became %q, which has %q", a.Name, name, c)
			}
		}
		other := a
		other.ID++
		if archived(other) == name {
			t.Errorf("%q twice", name)
		}
	})
}
