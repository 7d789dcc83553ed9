package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// when is a moment as people write it on a command line.
type when struct{ time.Time }

var whenLayouts = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}

// UnmarshalText takes RFC 3339, a local date with or without a time, and +90m, +12h or +30d from now.
func (w *when) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		w.Time = t
		return nil
	}
	if ahead, ok := strings.CutPrefix(s, "+"); ok {
		wait, err := longDuration(ahead)
		if err != nil {
			return err
		}
		w.Time = time.Now().Add(wait)
		return nil
	}
	for _, layout := range whenLayouts {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			w.Time = t
			return nil
		}
	}
	return fmt.Errorf("%q is not a moment: write 2026-03-01T14:30:00-03:00, \"2026-03-01 14:30\" in your own zone, or +2h", s)
}

// pointer is nil for no moment, which leaves it out of a request.
func (w when) pointer() *time.Time {
	if w.IsZero() {
		return nil
	}
	t := w.UTC()
	return &t
}

// longDuration is Go's, and days: 30d.
func longDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 90m, 12h or 30d", s)
	}
	return d, nil
}

// secret is a value that may be given as @file, to keep it out of the list of processes and the shell's
// history; @- is standard input.
type secret string

// UnmarshalText reads the file.
func (s *secret) UnmarshalText(text []byte) error {
	file, ok := strings.CutPrefix(string(text), "@")
	if !ok {
		*s = secret(text)
		return nil
	}
	value, err := readSecret(file)
	*s = secret(value)
	return err
}

const maxSecret = 64 << 10

// readSecret is a file's text without the line's end; "-" is standard input.
func readSecret(file string) (string, error) {
	from := os.Stdin
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer opened.Close()
		from = opened
	}
	text, err := io.ReadAll(io.LimitReader(from, maxSecret))
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return value, nil
}

// pair is key=value.
type pair struct{ key, value string }

// UnmarshalText splits at the first =.
func (p *pair) UnmarshalText(text []byte) error {
	key, value, ok := strings.Cut(string(text), "=")
	if p.key, p.value = strings.TrimSpace(key), value; !ok || p.key == "" {
		return fmt.Errorf("%q is not key=value", text)
	}
	return nil
}

func pairs(list []pair) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, p := range list {
		out[p.key] = p.value
	}
	return out
}

// slot fills one parameter of a template: body.1=field:cpf.
type slot struct{ name, from, text string }

// UnmarshalText checks the form; whether the slot exists is for the server to say.
func (s *slot) UnmarshalText(text []byte) error {
	name, value, ok := strings.Cut(string(text), "=")
	from, rest, source := strings.Cut(value, ":")
	known := from == "field" || from == "contact" || from == "fixed"
	if !ok || !source || !known || strings.TrimSpace(name) == "" || rest == "" {
		return fmt.Errorf("%q is not slot=source: write body.1=field:cpf, body.1=contact:name or body.1=fixed:text", text)
	}
	*s = slot{strings.TrimSpace(name), from, rest}
	return nil
}

// decodeBytes is kong's mapper for sizes: 1048576, 512MB, 1GB.
func decodeBytes(dc *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := dc.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	number, unit := strings.TrimRight(text, "kKMGBib"), int64(1)
	switch strings.ToUpper(strings.TrimRight(text[len(number):], "iBb")) {
	case "":
	case "K":
		unit = 1 << 10
	case "M":
		unit = 1 << 20
	case "G":
		unit = 1 << 30
	default:
		unit = 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n <= 0 || unit == 0 || n > (1<<53)/unit {
		return fmt.Errorf("%q is not a size such as 512MB or 1GB", text)
	}
	target.SetInt(n * unit)
	return nil
}
