package whatsapp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"arauto"
)

// Capacity asks Meta how fast the sender's number may send and how many people its portfolio may reach. The
// error is an *arauto.Error that says what to do.
//
// Vendor: GET /{phone-number-id}, MD/throughput and MD/messaging-limits.
func (c *Client) Capacity(ctx context.Context, s arauto.Sender) (arauto.Capacity, error) {
	var n struct {
		Throughput struct {
			Level string `json:"level"`
		} `json:"throughput"`
		Limit peopleLimit `json:"whatsapp_business_manager_messaging_limit"`
	}
	query := url.Values{"fields": {"throughput,whatsapp_business_manager_messaging_limit"}}
	if err := c.get(ctx, s, s.PhoneNumberID, "", query, maxAnswer, &n); err != nil {
		return arauto.Capacity{}, fmt.Errorf("read what a number may send: %w", err)
	}
	capacity := arauto.Capacity{People: n.Limit.people, PeopleSaid: n.Limit.said}
	if n.Throughput.Level != "" {
		capacity.Rate = rateOf(n.Throughput.Level)
	}
	return capacity, nil
}

// capabilityValue is a business_capability_update. The limit was each number's before it became the
// portfolio's (v24.0).
type capabilityValue struct {
	Business peopleLimit `json:"max_daily_conversations_per_business"`
	Phone    peopleLimit `json:"max_daily_conversation_per_phone"`
	Phones   peopleLimit `json:"max_daily_conversations_per_phone"`
}

func (d *decoder) capability(v capabilityValue) {
	for _, limit := range []peopleLimit{v.Business, v.Phones, v.Phone} {
		if limit.said {
			f := d.fact(arauto.FactCapacity, d.origin.At)
			f.Capacity = arauto.Capacity{People: limit.people, PeopleSaid: true}
			d.add(f)
			return
		}
	}
	d.other()
}

// peopleLimit is a messaging limit: a number, or a word such as TIER_250, TIER_2K or TIER_UNLIMITED. What is
// neither was not said, and is never an error.
type peopleLimit struct {
	people int // 0 = no limit
	said   bool
}

// UnmarshalJSON never fails.
func (l *peopleLimit) UnmarshalJSON(raw []byte) error {
	*l = peopleLimit{}
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = quoted
	}
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "TIER_")
	if text == "UNLIMITED" || text == "-1" {
		l.said = true
		return nil
	}
	times := 1
	for unit, factor := range map[string]int{"K": 1_000, "M": 1_000_000} {
		if number, found := strings.CutSuffix(text, unit); found {
			text, times = number, factor
		}
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 1_000_000_000/times {
		*l = peopleLimit{people: n * times, said: true}
	}
	return nil
}
