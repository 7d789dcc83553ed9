package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

// inbound makes somebody act and is the value that tells it.
func (w *world) inbound(body string) map[string]any {
	w.Helper()
	if a := w.call("POST", "/_sandbox/inbound", body); a.status != 200 {
		w.Fatalf("%s answered %d %s", body, a.status, a.raw)
	}
	w.settle()
	return w.event("messages")
}

func TestInbound_Kinds(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		for _, c := range []struct{ body, at, want string }{
			{`"text":"oi"`, "messages.0.text.body", "oi"},
			{`"button":"Sim","payload":"p"`, "messages.0.button.payload", "p"},
			{`"type":"interactive","content":{"type":"list_reply","list_reply":{"id":"7","title":"Sete"}}`, "messages.0.interactive.list_reply.id", "7"},
			{`"type":"reaction","content":{"message_id":"wamid.x","emoji":"👍"}`, "messages.0.reaction.emoji", "👍"},
			{`"type":"location","content":{"latitude":-23.5,"longitude":-46.6}`, "messages.0.location.latitude", "-23.5"},
			{`"type":"unsupported"`, "messages.0.errors.0.code", "131051"},
			{`"media":{"type":"image","caption":"olha"}`, "messages.0.image.caption", "olha"},
			{`"media":{"type":"document","filename":"a.pdf"}`, "messages.0.document.filename", "a.pdf"},
			{`"media":{"type":"audio","voice":true}`, "messages.0.audio.voice", "true"},
			{`"text":"oi","username":"@ana"`, "contacts.0.profile.username", "@ana"},
			{`"text":"oi","name":"Ana"`, "contacts.0.profile.name", "Ana"},
			{`"text":"oi","hide_phone":true`, "messages.0.from", "<nil>"},
			{`"text":"oi","hide_phone":true`, "contacts.0.wa_id", "<nil>"},
			{`"text":"oi","hide_phone":true`, "messages.0.from_user_id", sandbox.Fate(7, reader).UserID},
		} {
			v := w.inbound(`{"from":"` + reader + `",` + c.body + `}`)
			if got := fmt.Sprint(dig(v, c.at)); got != c.want {
				t.Errorf("%s: %s is %q, want %q in %v", c.body, c.at, got, c.want, v)
			}
			if kind := fmt.Sprint(dig(v, "messages.0.type")); !strings.Contains(c.body, kind) {
				t.Errorf("%s: type %s", c.body, kind)
			}
		}
		for _, bad := range []string{
			`"text":"a","media":{"type":"image"}`, `"media":{"type":"fax"}`, `"media":{"type":"image","data":"%"}`, `"type":"order"`,
			`"text":"a","to":"7"`, `"preference":"maybe"`, `"moved_to":"x"`, `"text":"a","ad":{},"referral":{}`, `"text":"a","ad":{"media":"gif"}`,
			`"text":"a","ad":{"clid":"x"}`, `"txt":"a"`,
		} {
			if a := w.call("POST", "/_sandbox/inbound", `{"from":"`+reader+`",`+bad+`}`); a.status != 400 {
				t.Errorf("%s answered %d", bad, a.status)
			}
		}
	})
}

func TestInbound_MediaCanBeFetched(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		v := w.inbound(`{"from":"` + reader + `","media":{"type":"image","mime_type":"image/jpeg","data":"Zm90bw=="}}`)
		about := w.call("GET", "/v25.0/"+fmt.Sprint(dig(v, "messages.0.image.id")), "")
		if about.body["sha256"] != dig(v, "messages.0.image.sha256") {
			t.Errorf("object %s, told %v", about.raw, v)
		}
		if status, kind, data := w.fetch(fmt.Sprint(about.body["url"]), token); status != 200 || kind != "image/jpeg" || data != "foto" {
			t.Errorf("downloaded %d %s %q", status, kind, data)
		}
	})
}

