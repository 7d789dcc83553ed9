package arauto

import "time"

// A Webhook is what a provider posted to us, byte for byte. It is durable before it is acknowledged.
type Webhook struct {
	ID         int64
	Account    int64
	App        int64
	State      WebhookState
	Tries      int
	Note       string
	Body       []byte
	ReceivedAt time.Time
}

// WebhookState is what became of a webhook.
type WebhookState string

const (
	WebhookNew       WebhookState = "new"       // durable, not applied yet
	WebhookApplied   WebhookState = "applied"   // every fact in it is in the tables
	WebhookOrphan    WebhookState = "orphan"    // speaks of a message that is not known yet: tried again
	WebhookUnmatched WebhookState = "unmatched" // speaks of a message that never became known
	WebhookBad       WebhookState = "bad"       // could not be read; kept for a person to look at
)
