package desk_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/desk"
)

// world is a store, a provider and files that do as they are told.
type world struct {
	mu      sync.Mutex
	waiting int
	work    map[int64]int64
	queue   []arauto.Posting
	kept    []arauto.Event
	sent    []arauto.Message
	answer  error
	files   []arauto.Attachment
	fetched []arauto.Attachment
	media   map[string]string
}

func (w *world) Accounts(context.Context) ([]arauto.Account, error) {
	return []arauto.Account{{ID: 1}}, nil
}

func (w *world) AssignWaiting(_ context.Context, _ time.Time, _ int64, limit int) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, w.waiting)
	w.waiting -= n
	if n > 0 {
		w.work[5]++
	}
	return n, nil
}

func (w *world) WakeSnoozed(context.Context, time.Time, int64, int) (int, error) { return 0, nil }
func (w *world) CallBack(context.Context, time.Time, int64, int) (int, error)    { return 0, nil }
func (w *world) SayByItself(context.Context, time.Time, int64, int) (int, error) { return 0, nil }

func (w *world) WorkOf(context.Context, int64) (map[int64]int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return map[int64]int64{5: w.work[5]}, nil
}

func (w *world) OpenOutgoing(_ context.Context, _ time.Time, _ int64, limit int) ([]arauto.Posting, time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(limit, len(w.queue))
	list := w.queue[:n]
	w.queue = w.queue[n:]
	return list, time.Time{}, nil
}

func (w *world) RecordOutgoing(_ context.Context, _, _ int64, e arauto.Event, _ arauto.Receipt) (arauto.Outgoing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, e)
	return arauto.Outgoing{}, nil
}

func (w *world) LoseOutgoing(context.Context, time.Time, int64, int) (int, error) { return 0, nil }

func (w *world) TakeAttachments(context.Context, time.Time, int64, int) ([]arauto.Attachment, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.files
	w.files = nil
	return list, nil
}

func (w *world) Fetched(_ context.Context, a arauto.Attachment) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fetched = append(w.fetched, a)
	return true, nil
}

func (w *world) Sender(context.Context, int64, int64) (arauto.Sender, error) {
	return arauto.Sender{ID: 1}, nil
}

func (w *world) Send(_ context.Context, _ arauto.Sender, m arauto.Message) (arauto.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, m)
	return arauto.Receipt{ProviderID: "wamid.1"}, w.answer
}

func (w *world) Upload(context.Context, arauto.Sender, string, string, io.Reader) (string, error) {
	return "99", nil
}

func (w *world) Media(_ context.Context, _ arauto.Sender, id string) (io.ReadCloser, string, error) {
	body, there := w.media[id]
	if !there {
		return nil, "", arauto.Errorf(arauto.KindNotFound, "", "gone")
	}
	return io.NopCloser(strings.NewReader(body)), "", nil
}

func (w *world) Get(context.Context, string) (io.ReadCloser, string, error) {
	return nil, "", arauto.Errorf(arauto.KindConflict, "", "not now")
}

func run(t *testing.T, w *world) (*desk.Desk, *blob.Dir) {
	t.Helper()
	files, err := blob.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := desk.New(desk.Config{
		Queues: w, Outbox: w, Files: w, Provider: w, Links: w, Blobs: files, Now: func() time.Time { return time.Now().UTC() }, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, files
}

// TestWait: who waits for work is told within a second that there is some, and not before.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{work: map[int64]int64{}}
		d, _ := run(t, w)
		began := time.Now()
		go func() {
			time.Sleep(10 * time.Second)
			w.mu.Lock()
			w.waiting = 500
			w.mu.Unlock()
		}()
		d.Wait(t.Context(), 1, 5, 0)
		if took := time.Since(began); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("told after %v", took)
		}
		began = time.Now()
		d.Wait(t.Context(), 1, 6, 0) // nobody knows this agent: offline
		if took := time.Since(began); took > time.Second {
			t.Errorf("who is offline waits %v", took)
		}
		limited, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		began = time.Now()
		d.Wait(limited, 1, 5, w.work[5])
		if took := time.Since(began); took != 25*time.Second {
			t.Errorf("with nothing new it took %v", took)
		}
	})
}

