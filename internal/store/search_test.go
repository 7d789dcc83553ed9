package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"arauto"
	"arauto/internal/posting"
)

// TestSearch_EqualsAScan: however far the index has come, and whatever became of contacts since, lists, counts and
// offsets are what a look at every row gives.
func TestSearch_EqualsAScan(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s.few = 0
		w := newSearchWorld(t, s)
		steps, far := 0, int64(posting.Span)
		if testing.Short() { // fewer steps
			far = posting.ShortSpan
		}
		rapid.Check(t, func(t *rapid.T) {
			if steps++; steps > searchSteps {
				return // each costs more than the one before
			}
			w.grow(t)
			if steps%7 == 0 { // by chance alone it might stay behind all the time
				w.follow(far/2 + 100)
			}
			for range 4 {
				w.compare(t, w.filter(t))
			}
		})
		progress, err := s.SearchProgress(t.Context(), w.account)
		if err != nil || progress.IndexedTo < far {
			t.Errorf("the index never came far: %+v (%v)", progress, err)
		}
	})
}

const searchSteps = 40

// TestSearch_Older: segments that do not say they are as they would be made now are listed, each once, and made anew.
func TestSearch_Older(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newSearchWorld(t, s)
		if _, err := s.AddContacts(ctx, searchBase, w.account, 1, []arauto.Contact{{Name: "Ana", Phone: "+5511900000001", PersonKey: "p"}}); err != nil {
			t.Fatal(err)
		}
		w.follow(posting.Span + 2*posting.ShortSpan)
		listed := func() []arauto.StaleSegment {
			list, err := s.SearchOlder(ctx, 10)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := listed(); len(list) != 0 {
			t.Fatalf("just made, and older: %+v", list)
		}
		now := posting.Current()
		s.must(t, `UPDATE search_part SET data = $3 WHERE account_id = $1 AND part = $2 AND level = 1`, w.account, now.Number, []byte{1})
		s.must(t, `DELETE FROM search_part WHERE account_id = $1 AND part = $2 AND level = 0 AND segment = 33`, w.account, now.Number)
		want := []arauto.StaleSegment{{Account: w.account, Number: 33}, {Account: w.account, Full: true}}
		list := listed()
		slices.SortFunc(list, func(a, b arauto.StaleSegment) int { return int(b.Number - a.Number) })
		if diff := cmp.Diff(want, list); diff != "" {
			t.Fatalf("older (-want +got):\n%s", diff)
		}
		for _, g := range list {
			if err := s.Reindex(ctx, searchBase, w.lease, g); err != nil {
				t.Fatal(err)
			}
		}
		if list := listed(); len(list) != 0 {
			t.Errorf("made anew, and older: %+v", list)
		}
	})
}

// TestSearch_ChangedBeforeIndexed: that somebody changed who is in no segment yet is nothing to the segments below, in
// which another has their place.
func TestSearch_ChangedBeforeIndexed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		w := newSearchWorld(t, s)
		add := func(name string, n int) {
			t.Helper()
			c := arauto.Contact{Name: name, Phone: arauto.Phone(fmt.Sprintf("+551190000000%d", n)), PersonKey: fmt.Sprint("p", n)}
			if _, err := s.AddContacts(ctx, searchBase, w.account, 1, []arauto.Contact{c}); err != nil {
				t.Fatal(err)
			}
		}
		add("Ana", 1)
		w.follow(posting.Span - 1)
		add("Rui", 2)
		s.must(t, `UPDATE contact SET name = 'Rita', name_fold = 'rita', version = version + 1 WHERE account_id = $1 AND name = 'Rui'`, w.account)
		for _, name := range []string{"ana", "rita"} {
			f := arauto.ContactFilter{Name: name}
			n, err := s.CountContacts(ctx, w.account, f, 1<<53)
			if err != nil || n != 1 {
				t.Errorf("%s: %d are counted (%v)", name, n, err)
			}
			list, err := s.ContactRows(ctx, w.account, f, 0, 10)
			if err != nil || len(list) != 1 {
				t.Errorf("%s: %d are listed (%v)", name, len(list), err)
			}
		}
	})
}

type searchWorld struct {
	t         *testing.T
	s         *Store
	account   int64
	campaigns []int64
	lease     arauto.Lease
	n         int
}

