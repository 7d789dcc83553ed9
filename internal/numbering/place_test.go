package numbering_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"arauto"
	"arauto/internal/numbering"

	"github.com/nyaruka/phonenumbers"
)

func places(t testing.TB) *numbering.Places {
	t.Helper()
	p, err := numbering.NewPlaces()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// said is a place in one line: country-state, zones, and whether Meta's marketing block covers it.
func said(p arauto.Place) string {
	var zones []string
	for _, z := range p.Zones {
		zones = append(zones, z.String())
	}
	out := p.Country + "-" + p.Region + " " + strings.Join(zones, ",")
	if p.UnitedStates {
		out += " US"
	}
	return out
}

func TestPlace(t *testing.T) {
	p := places(t)
	for _, c := range []struct{ name, phone, want string }{
		{"São Paulo", "+5511987654321", "BR-SP America/Sao_Paulo"},
		{"São Paulo without the ninth digit", "+551187654321", "BR-SP America/Sao_Paulo"},
		{"Santa Maria, area 55", "+5555998765432", "BR-RS America/Sao_Paulo"},
		{"Recife", "+5581987654321", "BR-PE America/Recife"},
		{"a landline on Fernando de Noronha", "+558136191234", "BR-PE America/Noronha"},
		{"Petrolina", "+5587987654321", "BR-PE America/Recife"},
		{"Manaus", "+5592987654321", "BR-AM America/Manaus"},
		{"the inner Amazon, in two zones", "+5597987654321", "BR-AM America/Manaus,America/Eirunepe"},
		{"Rio Branco", "+5568987654321", "BR-AC America/Rio_Branco"},
		{"Cuiabá", "+5565987654321", "BR-MT America/Cuiaba"},
		{"Brazil, 0800", "+558001234567", "BR- America/Noronha,America/Sao_Paulo,America/Manaus,America/Rio_Branco"},
		{"Bogotá", "+573001234567", "CO- America/Bogota"},
		{"Mexico City", "+525512345678", "MX- America/Mexico_City"},
		{"Tijuana", "+526642345678", "MX- America/Tijuana"},
		{"Portugal", "+351912345678", "PT- Atlantic/Azores,Europe/Lisbon"},
		{"New York", "+12125551234", "US-NY America/New_York US"},
		{"Miami", "+13055551234", "US-FL America/New_York US"},
		{"Arizona", "+16025551234", "US-AZ America/Phoenix US"},
		{"Toronto", "+14165551234", "CA- America/Toronto"},
		{"Puerto Rico", "+17875551234", "PR- America/Puerto_Rico"},
		{"Guam", "+16715551234", "GU- Pacific/Guam"},
		{"Dominican Republic", "+18095551234", "DO- America/Santo_Domingo"},
		{"Kazakhstan, which shares +7", "+77012345678", "KZ- Asia/Almaty,Asia/Aqtobe"},
		{"toll-free", "+18005551234", "US- America/New_York,America/Chicago,America/Denver,America/Phoenix,America/Los_Angeles,America/Anchorage,Pacific/Honolulu"},
		{"a test number of Meta's", "+15550783881", "US- America/New_York,America/Chicago,America/Denver,America/Phoenix,America/Los_Angeles,America/Anchorage,Pacific/Honolulu"},
		{"a satellite", "+870773111632", "- "},
		{"nothing", "", "- "},
		{"no phone", "123", "- "},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // the second time as it is remembered
				if got := said(p.Place(arauto.Phone(c.phone))); got != c.want {
					t.Errorf("%s is %q, want %q", c.phone, got, c.want)
				}
			}
		})
	}
}

func TestPlace_EveryAreaOfBrazilHasAState(t *testing.T) {
	p, br, states, n := places(t), plan(t, "BR"), map[string]bool{}, 0
	for area := 11; area <= 99; area++ {
		phone, err := br.Parse(fmt.Sprintf("+55%d987654321", area))
		if err != nil {
			continue
		}
		place := p.Place(phone)
		if place.Region == "" || len(place.Zones) == 0 || place.Area != fmt.Sprint(area) {
			t.Errorf("area %d: %+v", area, place)
		}
		states[place.Region] = true
		n++
	}
	if n != 67 || len(states) != 27 {
		t.Errorf("%d area codes in %d states, want 67 in 27", n, len(states))
	}
}

// A code that the library puts into the United States and our table does not know (or the other way round) is news.
func TestPlace_UnitedStatesAreTheLibrarysToo(t *testing.T) {
	p := places(t)
	tollFree := []int{500, 521, 522, 523, 524, 525, 526, 527, 528, 529, 532, 533, 544, 566, 577, 588, 800, 833, 844, 855, 866, 877, 888, 900}
	ahead := []int{436, 621} // in service or about to be, and not in the library yet
	for area := 200; area < 1000; area++ {
		number, err := phonenumbers.Parse(fmt.Sprintf("+1%d2345678", area), "")
		if err != nil {
			continue
		}
		theirs := phonenumbers.GetRegionCodeForNumber(number) == "US" && !slices.Contains(tollFree, area)
		ours := p.Place(arauto.Phone(fmt.Sprintf("+1%d2345678", area))).UnitedStates
		if ours != theirs && !slices.Contains(ahead, area) {
			t.Errorf("area %d: ours %v, the library's %v", area, ours, theirs)
		}
	}
}

func TestPlace_ManyAtOnceAndBounded(t *testing.T) {
	p := places(t)
	var group sync.WaitGroup
	for part := range 4 {
		group.Go(func() {
			for i := range 6000 {
				phone := arauto.Phone(fmt.Sprintf("+%d%04d12345", 52+part, i))
				if place := p.Place(phone); place.Country == "" {
					t.Errorf("%s has no country", string(phone))
					return
				}
			}
		})
	}
	group.Wait()
	if got := said(p.Place("+573001234567")); got != "CO- America/Bogota" {
		t.Errorf("after many others: %s", got)
	}
}

func BenchmarkPlace(b *testing.B) {
	p := places(b)
	for _, phone := range []arauto.Phone{"+5511987654321", "+573001234567", "+12125551234"} {
		b.Run(string(phone[:3]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p.Place(phone).Country == "" {
					b.Fatal("no country")
				}
			}
		})
	}
}

func TestPlaces_Country(t *testing.T) {
	p := places(t)
	for code, want := range map[string]string{
		"BR": "BR- America/Noronha,America/Sao_Paulo,America/Manaus,America/Rio_Branco",
		"US": "US- America/New_York,America/Chicago,America/Denver,America/Phoenix,America/Los_Angeles,America/Anchorage,Pacific/Honolulu US",
		"CO": "CO- America/Bogota",
		"PR": "PR- America/Puerto_Rico",
		"ZZ": "- ", "": "- ", "br": "- ",
	} {
		if got := said(p.Country(code)); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	for code, least := range map[string]int{"MX": 4, "CA": 5, "RU": 8, "AU": 4, "AR": 1, "PT": 2, "CL": 2, "ES": 2} {
		if got := p.Country(code); len(got.Zones) < least || !got.Whole {
			t.Errorf("%s: %s, want %d zones or more", code, said(got), least)
		}
	}
	for code := range phonenumbers.GetSupportedRegions() {
		if place := p.Country(code); place.Country != code || len(place.Zones) == 0 || place.UnitedStates != (code == "US") {
			t.Errorf("%s: %s", code, said(place))
		}
	}
}