// TestOutbox: what became of a request is kept as what it was: certain, or not.
func TestOutbox(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		want   arauto.EventKind
	}{
		"taken":     {nil, arauto.EventAccepted},
		"lost":      {&arauto.SendError{Action: arauto.ActionUnknown}, arauto.EventLost},
		"throttled": {&arauto.SendError{Action: arauto.ActionRetry, Code: 130429, After: 30}, arauto.EventDeferred},
		"no token":  {&arauto.SendError{Action: arauto.ActionPause, Code: 190}, arauto.EventDeferred},
		"refused":   {&arauto.SendError{Action: arauto.ActionFail, Code: 131047}, arauto.EventRefused},
		"a riddle":  {errors.New("something else"), arauto.EventLost},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{work: map[int64]int64{}, answer: c.answer, queue: []arauto.Posting{{Outgoing: arauto.Outgoing{ID: 3, Account: 1, Tries: 1}, Message: arauto.Message{Text: "Oi"}}}}
				run(t, w)
				time.Sleep(time.Minute)
				w.mu.Lock()
				defer w.mu.Unlock()
				if len(w.sent) != 1 || len(w.kept) != 1 || w.kept[0].Kind != c.want {
					t.Fatalf("posted %d times, kept %+v", len(w.sent), w.kept)
				}
				if c.want == arauto.EventDeferred && w.kept[0].Due.Before(w.kept[0].At) {
					t.Errorf("due %v, at %v", w.kept[0].Due, w.kept[0].At)
				}
			})
		})
	}
}

// TestFiles: a file is what its bytes say, and what is refused, gone or not to be had now is told apart.
func TestFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := func(id int64, kind, address string, source arauto.AttachmentSource) arauto.Attachment {
			return arauto.Attachment{ID: id, UUID: "u" + address, Account: 1, Kind: kind, Address: address, Source: source, Tries: 1, State: arauto.AttachmentWaiting}
		}
		w := &world{work: map[int64]int64{}, media: map[string]string{"1": "OggS voice", "2": "<html><script>", "3": "\xff\xd8\xff" + strings.Repeat("x", 5<<20)}}
		w.files = []arauto.Attachment{
			file(1, "audio", "1", arauto.AttachmentMedia), file(2, "document", "2", arauto.AttachmentMedia), file(3, "image", "3", arauto.AttachmentMedia),
			file(4, "image", "4", arauto.AttachmentMedia), file(5, "image", "5", arauto.AttachmentLink),
		}
		_, files := run(t, w)
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		want := map[int64]arauto.AttachmentState{1: arauto.AttachmentHere, 2: arauto.AttachmentRefused, 3: arauto.AttachmentRefused, 4: arauto.AttachmentGone, 5: arauto.AttachmentWaiting}
		for _, a := range w.fetched {
			if a.State != want[a.ID] {
				t.Errorf("file %d is %s (%s), want %s", a.ID, a.State, a.Detail, want[a.ID])
			}
			if (a.Blob != "") != (a.State == arauto.AttachmentHere) {
				t.Errorf("file %d is %s and kept at %q", a.ID, a.State, a.Blob)
			}
			if a.State == arauto.AttachmentHere {
				body, err := files.Open(t.Context(), a.Blob)
				if err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(body); string(text) != "OggS voice" || err != nil || a.Type != "audio/ogg" || body.Close() != nil {
					t.Errorf("%q, %v, %s", text, err, a.Type)
				}
			}
			if a.State == arauto.AttachmentWaiting && !a.DueAt.After(time.Now().Add(-time.Minute)) {
				t.Errorf("asked for again at %v", a.DueAt)
			}
			delete(want, a.ID)
		}
		if len(want) != 0 {
			t.Errorf("never reported: %v", want)
		}
	})
}

// TestKeep_Refusals: what our own users upload and is not taken is their fault, and they are told so.
func TestKeep_Refusals(t *testing.T) {
	files, err := blob.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for name, body := range map[string]string{"a page that a browser would run": "<html><script>1</script>", "nothing": ""} {
		_, err := desk.Keep(t.Context(), files, arauto.Attachment{Account: 1, UUID: "u1"}, "", strings.NewReader(body))
		if arauto.KindOf(err) != arauto.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
