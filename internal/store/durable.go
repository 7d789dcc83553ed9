//go:build !arauto_no_intent

package store

import "context"

// keepIntents makes intents durable before anything is posted: one that is not in the answer may not go.
func (s *Store) keepIntents(ctx context.Context, t querier, intents [][]any) ([]int64, error) {
	return s.run(ctx, t, insertIntent, intents)
}
