package sandbox

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Number is a phone number that the business sends from.
type Number struct {
	ID           string `json:"id"`
	DisplayPhone string `json:"display_phone"` // as Meta shows it
	VerifiedName string `json:"verified_name"`
}

// number is a Number and how it fares.
type number struct {
	Number
	digits string

	mu        sync.Mutex
	mps       int // 0 is no limit
	rate      *rate.Limiter
	quality   string
	status    string
	busyUntil time.Time // maintenance: everything is refused with 131057
}

// standardThroughput is what Meta gives a number to begin with; 1,000 come with an
// upgrade, 20 if the number is also used by the WhatsApp Business app.
const standardThroughput = 80

func newNumber(n Number) *number {
	return &number{Number: n, digits: onlyDigits(n.DisplayPhone)}
}

func (n *number) begin(mps int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.quality, n.status, n.busyUntil = "GREEN", "CONNECTED", time.Time{}
	n.limit(mps)
}

// limit is called with mu held. The bucket is a new one: full.
func (n *number) limit(mps int) {
	n.mps = mps
	n.rate = rate.NewLimiter(rate.Limit(mps), mps)
}

// allows refuses what n may not send now.
func (n *number) allows(now time.Time) *graphError {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case now.Before(n.busyUntil):
		return refuse(131057, "the number's throughput is being upgraded")
	case n.status != "CONNECTED":
		return refuse(133010, "the number is %s", n.status)
	case n.mps > 0 && !n.rate.AllowN(now, 1):
		return refuse(130429, "more than %d messages in a second", n.mps)
	}
	return nil
}

// level is Graph's word for a throughput.
func level(mps int) string {
	if mps > standardThroughput {
		return "HIGH"
	}
	return "STANDARD"
}

// object is what Graph tells of a number.
func (s *Sandbox) numberObject(n *number) map[string]any {
	n.mu.Lock()
	defer n.mu.Unlock()
	return map[string]any{
		"id": n.ID, "display_phone_number": n.DisplayPhone, "verified_name": n.VerifiedName,
		"quality_rating": n.quality, "throughput": map[string]string{"level": level(n.mps)},
		"whatsapp_business_manager_messaging_limit": s.limits.tier(),
		"code_verification_status":                  "VERIFIED", "name_status": "APPROVED", "status": n.status,
		"platform_type": "CLOUD_API", "account_mode": "LIVE", "is_official_business_account": false,
	}
}

// number returns the one with that id; "" is the first.
func (s *Sandbox) number(id string) (*number, bool) {
	if id == "" {
		return s.numbers[0], true
	}
	i := slices.IndexFunc(s.numbers, func(n *number) bool { return n.ID == id })
	if i < 0 {
		return nil, false
	}
	return s.numbers[i], true
}

// A NumberChange is what happens to a number. Empty fields change nothing.
type NumberChange struct {
	ID                string   `json:"id"`      // phone number id; "" is the first
	Quality           string   `json:"quality"` // GREEN, YELLOW, RED
	Status            string   `json:"status"`  // CONNECTED; any other refuses messages with 133010
	MessagesPerSecond int      `json:"messages_per_second"`
	Maintenance       Duration `json:"maintenance"` // 131057 for so long; only then the new throughput holds and is told
}

// ChangeNumber changes a number, and tells a new throughput by webhook as
// phone_number_quality_update with the event THROUGHPUT_UPGRADE or, lower than
// before, DOWNGRADE. It returns an error if there is no such number.
func (s *Sandbox) ChangeNumber(c NumberChange) error {
	n, ok := s.number(c.ID)
	if !ok {
		return fmt.Errorf("number %q is not on the WABA", c.ID)
	}
	if c.Quality != "" && !slices.Contains([]string{"GREEN", "YELLOW", "RED", "UNKNOWN"}, c.Quality) {
		return fmt.Errorf("quality %q is not GREEN, YELLOW, RED or UNKNOWN", c.Quality)
	}
	if c.MessagesPerSecond < 0 || c.Maintenance < 0 {
		return fmt.Errorf("number %s: neither throughput nor maintenance can be negative", n.ID)
	}
	now := time.Now()
	n.mu.Lock()
	if c.Quality != "" {
		n.quality = c.Quality
	}
	if c.Status != "" {
		n.status = c.Status
	}
	n.busyUntil = now.Add(time.Duration(c.Maintenance))
	n.mu.Unlock()
	switch {
	case c.MessagesPerSecond == 0:
	case c.Maintenance > 0:
		s.queue.plan(n.busyUntil, false, func() { s.setThroughput(n, c.MessagesPerSecond) })
	default:
		s.setThroughput(n, c.MessagesPerSecond)
	}
	return nil
}

type numberQualityValue struct {
	DisplayPhone string `json:"display_phone_number"`
	Event        string `json:"event"`
	Current      string `json:"current_limit,omitempty"` // gone from the newest shape
	Max          string `json:"max_daily_conversations_per_business"`
}

func (s *Sandbox) setThroughput(n *number, mps int) {
	n.mu.Lock()
	before := n.mps
	n.limit(mps)
	n.mu.Unlock()
	v := numberQualityValue{DisplayPhone: n.digits, Event: "THROUGHPUT_UPGRADE", Max: s.limits.tier()}
	if before > mps {
		v.Event = "DOWNGRADE"
	}
	if s.delivery.Load().Shape == ShapeV23 {
		v.Current = "TIER_UNLIMITED" // so Meta writes the higher throughput
		if v.Event == "DOWNGRADE" {
			v.Current = v.Max
		}
	}
	s.announce("phone_number_quality_update", v)
}
