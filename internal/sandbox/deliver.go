package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	firstRetry = 200 * time.Millisecond
	collect    = 100 * time.Millisecond
)

// schedule puts the webhooks of a message that was just taken, or released, in the
// queue. Some are told twice and some late, as Delivery has it; which ones, the seed
// decides.
func (s *Sandbox) schedule(m *message, taken time.Time) {
	how := s.delivery.Load()
	seed := s.seed.Load()
	var reversed time.Duration
	if m.story.Reversed {
		reversed = s.later(m.story.DeliveredAfter + time.Second)
	}
	for _, step := range m.story.steps() {
		u := update{kind: step.kind, at: taken.Add(s.paced(step.after)), msg: m}
		due := u.at.Add(time.Duration(how.Delay))
		d := roll(seed, "noise", m.story.Phone, strconv.Itoa(m.nth), string(step.kind))
		late := s.later(d.between(300*time.Millisecond, 2*time.Second))
		if step.kind == kindSent {
			due = due.Add(reversed)
		}
		if d.chance(how.Late) {
			due = due.Add(late)
		}
		s.queue.add(s.collected(due), u)
		if d.chance(how.Twice) || m.story.Repeated {
			s.queue.add(s.collected(due.Add(late)), u)
		}
	}
}

// collected puts off what is due to the next tenth of a second, where updates are
// batched: otherwise none would be due together.
func (s *Sandbox) collected(due time.Time) time.Time {
	if s.cfg.Pace == 0 || s.delivery.Load().Batch <= 1 {
		return due
	}
	return due.Truncate(collect).Add(collect)
}

// paced is a person's delay at this sandbox's pace.
func (s *Sandbox) paced(d time.Duration) time.Duration { return paced(d, s.cfg.Pace) }

// later is a paced delay that never quite vanishes, for what must come later.
func (s *Sandbox) later(d time.Duration) time.Duration { return 20*time.Millisecond + s.paced(d) }

type step struct {
	kind  kind
	after time.Duration // since the message was taken
}

// steps returns what webhooks say of a story, in the order it happens.
func (s Story) steps() []step {
	var all []step
	var at time.Duration
	tell := func(k kind, after time.Duration, told bool) {
		at += after
		if told {
			all = append(all, step{k, at})
		}
	}
	tell(kindSent, s.SentAfter, s.Sent)
	if s.FailedCode != 0 {
		tell(kindFailed, s.DeliveredAfter, true)
		return all
	}
	tell(kindDelivered, s.DeliveredAfter, s.Delivered && !s.Quiet)
	tell(kindRead, s.ReadAfter, s.Read)
	tell(kindReply, s.ReplyAfter, s.Reply != ReplyNone)
	tell(kindStop, 0, s.OptOut == OptOutPreference)
	return all
}

// hand gives the workers what comes due until ctx ends.
func (s *Sandbox) hand(ctx context.Context, work chan<- delivery) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		d, wait, ok := s.queue.pop(time.Now(), s.delivery.Load().Batch)
		if ok && d.act != nil {
			d.act()
			s.queue.done(d)
			continue
		}
		if ok {
			select {
			case work <- d:
			case <-ctx.Done():
				s.queue.again(time.Now(), d)
				return
			}
			continue
		}
		var due <-chan time.Time
		if wait >= 0 {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return
		case <-s.queue.wake:
		case <-due:
		}
	}
}

// deliver posts one webhook and queues it again if that did not work.
func (s *Sandbox) deliver(ctx context.Context, d delivery) {
	url, n := *s.webhook.Load(), len(d.updates)
	if url == "" {
		s.counts.discarded.Add(int64(n))
		s.queue.done(d)
		return
	}
	body := s.render(d.updates)
	if len(body) > maxWebhook && n > 1 {
		for _, part := range [][]update{d.updates[:n/2], d.updates[n/2:]} {
			s.deliver(ctx, delivery{updates: part, tries: d.tries, since: d.since, epoch: d.epoch})
		}
		return
	}
	for _, u := range d.updates {
		s.happens(u)
	}
	err := s.post(ctx, url, body)
	now := time.Now()
	if d.since.IsZero() {
		d.since = now
	}
	switch {
	case err == nil:
		for _, u := range d.updates {
			s.acknowledged(u)
		}
		s.queue.count(d, &s.counts.delivered)
		s.queue.done(d)
	case ctx.Err() != nil:
		s.queue.again(now, d)
	case now.Sub(d.since) > s.cfg.RetryFor:
		s.cfg.Logger.Error("webhook given up", "updates", n, "err", err)
		s.queue.count(d, &s.counts.failed)
		s.queue.done(d)
	default:
		s.cfg.Logger.Debug("webhook not taken", "updates", n, "tries", d.tries+1, "err", err)
		s.queue.count(d, &s.counts.retries)
		wait := s.backoff(d.tries)
		d.tries++
		s.queue.again(now.Add(wait), d)
	}
}

// backoff is at once the first time, then twice as long each time, like Meta's.
func (s *Sandbox) backoff(tries int) time.Duration {
	if tries == 0 {
		return 0
	}
	wait := firstRetry
	for range tries - 1 {
		if wait *= 2; wait >= s.cfg.RetryMost {
			break
		}
	}
	return min(wait, s.cfg.RetryMost)
}

// post sends a webhook; anything but 200 is an error.
func (s *Sandbox) post(ctx context.Context, url string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make webhook request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "facebookexternalua")
	req.Header.Set("X-Hub-Signature-256", Sign(s.cfg.AppSecret, body))
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return fmt.Errorf("post webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("post webhook: answered %d", resp.StatusCode)
	}
	return nil
}

// Sign returns the X-Hub-Signature-256 header of body.
func Sign(appSecret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// happens is called before an update is told: what a person wrote is true even if
// the business does not listen.
func (s *Sandbox) happens(u update) {
	switch {
	case u.kind == kindReply:
		s.ledger.wrote(u.msg.story.Phone, u.msg.from, u.at, false)
	case u.kind == kindSaid && u.said.opens:
		s.ledger.wrote(u.said.number, u.said.to, u.at, len(u.said.referral) > 0)
	}
}

// acknowledged is called when the business has taken note of an update.
func (s *Sandbox) acknowledged(u update) {
	switch {
	case u.kind == kindStop, u.kind == kindReply && u.msg.story.OptOut != OptOutNone:
		s.ledger.optedOut(u.msg.story.Phone, true)
	case u.kind == kindSaid && u.said.preference != "":
		s.ledger.optedOut(u.said.number, u.said.preference == "stop")
	}
}

type webhookCounts struct {
	delivered, retries, failed, discarded atomic.Int64
}

func (c *webhookCounts) clear() {
	for _, n := range []*atomic.Int64{&c.delivered, &c.retries, &c.failed, &c.discarded} {
		n.Store(0)
	}
}

func (c *webhookCounts) read() Webhooks {
	return Webhooks{
		Delivered: c.delivered.Load(), Retries: c.retries.Load(),
		Failed: c.failed.Load(), Discarded: c.discarded.Load(),
	}
}

// webhookClient keeps a connection for each worker and follows no redirect, like Meta.
func webhookClient(workers int) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: workers, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
