package arauto_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"arauto"
)

// TestFieldKey_AsEqualFold: two keys have one FieldKey if and only if they are equal when case is ignored.
func TestFieldKey_AsEqualFold(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("aAkK\u212AsS\u017FßéÉ1σςΣ")), 0, 3, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		if got, want := arauto.FieldKey(a) == arauto.FieldKey(b), strings.EqualFold(a, b); got != want {
			t.Fatalf("%q and %q: one key %v, want %v", a, b, got, want)
		}
	})
}

func TestFieldKeys(t *testing.T) {
	var k arauto.FieldKeys
	k.Add(arauto.Fields{{Key: "CPF"}, {Key: "Cidade"}})
	k.Add(arauto.Fields{{Key: "cidade"}, {Key: "perfil"}, {Key: "cpf"}})
	if want := []string{"CPF", "Cidade", "perfil"}; !slices.Equal(k.List, want) {
		t.Errorf("got %q, want %q", k.List, want)
	}
}
