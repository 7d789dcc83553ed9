package storetest

import (
	"testing"
	"time"

	"arauto"
	"arauto/internal/store"
)

// testPastAttachments: old files are given up, again until they are forgotten; younger ones, an ad's picture and another
// account's stay.
func testPastAttachments(t *testing.T, s *store.Store) {
	ctx, a, b := t.Context(), newAccount(t, s, "a").ID, newAccount(t, s, "b").ID
	attach := func(account int64, at time.Time, source arauto.AttachmentSource) arauto.Attachment {
		v, err := s.Attach(ctx, ana(account), at, arauto.Attachment{Account: account, Source: source, Kind: "image", Name: "foto.jpg", SHA256: "ab", Blob: "1/attachment/x.0"})
		ok(t, err)
		return v
	}
	first, second := attach(a, base(), arauto.AttachmentUpload), attach(a, base().Add(time.Second), arauto.AttachmentMedia)
	stays := []arauto.Attachment{attach(a, base().Add(time.Hour), arauto.AttachmentUpload), attach(a, base(), arauto.AttachmentLink), attach(b, base(), arauto.AttachmentUpload)}
	past := func(limit int) (ids []int64) {
		list, err := s.PastAttachments(ctx, a, base().Add(time.Hour), limit)
		ok(t, err)
		for _, v := range list {
			ids = append(ids, v.ID)
			if v.Blob == "" {
				t.Errorf("file %d: nobody knows where it is", v.ID)
			}
		}
		return ids
	}
	same(t, "the oldest", past(1), []int64{first.ID})
	same(t, "both, as long as they are not forgotten", past(10), []int64{first.ID, second.ID})
	ok(t, s.ForgetAttachments(ctx, a, []int64{first.ID, second.ID}))
	same(t, "none is left", past(10), nil)
	for _, v := range []arauto.Attachment{first, second} {
		is, err := s.Attachment(ctx, a, v.UUID)
		ok(t, err)
		same(t, "what is left of it", []any{is.State, is.Name, is.Blob, is.SHA256, is.Detail != ""}, []any{arauto.AttachmentGone, "", "", "", true})
	}
	for _, v := range stays {
		is, err := s.Attachment(ctx, v.Account, v.UUID)
		ok(t, err)
		same(t, "what stays", is, v)
	}
}
