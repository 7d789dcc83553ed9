package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// endOf reads where a message ended from its webhooks alone; id is "" if the caller
// never learned it, and then the callback tells.
func endOf(updates []update, waID, callback string) sandbox.End {
	rank := []sandbox.End{sandbox.EndSilent, sandbox.EndSent, sandbox.EndDelivered, sandbox.EndRead, sandbox.EndReplied, sandbox.EndOptedOut, sandbox.EndFailed}
	end := sandbox.EndSilent
	for _, u := range updates {
		if u.from != waID || (u.callback != "" && u.callback != callback) {
			continue
		}
		now := sandbox.End(u.kind)
		switch {
		case u.kind == "stop", u.text == "SAIR", u.text == "PARAR", u.text == "Parar promoções":
			now = sandbox.EndOptedOut
		case u.kind == "text", u.kind == "button":
			now = sandbox.EndReplied
		}
		if slices.Index(rank, now) > slices.Index(rank, end) {
			end = now
		}
	}
	return end
}

func TestMagicNumbers(t *testing.T) {
	for _, m := range sandbox.MagicNumbers() {
		t.Run(fmt.Sprintf("%02d %s", m.Group, m.Means), func(t *testing.T) {
			inBubble(t, func(c *sandbox.Config) { c.Tidy = false }, func(w *world) {
				number := m.Number(3)
				story := sandbox.Fate(7, number)
				if story.Phone != number[1:] {
					t.Fatalf("%s has the fate of %s", number, story.Phone)
				}
				for range story.Refusals {
					if a := w.send(number, "cb"); a.code() != story.SyncCode {
						t.Fatalf("answered %d %s, want code %d", a.status, a.raw, story.SyncCode)
					}
				}
				checkAnswer(t, story, w.send(number, "cb"))
				w.settle()

				sum := w.box.Summary()
				if (sum.Accepted == 1) != story.Accepted() || sum.Lost+sum.Accepted > 1 {
					t.Errorf("ledger says %+v", sum)
				}
				if !story.Accepted() {
					if got := w.receiver.kinds(); got != "" {
						t.Errorf("webhooks of a message that was not taken: %s", got)
					}
					return
				}
				if got := endOf(w.receiver.all(), story.WAID, "cb"); got != story.End() {
					t.Errorf("ended %q, want %q; webhooks: %s", got, story.End(), w.receiver.kinds())
				}
			})
		})
	}
}

func checkAnswer(t *testing.T, story sandbox.Story, a answer) {
	t.Helper()
	switch {
	case story.Answer == sandbox.AnswerSlow:
		if a.err == nil {
			t.Error("answered in time")
		}
	case story.Answer == sandbox.AnswerLost || story.Answer == sandbox.AnswerClosed:
		if !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("got %d, %v, want a closed connection", a.status, a.err)
		}
	case story.Answer == sandbox.AnswerBroken:
		if a.status != http.StatusInternalServerError {
			t.Errorf("answered %d, want 500", a.status)
		}
	case !story.Accepted():
		if a.code() != story.SyncCode {
			t.Errorf("answered %s, want code %d", a.raw, story.SyncCode)
		}
	case a.status != http.StatusOK || a.id() == "":
		t.Errorf("answered %d %s, want a message", a.status, a.raw)
	}
}

