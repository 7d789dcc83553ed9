package store

import (
	"context"
	"slices"
	"time"

	"arauto"
	"arauto/internal/posting"
)

// The search index follows the contacts: whoever adds them does not wait for it. Full segments stand for the account's
// first contacts, short ones for those behind them, and the last, at most posting.ShortSpan, are in none. A question
// looks at those, and at search_stale, row by row, in one snapshot with the parts: its answer is exact at any moment.

// searchState is how far the index of an account has come.
type searchState struct{ full, short int64 }

// indexed is the id below which every contact is in a segment.
func (st searchState) indexed() int64 {
	return max(st.full<<posting.Full.Bits(), st.short<<posting.Short.Bits())
}

func loadSearch(ctx context.Context, q querier, account int64) (st searchState, err error) {
	list, err := all(ctx, q, scanPair, `SELECT full_n, short_n FROM search_state WHERE account_id = $1`, account)
	if len(list) > 0 {
		st = searchState{list[0][0], list[0][1]}
	}
	return st, err
}

// SearchProgress is how far the index is.
func (s *Store) SearchProgress(ctx context.Context, account int64) (p arauto.SearchProgress, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		st, err := loadSearch(ctx, q, account)
		if err != nil {
			return err
		}
		if p.Newest, err = lastContact(ctx, q, account); err != nil {
			return err
		}
		p.IndexedTo = min(max(st.indexed()-1, 0), p.Newest)
		p.Stale, err = one(ctx, q, scanInt, `SELECT count(*) FROM search_stale WHERE account_id = $1 AND id <= $2`, account, p.IndexedTo)
		return err
	})
	return p, doing("look at the search index", err)
}

// SearchBehind lists accounts of which a segment could be added to the index.
func (s *Store) SearchBehind(ctx context.Context, limit int) ([]int64, error) {
	return readAll(ctx, s, scanInt, `SELECT q.account_id FROM sequence q LEFT JOIN search_state x ON x.account_id = q.account_id
		WHERE q.name = 'contact' AND ((q.value + 1) >> 11 > COALESCE(x.short_n, 0) OR (q.value + 1) >> 16 > COALESCE(x.full_n, 0)) ORDER BY q.account_id LIMIT $1`, limit)
}

// Index adds the next segment of the account to the index, and returns how many contacts it has: ids that were given
// out but are no contact are none. more is false when no segment could be added.
func (s *Store) Index(ctx context.Context, now time.Time, l arauto.Lease, account int64) (n int, more bool, err error) {
	var st searchState
	var level posting.Level
	var parts []posting.Part
	var stale [][2]int64
	err = s.db.snapshot(ctx, func(q querier) error {
		var last int64
		if st, err = loadSearch(ctx, q, account); err == nil {
			last, err = lastContact(ctx, q, account)
		}
		if err != nil {
			return err
		}
		switch {
		case (last+1)>>posting.Full.Bits() > st.full:
			level, more = posting.Full, true
			parts, stale, n, err = segmentOf(ctx, q, account, level, st.full)
		case (last+1)>>posting.Short.Bits() > st.short:
			level, more = posting.Short, true
			parts, stale, n, err = segmentOf(ctx, q, account, level, st.short)
		}
		return err
	})
	if err != nil || !more {
		return 0, false, doing("read contacts for the search index", err)
	}
	next := st
	segment := st.short
	if level == posting.Full {
		segment = st.full
		next.full++
		next.short = max(next.short, next.full<<(posting.Full.Bits()-posting.Short.Bits()))
	} else {
		next.short++
	}
	err = s.db.write(ctx, func(t querier) error {
		if err := s.saveSegment(ctx, t, now, l, account, level, segment, parts, stale); err != nil {
			return err
		}
		if level == posting.Full { // it stands for the short ones of its stretch
			first := segment << (posting.Full.Bits() - posting.Short.Bits())
			if err := dropSegments(ctx, t, account, posting.Short, first, next.full<<(posting.Full.Bits()-posting.Short.Bits())); err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, `INSERT INTO search_state (account_id, full_n, short_n) VALUES ($1, $2, $3)
			ON CONFLICT (account_id) DO UPDATE SET full_n = excluded.full_n, short_n = excluded.short_n`, account, next.full, next.short)
		return err
	})
	return n, true, doing("add to the search index", err)
}

