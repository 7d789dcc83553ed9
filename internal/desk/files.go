package desk

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"arauto"
)

// fetchTimeout is how long one file may take: less than it is this node's.
const fetchTimeout = 3 * time.Minute

// runFiles fetches what people sent. A file is refused as soon as its first bytes, or its length, say so.
func (d *Desk) runFiles(ctx context.Context) error {
	var fetching sync.WaitGroup
	defer fetching.Wait()
	free := make(chan struct{}, d.Fetches)
	return d.loop(ctx, d.fetch, func(ctx context.Context, account int64) {
		room := d.Fetches - len(free)
		if room == 0 {
			return
		}
		list, err := d.Files.TakeAttachments(ctx, d.Now(), account, room)
		if err != nil && ctx.Err() == nil {
			d.Logger.Error("files to fetch were not taken", "account", account, "err", err)
		}
		for _, a := range list {
			free <- struct{}{}
			fetching.Go(func() {
				defer poke(d.fetch)
				defer func() { <-free }()
				d.fetchOne(ctx, a)
			})
		}
	})
}

func (d *Desk) fetchOne(ctx context.Context, a arauto.Attachment) {
	within, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	got, err := d.take(within, a)
	event, again := arauto.AttachmentFetch, d.Now()
	if err != nil {
		event, again = d.notFetched(ctx, a, err)
		got = a
		got.Detail = err.Error()
	}
	got.State, got.DueAt = a.State.Apply(event), again
	if got.State == arauto.AttachmentHere {
		got.FetchedAt, got.Detail = d.Now(), ""
	}
	// What was fetched is kept also when the program is about to stop.
	kept, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer stop()
	ours, err := d.Files.Fetched(kept, got)
	if err != nil {
		d.Logger.Error("a file was not kept", "account", a.Account, "attachment", a.ID, "err", err)
	}
	if got.Blob != "" && err == nil && !ours {
		_ = d.Blobs.Remove(kept, got.Blob)
	}
}

// errRefused marks a file that is not wanted.
type errRefused struct{ error }

func (e errRefused) Unwrap() error { return e.error }

// notFetched is what becomes of a file that could not be had.
func (d *Desk) notFetched(ctx context.Context, a arauto.Attachment, err error) (arauto.AttachmentEvent, time.Time) {
	if errors.As(err, new(errRefused)) {
		return arauto.AttachmentRefuse, d.Now()
	}
	switch arauto.KindOf(err) {
	case arauto.KindNotFound, arauto.KindInvalid:
		return arauto.AttachmentLose, d.Now()
	}
	if a.Tries >= arauto.AttachmentTries && ctx.Err() == nil {
		return arauto.AttachmentLose, d.Now()
	}
	return arauto.AttachmentRetry, a.Retry(d.Now())
}

// take fetches a file into a blob.
func (d *Desk) take(ctx context.Context, a arauto.Attachment) (arauto.Attachment, error) {
	body, said, err := d.open(ctx, a)
	if err != nil {
		return a, err
	}
	defer body.Close()
	if a.SaidType != "" {
		said = a.SaidType
	}
	return Keep(ctx, d.Blobs, a, said, body)
}

func (d *Desk) open(ctx context.Context, a arauto.Attachment) (io.ReadCloser, string, error) {
	if a.Source == arauto.AttachmentLink {
		return d.Links.Get(ctx, a.Address)
	}
	sender, err := d.Files.Sender(ctx, a.Account, a.Sender)
	if err != nil {
		return nil, "", err
	}
	return d.Provider.Media(ctx, sender, a.Address)
}

// Keep stores the bytes of a file in a blob, and returns the attachment with what they are. The error is invalid for
// what is too large, or not of a's kind; nothing is kept then. Without a kind it takes that of the file's type.
func Keep(ctx context.Context, blobs Blobs, a arauto.Attachment, said string, body io.Reader) (arauto.Attachment, error) {
	head := bufio.NewReaderSize(body, 512)
	first, err := head.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return a, fmt.Errorf("read the file: %w", err)
	}
	a.Type = arauto.FileType(first, a.Kind, said)
	if a.Kind == "" {
		a.Kind = arauto.FileKind(a.Type)
	}
	if err := arauto.CheckFile(a.Kind, a.Type, int64(len(first))); err != nil {
		return a, errRefused{err}
	}
	key := fmt.Sprintf("%d/attachment/%s.%d", a.Account, a.UUID, a.Tries)
	sum := sha256.New()
	limit := arauto.FileLimit(a.Kind)
	size, err := blobs.Put(ctx, key, io.TeeReader(io.LimitReader(head, limit+1), sum))
	if err != nil {
		return a, fmt.Errorf("keep the file: %w", err)
	}
	if err := arauto.CheckFile(a.Kind, a.Type, size); err != nil {
		return a, errors.Join(errRefused{err}, blobs.Remove(ctx, key))
	}
	a.Blob, a.Size, a.SHA256 = key, size, hex.EncodeToString(sum.Sum(nil))
	return a, nil
}
