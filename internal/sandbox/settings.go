package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Duration is a time.Duration that JSON writes as "1m30s".
type Duration time.Duration

// MarshalJSON writes what time.ParseDuration reads.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads what time.ParseDuration reads.
func (d *Duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("a duration is text like \"1m30s\", not %s", raw)
	}
	read, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("read duration: %w", err)
	}
	*d = Duration(read)
	return nil
}

// The shapes of webhooks, chosen at Meta by the version of the subscription.
const (
	ShapeV23 = "v23" // statuses carry `conversation`, limits their older names
	ShapeV24 = "v24"
)

// Meta's bounds of one webhook.
const (
	maxBatch   = 1000
	maxWebhook = 3 << 20
)

// Delivery is how webhooks travel.
type Delivery struct {
	Batch int      `json:"batch"` // updates in one webhook at most, 1 to 1,000
	Twice float64  `json:"twice"` // percent of the updates of messages told twice, by seed
	Late  float64  `json:"late"`  // percent of them told late, so that others overtake them, by seed
	Delay Duration `json:"delay"` // between what happened and its first telling
	Shape string   `json:"shape"` // v23 or v24
}

// Delivery returns how webhooks travel.
func (s *Sandbox) Delivery() Delivery { return *s.delivery.Load() }

// SetDelivery changes how webhooks travel from now on. It returns an error if d makes
// no sense.
func (s *Sandbox) SetDelivery(d Delivery) error {
	switch {
	case d.Batch < 1 || d.Batch > maxBatch:
		return fmt.Errorf("batch is 1 to %d", maxBatch)
	case d.Twice < 0 || d.Twice > 100 || d.Late < 0 || d.Late > 100:
		return errors.New("twice and late are percents")
	case d.Delay < 0:
		return errors.New("delay cannot be negative")
	case d.Shape != ShapeV23 && d.Shape != ShapeV24:
		return fmt.Errorf("shape is %s or %s", ShapeV23, ShapeV24)
	}
	s.delivery.Store(&d)
	return nil
}