var searchBase = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func newSearchWorld(t *testing.T, s *Store) *searchWorld {
	t.Helper()
	ctx := t.Context()
	account, err := s.CreateAccount(ctx, arauto.Actor{Name: "cli"}, searchBase, arauto.Account{Slug: "a", Name: "Loja", Country: "BR", TimeZone: "UTC", Language: arauto.Portuguese})
	if err != nil {
		t.Fatal(err)
	}
	w := &searchWorld{t: t, s: s, account: account.ID}
	for i := range int64(3) {
		s.must(t, `INSERT INTO campaign (account_id, id, uuid, name, channel, state, pause, standing, sender_id, template_id, mapping, hold_after, reply_window_ms,
			version, scheduled_for, created_at, updated_at, started_at, ended_at) VALUES ($1, $2, $3, $4, 'whatsapp', 'draft', '', false, 0, 0, '{}', 0, 0, 1, 0, 0, 0, 0, 0)`,
			w.account, i+1, newUUID(), fmt.Sprint("campanha ", i+1))
		w.campaigns = append(w.campaigns, i+1)
	}
	if w.lease, _, err = s.Take(ctx, searchBase, 0, "search", "n1", 48*time.Hour); err != nil {
		t.Fatal(err)
	}
	return w
}

var (
	searchNames  = []string{"Ana", "Mariana", "MARIA", "João", "da", "Silva", "silvia", "47", "", "d'Ávila"}
	searchValues = []string{"1", "2", "São Paulo", `"aspas"`, `a\b`, "%"}
)

func drawName(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(searchNames), 0, 4).Draw(t, "name"), " ")
}

func drawFields(t *rapid.T) (list arauto.Fields) {
	for _, key := range []string{"cpf", "Cidade"} {
		if rapid.Bool().Draw(t, "has "+key) {
			list = append(list, arauto.Field{Key: key, Value: rapid.SampledFrom(searchValues).Draw(t, key)})
		}
	}
	return list
}

