package arauto

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPhone_Country(t *testing.T) {
	for phone, want := range map[Phone]string{
		"+5511987654321": "BR", "+551133334444": "BR", "+5215512345678": "MX", "+5491123456789": "AR", "+573001234567": "CO", "+56912345678": "CL",
		"+51912345678": "PE", "+351912345678": "PT", "+12125550123": "US", "+14165550123": "CA", "+18095550123": "DO", "+17875550123": "PR",
		"+77011234567": "KZ", "+79161234567": "RU", "+2711234567": "ZA", "+59171234567": "BO", "": "", "+999123456789": "",
	} {
		if got := phone.Country(); got != want {
			t.Errorf("%s is in %q, want %q", phone, got, want)
		}
	}
}

func TestPhone_CountryIsTwoLettersOrNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phone := Phone(rapid.StringMatching(`\+[1-9][0-9]{7,14}`).Draw(t, "phone"))
		if got := phone.Country(); got != "" && (len(got) != 2 || strings.ToUpper(got) != got) {
			t.Fatalf("%s is in %q", phone, got)
		}
	})
}
