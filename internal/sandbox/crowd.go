package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// A Crowd is many people who come by ads of every kind and write for the first time.
type Crowd struct {
	People int      `json:"people"`
	First  string   `json:"first,omitempty"`  // number of the first, the others count up from it; "" is +55 11 96100-0000
	Over   Duration `json:"over,omitempty"`   // spread evenly over so long; 0 is at once
	To     string   `json:"to,omitempty"`     // phone number id; "" is the first
	Hidden float64  `json:"hidden,omitempty"` // percent whose number a user name hides
}

const maxCrowd = 1_000_000

// Gather makes a crowd come, and returns the numbers of its first and last. Who comes
// by which ad, and what they say, the seed decides: 60 % by an image, 25 % by a video,
// 5 % by an ad without either, 10 % from Status without a ctwa_clid. It returns an
// error if c makes no sense.
func (s *Sandbox) Gather(c Crowd) (first, last string, err error) {
	if c.First == "" {
		c.First = "+5511961000000"
	}
	digits, ok := parseNumber(c.First)
	_, found := s.number(c.To)
	switch {
	case c.People < 1 || c.People > maxCrowd:
		return "", "", fmt.Errorf("people is 1 to %d", maxCrowd)
	case !ok:
		return "", "", errors.New("first is not a phone number")
	case !found:
		return "", "", fmt.Errorf("to: number %q is not on the WABA", c.To)
	case c.Over < 0:
		return "", "", errors.New("over cannot be negative")
	case c.Hidden < 0 || c.Hidden > 100:
		return "", "", errors.New("hidden is a percent")
	}
	var start int64
	if _, err := fmt.Sscan(digits, &start); err != nil {
		return "", "", fmt.Errorf("read first: %w", err)
	}
	now := time.Now()
	nth := func(i int) string { return fmt.Sprintf("+%d", start+int64(i)) }
	for i := range c.People {
		after := time.Duration(float64(c.Over) * float64(i) / float64(c.People))
		s.queue.plan(now.Add(after), true, func() {
			if _, err := s.Say(c.member(s.seed.Load(), nth(i))); err != nil {
				s.cfg.Logger.Warn("nobody came", "err", err)
			}
		})
	}
	return nth(0), nth(c.People - 1), nil
}

// member is one of the crowd.
func (c Crowd) member(seed int64, number string) Inbound {
	d := roll(seed, "crowd", onlyDigits(number))
	in := Inbound{From: number, To: c.To, Ad: &Ad{}, HidePhone: d.chance(c.Hidden)}
	switch p := d.percent(); {
	case p < 60:
	case p < 85:
		in.Ad.Media = "video"
	case p < 90:
		in.Ad.Media = "none"
	default:
		in.Ad.Status = true
	}
	if d.chance(5) {
		in.Media = &InboundMedia{Type: "audio", Voice: true}
		return in
	}
	in.Text = pick(d, greetings)
	return in
}

var greetings = []string{
	"Olá! Vi o anúncio e quero saber mais", "Oi, ainda tem?", "Qual o preço?", "Quero falar com um vendedor",
	"Hola, ¿me pueden dar información?", "Vocês entregam no interior?", "Boa tarde!", "Tenho interesse",
}
