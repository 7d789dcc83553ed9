package app_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"arauto/internal/app"
)

func TestSandbox_Config(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "script.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name   string
		config app.SandboxConfig
		says   string
	}{
		{"fine", app.SandboxConfig{Script: file(`{"rules":[{"percent":5,"code":131016}]}`), Numbers: []string{"2=+55 11 4000-5678"}, Repeatable: true}, ""},
		{"no such script", app.SandboxConfig{Script: "nowhere.json"}, "nowhere.json"},
		{"script with a mistake", app.SandboxConfig{Script: file(`{"rules":[{"percent":5}]}`)}, "rule 1: nothing happens"},
		{"number without a display", app.SandboxConfig{Numbers: []string{"2"}}, "ID=DISPLAY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			stop()
			c.config.Listen = "127.0.0.1:0"
			err := app.Sandbox(ctx, c.config, io.Discard)
			if c.says == "" && err != nil && !errors.Is(err, context.Canceled) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