func TestInbound_Ads(t *testing.T) {
	for name, c := range map[string]struct {
		ad   string
		has  []string
		lack []string
	}{
		"image":        {`{}`, []string{"image_url", "ctwa_clid", "source_id", "source_url", "headline"}, []string{"video_url", "thumbnail_url", "welcome_message"}},
		"video":        {`{"media":"video","welcome":"Oi!"}`, []string{"video_url", "thumbnail_url", "ctwa_clid", "welcome_message"}, []string{"image_url"}},
		"neither":      {`{"media":"none"}`, []string{"ctwa_clid"}, []string{"media_type", "image_url", "video_url"}},
		"no clid":      {`{"clid":"omit"}`, []string{"image_url"}, []string{"ctwa_clid"}},
		"Status":       {`{"status":true}`, []string{"image_url"}, []string{"ctwa_clid"}},
		"empty clid":   {`{"clid":"empty"}`, []string{"ctwa_clid"}, nil},
		"post, own":    {`{"source":"post","id":"77","headline":"H","body":"B"}`, []string{"source_id"}, nil},
		"not the same": {`{"id":"78"}`, []string{"ctwa_clid"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(w *world) {
				v := w.inbound(`{"from":"` + reader + `","media":{"type":"audio"},"ad":` + c.ad + `}`)
				referral, _ := dig(v, "messages.0.referral").(map[string]any)
				for _, key := range c.has {
					if _, ok := referral[key]; !ok {
						t.Errorf("no %s in %v", key, referral)
					}
				}
				for _, key := range c.lack {
					if _, ok := referral[key]; ok {
						t.Errorf("%s in %v", key, referral)
					}
				}
				if clid, ok := referral["ctwa_clid"]; ok && (clid == "") != (name == "empty clid") {
					t.Errorf("clid %q", clid)
				}
			})
		})
	}
}

// Somebody who came by an ad and is answered within a day costs nothing for three.
func TestInbound_FreeEntryPoint(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		w.inbound(`{"from":"` + reader + `","text":"oi","ad":{}}`)
		price := func() string {
			w.send(reader, "")
			w.settle()
			for _, v := range w.events("messages") {
				if dig(v, "statuses.0.status") == "sent" {
					defer func() { w.receiver.bodies = nil }()
					return fmt.Sprint(dig(v, "statuses.0.pricing.type"), " ", dig(v, "statuses.0.pricing.category"), " ", dig(v, "statuses.0.conversation.origin.type"))
				}
			}
			return ""
		}
		if got := price(); got != "free_entry_point referral_conversion referral_conversion" {
			t.Errorf("at once: %s", got)
		}
		time.Sleep(71 * time.Hour)
		if got := price(); got != "free_entry_point referral_conversion referral_conversion" {
			t.Errorf("in the third day: %s", got)
		}
		time.Sleep(2 * time.Hour)
		if got := price(); got != "regular marketing <nil>" {
			t.Errorf("after it: %s", got)
		}
		w.inbound(`{"from":"` + reader + `","text":"oi","ad":{}}`)
		w.receiver.bodies = nil
		time.Sleep(25 * time.Hour)
		if got := price(); got != "regular marketing <nil>" {
			t.Errorf("answered too late: %s", got)
		}
	})
}

func TestInbound_NewNumber(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		old, moved := sandbox.Fate(7, reader), sandbox.Fate(7, "+5521988887777")
		v := w.inbound(`{"from":"` + reader + `","moved_to":"+5521988887777"}`)
		want := map[string]any{"body": old.Name + " changed numbers", "type": "user_changed_user_id", "wa_id": moved.WAID, "user_id": moved.UserID}
		if diff := cmp.Diff(want, dig(v, "messages.0.system")); diff != "" {
			t.Error(diff)
		}
		u := w.event("user_id_update")
		if dig(u, "user_id_update.0.user_id.previous") != old.UserID || dig(u, "user_id_update.0.user_id.current") != moved.UserID {
			t.Errorf("told %v", u)
		}
		hidden := w.inbound(`{"from":"` + reader + `","moved_to":"+5521988887777","hide_phone":true}`)
		if dig(hidden, "messages.0.system.wa_id") != nil || dig(hidden, "messages.0.from") != nil {
			t.Errorf("told %v", hidden)
		}
	})
}

