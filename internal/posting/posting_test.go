package posting_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/posting"
)

type contact struct {
	id, campaign int64
	name         string
	phone        arauto.Phone
	fields       arauto.Fields
}

func (c contact) fits(q posting.Query) bool {
	for _, f := range q.Fields {
		if v, ok := c.fields.Get(f.Key); !ok || v != f.Value {
			return false
		}
	}
	return strings.Contains(c.name, q.Name) && strings.Contains(string(c.phone), q.Digits) &&
		(len(q.Campaigns) == 0 || slices.Contains(q.Campaigns, c.campaign))
}

// segment is a segment as it would be kept.
type segment struct {
	level posting.Level
	parts map[int64][]byte
}

func build(level posting.Level, list []contact) segment {
	var b posting.Builder
	for _, c := range list {
		b.Add(c.id, c.campaign, c.name, c.phone, c.fields)
	}
	return kept(level, b.Parts(level))
}

func kept(level posting.Level, parts []posting.Part) segment {
	s := segment{level, map[int64][]byte{}}
	for _, p := range parts {
		s.parts[p.Number] = p.Data
	}
	return s
}

// older is s as it was made before.
func (s segment) older(pairs bool) segment {
	var parts []posting.Part
	for _, n := range slices.Sorted(maps.Keys(s.parts)) {
		parts = append(parts, posting.Part{Number: n, Data: s.parts[n]})
	}
	return kept(s.level, posting.Older(s.level, parts, pairs))
}

func (s segment) read(numbers []int64) (list []posting.Part, err error) {
	for _, n := range numbers {
		if data, ok := s.parts[n]; ok {
			list = append(list, posting.Part{Number: n, Data: data})
		}
	}
	return list, nil
}

func (s segment) find(t interface{ Fatal(...any) }, q posting.Query, exact bool) *posting.Set {
	var found posting.Set
	parts, _ := s.read(q.Numbers(s.level))
	if err := q.Find(&found, s.level, parts, exact, s.read); err != nil {
		t.Fatal(err)
	}
	return &found
}

// TestFind_EqualsAScan: whatever is asked of whatever contacts, the index answers as a look at each of them does.
func TestFind_EqualsAScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := contacts(t)
		level := rapid.SampledFrom([]posting.Level{posting.Short, posting.Full}).Draw(t, "level")
		s := build(level, list)
		if rapid.IntRange(0, 3).Draw(t, "of an older shape") == 0 {
			s = s.older(rapid.Bool().Draw(t, "with pairs"))
		}
		for range 8 {
			q := draw(t, list)
			exact, loose := s.find(t, q, true), s.find(t, q, false)
			for _, c := range list {
				if got, want := exact.Has(c.id), c.fits(q); got != want {
					t.Fatalf("%+v: contact %+v is found: %v, want %v", q, c, got, want)
				}
				if c.fits(q) && !loose.Has(c.id) {
					t.Fatalf("%+v: contact %+v is missing", q, c)
				}
			}
			if n := exact.Len(); n > len(list) {
				t.Fatalf("%d found of %d", n, len(list))
			}
		}
	})
}

var (
	pieces = []string{"ana", "mar", "ia", "maria", "da", "silva", "silvia", "47", "1", "são", "", "\n", "d'avila", "zé"}
	keys   = []string{"cpf", "Perfil", "straße", "K"}
	values = []string{"", "1", "11", "pessoa física", "\"", "\\"}
)

func text(t *rapid.T, what string) string {
	words := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 3).Draw(t, "pieces"), "")
	}), 0, 4).Draw(t, what)
	return strings.Join(words, " ")
}

func contacts(t *rapid.T) []contact {
	base := rapid.Int64Range(0, 3).Draw(t, "segment") * posting.Span
	id := base + rapid.Int64Range(0, 1500).Draw(t, "first")
	var list []contact
	for range rapid.IntRange(1, 120).Draw(t, "contacts") {
		id += rapid.Int64Range(1, 500).Draw(t, "gap")
		c := contact{id: id, campaign: rapid.Int64Range(1, 3).Draw(t, "campaign"), name: arauto.Fold(text(t, "name"))}
		if rapid.IntRange(0, 9).Draw(t, "has a phone") > 0 {
			c.phone = arauto.Phone(fmt.Sprintf("+55%d", rapid.Int64Range(0, 99_999_999_999).Draw(t, "phone")))
		}
		for _, k := range keys[:rapid.IntRange(0, len(keys)).Draw(t, "fields")] {
			c.fields = append(c.fields, arauto.Field{Key: k, Value: rapid.SampledFrom(values).Draw(t, k)})
		}
		if id >= base+posting.Span {
			break
		}
		list = append(list, c)
	}
	return list
}

