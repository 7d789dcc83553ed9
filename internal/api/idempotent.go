package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// Answers remembers what was answered to requests with an idempotency key.
type Answers interface {
	// BeginIdempotent is without an answer when the request is new, or the first one died before it changed anything;
	// the stored answer when it is a repetition; a conflict when the first is still being answered, died with its work
	// done, or its fingerprint differs.
	BeginIdempotent(ctx context.Context, now time.Time, account, token int64, key, fingerprint string) (arauto.Reservation, *arauto.StoredAnswer, error)
	// UnderIdempotent has what is changed within ctx say so of the reservation.
	UnderIdempotent(ctx context.Context, r arauto.Reservation) context.Context
	// KeepIdempotent says that the request is still being answered.
	KeepIdempotent(ctx context.Context, now time.Time, r arauto.Reservation) error
	FinishIdempotent(ctx context.Context, r arauto.Reservation, a arauto.StoredAnswer) error
	ForgetIdempotent(ctx context.Context, r arauto.Reservation) error
}

const (
	keyHeader    = "Idempotency-Key"
	replayHeader = "Idempotent-Replayed"
	maxKey       = 200
	// maxKept is the largest answer that is kept; the largest there is, for 1,000 contacts, is far below.
	maxKept  = 2 << 20
	finishIn = 5 * time.Second
)

// once runs a POST at most once per key: a repetition is given the first one's answer. The first's answer
// is kept before it leaves, so a client that saw it can rely on it. An answer that asks to come back (429)
// or is our fault (5xx) is not kept: the same key may be tried again.
func (d *adapter) once(w http.ResponseWriter, r *http.Request, c Caller, o op, key string, run func(http.ResponseWriter, *http.Request)) {
	if len(key) > maxKey {
		Fail(w, r, arauto.Errorf(arauto.KindInvalid, "header."+keyHeader, "an idempotency key has at most %d characters", maxKey))
		return
	}
	fingerprint, err := printOf(r, o)
	if err != nil {
		d.fail(w, r, c, fmt.Errorf("read the request: %w", err))
		return
	}
	reserved, stored, err := d.answers.BeginIdempotent(r.Context(), d.now(), c.Account.ID, c.Token.ID, key, fingerprint)
	if err != nil {
		d.fail(w, r, c, err)
		return
	}
	if stored != nil {
		w.Header().Set(replayHeader, "true")
		send(w, *stored)
		return
	}
	kept := &keeper{header: w.Header(), status: http.StatusOK}
	ctx := d.answers.UnderIdempotent(r.Context(), reserved)
	d.settle(ctx, c, o, reserved, kept, func() { run(kept, r.WithContext(ctx)) })
	send(w, kept.answer())
}

// fail is Fail, with what is our fault written down.
func (d *adapter) fail(w http.ResponseWriter, r *http.Request, c Caller, err error) {
	if problemOf(err, "").Status == http.StatusInternalServerError && r.Context().Err() == nil {
		d.logger.ErrorContext(r.Context(), "request failed", "request", w.Header().Get(requestIDHeader), "account", c.Account.ID, "err", err)
	}
	Fail(w, r, err)
}

// settle runs and keeps or forgets, also when the client has gone or run panics.
func (d *adapter) settle(ctx context.Context, c Caller, o op, reserved arauto.Reservation, kept *keeper, run func()) {
	done := false
	ended := d.keep(ctx, reserved)
	defer func() {
		ended()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishIn)
		defer cancel()
		var err error
		if !done || kept.status >= 500 || kept.status == http.StatusTooManyRequests || kept.body.Len() > maxKept {
			err = d.answers.ForgetIdempotent(ctx, reserved)
		} else {
			err = d.answers.FinishIdempotent(ctx, reserved, keepable(o, kept.answer()))
		}
		if err != nil {
			// The work is done and the client must hear of it; a repetition will be told to wait.
			d.logger.WarnContext(ctx, "idempotent answer not kept", "account", c.Account.ID, "err", err)
		}
	}()
	run()
	done = true
}

// keep says that a request is still being answered, until the function that it returns is called. Most end before there
// is anything to say.
func (d *adapter) keep(ctx context.Context, reserved arauto.Reservation) (ended func()) {
	ctx, ended = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		tick := time.NewTicker(arauto.ReservationRenewed)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := d.answers.KeepIdempotent(ctx, d.now(), reserved); err != nil && ctx.Err() == nil {
				d.logger.WarnContext(ctx, "idempotency key not kept", "account", reserved.Account, "err", err)
			}
		}
	}()
	return ended
}

// keepable is a, or what a repetition is told where a holds a secret that is shown once.
func keepable(o op, a arauto.StoredAnswer) arauto.StoredAnswer {
	if !o.secret || a.Status >= 300 {
		return a
	}
	p := problemOf(arauto.Errorf(arauto.KindConflict, "", "this was done with the same %s before; its secret was shown then and is not kept", keyHeader), "")
	body, _ := json.Marshal(p) // plain fields always encode
	return arauto.StoredAnswer{Status: p.Status, ContentType: problemType, Body: body}
}

// printOf tells requests under one key apart. A body that is read as it comes is not looked at: its length
// stands for it.
func printOf(r *http.Request, o op) (string, error) {
	sum := sha256.New()
	sum.Write([]byte(r.Method + " " + r.URL.Path + "?" + r.URL.RawQuery + "\n"))
	if o.streams {
		sum.Write([]byte(strconv.FormatInt(r.ContentLength, 10)))
		return hex.EncodeToString(sum.Sum(nil)), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	sum.Write(body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func send(w http.ResponseWriter, a arauto.StoredAnswer) {
	if a.ContentType != "" {
		w.Header().Set("Content-Type", a.ContentType)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body)
}

// A keeper is a response that waits until it is kept.
type keeper struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keeper) Header() http.Header         { return k.header }
func (k *keeper) WriteHeader(status int)      { k.status = status }
func (k *keeper) Write(p []byte) (int, error) { return k.body.Write(p) }

func (k *keeper) answer() arauto.StoredAnswer {
	return arauto.StoredAnswer{Status: k.status, ContentType: k.header.Get("Content-Type"), Body: k.body.Bytes()}
}
