package seal

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"arauto"
)

// cost is what one guess costs, here and for whoever stole the database: the parameters that OWASP names
// first for argon2id. They are kept with every hash, so that they can grow.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

var today = cost{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltSize = 16
	hashSize = 32
	// atOnce bounds what a burst of log-ins can hold: so many times today.memory.
	atOnce = 2
	// queueFor is how long a log-in waits for its turn before it is told to come back.
	queueFor = 10 * time.Second
)

// Passwords hashes passwords and compares them with hashes, a few at a time.
type Passwords struct {
	turns chan struct{}
	decoy string
}

// NewPasswords returns Passwords of its own turns: a process needs one.
func NewPasswords() *Passwords {
	p := &Passwords{turns: make(chan struct{}, atOnce)}
	p.decoy = today.hash(rand.Text(), newSalt())
	return p
}

// Hash is what is kept of a password. The error is limited when too many ask at once.
func (p *Passwords) Hash(ctx context.Context, password string) (hash string, err error) {
	err = p.turn(ctx, func() { hash = today.hash(password, newSalt()) })
	return hash, err
}

// Match reports whether hash was made of password. It takes as long for "", which no password matches, as
// for any other hash: who is not known must not be told by the time it takes.
func (p *Passwords) Match(ctx context.Context, hash, password string) (match bool, err error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	c, salt, want, err := parse(hash)
	if err != nil {
		return false, err
	}
	err = p.turn(ctx, func() {
		got := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, uint32(len(want))) //nolint:gosec // parse bounds it
		match = subtle.ConstantTimeCompare(got, want) == 1 && known
	})
	return match, err
}

func (p *Passwords) turn(ctx context.Context, do func()) error {
	wait, cancel := context.WithTimeout(ctx, queueFor)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
	case <-wait.Done():
		if err := ctx.Err(); err != nil {
			return err
		}
		return arauto.Errorf(arauto.KindLimited, "", "too many log in at the same moment: try again in a few seconds")
	}
	defer func() { <-p.turns }()
	do()
	return nil
}

func newSalt() []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return salt
}

// hash is in the form that argon2's own tools print, so that others can read it.
func (c cost) hash(password string, salt []byte) string {
	sum := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, hashSize)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads, b64(salt), b64(sum))
}

func parse(hash string) (c cost, salt, sum []byte, err error) {
	damaged := errors.New("a stored password is damaged: give the user another")
	var version int
	var tail string
	if n, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &c.memory, &c.passes, &c.threads, &tail); n != 5 || err != nil || version != argon2.Version {
		return c, nil, nil, damaged
	}
	for i := range tail {
		if tail[i] != '$' {
			continue
		}
		salt, err = base64.RawStdEncoding.DecodeString(tail[:i])
		if err == nil {
			sum, err = base64.RawStdEncoding.DecodeString(tail[i+1:])
		}
		break
	}
	// A stored cost is believed within reason only: it is memory that is taken.
	if err != nil || len(salt) == 0 || len(sum) < 16 || len(sum) > 64 || c.memory > 1<<20 || c.passes < 1 || c.passes > 100 || c.threads < 1 {
		return c, nil, nil, damaged
	}
	return c, salt, sum, nil
}