// draw asks for what somebody has, mostly.
func draw(t *rapid.T, list []contact) (q posting.Query) {
	one := contact{name: "nobody"}
	if len(list) > 0 {
		one = rapid.SampledFrom(list).Draw(t, "one")
	}
	if rapid.Bool().Draw(t, "by name") {
		q.Name = arauto.Fold(text(t, "asked"))
		if runes := []rune(one.name); len(runes) > 0 && rapid.IntRange(0, 3).Draw(t, "has") > 0 {
			from := rapid.IntRange(0, len(runes)-1).Draw(t, "from")
			q.Name = string(runes[from:rapid.IntRange(from+1, len(runes)).Draw(t, "to")])
		}
	}
	if digits := strings.TrimPrefix(string(one.phone), "+"); len(digits) >= 4 && rapid.Bool().Draw(t, "by phone") {
		from := rapid.IntRange(0, len(digits)-4).Draw(t, "from")
		q.Digits = digits[from:rapid.IntRange(from+4, len(digits)).Draw(t, "to")]
	}
	if len(one.fields) > 0 && rapid.Bool().Draw(t, "by field") {
		f := rapid.SampledFrom(one.fields).Draw(t, "field")
		q.Fields = arauto.Fields{{Key: rapid.SampledFrom([]string{f.Key, strings.ToUpper(f.Key), strings.ToLower(f.Key), "kein"}).Draw(t, "key"), Value: f.Value}}
	}
	if q.Name == "" && q.Digits == "" && len(q.Fields) == 0 || rapid.Bool().Draw(t, "by campaign") {
		q.Campaigns = rapid.SliceOfN(rapid.Int64Range(1, 4), 1, 2).Draw(t, "campaigns")
	}
	return q
}

func TestSet(t *testing.T) {
	var s posting.Set
	base := int64(2 * posting.Span)
	for _, id := range []int64{0, 63, 64, 1000, posting.Span - 1} {
		s.Add(base + id)
	}
	if got, want := s.Last(nil, base, 2), []int64{base + posting.Span - 1, base + 1000}; !slices.Equal(got, want) {
		t.Errorf("the last two are %v, want %v", got, want)
	}
	s.Keep(base, base+1, base+64)
	if got, want := s.Last(nil, base, 9), []int64{base + 63}; !slices.Equal(got, want) || !s.Empty() {
		t.Errorf("between 1 and 64 there is %v, want %v", got, want)
	}
}

// TestFind_Damaged: bytes that are not a segment's are answered with something, not with a panic.
func TestFind_Damaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := contacts(t)
		s := build(posting.Full, list)
		for n, data := range s.parts {
			data = slices.Clone(data[:rapid.IntRange(0, len(data)).Draw(t, "cut")])
			if len(data) > 0 {
				data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] ^= rapid.Byte().Draw(t, "with")
			}
			s.parts[n] = data
		}
		s.find(t, draw(t, list), true)
	})
}

func BenchmarkBuild(bench *testing.B) {
	var list []contact
	for i := range int64(posting.Span) {
		list = append(list, contact{
			id: i, campaign: 1, name: fmt.Sprintf("maria %c da conceicao silva", 'a'+i%26), phone: arauto.Phone(fmt.Sprintf("+55119%08d", i*48271%100_000_000)),
			fields: arauto.Fields{{Key: "cpf", Value: fmt.Sprint(i)}, {Key: "email", Value: fmt.Sprint(i, "@example.com")}, {Key: "plano", Value: fmt.Sprint(i % 50)}},
		})
	}
	for bench.Loop() {
		var b posting.Builder
		size := 0
		for _, c := range list {
			b.Add(c.id, c.campaign, c.name, c.phone, c.fields)
		}
		for _, p := range b.Parts(posting.Full) {
			size += len(p.Data)
		}
		bench.ReportMetric(float64(size)/float64(len(list)), "bytes/contact")
	}
	bench.ReportMetric(float64(len(list)*bench.N)/bench.Elapsed().Seconds(), "contacts/s")
}

// TestFind_LongLists: lists of many lengths, cut into parts where they are too long for one, are found whole, whichever
// shape the segment has.
func TestFind_LongLists(t *testing.T) {
	var list []contact
	for i := range int64(30_000) {
		words := []string{"maria"}
		for _, every := range []int64{2, 3, 5, 7, 40, 300, 2000, 9000} {
			if i%every == 0 {
				words = append(words, fmt.Sprintf("palavra%d", every))
			}
		}
		if i%3000 == 1 {
			words = []string{"palavra5 palavra7 e palavra7 palavra40"} // each two in a row, but not the three
		}
		list = append(list, contact{id: i, campaign: 1, name: strings.Join(append(words, fmt.Sprint("unica", i%6000)), " "), phone: arauto.Phone(fmt.Sprintf("+55119%08d", i*48271%100_000_000))})
	}
	now := build(posting.Full, list)
	for shape, s := range map[string]segment{"now": now, "with pairs": now.older(true), "the first": now.older(false)} {
		for _, q := range []posting.Query{
			{Name: "maria"},
			{Name: "palavra5"},
			{Name: "palavra9000"},
			{Name: "avra3"},
			{Name: "unica4711"},
			{Name: "palavra2 palavra3"},
			{Name: "palavra7 unica3"},
			{Name: "palavra2 palavra5 palavra7"},
			{Name: "palavra5 palavra7 palavra40"},
			{Name: "5 palavra300"},
			{Name: " unica17"},
			{Digits: "1190"},
			{Digits: "482710", Name: "palavra2"},
		} {
			found, want := s.find(t, q, true), 0
			for _, c := range list {
				if c.fits(q) {
					want++
				}
				if found.Has(c.id) != c.fits(q) {
					t.Fatalf("%s, %+v: contact %+v is found: %v", shape, q, c, found.Has(c.id))
				}
			}
			if want == 0 && q.Digits == "" {
				t.Errorf("%+v: nobody fits", q)
			}
		}
	}
	long := 0
	for _, data := range now.parts {
		if len(data) > 2000 {
			long++
		}
	}
	if long > 60 {
		t.Errorf("%d of %d parts are too long to lie in the table", long, len(now.parts))
	}
}