// grow adds contacts, changes and removes some, lets ids pass and the index follow a little.
func (w *searchWorld) grow(t *rapid.T) {
	ctx := w.t.Context()
	var list []arauto.Contact
	for range rapid.IntRange(0, 12).Draw(t, "added") {
		w.n++
		phone := arauto.Phone(fmt.Sprintf("+5511%09d", 900_000_000+w.n*7919%10_000))
		list = append(list, arauto.Contact{Name: drawName(t), Phone: phone, PersonKey: fmt.Sprint("p", w.n), Fields: drawFields(t)})
	}
	if _, err := w.s.AddContacts(ctx, searchBase, w.account, rapid.SampledFrom(w.campaigns).Draw(t, "into"), list); err != nil {
		t.Fatal(err)
	}
	some := func(what string) (ids []int64) {
		chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, what), 0))
		for _, id := range w.ids(t) {
			if chance.IntN(30) == 0 {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for _, id := range some("renamed") {
		name := drawName(t)
		w.s.must(w.t, `UPDATE contact SET name = $3, name_fold = $4, fields = $5, version = version + 1 WHERE account_id = $1 AND id = $2`,
			w.account, id, name, arauto.Fold(name), string(drawFields(t).AppendJSON(nil)))
	}
	for _, id := range some("removed") {
		w.s.must(w.t, `UPDATE contact SET deleted_at = 1, version = version + 1 WHERE account_id = $1 AND id = $2`, w.account, id)
	}
	for _, id := range some("failed") {
		w.s.must(w.t, `UPDATE contact SET state = 'failed', version = version + 1 WHERE account_id = $1 AND id = $2`, w.account, id)
	}
	w.s.must(w.t, `DELETE FROM campaign_count WHERE account_id = $1`, w.account)
	w.s.must(w.t, `INSERT INTO campaign_count (account_id, campaign_id, slot, state, n) SELECT account_id, campaign_id, 0, state, COUNT(*) FROM contact
		WHERE account_id = $1 AND deleted_at = 0 GROUP BY account_id, campaign_id, state`, w.account)
	if rapid.IntRange(0, 3).Draw(t, "ids pass") == 0 {
		w.s.must(w.t, `UPDATE sequence SET value = value + $2 WHERE account_id = $1 AND name = 'contact'`, w.account, rapid.SampledFrom([]int64{1000, 2100, 40_000}).Draw(t, "how many"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "indexed") {
		if _, _, err := w.s.Index(ctx, searchBase, w.lease, w.account); err != nil {
			t.Fatal(err)
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "anew") == 0 {
		list, err := w.s.SearchStale(ctx, 1)
		if err == nil && len(list) > 0 {
			err = w.s.Reindex(ctx, searchBase, w.lease, list[0])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// follow lets so many ids pass, and the index come after.
func (w *searchWorld) follow(ids int64) {
	w.s.must(w.t, `UPDATE sequence SET value = value + $2 WHERE account_id = $1 AND name = 'contact'`, w.account, ids)
	for more := true; more; {
		_, left, err := w.s.Index(w.t.Context(), searchBase, w.lease, w.account)
		if more = left; err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *searchWorld) ids(t *rapid.T) []int64 {
	list, err := readAll(w.t.Context(), w.s, scanInt, `SELECT id FROM contact WHERE account_id = $1 AND deleted_at = 0 ORDER BY id DESC`, w.account)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (w *searchWorld) filter(t *rapid.T) (f arauto.ContactFilter) {
	if rapid.Bool().Draw(t, "by name") {
		name := []rune(drawName(t))
		f.Name = string(name[rapid.IntRange(0, len(name)).Draw(t, "from"):])
	}
	if rapid.Bool().Draw(t, "by field") {
		f.FieldKey, f.FieldValue = rapid.SampledFrom([]string{"CPF", "cidade", "nada"}).Draw(t, "key"), rapid.SampledFrom(searchValues).Draw(t, "value")
	}
	if rapid.Bool().Draw(t, "by digits") {
		f.Digits = fmt.Sprintf("%04d", rapid.IntRange(0, 9999).Draw(t, "digits"))
		if rapid.Bool().Draw(t, "more digits") {
			f.Digits = "11900" + f.Digits[:1]
		}
	}
	if rapid.Bool().Draw(t, "by campaign") {
		f.Campaigns = w.campaigns[:rapid.IntRange(1, 2).Draw(t, "campaigns")]
	}
	if rapid.IntRange(0, 2).Draw(t, "by state") == 0 {
		f.States = []arauto.ContactState{rapid.SampledFrom([]arauto.ContactState{arauto.ContactPending, arauto.ContactFailed}).Draw(t, "state")}
	}
	return f
}

// scan is who fits f, by a look at every row.
func (w *searchWorld) scan(t *rapid.T, f arauto.ContactFilter) (fit []int64) {
	rows, err := readAll(w.t.Context(), w.s, scanContact, `SELECT `+contactColumns+` FROM contact WHERE account_id = $1 AND deleted_at = 0 ORDER BY id DESC`, w.account)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rows {
		v, has := c.Fields.Get(f.FieldKey)
		if strings.Contains(arauto.Fold(c.Name), arauto.Fold(f.Name)) && strings.Contains(string(c.Phone), f.Digits) && (f.FieldKey == "" || has && v == f.FieldValue) &&
			(len(f.Campaigns) == 0 || slices.Contains(f.Campaigns, c.Campaign)) && (len(f.States) == 0 || slices.Contains(f.States, c.State)) {
			fit = append(fit, c.ID)
		}
	}
	return fit
}

func (w *searchWorld) compare(t *rapid.T, f arauto.ContactFilter) {
	ctx := w.t.Context()
	want := w.scan(t, f)
	size := rapid.IntRange(1, 20).Draw(t, "page")
	var got []int64
	for below := int64(0); ; {
		rows, err := w.s.ContactRows(ctx, w.account, f, below, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			got, below = append(got, r.ID), r.ID
		}
		if len(rows) < size {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%+v (-scanned +found):\n%s", f, diff)
	}
	n, err := w.s.CountContacts(ctx, w.account, f, 1<<53)
	if err != nil || n != int64(len(want)) {
		t.Fatalf("%+v: counted %d (%v), there are %d", f, n, err, len(want))
	}
	if len(want) > 1 {
		skip := rapid.IntRange(1, len(want)-1).Draw(t, "skip")
		below, err := w.s.SkipContacts(ctx, w.account, f, 1<<53, int64(skip))
		if err != nil || below != want[skip-1] {
			t.Fatalf("%+v: %d skipped is %d (%v), want %d", f, skip, below, err, want[skip-1])
		}
	}
}
