package arauto_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"arauto"
)

func TestToken_Usable(t *testing.T) {
	tests := map[string]struct {
		token arauto.Token
		words string // "" = it lets in
	}{
		"plain":            {arauto.Token{}, ""},
		"not yet expired":  {arauto.Token{ExpiresAt: after(1)}, ""},
		"expires now":      {arauto.Token{ExpiresAt: base}, "expired"},
		"expired":          {arauto.Token{ExpiresAt: after(-1)}, "expired"},
		"revoked":          {arauto.Token{RevokedAt: after(-1)}, "revoked"},
		"revoked just now": {arauto.Token{RevokedAt: base, ExpiresAt: after(9)}, "revoked"},
		"both":             {arauto.Token{RevokedAt: after(-9), ExpiresAt: after(-1)}, "revoked"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.token.Name, tt.token.Hash = "painel", "0123456789abcdef"
			err := tt.token.Usable(base)
			if (err == nil) != (tt.words == "") {
				t.Fatalf("%v", err)
			}
			if err == nil {
				return
			}
			if arauto.KindOf(err) != arauto.KindUnauthorized || !strings.Contains(err.Error(), tt.words) || !strings.Contains(err.Error(), "painel") {
				t.Errorf("%v; want an unauthorized error with %q and the name", err, tt.words)
			}
			if strings.Contains(err.Error(), tt.token.Hash) {
				t.Errorf("the hash is in the message: %v", err)
			}
		})
	}
}

func TestToken_Allows(t *testing.T) {
	gives := map[arauto.TokenScope][]arauto.TokenScope{
		arauto.TokenRead:    {arauto.TokenRead, arauto.TokenReports},
		arauto.TokenWrite:   {arauto.TokenWrite},
		arauto.TokenReports: {arauto.TokenReports},
		arauto.TokenDesk:    {arauto.TokenDesk},
		arauto.TokenAdmin:   {arauto.TokenRead, arauto.TokenWrite, arauto.TokenReports, arauto.TokenDesk, arauto.TokenAdmin},
	}
	for _, held := range arauto.TokenScopes() {
		given, decided := gives[held]
		if !decided {
			t.Errorf("nobody decided what %s gives", held)
		}
		may := map[arauto.TokenScope]bool{}
		for _, s := range given {
			may[s] = true
		}
		for _, asked := range arauto.TokenScopes() {
			if got := (arauto.Token{Scopes: []arauto.TokenScope{held}}).Allows(asked); got != may[asked] {
				t.Errorf("%s allows %s: %v, want %v", held, asked, got, may[asked])
			}
			if !(arauto.Token{}).Allows(arauto.TokenAny) || (arauto.Token{}).Allows(asked) {
				t.Errorf("a token without scopes allows %s, or not even to say who it is", asked)
			}
		}
	}
	if both := (arauto.Token{Scopes: []arauto.TokenScope{arauto.TokenReports, arauto.TokenWrite}}); !both.Allows(arauto.TokenWrite) || both.Allows(arauto.TokenRead) {
		t.Error("two scopes give what each gives, and no more")
	}
}

func TestCheckScopes(t *testing.T) {
	if err := arauto.CheckScopes(arauto.TokenScopes()); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]arauto.TokenScope{nil, {}, {""}, {"root"}, {arauto.TokenRead, "Admin"}} {
		if err := arauto.CheckScopes(bad); arauto.KindOf(err) != arauto.KindInvalid || !strings.Contains(err.Error(), "read, write, reports, desk, admin") {
			t.Errorf("%q: %v; want an invalid error that lists the scopes", bad, err)
		}
	}
}

func TestTokenValue(t *testing.T) {
	random := bytes.NewReader(bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 8))
	value, err := arauto.NewTokenValue(iotest.OneByteReader(random))
	if err != nil {
		t.Fatal(err)
	}
	if want := "arauto_AQIDBAUGBwgBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwg"; value != want {
		t.Errorf("%s, want %s", value, want)
	}
	if prefix := arauto.TokenPrefixOf(value); prefix != "arauto_AQID" {
		t.Errorf("the prefix is %s", prefix)
	}
	if got := arauto.TokenPrefixOf("x"); got != "x" {
		t.Errorf("a short value's prefix is %q", got)
	}
	hash := arauto.HashToken(value)
	if len(hash) != 64 || hash == arauto.HashToken(value+" ") || hash != arauto.HashToken(value) {
		t.Errorf("hash %s", hash)
	}
	if got, want := arauto.HashToken("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; got != want {
		t.Errorf("SHA-256 of abc is %s, want %s", got, want)
	}
	if _, err := arauto.NewTokenValue(bytes.NewReader(make([]byte, 31))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too little randomness: %v", err)
	}
}

func TestLease_Free(t *testing.T) {
	held := arauto.Lease{Holder: "a", Until: after(6)}
	for _, c := range []struct {
		lease arauto.Lease
		node  string
		now   time.Time
		want  bool
	}{
		{held, "a", base, true}, {held, "b", base, false}, {held, "b", after(5), false}, {held, "b", after(6), true}, {arauto.Lease{Until: after(6)}, "b", base, true},
	} {
		if got := c.lease.Free(c.node, c.now); got != c.want {
			t.Errorf("%+v for %s at %s: %v, want %v", c.lease, c.node, c.now, got, c.want)
		}
	}
}