func TestMagicNumbers_WebhooksOutOfTheOrdinary(t *testing.T) {
	for _, c := range []struct {
		number, want string
	}{
		{"+5511975500100", "sent read"},
		{"+5511975500110", "delivered sent"},
		{"+5511975500130", "sent failed"},
		{"+5511975500150", "failed"},
		{"+5511975500020", "sent delivered read text"},
		{"+5511975500060", "sent delivered read button"},
		{"+5511975500070", "sent delivered read stop"},
		{"+5511975500090", ""},
	} {
		t.Run(c.number, func(t *testing.T) {
			inBubble(t, nil, func(w *world) {
				w.send(c.number, "")
				w.settle()
				if got := w.receiver.kinds(); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
	t.Run("every one twice", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			w.send("+5511975500120", "")
			w.settle()
			seen := map[string]int{}
			for _, b := range w.receiver.bodies {
				seen[b]++
			}
			if len(seen) != 4 || len(w.receiver.bodies) != 8 {
				t.Errorf("%d webhooks, %d of them different, want 8 and 4", len(w.receiver.bodies), len(seen))
			}
		})
	})
}

// Every ordinary person ends where Fate says, with duplicates and reordering on.
func TestPeople_EndWhereFateSays(t *testing.T) {
	const people = 2000
	for _, batch := range []int{1, 50} {
		t.Run(fmt.Sprintf("batch %d", batch), func(t *testing.T) {
			inBubble(t, func(c *sandbox.Config) { c.Tidy, c.Batch = false, batch }, func(w *world) {
				for i := range people {
					w.send(mobile(i), fmt.Sprint("cb", i))
				}
				w.settle()
				byPerson := map[string][]update{}
				distinct := map[string]bool{}
				overtaken := 0
				for _, u := range w.receiver.all() {
					if u.kind == "sent" && distinct["delivered"+u.id+u.from] && !distinct["sent"+u.id+u.from] {
						overtaken++
					}
					byPerson[u.from] = append(byPerson[u.from], u)
					distinct[u.kind+u.id+u.from] = true
				}
				repeated := len(w.receiver.all()) - len(distinct)
				if repeated < 20 || repeated > 150 {
					t.Errorf("%d of %d updates came twice, want about 1 %%", repeated, len(distinct))
				}
				if overtaken < 5 || overtaken > 60 {
					t.Errorf("delivered came before sent for %d of %d people, want about 1 %%", overtaken, people)
				}
				for i := range people {
					story := sandbox.Fate(7, mobile(i))
					if !story.Accepted() {
						continue
					}
					if got := endOf(byPerson[story.WAID], story.WAID, fmt.Sprint("cb", i)); got != story.End() {
						t.Errorf("person %d ended %q, want %q", i, got, story.End())
					}
				}
				if n := len(w.receiver.at); batch > 1 && n > len(w.receiver.updates)*9/10 {
					t.Errorf("%d updates in %d webhooks: nothing was batched", len(w.receiver.updates), n)
				}
			})
		})
	}
}

func TestPeople_Replies(t *testing.T) {
	t.Run("a button carries its payload and the context", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			id := w.send("+5511975500040", "").id()
			w.settle()
			got := last(w)
			if got.kind != "button" || got.payload != "yes:1" || got.text != "Quero ver" || got.context != id {
				t.Errorf("got %+v", got)
			}
		})
	})
	t.Run("the opt-out button is another one", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			w.send("+5511975500060", "")
			w.settle()
			if got := last(w); got.payload != "stop:1" || got.text != "Parar promoções" {
				t.Errorf("got %+v", got)
			}
			w.send("+5511975500060", "")
			if got := w.box.Summary().AfterOptOut; got != 1 {
				t.Errorf("%d messages after an opt-out, want 1", got)
			}
		})
	})
	t.Run("without a button it is a text with context", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			id := w.post(`{"messaging_product":"whatsapp","to":"+5511975500040","type":"template","template":{"name":"aviso_simples","language":{"code":"pt_BR"}}}`).id()
			w.settle()
			if got := last(w); got.kind != "text" || got.context != id || got.text != "Sim, por favor" {
				t.Errorf("got %+v", got)
			}
		})
	})
	t.Run("a typed text has no context", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			w.send("+5511975500030", "")
			w.settle()
			if got := last(w); got.kind != "text" || got.context != "" {
				t.Errorf("got %+v", got)
			}
		})
	})
	t.Run("a free-form message needs an open window and gets no reaction", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			w.post(text("+5511975500040", "oi"))
			w.settle()
			if got := last(w); got.kind != "failed" || got.code != 131047 {
				t.Errorf("before they wrote: %+v", got)
			}
			if _, err := w.box.Say(sandbox.Inbound{From: "+5511975500040", Text: "olá"}); err != nil {
				t.Fatal(err)
			}
			w.settle()
			w.post(text("+5511975500040", "oi"))
			w.settle()
			if got := last(w); got.kind != "read" || got.category != "" {
				t.Errorf("after they wrote: %+v", got)
			}
			time.Sleep(25 * time.Hour)
			w.post(text("+5511975500040", "oi"))
			w.settle()
			if got := last(w); got.code != 131047 {
				t.Errorf("a day later: %+v", got)
			}
		})
	})
}

func last(w *world) update {
	w.Helper()
	all := w.receiver.all()
	if len(all) == 0 {
		w.Fatal("no webhook came")
	}
	return all[len(all)-1]
}
