package arauto_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"arauto"
)

const (
	hidden = "EAAG-hunter2" // a Meta token, say
	person = arauto.Phone("+5511987654321")
)

// A secret is in no text that fmt, a logger or an encoder makes, whatever it is part of.
func TestSecret_IsNeverPrinted(t *testing.T) {
	app := arauto.App{ID: 1, Name: "App", Secret: hidden, VerifyToken: hidden}
	sender := arauto.Sender{ID: 2, Name: "Loja", Token: hidden}
	values := map[string]any{
		"secret": arauto.Secret(hidden), "app": app, "pointer": &app, "sender": sender, "list": []arauto.Sender{sender},
		"map": map[string]arauto.Secret{"x": hidden}, "nested": struct{ Inner any }{sender},
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s with %s: %s", name, verb, got)
			}
		}
		for format, log := range loggers() {
			if got := log(v); strings.Contains(got, "hunter2") {
				t.Errorf("%s in a log as %s: %s", name, format, got)
			}
		}
		if got, err := json.Marshal(v); err != nil || strings.Contains(string(got), "hunter2") {
			t.Errorf("%s as JSON: %s, %v", name, got, err)
		}
	}
	if got := fmt.Sprintf("%+v", sender); !strings.Contains(got, "Token:[secret]") || !strings.Contains(got, "Name:Loja") {
		t.Errorf("the rest must stay readable: %s", got)
	}
}

func TestSecret_ShowsWhetherThereIsOne(t *testing.T) {
	if got := fmt.Sprint(arauto.Secret("")); got != "" {
		t.Errorf("no secret prints %q", got)
	}
	if got := arauto.Secret(hidden).String(); got != "[secret]" {
		t.Errorf("a secret prints %q", got)
	}
	if string(arauto.Secret(hidden)) != hidden {
		t.Error("who converts it on purpose gets it")
	}
}

// A phone that is a value of its own in a log is redacted; a wire needs it whole.
func TestPhone_InLogs(t *testing.T) {
	for format, log := range loggers() {
		got := log(person)
		if strings.Contains(got, "98765") || !strings.Contains(got, "4321") {
			t.Errorf("%s: %s", format, got)
		}
	}
	if got := fmt.Sprint(person); got != string(person) {
		t.Errorf("a request would dial %s", got)
	}
}

// loggers write one value each way a handler may.
func loggers() map[string]func(any) string {
	write := func(handler func(*bytes.Buffer) slog.Handler) func(any) string {
		return func(v any) string {
			var out bytes.Buffer
			slog.New(handler(&out)).Info("something happened", "v", v)
			return out.String()
		}
	}
	return map[string]func(any) string{
		"JSON": write(func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) }),
		"text": write(func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) }),
		"with": func(v any) string {
			var out bytes.Buffer
			slog.New(slog.NewJSONHandler(&out, nil)).With("v", v).WithGroup("g").Info("x", slog.Group("h", "v", v))
			return out.String()
		},
	}
}
