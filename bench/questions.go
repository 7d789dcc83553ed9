package bench

import (
	"context"
	"fmt"
	"time"

	"arauto"
	"arauto/internal/store"
)

// searching is one run of `bench search` against contacts that are stored.
type searching struct {
	store     *store.Store
	account   int64
	campaigns []arauto.Campaign
	contacts  int
	*verdict
}

// index lets the search index catch up, and says how fast it did.
func (b *searching) index(ctx context.Context) error {
	lease, taken, err := b.store.Take(ctx, now(), 0, "search", "bench", time.Hour)
	if err != nil || !taken {
		return fmt.Errorf("take the index's lease: taken %v: %w", taken, err)
	}
	began, n := time.Now(), 0
	for {
		added, more, err := b.store.Index(ctx, now(), lease, b.account)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		n += added
	}
	if took := time.Since(began); n > 0 {
		fmt.Fprintf(b.out, "%d contacts indexed in %.1f s\n", n, took.Seconds())
		b.atLeast("indexed a second, by one core", float64(n)/took.Seconds(), 40_000)
	}
	if err := b.remake(ctx, lease); err != nil {
		return err
	}
	p, err := b.store.SearchProgress(ctx, b.account)
	fmt.Fprintf(b.out, "indexed to %d of %d\n", p.IndexedTo, p.Newest)
	return err
}

// remake makes anew what an earlier version left in the index.
func (b *searching) remake(ctx context.Context, l arauto.Lease) error {
	for began, n := time.Now(), 0; ; n++ {
		older, err := b.store.SearchOlder(ctx, 1)
		if err != nil {
			return err
		}
		if len(older) == 0 {
			if n > 0 {
				fmt.Fprintf(b.out, "%d segments of an earlier version made anew in %.1f s\n", n, time.Since(began).Seconds())
			}
			return nil
		}
		if err := b.store.Reindex(ctx, now(), l, older[0]); err != nil {
			return err
		}
	}
}

// A question is one kind of filter, with values that differ from sample to sample.
type question struct {
	name    string
	samples int
	filter  func(i int) arauto.ContactFilter
}

func (b *searching) questions() []question {
	cpf := func(i int) string { return fmt.Sprintf("%011d", int(mixed(i)%uint64(b.contacts))) }
	field := func(key, value string) arauto.ContactFilter {
		return arauto.ContactFilter{FieldKey: key, FieldValue: value}
	}
	in := func(f arauto.ContactFilter, i int) arauto.ContactFilter {
		f.Campaigns = []int64{b.campaigns[i%len(b.campaigns)].ID}
		return f
	}
	pending := func(f arauto.ContactFilter) arauto.ContactFilter {
		f.States = []arauto.ContactState{arauto.ContactPending}
		return f
	}
	city := func(i int) string { return fmt.Sprintf("Cidade %03d", i*7%cities) }
	rare := []string{"Zuleica Zanetti", "Wanderley Zanetti", "Ivone da Silva", "Cícero Tavares", "zanetti wanderley", "robson brandao"}
	return []question{
		{name: "field, one match (cpf)", samples: 100, filter: func(i int) arauto.ContactFilter { return field("CPF", cpf(i)) }},
		{name: "field, no match", samples: 40, filter: func(i int) arauto.ContactFilter { return field("cpf", fmt.Sprint("x", i)) }},
		{name: "field, 10,000 matches (cidade)", samples: 60, filter: func(i int) arauto.ContactFilter { return field("cidade", city(i)) }},
		{name: "field, 100,000 matches (plano)", samples: 50, filter: func(i int) arauto.ContactFilter { return field("plano", fmt.Sprintf("Plano %02d", i%plans)) }},
		{name: "field, 10,000 matches, in one campaign", samples: 50, filter: func(i int) arauto.ContactFilter { return in(field("plano", fmt.Sprintf("Plano %02d", i%plans)), i) }},
		{name: "field, 10,000 matches, pending, in one campaign", samples: 50, filter: func(i int) arauto.ContactFilter {
			return pending(in(field("plano", fmt.Sprintf("Plano %02d", i%plans)), i))
		}},
		{name: "name, two words, few matches", samples: 60, filter: func(i int) arauto.ContactFilter { return arauto.ContactFilter{Name: rare[i%len(rare)]} }},
		{name: "name, one rare word", samples: 60, filter: func(i int) arauto.ContactFilter {
			return arauto.ContactFilter{Name: []string{"zuleica", "IVONE", "cícero", "valdir"}[i%4]}
		}},
		{name: "name, three letters of one word", samples: 60, filter: func(i int) arauto.ContactFilter {
			return arauto.ContactFilter{Name: []string{"zul", "ivo", "wan", "gor"}[i%4]}
		}},
		{name: "name and field", samples: 50, filter: func(i int) arauto.ContactFilter { f := field("cidade", city(i)); f.Name = "maria"; return f }},
		{name: "phone, its last four digits", samples: 60, filter: func(i int) arauto.ContactFilter {
			return arauto.ContactFilter{Digits: fmt.Sprintf("%04d", mixed(i)%10_000)}
		}},
		{name: "phone, its last eight digits", samples: 60, filter: func(i int) arauto.ContactFilter {
			p := person(int(mixed(i) % uint64(b.contacts))).Phone
			return arauto.ContactFilter{Digits: string(p[len(p)-8:])}
		}},
		{name: "phone, whole", samples: 60, filter: func(i int) arauto.ContactFilter {
			return arauto.ContactFilter{PersonKeys: []string{person(int(mixed(i) % uint64(b.contacts))).PersonKey}}
		}},
		{name: "field, half of all (perfil)", samples: 10, filter: func(int) arauto.ContactFilter { return field("perfil", "Pessoa Jurídica") }},
		{name: "name, one frequent word (maria)", samples: 10, filter: func(int) arauto.ContactFilter { return arauto.ContactFilter{Name: "maria"} }},
		{name: "name, three frequent letters (ana)", samples: 10, filter: func(int) arauto.ContactFilter { return arauto.ContactFilter{Name: "ana"} }},
		{name: "name, two frequent words (maria da)", samples: 10, filter: func(int) arauto.ContactFilter { return arauto.ContactFilter{Name: "maria da"} }},
		{name: "phone, country and area (55119)", samples: 10, filter: func(int) arauto.ContactFilter { return arauto.ContactFilter{Digits: "55119"} }},
		{name: "name, frequent, pending", samples: 5, filter: func(int) arauto.ContactFilter { return pending(arauto.ContactFilter{Name: "maria"}) }},
	}
}

