package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// patience is how long a server may be away while something is followed: a restart is no reason to stop.
const patience = 2 * time.Minute

// follow reads path again and again and draws what see makes of it, until see says that it is over.
func follow[T any](ctx context.Context, c *client, path string, every time.Duration, line *progress, see func(time.Time, T) (string, bool)) (last json.RawMessage, err error) {
	heard := time.Now()
	for {
		var got T
		raw, err := c.get(ctx, path, &got)
		now := time.Now()
		switch {
		case err == nil:
			heard, last = now, raw
			text, over := see(now, got)
			line.draw(now, text)
			if over {
				return last, nil
			}
		case !passing(err) || now.Sub(heard) > patience:
			return last, err
		default:
			line.draw(now, "No answer from the server; trying again.")
		}
		if err := pause(ctx, every); err != nil {
			return last, err
		}
	}
}

// passing says that the same question may be answered later.
func passing(err error) bool {
	if _, ok := errors.AsType[lost](err); ok {
		return true
	}
	p, ok := errors.AsType[*problem](err)
	return ok && (p.Status >= 500 || p.retryAfter > 0)
}

// progress is a line that is redrawn on a terminal, and printed now and then elsewhere.
type progress struct {
	s     *screen
	shown string
	next  time.Time // elsewhere: not before
}

// plainEvery keeps a log readable.
const plainEvery = 10 * time.Second

func (s *screen) progress() *progress { return &progress{s: s} }

func (p *progress) draw(now time.Time, text string) {
	text = plain(text)
	switch {
	case text == p.shown:
		return
	case p.s.Live:
		_, _ = fmt.Fprint(p.s.Err, "\r\x1b[K"+fit(text, p.s.Width-1))
	case now.Before(p.next):
		return
	default:
		p.s.note("%s", text)
		p.next = now.Add(plainEvery)
	}
	p.shown = text
}

// patient says nothing for a while where lines stay: what is done by then needs no progress.
func (p *progress) patient(now time.Time) *progress {
	p.next = now.Add(plainEvery)
	return p
}

// end leaves the last line where it is and goes below it.
func (p *progress) end() {
	if p.s.Live && p.shown != "" {
		p.s.note("")
	}
	p.shown = ""
}

// fit cuts s to width columns. What is drawn has one column per rune, or near enough.
func fit(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:max(0, width-1)]) + "…"
}

const barWidth = 20

// bar shows done of total; nothing is known of a total of 0.
func bar(done, total int64) string {
	if total <= 0 {
		return "[" + strings.Repeat(" ", barWidth) + "]   -"
	}
	done = min(max(done, 0), total)
	full := int(done * barWidth / total)
	return fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), done*100/total)
}

// pace is how fast a count grows, over the last few looks.
type pace struct {
	at   []time.Time
	seen []int64
}

const paceLooks = 15

func (p *pace) of(now time.Time, n int64) float64 {
	p.at, p.seen = append(p.at, now), append(p.seen, n)
	if len(p.at) > paceLooks {
		p.at, p.seen = p.at[1:], p.seen[1:]
	}
	span := now.Sub(p.at[0]).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(n-p.seen[0]) / span
}
