package desk

import (
	"context"
	"errors"
	"sync"
	"time"

	"arauto"
)

// runOutbox posts what is written to people. A message is open, durably, before its request leaves: whatever
// happens to this process, nobody posts it again.
func (d *Desk) runOutbox(ctx context.Context) error {
	var posting sync.WaitGroup
	defer posting.Wait()
	free := make(chan struct{}, d.Parallel)
	return d.loop(ctx, d.send, func(ctx context.Context, account int64) {
		if _, err := d.Outbox.LoseOutgoing(ctx, d.Now(), account, atOnce); err != nil && ctx.Err() == nil {
			d.Logger.Error("messages without an answer were not looked at", "account", account, "err", err)
			return
		}
		for {
			room := d.Parallel - len(free)
			if room == 0 || ctx.Err() != nil {
				return // the next who is done looks again
			}
			list, again, err := d.Outbox.OpenOutgoing(ctx, d.Now(), account, room)
			if err != nil && ctx.Err() == nil {
				d.Logger.Error("messages were not opened", "account", account, "err", err)
			}
			if wait := again.Sub(d.Now()); len(list) == 0 && !again.IsZero() && wait < d.Poll {
				time.AfterFunc(wait, d.WakeOutbox)
			}
			for _, p := range list {
				free <- struct{}{}
				posting.Go(func() {
					defer d.WakeOutbox() // the conversation's next one may go
					defer func() { <-free }()
					d.post(ctx, p)
				})
			}
			if err != nil || len(list) < room {
				return
			}
		}
	})
}

// postTimeout is how long a message and its file may take; less than arauto.OutgoingAnswer.
const postTimeout = 90 * time.Second

// post posts one message and keeps what became of it. A stop of the program does not cut it short.
func (d *Desk) post(ctx context.Context, p arauto.Posting) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	defer cancel()
	event, receipt := d.try(ctx, p)
	event.At = d.Now()
	kept, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer stop()
	if _, err := d.Outbox.RecordOutgoing(kept, p.Outgoing.Account, p.Outgoing.ID, event, receipt); err != nil {
		// It counts as lost in some minutes, or a fact says what became of it.
		d.Logger.Error("the answer to a message was not kept", "account", p.Outgoing.Account, "sender", p.Sender.ID, "err", err)
	}
}

func (d *Desk) try(ctx context.Context, p arauto.Posting) (arauto.Event, arauto.Receipt) {
	if p.File != nil {
		id, err := d.upload(ctx, p)
		if err != nil {
			return d.notUploaded(p, err), arauto.Receipt{}
		}
		p.Message.Media.ID = id
	}
	receipt, err := d.Provider.Send(ctx, p.Sender, p.Message)
	if err == nil {
		return arauto.Event{Kind: arauto.EventAccepted}, receipt
	}
	refusal, ok := errors.AsType[*arauto.SendError](err)
	if !ok {
		return arauto.Event{Kind: arauto.EventLost, Reason: arauto.ReasonNoAnswer, Detail: err.Error()}, receipt
	}
	event := arauto.Event{Reason: refusal.Reason, Code: refusal.Code, Detail: refusal.Detail}
	switch refusal.Action {
	case arauto.ActionUnknown:
		event.Kind = arauto.EventLost
	case arauto.ActionRetry, arauto.ActionPause:
		event.Kind = arauto.EventDeferred
		event.Due = d.Now().Add(max(p.Outgoing.Backoff(), time.Duration(refusal.After)*time.Second))
	default:
		event.Kind = arauto.EventRefused
	}
	return event, receipt
}

// upload gives the provider the file. Doing it again does no harm.
func (d *Desk) upload(ctx context.Context, p arauto.Posting) (string, error) {
	file, err := d.Blobs.Open(ctx, p.File.Blob)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return d.Provider.Upload(ctx, p.Sender, p.File.Type, p.File.Name, file)
}

// notUploaded is what becomes of a message whose file the provider did not take: nothing was posted.
func (d *Desk) notUploaded(p arauto.Posting, err error) arauto.Event {
	event := arauto.Event{Kind: arauto.EventDeferred, Reason: arauto.ReasonMedia, Detail: err.Error(), Due: d.Now().Add(p.Outgoing.Backoff())}
	switch arauto.KindOf(err) {
	case arauto.KindInvalid, arauto.KindNotFound:
		event.Kind = arauto.EventRefused
	}
	return event
}
