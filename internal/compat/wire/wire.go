// Package wire is what the vendors' wires have in common below their words: texts in JSON, and bodies that break off.
//
// It may know no vendor.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// AppendText appends a JSON string, or null when there is no text.
func AppendText(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, `null`...)
	}
	return AppendString(dst, s)
}

// AppendString appends a JSON string that escapes what JSON requires only: '&', '<' and accents stay as they are.
func AppendString(dst []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if plain && utf8.ValidString(s) {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	var escaped bytes.Buffer
	enc := json.NewEncoder(&escaped)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string into memory: nothing can fail
	return append(dst, bytes.TrimSuffix(escaped.Bytes(), []byte("\n"))...)
}

// A Remembered reader keeps why it broke off, since io.Copy does not say which side did.
type Remembered struct {
	io.Reader
	Err error // nil = it did not
}

// Read reads.
func (r *Remembered) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.Err = err
	}
	return n, err
}
