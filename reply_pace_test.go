package arauto

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whenever it is asked, and however much is taken of what it allows, no second sees more than the rate and a tenth, and
// who asks often and takes all there is gets all of the rate.
func TestReplyPace_MeetsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.SampledFrom([]int{1, 3, 20, 80, 1000}).Draw(t, "perSecond")
		greedy := rapid.Bool().Draw(t, "greedy")
		now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
		began := now
		var p ReplyPace
		var left []time.Time
		for now.Sub(began) < 4*time.Second {
			room := p.Room(now, perSecond)
			if again := p.Again(perSecond); (room == 0) != again.After(now) {
				t.Fatalf("room for %d at %s, again at %s", room, now, again)
			}
			if !greedy && room > 0 {
				room = rapid.IntRange(0, room).Draw(t, "taken")
			}
			p = p.Sent(now, perSecond, room)
			for range room {
				left = append(left, now)
			}
			now = now.Add(time.Duration(rapid.IntRange(5, 50).Draw(t, "ms")) * time.Millisecond)
		}
		burst := max(2, perSecond/10)
		for i, from := range left {
			n := 0
			for _, at := range left[i:] {
				if at.Sub(from) < time.Second {
					n++
				}
			}
			if n > perSecond+burst {
				t.Fatalf("%d in a second at %d", n, perSecond)
			}
		}
		if int64(len(left)) != p.N || greedy && len(left) < int(float64(perSecond)*now.Sub(began).Seconds())-burst-1 {
			t.Fatalf("%d left, counted %d, in %s at %d a second", len(left), p.N, now.Sub(began), perSecond)
		}
	})
}
