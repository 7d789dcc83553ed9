package arauto_test

import (
	"testing"
	"time"

	"arauto"
)

func TestRetention(t *testing.T) {
	for _, c := range []struct {
		r                         arauto.Retention
		webhooks, files, messages int // days; -1 = for good
		attachments               int
	}{
		{arauto.Retention{}, 30, 90, -1, -1},
		{arauto.Retention{WebhookDays: 8, FileDays: 1, MessageDays: 365, AttachmentDays: 30}, 8, 1, 365, 30},
		{arauto.Retention{WebhookDays: -1, FileDays: -1, MessageDays: -1, AttachmentDays: -1}, -1, -1, -1, -1},
	} {
		if err := (arauto.Rules{Retention: c.r}).Check(); err != nil {
			t.Error(err)
		}
		for name, got := range map[string][2]time.Time{
			"webhooks": {c.r.Webhooks(base), kept(c.webhooks)}, "files": {c.r.Files(base), kept(c.files)}, "messages": {c.r.Messages(base), kept(c.messages)},
			"attachments": {c.r.Attachments(base), kept(c.attachments)},
		} {
			if !got[0].Equal(got[1]) {
				t.Errorf("%+v keeps %s since %s, want %s", c.r, name, got[0], got[1])
			}
		}
	}
	for field, bad := range map[string]arauto.Retention{
		"rules.retention.webhook_days": {WebhookDays: 7}, "rules.retention.file_days": {FileDays: -2}, "rules.retention.message_days": {MessageDays: 4000},
		"rules.retention.attachment_days": {AttachmentDays: 4000},
	} {
		if err := (arauto.Rules{Retention: bad}).Check(); arauto.KindOf(err) != arauto.KindInvalid || faultOf(err) != field {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func kept(days int) time.Time {
	if days < 0 {
		return time.Time{}
	}
	return base.AddDate(0, 0, -days)
}
