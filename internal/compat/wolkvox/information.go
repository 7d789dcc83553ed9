package wolkvox

import (
	"context"
	"fmt"
	"strconv"

	"arauto"
)

// tokenInfo is what the token and all of the account's have used today, this request included.
func (a *API) tokenInfo(ctx context.Context, q *ask) error {
	used, err := a.Doorman.Usage(ctx, q.account.ID, q.caller.ID, arauto.DayNumber(q.now, q.zone))
	if err != nil {
		return fmt.Errorf("read a token's use: %w", err)
	}
	limit := q.account.Rules.DailyRequests()
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	a.writeRows(q, appendMembers(nil,
		member{"description", q.caller.Name}, member{"token_limit", n(limit)}, member{"token_use_today", n(used.Token)},
		member{"all_token_today", n(used.All)}, member{"available_consumption_options", n(max(0, limit-used.All))}))
	return nil
}
