package seal_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"arauto"
	"arauto/internal/seal"
)

func TestPasswords(t *testing.T) {
	p := seal.NewPasswords()
	hash, err := p.Hash(t.Context(), "uma frase comprida")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, "frase") {
		t.Fatalf("%q, %v", hash, err)
	}
	again, err := p.Hash(t.Context(), "uma frase comprida")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are equal: %v", err)
	}
	for _, c := range []struct {
		hash, password string
		match          bool
	}{
		{hash, "uma frase comprida", true},
		{again, "uma frase comprida", true},
		{hash, "uma frase compridA", false},
		{hash, "", false},
		{"", "", false},
		{"", "uma frase comprida", false},
		// As argon2's own program prints it: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1.
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", true},
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "passwort", false},
	} {
		if got, err := p.Match(t.Context(), c.hash, c.password); got != c.match || err != nil {
			t.Errorf("%q against %q: %v, %v", c.password, c.hash, got, err)
		}
	}
}

func TestPasswords_Damaged(t *testing.T) {
	p := seal.NewPasswords()
	for _, bad := range []string{
		"x", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AA", "$argon2id$v=19$m=64,t=1,p=1$!$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4000000000,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		if match, err := p.Match(t.Context(), bad, "password"); match || err == nil || strings.Contains(err.Error(), "password\"") {
			t.Errorf("%q: %v, %v", bad, match, err)
		}
	}
}

// TestPasswords_Burst: however many log in at once, a few are hashed at a time, and who cannot have a turn
// in good time is told so.
func TestPasswords_Burst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := seal.NewPasswords()
		leave := p.Occupy()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := p.Hash(t.Context(), "uma frase comprida"); arauto.KindOf(err) != arauto.KindLimited {
					t.Errorf("got %v, want limited", err)
				}
			})
		}
		all.Wait() // ten seconds of the bubble's
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Match(gone, "", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that has gone: %v", err)
		}
		leave()
		if _, err := p.Hash(t.Context(), "uma frase comprida"); err != nil {
			t.Error(err)
		}
	})
}
