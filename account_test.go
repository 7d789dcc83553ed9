package arauto_test

import (
	"strings"
	"testing"

	"arauto"
)

func TestAccount_Check(t *testing.T) {
	good := arauto.Account{Slug: "loja-1", Country: "BR", TimeZone: "America/Sao_Paulo"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*arauto.Account)
		field  string // "" = it stays good
	}{
		"one letter":            {func(a *arauto.Account) { a.Slug = "a" }, ""},
		"63 letters":            {func(a *arauto.Account) { a.Slug = strings.Repeat("a", 63) }, ""},
		"UTC":                   {func(a *arauto.Account) { a.TimeZone = "UTC" }, ""},
		"no slug":               {func(a *arauto.Account) { a.Slug = "" }, "slug"},
		"64 letters":            {func(a *arauto.Account) { a.Slug = strings.Repeat("a", 64) }, "slug"},
		"upper case":            {func(a *arauto.Account) { a.Slug = "Loja" }, "slug"},
		"accent":                {func(a *arauto.Account) { a.Slug = "praça" }, "slug"},
		"hyphen at the end":     {func(a *arauto.Account) { a.Slug = "loja-" }, "slug"},
		"line end":              {func(a *arauto.Account) { a.Slug = "loja\n" }, "slug"},
		"colon":                 {func(a *arauto.Account) { a.Slug = "a:b" }, "slug"}, // it is a Basic user name
		"country in words":      {func(a *arauto.Account) { a.Country = "Brasil" }, "country"},
		"country lower case":    {func(a *arauto.Account) { a.Country = "br" }, "country"},
		"country of digits":     {func(a *arauto.Account) { a.Country = "55" }, "country"},
		"no time zone":          {func(a *arauto.Account) { a.TimeZone = "" }, "time_zone"},
		"an offset":             {func(a *arauto.Account) { a.TimeZone = "-03:00" }, "time_zone"},
		"the machine's zone":    {func(a *arauto.Account) { a.TimeZone = "Local" }, "time_zone"},
		"a way out of zoneinfo": {func(a *arauto.Account) { a.TimeZone = "../../etc/passwd" }, "time_zone"},
	} {
		t.Run(name, func(t *testing.T) {
			a := good
			tt.change(&a)
			err := a.Check()
			if tt.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if arauto.KindOf(err) != arauto.KindInvalid || !strings.HasPrefix(err.Error(), tt.field+": ") {
				t.Errorf("%v; want an invalid %s", err, tt.field)
			}
		})
	}
}
