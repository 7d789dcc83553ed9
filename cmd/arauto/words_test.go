package main

import (
	"bytes"
	"context"
	"encoding"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestWhen(t *testing.T) {
	here := func(s string) time.Time {
		at, err := time.ParseInLocation(time.DateTime, s, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for text, want := range map[string]time.Time{
		"2026-12-24T09:00:00-03:00": time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC),
		"2026-12-24T09:00:00.5Z":    time.Date(2026, 12, 24, 9, 0, 0, 5e8, time.UTC),
		"2026-12-24 09:00":          here("2026-12-24 09:00:00"),
		"2026-12-24T09:00:01":       here("2026-12-24 09:00:01"),
		"2026-12-24":                here("2026-12-24 00:00:00"),
	} {
		var got when
		if err := got.UnmarshalText([]byte(text)); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]time.Duration{"+90m": 90 * time.Minute, "+30d": 30 * 24 * time.Hour, "+0s": 0} {
		var got when
		before := time.Now()
		err := got.UnmarshalText([]byte(text))
		if ahead := got.Sub(before); err != nil || ahead < want || ahead > want+time.Minute {
			t.Errorf("%q is %v ahead, %v", text, ahead, err)
		}
	}
	refused(t, new(when), "", "tomorrow", "24/12/2026", "+", "+x", "+-1h", "+99999d", "2026-13-01")
}

func TestSlot(t *testing.T) {
	var got slot
	if err := got.UnmarshalText([]byte(" body.1=fixed:https://a.example/?b=c:d")); err != nil || got != (slot{"body.1", "fixed", "https://a.example/?b=c:d"}) {
		t.Errorf("%+v, %v", got, err)
	}
	refused(t, new(slot), "", "body.1", "body.1=cpf", "body.1=column:cpf", "=field:cpf", "body.1=field:")
}

func TestPair(t *testing.T) {
	var got pair
	if err := got.UnmarshalText([]byte("phone=Cel. = zap")); err != nil || got != (pair{"phone", "Cel. = zap"}) {
		t.Errorf("%+v, %v", got, err)
	}
	refused(t, new(pair), "", "phone", "=x")
}

func refused(t *testing.T, into encoding.TextUnmarshaler, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := into.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%T took %q: %+v", into, text, into)
		}
	}
}

func TestPlain_SteersNoTerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := plain(rapid.String().Draw(t, "text"))
		if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e }); i >= 0 {
			t.Errorf("%q", got)
		}
	})
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for n, want := range map[int64]string{12: "12 B", 1536: "1.5 kB", 5 << 20: "5.0 MB", 1 << 30: "1.00 GB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		want        string
	}{
		{0, 0, "[                    ]   -"},
		{0, 10, "[                    ]   0%"},
		{999, 1000, "[=================== ]  99%"},
		{10, 10, "[====================] 100%"},
		{11, 10, "[====================] 100%"},
		{-1, 10, "[                    ]   0%"},
	} {
		if got := bar(c.done, c.total); got != c.want {
			t.Errorf("%d of %d: %q", c.done, c.total, got)
		}
	}
}

func TestPace_OverTheLastLooks(t *testing.T) {
	var p pace
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	if got := p.of(at, 100); got != 0 {
		t.Errorf("after one look: %v", got)
	}
	var got float64
	for i := range 40 {
		got = p.of(at.Add(time.Duration(i+1)*time.Second), 100+int64(i+1)*50)
	}
	if got != 50 || len(p.at) > paceLooks {
		t.Errorf("%v a second from %d looks", got, len(p.at))
	}
}

func TestProgress_Live(t *testing.T) {
	var out bytes.Buffer
	line := (&screen{Err: &out, Live: true, Width: 10}).progress()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{"um", "um", "mais longo que a tela"} {
		line.draw(now, text)
	}
	line.end()
	if diff := cmp.Diff("\r\x1b[Kum\r\x1b[Kmais lon…\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestProgress_NowAndThenElsewhere(t *testing.T) {
	var out bytes.Buffer
	line := (&screen{Err: &out}).progress()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i, text := range []string{"a", "b", "c", "d"} {
		line.draw(now.Add(time.Duration(i)*plainEvery/2), text)
	}
	line.end()
	if diff := cmp.Diff("a\nc\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestProgress_PatientElsewhere(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	line := (&screen{Err: &out}).progress().patient(now)
	line.draw(now.Add(plainEvery-1), "a")
	line.draw(now.Add(plainEvery), "b")
	line.end()
	if diff := cmp.Diff("b\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestRun_ExitStatus(t *testing.T) {
	t.Setenv("ARAUTO_URL", "http://127.0.0.1:1")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		args []string
		want int
	}{
		{"ok", t.Context(), []string{"version"}, exitOK},
		{"unknown command", t.Context(), []string{"campagin"}, exitUsage},
		{"a flag that makes no sense", t.Context(), []string{"campaign", "schedule", "1", "tomorrow"}, exitUsage},
		{"found too late for the parser", t.Context(), []string{"campaign", "create", "--name", "x", "--default", "a=b"}, exitUsage},
		{"no server", t.Context(), []string{"campaign", "show", "1"}, exitFailed},
		{"interrupted", gone, []string{"campaign", "show", "1"}, exitInterrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run(c.ctx, c.args, &screen{In: strings.NewReader(""), Out: &out, Err: &errs, Width: 80}); got != c.want {
				t.Errorf("%d, want %d: %s%s", got, c.want, out.String(), errs.String())
			}
		})
	}
}
