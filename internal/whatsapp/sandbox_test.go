package whatsapp_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/sandbox"
	"arauto/internal/whatsapp"
)

// TestSend_EveryFateOfTheSandbox sends to one of each kind of person there.
func TestSend_EveryFateOfTheSandbox(t *testing.T) {
	for _, magic := range sandbox.MagicNumbers() {
		t.Run(magic.Pattern(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _, s := pretend(t)
				story := sandbox.Fate(0, magic.Number(0))
				r, err := c.Send(t.Context(), s, message(arauto.Phone(magic.Number(0))))
				switch {
				case story.SyncCode != 0:
					want := *whatsapp.Classify(story.SyncCode, "", http.StatusBadRequest)
					refused(t, err, want)
				case story.Answer == sandbox.AnswerOK:
					if err != nil || r.ProviderID == "" || r.WAID == "" || (r.Held != "") != story.Held {
						t.Errorf("%+v, %v", r, err)
					}
				case story.Answer == sandbox.AnswerBroken:
					refused(t, err, *whatsapp.Classify(131000, "", http.StatusInternalServerError))
				default:
					refused(t, err, lost)
				}
				time.Sleep(time.Hour) // the bubble's own: whoever answers late has gone
			})
		})
	}
}

// TestDecode_WhatTheSandboxSays reads every webhook that one of each kind of person causes.
func TestDecode_WhatTheSandboxSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var facts []arauto.Fact
		receiver := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || !whatsapp.Verify("sandbox-app-secret", body, r.Header.Get("X-Hub-Signature-256")) {
				t.Errorf("webhook with a bad signature: %v", err)
			}
			got, err := whatsapp.Decode(bytes.Clone(body))
			if err != nil {
				t.Errorf("%v in %s", err, body)
			}
			mu.Lock()
			facts = append(facts, got...)
			mu.Unlock()
		})
		sb := sandbox.New(sandbox.Config{
			AccessToken: token, WebhookURL: "http://receiver.invalid", Batch: 10,
			Client: &http.Client{Transport: sandbox.InProcess(receiver)},
		})
		c := whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(sb)})
		done := make(chan error)
		ctx, stop := context.WithCancel(t.Context())
		go func() { done <- sb.Run(ctx) }()
		for _, magic := range sandbox.MagicNumbers() {
			_, _ = c.Send(t.Context(), sender("http://sandbox.invalid"), message(arauto.Phone(magic.Number(0))))
		}
		if err := sb.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		check(t, facts)
		time.Sleep(time.Hour)
	})
}

func check(t *testing.T, facts []arauto.Fact) {
	t.Helper()
	count := map[string]int{}
	for _, f := range facts {
		if f.At.IsZero() || f.WABA != "500100200300400" || f.PhoneNumberID != "300100200300400" {
			t.Errorf("fact from nowhere: %+v", f)
		}
		switch f.Kind {
		case arauto.FactStatus:
			count[string(f.Status.Event)]++
			if f.Status.Ref != "a0.7" || f.Status.ProviderID == "" || f.Status.WAID == "" {
				t.Errorf("status of nothing: %+v", f.Status)
			}
		case arauto.FactReply:
			count[f.Reply.Kind]++
			if f.Reply.Kind == "button" && f.Reply.Ref != "a0.7" {
				t.Errorf("button without our ref: %+v", f.Reply)
			}
			if f.Reply.Name == "" || f.Reply.WAID == "" {
				t.Errorf("reply of nobody: %+v", f.Reply)
			}
		default:
			count[string(f.Kind)]++
		}
	}
	for _, kind := range []string{"sent", "delivered", "read", "failed", "text", "button", "preference"} {
		if count[kind] == 0 {
			t.Errorf("no %s in %v", kind, count)
		}
	}
	if count["other"] != 0 {
		t.Errorf("%d facts not understood", count["other"])
	}
}
