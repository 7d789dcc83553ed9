package arauto_test

import (
	"testing"

	"arauto"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"":                      "",
		"maria":                 "maria",
		"São João":              "sao joao",
		"SAO JOÃO":              "sao joao",
		"Sa\u0303o Joa\u0303o":  "sao joao", // the same, decomposed
		"MUÑOZ Peña":            "munoz pena",
		"Ação, Êxito, Über":     "acao, exito, uber",
		"José da Conceição Jr.": "jose da conceicao jr.",
		"Straße ŒUVRE":          "strasse oeuvre",
		"nº 3ª":                 "no 3a",
		"Ωmega 中文 Привет 123 🙏": "ωmega 中文 привет 123 🙏",
	} {
		if got := arauto.Fold(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// What is folded stays so: names that are stored folded are compared with names that are asked for folded.
func TestFold_Twice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		once := arauto.Fold(s)
		if twice := arauto.Fold(once); twice != once {
			t.Fatalf("%q: %q, then %q", s, once, twice)
		}
	})
}
