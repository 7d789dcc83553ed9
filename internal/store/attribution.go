package store

import (
	"context"
	"time"

	"arauto"
)

// sourced are the conversations that each ad and post brought between two moments: a conversation counts once for each.
const sourced = `SELECT c.source_type AS kind, COALESCE(c.source_id, '') AS source, c.conversation_id AS talk, COUNT(*) AS n, MIN(c.at) AS at, MAX(c.id) AS newest
	FROM click c WHERE c.account_id = $1 AND c.at >= $2 AND c.at <= $3 AND (c.source_type > $4 OR c.source_type = $4 AND COALESCE(c.source_id, '') > $5)
	GROUP BY c.source_type, COALESCE(c.source_id, ''), c.conversation_id`

// Sources adds up, by ad and post in the order of their ids after that one, the clicks between two moments, both
// inclusive, and what became of the conversations that they opened or joined.
func (s *Store) Sources(ctx context.Context, account int64, from, to time.Time, after arauto.SourceKey, limit int) (list []arauto.SourceRow, err error) {
	err = s.db.snapshot(ctx, func(q querier) error {
		var newest []int64
		list, err = all(ctx, q, func(r rows) (row arauto.SourceRow, err error) {
			var took, id int64
			err = r.Scan(&row.Type, &row.ID, &row.Clicks, &row.Conversations, &row.Handled, &row.Closed, &row.Answered, &took, &id)
			if row.Answered > 0 {
				row.AnswerTime = time.Duration(took/row.Answered) * time.Millisecond
			}
			newest = append(newest, id)
			return row, err
		}, `SELECT s.kind, s.source, CAST(SUM(s.n) AS bigint), COUNT(*), COUNT(CASE WHEN v.agent_id <> 0 OR v.assigned_at <> 0 THEN 1 END), COUNT(CASE WHEN v.state = 'closed' THEN 1 END),
			COUNT(CASE WHEN v.answered_at >= s.at THEN 1 END), CAST(COALESCE(SUM(CASE WHEN v.answered_at >= s.at THEN v.answered_at - s.at END), 0) AS bigint), MAX(s.newest)
			FROM (`+sourced+`) s JOIN conversation v ON v.account_id = $1 AND v.id = s.talk GROUP BY s.kind, s.source ORDER BY s.kind, s.source LIMIT $6`,
			account, ms(from), ms(to), string(after.Type), after.ID, limit)
		if err != nil || len(list) == 0 {
			return err
		}
		at := make(map[arauto.SourceKey]*arauto.SourceRow, len(list))
		for i := range list {
			at[list[i].SourceKey] = &list[i]
		}
		if err := s.nameSources(ctx, q, account, newest, at); err != nil {
			return err
		}
		if err := outcomes(ctx, q, account, from, to, after, at); err != nil {
			return err
		}
		return values(ctx, q, account, from, to, at)
	})
	return list, doing("add up ads and posts", err)
}

// nameSources takes the words of each source from its newest click.
func (s *Store) nameSources(ctx context.Context, q querier, account int64, newest []int64, at map[arauto.SourceKey]*arauto.SourceRow) error {
	_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		var key arauto.SourceKey
		var url, headline string
		if err := r.Scan(&key.Type, &key.ID, &url, &headline); err != nil {
			return none, err
		}
		if row := at[key]; row != nil {
			row.URL, row.Headline = url, headline
		}
		return none, nil
	}, `SELECT source_type, COALESCE(source_id, ''), source_url, headline FROM click WHERE `+s.db.keyed("id", "$1", "$2"), account, s.db.list(newest))
	return err
}

// outcomes counts how the conversations of each source ended.
func outcomes(ctx context.Context, q querier, account int64, from, to time.Time, after arauto.SourceKey, at map[arauto.SourceKey]*arauto.SourceRow) error {
	_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		var key arauto.SourceKey
		var o arauto.SourceOutcome
		if err := r.Scan(&key.Type, &key.ID, &o.Code, &o.Text, &o.Name, &o.Conversations); err != nil {
			return none, err
		}
		if row := at[key]; row != nil {
			row.Outcomes = append(row.Outcomes, o)
		}
		return none, nil
	}, `SELECT s.kind, s.source, v.activity_code_id, COALESCE(MAX(k.code), ''), COALESCE(MAX(k.name), ''), COUNT(*) FROM (`+sourced+`) s
		JOIN conversation v ON v.account_id = $1 AND v.id = s.talk AND v.state = 'closed'
		LEFT JOIN activity_code k ON k.account_id = v.account_id AND k.id = v.activity_code_id
		GROUP BY s.kind, s.source, v.activity_code_id ORDER BY s.kind, s.source, v.activity_code_id`, account, ms(from), ms(to), string(after.Type), after.ID)
	return err
}

// values adds up what the conversions of each source were worth, told to Meta or not.
func values(ctx context.Context, q querier, account int64, from, to time.Time, at map[arauto.SourceKey]*arauto.SourceRow) error {
	_, err := all(ctx, q, func(r rows) (none struct{}, err error) {
		var key arauto.SourceKey
		var m arauto.Money
		if err := r.Scan(&key.Type, &key.ID, &m.Currency, &m.Micros); err != nil {
			return none, err
		}
		if row := at[key]; row != nil {
			row.Values = append(row.Values, m)
		}
		return none, nil
	}, `SELECT c.source_type, COALESCE(c.source_id, ''), x.currency, CAST(SUM(x.micros) AS bigint) FROM conversion x
		JOIN click c ON c.account_id = x.account_id AND c.id = x.click_id
		WHERE x.account_id = $1 AND x.clicked_at >= $2 AND x.clicked_at <= $3 AND x.currency <> ''
		GROUP BY c.source_type, COALESCE(c.source_id, ''), x.currency ORDER BY 1, 2, 3`, account, ms(from), ms(to))
	return err
}