// broad is beyond how many matches a filter may take a second.
const broad = 100_000

// laterPages is how many pages behind the first are read of each sample.
const laterPages = 8

func (b *searching) ask(ctx context.Context) error {
	if err := b.baseline(ctx); err != nil {
		return err
	}
	for _, q := range b.questions() {
		var rows, total, later []float64
		var matches int64
		for i := range q.samples {
			f := q.filter(i)
			began := time.Now()
			page, err := b.store.ContactRows(ctx, b.account, f, 0, pageSize)
			rows = append(rows, since(began))
			if err != nil {
				return err
			}
			began = time.Now()
			n, err := b.store.CountContacts(ctx, b.account, f, 1<<53)
			if err != nil {
				return err
			}
			total, matches = append(total, since(began)), max(matches, n)
			if later, err = b.pages(ctx, f, page, later); err != nil {
				return err
			}
		}
		first := make([]float64, len(rows))
		for i := range rows {
			first[i] = rows[i] + total[i]
		}
		fmt.Fprintf(b.out, "%s: up to %d match; page one %.1f ms and its total %.1f ms\n", q.name, matches, quantile(rows, 0.95), quantile(total, 0.95))
		most := 100.0
		if matches > broad {
			most = 1000
		}
		b.atMost(q.name+": page one with total, p95 ms", quantile(first, 0.95), most)
		if len(later) > 0 {
			b.atMost(q.name+": later pages, p95 ms", quantile(later, 0.95), 5)
		}
	}
	return nil
}

func (b *searching) pages(ctx context.Context, f arauto.ContactFilter, page []arauto.ContactRow, later []float64) ([]float64, error) {
	for range laterPages {
		if len(page) < pageSize {
			break
		}
		began := time.Now()
		next, err := b.store.ContactRows(ctx, b.account, f, page[len(page)-1].ID, pageSize)
		if err != nil {
			return nil, err
		}
		later, page = append(later, since(began)), next
	}
	return later, nil
}

// baseline is a page by key without any filter, and one walk past every row to a value that nobody has.
func (b *searching) baseline(ctx context.Context) error {
	var plain []float64
	below := int64(0)
	for range 100 {
		began := time.Now()
		page, err := b.store.ContactRows(ctx, b.account, arauto.ContactFilter{}, below, pageSize)
		if err != nil {
			return err
		}
		plain, below = append(plain, since(began)), page[len(page)-1].ID
	}
	began := time.Now()
	// What changed, by the moment of change, with a filter that is compared row by row.
	if _, err := b.store.UpdatedContacts(ctx, b.account, arauto.ContactFilter{Name: "nobody at all"}, time.UnixMilli(1), 0, pageSize); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "baseline: a page by key without filter p95 %.2f ms; a walk past every row %.0f ms\n", quantile(plain, 0.95), since(began))
	return nil
}

func since(t time.Time) float64 { return float64(time.Since(t).Microseconds()) / 1000 }