// SearchStale lists segments of which contacts changed, those with the most first.
func (s *Store) SearchStale(ctx context.Context, limit int) (list []arauto.StaleSegment, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		found, err := all(ctx, q, func(r rows) (v [4]int64, err error) { return v, r.Scan(&v[0], &v[1], &v[2], &v[3]) },
			`SELECT k.account_id, k.id >> 11, COUNT(*), COALESCE(MAX(x.full_n), 0) FROM search_stale k JOIN search_state x ON x.account_id = k.account_id AND k.id >> 11 < x.short_n
			GROUP BY k.account_id, k.id >> 11 ORDER BY 1, 2`)
		for _, v := range found {
			g := arauto.StaleSegment{Account: v[0], Number: v[1], Stale: int(v[2])}
			if full := v[1] >> (posting.Full.Bits() - posting.Short.Bits()); full < v[3] {
				g.Full, g.Number = true, full
			}
			if n := len(list); n > 0 && list[n-1].Account == g.Account && list[n-1].Full == g.Full && list[n-1].Number == g.Number {
				list[n-1].Stale += g.Stale
			} else {
				list = append(list, g)
			}
		}
		return err
	})
	slices.SortStableFunc(list, func(a, b arauto.StaleSegment) int { return b.Stale - a.Stale })
	return list[:min(limit, len(list))], doing("look for what changed in the search index", err)
}

// SearchOlder lists segments that an earlier version made, and that this one would cut into other parts.
func (s *Store) SearchOlder(ctx context.Context, limit int) ([]arauto.StaleSegment, error) {
	now := posting.Current()
	list, err := readAll(ctx, s, func(r rows) (g arauto.StaleSegment, err error) {
		var level int64
		err = r.Scan(&g.Account, &level, &g.Number)
		g.Full = posting.Level(level) == posting.Full
		return g, err
	}, `SELECT c.account_id, c.level, c.segment FROM search_state x JOIN search_part c ON c.account_id = x.account_id AND c.level IN ($1, $2) AND c.part = $3
		LEFT JOIN search_part n ON n.account_id = c.account_id AND n.level = c.level AND n.part = $4 AND n.segment = c.segment AND n.data = $5
		WHERE n.account_id IS NULL LIMIT $6`, int64(posting.Short), int64(posting.Full), posting.Contents, now.Number, now.Data, limit)
	return list, doing("look for older parts of the search index", err)
}

// Reindex makes a segment anew from its contacts as they are.
func (s *Store) Reindex(ctx context.Context, now time.Time, l arauto.Lease, g arauto.StaleSegment) error {
	level := posting.Short
	if g.Full {
		level = posting.Full
	}
	var parts []posting.Part
	var stale [][2]int64
	err := s.db.snapshot(ctx, func(q querier) (err error) {
		parts, stale, _, err = segmentOf(ctx, q, g.Account, level, g.Number)
		return err
	})
	if err == nil {
		err = s.db.write(ctx, func(t querier) error {
			if err := dropSegments(ctx, t, g.Account, level, g.Number, g.Number+1); err != nil {
				return err
			}
			return s.saveSegment(ctx, t, now, l, g.Account, level, g.Number, parts, stale)
		})
	}
	return doing("make a part of the search index anew", err)
}

