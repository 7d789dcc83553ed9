// Package seal keeps secrets unreadable at rest: XChaCha20-Poly1305 under a key that does not live in
// the database. It knows neither what it seals nor where that is kept.
package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// Keys seal with the first key and open with any of them, so that a key can be changed: put the new one
// first, keep the old one behind it until every secret was saved again.
type Keys struct{ list []key }

type key struct {
	id   [4]byte
	aead cipher.AEAD
}

// keySize is the length of a key in bytes.
const keySize = chacha20poly1305.KeySize

// Parse reads one or more keys, separated by commas, each 32 bytes in base64.
func Parse(text string) (*Keys, error) {
	keys := &Keys{}
	for part := range strings.SplitSeq(text, ",") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil || len(raw) != keySize {
			return nil, errors.New("a key is 32 random bytes in base64, such as `openssl rand -base64 32` prints")
		}
		aead, err := chacha20poly1305.NewX(raw)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(raw)
		keys.list = append(keys.list, key{id: [4]byte(sum[:4]), aead: aead})
	}
	return keys, nil
}

// File reads the keys in the file at path, and makes the file, readable by its owner only, with a new
// random key when there is none.
func File(path string) (*Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	keys, err := Parse(strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", ","))
	if err != nil {
		return nil, fmt.Errorf("read the key file %s: %w", path, err)
	}
	return keys, nil
}

func makeKey(path string) ([]byte, error) {
	raw := make([]byte, keySize)
	rand.Read(raw)
	text := []byte(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return text, os.WriteFile(path, text, 0o600)
}

// Seal returns plain encrypted and authenticated under the first key; sealing twice gives different
// bytes. Nothing is sealed as nothing.
func (k *Keys) Seal(plain []byte) ([]byte, error) {
	if len(plain) == 0 {
		return []byte{}, nil
	}
	first := k.list[0]
	out := append([]byte{formatVersion}, first.id[:]...)
	nonce := make([]byte, first.aead.NonceSize())
	rand.Read(nonce)
	out = append(out, nonce...)
	return first.aead.Seal(out, nonce, plain, out[:headSize]), nil
}

const (
	formatVersion = 1
	headSize      = 1 + 4
)

// Open undoes Seal. The error says when none of the keys is the one it was sealed with.
func (k *Keys) Open(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	if len(sealed) < headSize+chacha20poly1305.NonceSizeX || sealed[0] != formatVersion {
		return nil, errors.New("a stored secret is damaged")
	}
	for _, key := range k.list {
		if [4]byte(sealed[1:headSize]) != key.id {
			continue
		}
		nonce := sealed[headSize : headSize+key.aead.NonceSize()]
		plain, err := key.aead.Open(nil, nonce, sealed[headSize+len(nonce):], sealed[:headSize])
		if err != nil {
			return nil, errors.New("a stored secret is damaged")
		}
		return plain, nil
	}
	return nil, errors.New("a stored secret was sealed with another key: start with the ARAUTO_KEY (or key file) it was made with")
}
