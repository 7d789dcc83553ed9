package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testPersonFiles: a person's files are those of all their conversations, whichever way they went, and what their ads
// showed; page by page, also of who was merged into them, and of nobody else.
func testPersonFiles(t *testing.T, s *store.Store) {
	m := newTeam(t, s, 3, 5)
	ctx, a, hers := t.Context(), m.account.ID, phoneOf(0).PersonKey()
	sends := func(i int, id string, after time.Duration, media arauto.MediaIn) {
		t.Helper()
		f := m.typed(i, id, "")
		f.At, f.PhoneNumberID = base().Add(after), m.business.sender.PhoneNumberID
		f.Reply.Kind, f.Reply.Media = media.Kind, media
		m.facts(f)
	}
	m.facts(m.clicking(0, "wamid.P1", time.Minute, ad("120", "AR1")))
	sends(0, "wamid.P2", 2*time.Minute, arauto.MediaIn{Kind: "audio", ID: "1002003004005", Type: "audio/ogg"})
	sends(1, "wamid.P3", 3*time.Minute, arauto.MediaIn{Kind: "image", ID: "1002003004006", Type: "image/jpeg"})
	talks, err := s.FindConversations(ctx, a, arauto.ConversationFilter{}, 0, 10)
	ok(t, err)
	first := talks[len(talks)-1]
	_, err = s.EndConversation(ctx, ana(a), base().Add(4*time.Minute), a, first.ID, arauto.Closing{})
	ok(t, err)
	sends(0, "wamid.P4", 5*time.Minute, arauto.MediaIn{Kind: "document", ID: "1002003004007", Type: "application/pdf", Name: "conta.pdf"})
	second, err := s.FindConversations(ctx, a, arauto.ConversationFilter{PersonKey: hers, Open: true}, 0, 10)
	ok(t, err)
	ready, err := s.Attach(ctx, ana(a), base().Add(6*time.Minute), arauto.Attachment{Account: a, Conversation: second[0].ID, Source: arauto.AttachmentUpload, Kind: "image", Name: "foto.jpg", Blob: "1/attachment/x.0"})
	ok(t, err)

	type line struct {
		Direction arauto.FileDirection
		Kind      string
		At        time.Duration
		Talk      string
		Message   bool
	}
	read := func(account int64, key string, size int) (lines []line) {
		t.Helper()
		for after, n := int64(0), size; n == size; {
			list, err := s.FilesOfPerson(ctx, account, key, after, size)
			ok(t, err)
			for _, f := range list {
				lines, after = append(lines, line{f.Direction, f.Kind, f.At.Sub(base()), f.Talk, f.Message != 0}), f.ID
			}
			n = len(list)
		}
		return lines
	}
	want := []line{
		{arauto.FileAd, "image", time.Minute, first.UUID, false},
		{arauto.FileIn, "audio", 2 * time.Minute, first.UUID, true},
		{arauto.FileIn, "document", 5 * time.Minute, second[0].UUID, true},
		{arauto.FileOut, "image", 6 * time.Minute, second[0].UUID, false},
	}
	for _, size := range []int{1, 2, 4, 100} {
		same(t, "hers", read(a, hers, size), want)
	}
	list, err := s.FilesOfPerson(ctx, a, hers, ready.ID-1, 10)
	ok(t, err)
	same(t, "as it is kept", list[0].Attachment, ready)
	same(t, "who sent nothing", read(a, phoneOf(2).PersonKey(), 10), nil)
	same(t, "another account", read(newAccount(t, s, "b").ID, hers, 10), nil)

	his := read(a, phoneOf(1).PersonKey(), 10)
	same(t, "his", []any{len(his), his[0].Kind}, []any{1, "image"})
	_, err = s.MergePersons(ctx, ana(a), base().Add(7*time.Minute), a, phoneOf(1).PersonKey(), hers)
	ok(t, err)
	for _, key := range []string{hers, phoneOf(1).PersonKey()} {
		same(t, "both, once merged", len(read(a, key, 3)), len(want)+1)
	}
}
