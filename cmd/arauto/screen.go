package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"
)

// screen is where a command reads and writes. What was asked for goes to Out, how it is going to Err, so
// that the one can be piped while the other is watched.
type screen struct {
	In       io.Reader
	Out, Err io.Writer
	Live     bool // Err is a terminal: a line may be redrawn
	Width    int  // of it, in columns
}

func screenOf(in, out, errs *os.File) *screen {
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width < 40 {
		width = 80
	}
	info, err := errs.Stat()
	live := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &screen{In: in, Out: out, Err: errs, Live: live, Width: width}
}

// say is a line of the answer.
func (s *screen) say(format string, args ...any) error {
	_, err := fmt.Fprintf(s.Out, format+"\n", args...)
	return err
}

// note is a line beside the answer: where that cannot be written, nobody reads it.
func (s *screen) note(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Err, format+"\n", args...)
}

// table prints rows under head, in columns.
func (s *screen) table(head []string, rows [][]string) error {
	return s.columns(slices.Concat([][]string{head}, rows))
}

// facts prints name and value pairs, leaving out what has no value.
func (s *screen) facts(pairs ...string) error {
	var rows [][]string
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			rows = append(rows, pair)
		}
	}
	return s.columns(rows)
}

func (s *screen) columns(rows [][]string) error {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = plain(cell)
		}
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) // as below
	}
	_ = w.Flush() // a buffer takes everything
	for line := range strings.Lines(text.String()) {
		if err := s.say("%s", strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// plain is s on one line, without what would steer a terminal: names and replies come from outside.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// local is a moment as people here read it; "" for none.
func local(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05 -07:00")
}

// thousands is n in groups of three: 12,345.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// size is a number of bytes in words.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<10), 'f', 1, 64) + " kB"
	case n < 1<<30:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
	}
	return strconv.FormatFloat(float64(n)/(1<<30), 'f', 2, 64) + " GB"
}

// word is what p points to; "" for nothing.
func word[T any](p *T) string {
	if p == nil {
		return ""
	}
	return fmt.Sprint(*p)
}

// firstWord is the first of list that is there.
func firstWord(list ...*string) string {
	for _, p := range list {
		if p != nil {
			return *p
		}
	}
	return ""
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// json prints an answer of the API as it came, on lines of its own.
func (s *screen) json(raw json.RawMessage) error {
	return s.say("%s", strings.TrimRight(string(raw), "\n"))
}
