package arauto_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"arauto"
)

func TestOutgoing_Total(t *testing.T) {
	known := []arauto.EventKind{
		arauto.EventIntended, arauto.EventAccepted, arauto.EventRefused, arauto.EventDeferred, arauto.EventLost,
		arauto.EventSent, arauto.EventDelivered, arauto.EventRead, arauto.EventFailed,
	}
	refused := map[string]bool{}
	for _, s := range arauto.OutgoingStates() {
		if s != arauto.OutgoingQueued {
			refused[string(s)+" intended"] = true // whatever has left once is never posted again by itself
		}
		if s.Done() && s != arauto.OutgoingFailed {
			refused[string(s)+" deferred"] = true
		}
	}
	for _, e := range known {
		if e != arauto.EventIntended && e != arauto.EventRefused {
			refused["queued "+string(e)] = true
		}
	}
	for _, s := range []string{"accepted", "sent", "delivered", "read"} {
		refused[s+" refused"] = true
	}
	for _, s := range arauto.OutgoingStates() {
		for _, e := range arauto.EventKinds() {
			got, err := arauto.Outgoing{State: s, DeadlineAt: base.Add(time.Hour)}.Apply(arauto.Event{Kind: e, At: base})
			want := refused[string(s)+" "+string(e)] || !slices.Contains(known, e)
			if (err != nil) != want || !slices.Contains(arauto.OutgoingStates(), got.State) {
				t.Errorf("%s, %s: %s, %v", s, e, got.State, err)
			}
		}
	}
}

// TestOutgoing_Lives: it leaves at most as often as it was certainly refused before, never after its deadline, and
// what was delivered stays so.
func TestOutgoing_Lives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := arauto.Outgoing{State: arauto.OutgoingQueued, DeadlineAt: base.Add(arauto.OutgoingPatience)}
		posted, certain, now := 0, 0, base
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "later")) * time.Second)
			was := o
			next, err := o.Apply(arauto.Event{Kind: rapid.SampledFrom(arauto.EventKinds()).Draw(t, "event"), At: now, Due: now.Add(o.Backoff())})
			if err != nil {
				continue
			}
			o = next
			if o.State == arauto.OutgoingOpen && was.State == arauto.OutgoingQueued {
				posted++
			}
			if o.State == arauto.OutgoingQueued && was.State == arauto.OutgoingOpen {
				certain++
				if o.DueAt.After(o.DeadlineAt) {
					t.Fatalf("due after its deadline: %+v", o)
				}
			}
			if posted > certain+1 || posted > arauto.OutgoingTries {
				t.Fatalf("posted %d times, certainly refused %d times", posted, certain)
			}
			if was.State == arauto.OutgoingRead && o.State != arauto.OutgoingRead {
				t.Fatalf("read, then %s", o.State)
			}
		}
	})
}

func TestOutgoing_Ref(t *testing.T) {
	epoch, id, ok := arauto.ParseOutgoingRef(arauto.Outgoing{Epoch: 1782604799, ID: 42}.Ref())
	if epoch != 1782604799 || id != 42 || !ok {
		t.Errorf("%d, %d, %v", epoch, id, ok)
	}
	if _, _, ok := arauto.ParseOutgoingRef(arauto.AttemptRef(5, 6)); ok {
		t.Error("an attempt's is taken for a reply's")
	}
	if _, _, ok := arauto.ParseAttemptRef(arauto.OutgoingRef(5, 6)); ok {
		t.Error("a reply's is taken for an attempt's")
	}
}

