package arauto

import "time"

// A ReplyPace keeps what conversations send by one sender within its rate (the generic cell rate algorithm). It is as
// stored: any node may have sent the last one. Campaigns of the sender give way to it: N tells them how much was sent.
type ReplyPace struct {
	N       int64     // sent ever
	ClearAt time.Time // when the rate will have made up for all of them
}

// Room is how many may leave at now, at so many a second: up to a tenth of a second's at once, and at least two. A
// rate of 0 is DefaultRate.
func (p ReplyPace) Room(now time.Time, perSecond int) int {
	each, burst := replySteps(perSecond)
	free := burst
	if ahead := p.ClearAt.Sub(now); ahead > 0 {
		free -= ahead
	}
	return max(0, int(free/each))
}

// Sent is the pace after n more have left at now.
func (p ReplyPace) Sent(now time.Time, perSecond, n int) ReplyPace {
	each, _ := replySteps(perSecond)
	p.N += int64(n)
	p.ClearAt = later(p.ClearAt, now).Add(time.Duration(n) * each)
	return p
}

// Again is when the next may leave; now or before: at once.
func (p ReplyPace) Again(perSecond int) time.Time {
	each, burst := replySteps(perSecond)
	return p.ClearAt.Add(each - burst)
}

func replySteps(perSecond int) (each, burst time.Duration) {
	if perSecond <= 0 {
		perSecond = DefaultRate
	}
	each = time.Second / time.Duration(perSecond)
	return each, each * time.Duration(max(2, perSecond/10))
}