// segmentOf builds a segment, and lists the changes that are in it.
func segmentOf(ctx context.Context, q querier, account int64, level posting.Level, segment int64) ([]posting.Part, [][2]int64, int, error) {
	from, to := segment<<level.Bits(), (segment+1)<<level.Bits()
	stale, err := all(ctx, q, scanPair, `SELECT id, changes FROM search_stale WHERE account_id = $1 AND id >= $2 AND id < $3`, account, from, to)
	if err != nil {
		return nil, nil, 0, err
	}
	var b posting.Builder
	n := 0
	r, err := q.query(ctx, `SELECT id, campaign_id, name_fold, phone, fields FROM contact
		WHERE account_id = $1 AND id >= $2 AND id < $3 AND deleted_at = 0 ORDER BY id`, account, from, to)
	if err != nil {
		return nil, nil, 0, err
	}
	defer r.Close()
	for r.Next() {
		var id, campaign int64
		var name, raw string
		var phone arauto.Phone
		if err := r.Scan(&id, &campaign, &name, &phone, &raw); err != nil {
			return nil, nil, 0, err
		}
		fields, err := arauto.StoredFields(raw)
		if err != nil {
			fields = nil // nobody finds a contact by fields that cannot be read
		}
		b.Add(id, campaign, name, phone, fields)
		n++
	}
	if err := r.Err(); err != nil {
		return nil, nil, 0, err
	}
	return b.Parts(level), stale, n, nil
}

// saveSegment writes a segment's parts. Contacts that changed once more since it was built stay stale.
func (s *Store) saveSegment(ctx context.Context, t querier, now time.Time, l arauto.Lease, account int64, level posting.Level, segment int64, parts []posting.Part, stale [][2]int64) error {
	if err := s.fenced(ctx, t, now, l); err != nil {
		return err
	}
	if err := s.insertParts(ctx, t, account, level, segment, parts); err != nil {
		return err
	}
	gone := make([][]any, len(stale))
	for i, c := range stale {
		gone[i] = []any{account, c[0], c[1]}
	}
	_, err := t.each(ctx, `DELETE FROM search_stale WHERE account_id = $1 AND id = $2 AND changes = $3`, gone)
	return err
}

func (s *Store) insertParts(ctx context.Context, t querier, account int64, level posting.Level, segment int64, parts []posting.Part) error {
	const insert = `INSERT INTO search_part (account_id, level, part, segment, data) `
	if s.db.postgres() {
		numbers, data := make([]int64, len(parts)), make([][]byte, len(parts))
		for i, p := range parts {
			numbers[i], data[i] = p.Number, p.Data
		}
		_, err := t.exec(ctx, insert+`SELECT $1, $2, part, $3, data FROM unnest($4::bigint[], $5::bytea[]) AS u(part, data)`, account, int64(level), segment, numbers, data)
		return err
	}
	args := make([][]any, len(parts))
	for i, p := range parts {
		args[i] = []any{account, int64(level), p.Number, segment, p.Data}
	}
	_, err := t.each(ctx, insert+`VALUES ($1, $2, $3, $4, $5)`, args)
	return err
}

// dropSegments removes segments from ≤ number < to. Their parts lie apart, so each is named.
func dropSegments(ctx context.Context, t querier, account int64, level posting.Level, from, to int64) error {
	type contents struct {
		segment int64
		data    []byte
	}
	list, err := all(ctx, t, func(r rows) (c contents, err error) { return c, r.Scan(&c.segment, &c.data) },
		`SELECT segment, data FROM search_part WHERE account_id = $1 AND level = $2 AND part = $3 AND segment >= $4 AND segment < $5`,
		account, int64(level), posting.Contents, from, to)
	if err != nil {
		return err
	}
	var gone [][]any
	for _, c := range list {
		for _, part := range posting.Listed(c.data) {
			gone = append(gone, []any{account, int64(level), part, c.segment})
		}
	}
	_, err = t.each(ctx, `DELETE FROM search_part WHERE account_id = $1 AND level = $2 AND part = $3 AND segment = $4`, gone)
	return err
}