func TestSaying_Check(t *testing.T) {
	wrote := base.Add(-time.Hour)
	talk := arauto.Conversation{State: arauto.ConversationAssigned, WindowAt: wrote}
	stop := func(scope arauto.SuppressionScope, at time.Time) []arauto.Suppression {
		return []arauto.Suppression{{Scope: scope, CreatedAt: at}}
	}
	promo := &arauto.Template{Name: "promo", Category: "MARKETING", Status: arauto.TemplateApproved}
	notice := &arauto.Template{Name: "aviso", Category: "UTILITY", Status: arauto.TemplateApproved}
	for name, c := range map[string]struct {
		say   arauto.Saying
		at    time.Time
		field string
	}{
		"inside the window":             {say: arauto.Saying{Conversation: talk, Text: "Oi"}},
		"as it ends":                    {say: arauto.Saying{Conversation: talk, Text: "Oi"}, at: wrote.Add(24 * time.Hour), field: "window"},
		"just before":                   {say: arauto.Saying{Conversation: talk, Text: "Oi"}, at: wrote.Add(24*time.Hour - time.Millisecond)},
		"a template later":              {say: arauto.Saying{Conversation: talk, Template: promo}, at: base.Add(100 * time.Hour)},
		"nothing":                       {say: arauto.Saying{Conversation: talk, Text: " "}, field: "text"},
		"too long":                      {say: arauto.Saying{Conversation: talk, Text: strings.Repeat("ã", arauto.MaxText+1)}, field: "text"},
		"closed":                        {say: arauto.Saying{Conversation: arauto.Conversation{State: arauto.ConversationClosed}, Text: "Oi"}, field: "state"},
		"a paused template":             {say: arauto.Saying{Conversation: talk, Template: &arauto.Template{Status: "PAUSED"}}, field: "template_id"},
		"no marketing, an answer":       {say: arauto.Saying{Conversation: talk, Text: "Oi", Stops: stop(arauto.SuppressMarketing, base)}},
		"no marketing, a notice":        {say: arauto.Saying{Conversation: talk, Template: notice, Stops: stop(arauto.SuppressMarketing, base)}},
		"no marketing, and it is":       {say: arauto.Saying{Conversation: talk, Template: promo, Stops: stop(arauto.SuppressMarketing, base)}, field: "suppression"},
		"stopped with the last message": {say: arauto.Saying{Conversation: talk, Text: "Oi", Stops: stop(arauto.SuppressAll, wrote)}, field: "suppression"},
		"stopped, then wrote":           {say: arauto.Saying{Conversation: talk, Text: "Oi", Stops: stop(arauto.SuppressAll, wrote.Add(-time.Minute))}},
		"stopped, then wrote, template": {say: arauto.Saying{Conversation: talk, Template: notice, Stops: stop(arauto.SuppressAll, wrote.Add(-time.Minute))}, field: "suppression"},
		"stopped, automatic":            {say: arauto.Saying{Conversation: talk, Text: "Oi", Automatic: true, Stops: stop(arauto.SuppressMarketing, base)}, field: "suppression"},
		"an audio with a text":          {say: arauto.Saying{Conversation: talk, Text: "Oi", Attachment: &arauto.Attachment{Kind: "audio", State: arauto.AttachmentHere}}, field: "text"},
		"a file that is not here":       {say: arauto.Saying{Conversation: talk, Attachment: &arauto.Attachment{Kind: "image", State: arauto.AttachmentGone}}, field: "attachment_uuid"},
	} {
		at := c.at
		if at.IsZero() {
			at = base
		}
		if err := c.say.Check(at); faultOf(err) != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttachment_Total(t *testing.T) {
	for _, s := range arauto.AttachmentStates() {
		for _, e := range arauto.AttachmentEvents() {
			got := s.Apply(e)
			forgotten := s == arauto.AttachmentHere && e == arauto.AttachmentForget
			if !slices.Contains(arauto.AttachmentStates(), got) || s != arauto.AttachmentWaiting && (got != s) != forgotten || forgotten && got != arauto.AttachmentGone {
				t.Errorf("%s, %s: %s", s, e, got)
			}
		}
	}
}

func TestFiles(t *testing.T) {
	for want, head := range map[string]string{
		"image/jpeg": "\xff\xd8\xff\xe0", "image/png": "\x89PNG\r\n\x1a\n..", "image/webp": "RIFF....WEBP", "audio/ogg": "OggS\x00", "audio/mpeg": "ID3\x04",
		"video/mp4": "\x00\x00\x00\x20ftypisom", "video/3gpp": "\x00\x00\x00\x20ftyp3gp5", "audio/mp4": "\x00\x00\x00\x20ftypM4A ", "application/pdf": "%PDF-1.7",
		"application/zip": "PK\x03\x04", "application/x-msdownload": "MZ\x90", "text/html": "\ufeff  <!DOCTYPE html>", "image/svg+xml": "<svg onload=alert(1)>", "text/plain": "nome;telefone\n",
		"application/octet-stream": "\x00\x01\x02",
	} {
		if got := arauto.SniffFile([]byte(head)); got != want {
			t.Errorf("%q: %s, want %s", head, got, want)
		}
	}
	for _, c := range []struct {
		kind, fileType string
		size           int64
		good           bool
	}{
		{"image", "image/jpeg", 5 << 20, true},
		{"image", "image/jpeg", 5<<20 + 1, false},
		{"image", "text/html", 10, false},
		{"document", "text/html", 10, false},
		{"document", "application/pdf", 100 << 20, true},
		{"document", "text/plain", 0, false},
		{"audio", "audio/ogg", 9, true},
		{"video", "image/png", 9, false},
		{"sticker", "image/webp", 500 << 10, true},
		{"moon", "image/png", 9, false},
		{"document", "application/x-msdownload", 9, false},
	} {
		if err := arauto.CheckFile(c.kind, c.fileType, c.size); (err == nil) != c.good {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
