package main

import (
	"fmt"

	"arauto"
)

// retention is how many days each class of data is kept, as the API has it.
type retention struct {
	Webhook    int `json:"webhook_days"`
	File       int `json:"file_days"`
	Message    int `json:"message_days"`
	Attachment int `json:"attachment_days"`
}

// facts names each class as the API does.
func (r retention) facts() []string {
	return []string{
		"webhook_days", kept(r.Webhook, arauto.DefaultWebhookDays), "file_days", kept(r.File, arauto.DefaultFileDays),
		"message_days", kept(r.Message, arauto.DefaultMessageDays), "attachment_days", kept(r.Attachment, arauto.DefaultAttachmentDays),
	}
}

// kept is how long that is, in words.
func kept(days, standard int) string {
	switch {
	case days == 0:
		return kept(standard, standard) + ", the default"
	case days < 0:
		return "until you remove it"
	case days == 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", days)
}

// retentionFlags are what is to be kept for another time than so far.
type retentionFlags struct {
	WebhookDays    *int `placeholder:"N" help:"Keep what Meta posted for that many days; 0 = the default (30), -1 = until you remove it, at least 8."`
	FileDays       *int `placeholder:"N" help:"The same for uploads, rejects and exports of jobs that have ended; 0 = 90."`
	MessageDays    *int `placeholder:"N" help:"The same for the texts of conversations; 0 = until you remove them. What is older goes within ten minutes, and is not to be had back."`
	AttachmentDays *int `placeholder:"N" help:"The same for the files of conversations; 0 = until you remove them."`
}

// changes are the classes that were named.
func (k retentionFlags) changes() map[string]int {
	out := map[string]int{}
	for class, days := range map[string]*int{"webhook_days": k.WebhookDays, "file_days": k.FileDays, "message_days": k.MessageDays, "attachment_days": k.AttachmentDays} {
		if days != nil {
			out[class] = *days
		}
	}
	return out
}