// Who has a user name is known by the user id alone, until their number is written to.
func TestUserNames(t *testing.T) {
	const nameless = "+5511975500183"
	story := sandbox.Fate(7, nameless)
	byID := strings.Replace(offer("X", "cb"), `"to":"X"`, `"recipient":"`+story.UserID+`"`, 1)
	inBubble(t, nil, func(w *world) {
		if v := w.inbound(`{"from":"` + nameless + `","text":"oi"}`); dig(v, "messages.0.from") != nil || dig(v, "contacts.0.profile.username") == nil {
			t.Errorf("before anything: %v", v)
		}
		w.receiver.bodies, w.receiver.updates = nil, nil
		w.post(byID)
		w.settle()
		for _, v := range w.events("messages") {
			if strings.Contains(fmt.Sprint(v), story.WAID) || !strings.Contains(fmt.Sprint(v), story.UserID) {
				t.Errorf("tells the number or not the id: %v", v)
			}
		}
		if got := w.receiver.kinds(); got != "sent delivered read text" {
			t.Errorf("told %q", got)
		}
		w.send(nameless, "")
		w.settle()
		if got := last(w); got.from != story.WAID {
			t.Errorf("once the number was written to: %+v", got)
		}
		if v := w.inbound(`{"from":"` + nameless + `","text":"oi"}`); dig(v, "messages.0.from") != story.WAID {
			t.Errorf("and from then on: %v", v)
		}
	})
	t.Run("a code is sent to numbers only", func(t *testing.T) {
		w := newWorld(t, nil)
		if err := w.box.AddTemplate(sandbox.Template{Name: "codigo", Language: "pt_BR", Category: "AUTHENTICATION", Components: []sandbox.Component{{Type: "BODY", Text: "Seu código"}}}); err != nil {
			t.Fatal(err)
		}
		body := `{"messaging_product":"whatsapp",%s,"type":"template","template":{"name":"codigo","language":{"code":"pt_BR"}}}`
		if a := w.post(fmt.Sprintf(body, `"recipient":"`+story.UserID+`"`)); a.code() != 131062 {
			t.Errorf("to a user id: %s", a.raw)
		}
		if a := w.post(fmt.Sprintf(body, `"to":"`+nameless+`"`)); a.code() != 0 {
			t.Errorf("to the number: %s", a.raw)
		}
	})
	t.Run("failed", func(t *testing.T) {
		inBubble(t, nil, func(w *world) {
			story := sandbox.Fate(7, "+5511975500193")
			w.post(strings.Replace(offer("X", "cb"), `"to":"X"`, `"recipient":"`+story.UserID+`"`, 1))
			w.settle()
			v := w.event("messages")
			if dig(v, "statuses.0.recipient_user_id") != story.UserID || dig(v, "statuses.0.recipient_id") != nil || dig(v, "contacts") != nil {
				t.Errorf("told %v", v)
			}
		})
	})
}

func TestCrowd(t *testing.T) {
	run := func(seed int64) (all []update) {
		inBubble(t, func(c *sandbox.Config) { c.Seed, c.Workers, c.Repeatable = seed, 1, true }, func(w *world) {
			a := w.call("POST", "/_sandbox/crowd", `{"people":400,"over":"40s","hidden":25}`)
			if a.body["first"] != "+5511961000000" || a.body["last"] != "+5511961000399" {
				t.Fatalf("answered %s", a.raw)
			}
			time.Sleep(20*time.Second + 50*time.Millisecond)
			if got := len(w.receiver.all()); got != 201 {
				t.Errorf("%d came in half the time", got)
			}
			w.settle()
			all = w.receiver.all()
			for _, bad := range []string{`{}`, `{"people":1,"first":"x"}`, `{"people":1,"to":"7"}`, `{"people":1,"over":"-1s"}`, `{"people":1,"hidden":101}`} {
				if a := w.call("POST", "/_sandbox/crowd", bad); a.status != 400 {
					t.Errorf("%s answered %d", bad, a.status)
				}
			}
		})
		return all
	}
	all := run(7)
	count := map[string]int{}
	for _, u := range all {
		for _, word := range []string{"image_url", "video_url", "ctwa_clid", "referral"} {
			if strings.Contains(u.raw, word) {
				count[word]++
			}
		}
		if u.from == "" {
			count["hidden"]++
		}
	}
	for word, between := range map[string][2]int{"referral": {400, 400}, "image_url": {240, 320}, "video_url": {75, 125}, "ctwa_clid": {330, 385}, "hidden": {70, 130}} {
		if n := count[word]; n < between[0] || n > between[1] {
			t.Errorf("%d of %d have %s, want %v", n, len(all), word, between)
		}
	}
	options := cmp.AllowUnexported(update{})
	if diff := cmp.Diff(all, run(7), options); diff != "" {
		t.Errorf("another crowd with the same seed: %s", diff)
	}
	if cmp.Equal(all, run(8), options) {
		t.Error("the same crowd with another seed")
	}
}
