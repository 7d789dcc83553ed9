package arauto

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"time"
)

// A Token lets a program in, on every surface. Its value is shown once, when it is made; what is
// stored is a hash of it.
type Token struct {
	ID      int64
	Account int64
	User    int64 // whose session it stands for, see User.Pass; 0 = it is a token of its own

	Name   string
	Prefix string // the value's first characters, to tell tokens apart
	Hash   string // HashToken of the value
	Scopes []TokenScope
	Rate   int // requests per second; 0 = the server's default

	CreatedAt  time.Time
	ExpiresAt  time.Time // zero = never
	RevokedAt  time.Time // zero = not
	LastUsedAt time.Time
}

// TokenScope is what a token may do.
type TokenScope string

const (
	TokenRead    TokenScope = "read"    // see everything but tokens and the audit
	TokenWrite   TokenScope = "write"   // change campaigns, contacts, suppressions
	TokenReports TokenScope = "reports" // read reports only
	TokenDesk    TokenScope = "desk"    // an agent's own presence and conversations
	TokenAdmin   TokenScope = "admin"   // everything, including senders, users, tokens and the audit

	// TokenAny is asked for by what everybody may do who is let in at all: to say who they are, to log out.
	// No token has it.
	TokenAny TokenScope = ""
)

// TokenScopes lists every scope that a token can have.
func TokenScopes() []TokenScope {
	return []TokenScope{TokenRead, TokenWrite, TokenReports, TokenDesk, TokenAdmin}
}

// tokenPrefix makes a leaked token recognisable to secret scanners.
const tokenPrefix = "arauto_"

// NewTokenValue draws a value of 256 random bits from random.
func NewTokenValue(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// HashToken is what is stored of a value. The value has 256 random bits, so one round is enough and
// the look-up by hash leaks nothing that timing could tell.
func HashToken(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// TokenPrefixOf is the part of a value that may be shown.
func TokenPrefixOf(value string) string { return value[:min(len(value), len(tokenPrefix)+4)] }

// Usable is nil for a token that lets in at now.
func (t Token) Usable(now time.Time) error {
	if !t.RevokedAt.IsZero() {
		return Errorf(KindUnauthorized, "", "the token %q was revoked: ask for a new one", t.Name)
	}
	if !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
		return Errorf(KindUnauthorized, "", "the token %q has expired: ask for a new one", t.Name)
	}
	return nil
}

// Allows reports whether t may do what needs scope. Admin may all; read includes reports.
func (t Token) Allows(scope TokenScope) bool {
	return scope == TokenAny || slices.Contains(t.Scopes, scope) || slices.Contains(t.Scopes, TokenAdmin) ||
		(scope == TokenReports && slices.Contains(t.Scopes, TokenRead))
}

// CheckScopes is nil when every one of them exists and there is at least one.
func CheckScopes(scopes []TokenScope) error {
	if len(scopes) == 0 {
		return Errorf(KindInvalid, "scopes", "a token needs at least one scope of %s", joinScopes())
	}
	for _, s := range scopes {
		if !slices.Contains(TokenScopes(), s) {
			return Errorf(KindInvalid, "scopes", "%q is not a scope; use %s", s, joinScopes())
		}
	}
	return nil
}

func joinScopes() string {
	var names []string
	for _, s := range TokenScopes() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// A Request is what is remembered of a token's use, for its owner to look at. It holds no secret and
// no body; the query's values are left out.
type Request struct {
	ID       int64
	At       time.Time
	Method   string
	Path     string // with the names of the query's keys, not their values
	Status   int
	Duration time.Duration
	Remote   string
}

// RequestsKept is how many of a token's latest requests can be read.
const RequestsKept = 200
