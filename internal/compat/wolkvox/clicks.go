package wolkvox

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// clickDetail is chat_14: each click with what became of its conversation, oldest first.
//
// How many rows there are, and that they fit, is known before the first byte; they are then read in pieces and written as
// they come. When a read fails, or the time is over, after that the connection is aborted: a short answer must not look
// whole.
func (a *API) clickDetail(ctx context.Context, q *ask) error {
	from, to, err := a.dates(q)
	if err != nil {
		return err
	}
	span, err := a.Clicks.ClickSpan(ctx, q.account.ID, from, to, a.Limits.Records+1)
	if err != nil {
		return fmt.Errorf("measure clicks: %w", err)
	}
	if span.Count > int64(a.Limits.Records) {
		return errTooMany
	}
	rows := &clickRows{clicks: a.Clicks, account: q.account.ID, zone: q.zone, span: span, from: from, to: to}
	head := appendHead(nil, q.form, http.StatusOK, "", found(span.Count))
	if err := a.fits(ctx, rows, len(head)); err != nil {
		return err
	}
	startBody(q.w, http.StatusOK)
	a.stream(ctx, q, rows, head)
	return nil
}

// stream writes an answer whose head is decided on.
func (a *API) stream(ctx context.Context, q *ask, rows *clickRows, body []byte) {
	rows.rewind()
	for total := int64(0); ; {
		var err error
		body, err = rows.appendNext(ctx, body)
		if err == nil {
			err = ctx.Err() // what is buffered must not leave after the end
		}
		if total += int64(len(body)); err == nil && total > a.Limits.Bytes {
			err = fmt.Errorf("the answer grew beyond %d bytes while it was written", a.Limits.Bytes)
		}
		if err != nil {
			a.abort(ctx, q, err)
		}
		if rows.done {
			if rows.written != rows.span.Count {
				a.abort(ctx, q, fmt.Errorf("%d clicks were counted and %d read", rows.span.Count, rows.written))
			}
			_, _ = q.w.Write(append(body, `]}`...)) // the client has gone: there is nobody left to tell
			return
		}
		if _, err := q.w.Write(body); err != nil {
			a.abort(ctx, q, err)
		}
		body = body[:0]
	}
}

// fits is nil when the answer keeps within the limit. What its rows take at least and at most is nearly always answer
// enough; else they are read once for it.
func (a *API) fits(ctx context.Context, rows *clickRows, head int) error {
	n := rows.span.Count
	least := int64(head+len(`]}`)) + rows.span.Width + n*clickLeast
	most := int64(head+len(`]}`)) + rows.span.Width*escaped + n*clickMost
	if most <= a.Limits.Bytes {
		return nil
	}
	if least > a.Limits.Bytes {
		return errTooLarge
	}
	var piece []byte
	exact := int64(head + len(`]}`))
	for !rows.done {
		var err error
		if piece, err = rows.appendNext(ctx, piece[:0]); err != nil {
			return err
		}
		if exact += int64(len(piece)); exact > a.Limits.Bytes {
			return errTooLarge
		}
	}
	return nil
}

const (
	// escaped is how many bytes one byte of a text takes at most.
	escaped = 6
	// maxCode is how many bytes an activity code takes at most.
	maxCode = 4 * arauto.MaxCode
	// An id takes 16 digits at most, a comma stands between rows.
	clickLeast = int64(len(`{"source_url":"","source_type":"","source_id":"","chat_id":"","rp_id":"","agent_id":"","media_type":"","media_url":"","date":"","cod_act":""}`) + len(moments))
	clickMost  = clickLeast + 3*16 + escaped*maxCode + 1

	// chunkRows is how many rows are held at a time.
	chunkRows = 2_000
)

// clickRows are the rows of one answer, piece by piece.
type clickRows struct {
	clicks   Clicks
	account  int64
	zone     *time.Location
	span     arauto.ClickSpan
	from, to time.Time

	after   arauto.ClickKey
	written int64
	done    bool
}

func (c *clickRows) rewind() { c.after, c.written, c.done = arauto.ClickKey{}, 0, false }

// appendNext appends the next piece, with a comma before every row but the first.
func (c *clickRows) appendNext(ctx context.Context, dst []byte) ([]byte, error) {
	if c.span.Count == 0 {
		c.done = true
		return dst, nil
	}
	if c.written == 0 {
		c.after = arauto.ClickKey{At: c.from}
	}
	list, err := c.clicks.ClickDetails(ctx, c.account, c.after, c.to, c.span.UpTo, chunkRows)
	if err != nil {
		return dst, fmt.Errorf("read clicks: %w", err)
	}
	for i := range list {
		if c.written++; c.written > 1 {
			dst = append(dst, ',')
		}
		dst = appendClick(dst, &list[i], c.zone)
	}
	if c.done = len(list) < chunkRows; !c.done {
		last := list[len(list)-1]
		c.after = arauto.ClickKey{At: last.At, ID: last.ID}
	}
	return dst, nil
}

// appendClick is one element of data: every value is a text, "" for what is not known.
func appendClick(dst []byte, c *arauto.ClickRow, zone *time.Location) []byte {
	r := &c.Referral
	dst = append(dst, `{"source_url":`...)
	dst = appendString(dst, r.SourceURL)
	dst = append(dst, `,"source_type":`...)
	dst = appendString(dst, string(r.SourceType))
	dst = append(dst, `,"source_id":`...)
	if r.SourceID != nil {
		dst = appendString(dst, *r.SourceID)
	} else {
		dst = append(dst, `""`...)
	}
	dst = append(dst, `,"chat_id":`...)
	dst = appendID(dst, c.Conversation)
	dst = append(dst, `,"rp_id":`...)
	dst = appendID(dst, c.RoutingPoint)
	dst = append(dst, `,"agent_id":`...)
	dst = appendID(dst, c.Agent)
	dst = append(dst, `,"media_type":`...)
	dst = appendString(dst, r.MediaType)
	dst = append(dst, `,"media_url":`...)
	dst = appendString(dst, r.MediaURL())
	dst = append(dst, `,"date":`...)
	dst = appendMoment(dst, c.At, zone)
	dst = append(dst, `,"cod_act":`...)
	dst = appendString(dst, c.Activity)
	return append(dst, '}')
}

// clickSummary is chat_15, one row that adds up to chat_14: chats that an agent took, and those that none ever did.
// What is neither an ad nor a post counts in the totals alone.
func (a *API) clickSummary(ctx context.Context, q *ask) error {
	from, to, err := a.dates(q)
	if err != nil {
		return err
	}
	sum, err := a.Clicks.ClickTotals(ctx, q.account.ID, from, to)
	if err != nil {
		return fmt.Errorf("add up clicks: %w", err)
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	a.writeRows(q, appendMembers(nil,
		member{"ad_chatbot", n(sum.AdsLeft)}, member{"ad_agents", n(sum.AdsTaken)},
		member{"post_chatbot", n(sum.PostsLeft)}, member{"post_agents", n(sum.PostsTaken)},
		member{"total_chatbot", n(sum.AdsLeft + sum.PostsLeft + sum.OthersLeft)}, member{"total_agents", n(sum.AdsTaken + sum.PostsTaken + sum.OthersTaken)}))
	return nil
}

// closedChats is chat_13: how many conversations ended, by channel. There is one channel.
func (a *API) closedChats(ctx context.Context, q *ask) error {
	from, to, err := a.dates(q)
	if err != nil {
		return err
	}
	n, err := a.Clicks.ClosedConversations(ctx, q.account.ID, from, to)
	if err != nil {
		return fmt.Errorf("count closed conversations: %w", err)
	}
	if n == 0 {
		a.writeRows(q)
		return nil
	}
	a.writeRows(q, appendMembers(nil, member{"channel", "whatsapp"}, member{"interaction", strconv.FormatInt(n, 10)}))
	return nil
}

// writeRows answers with a few rows.
func (a *API) writeRows(q *ask, rows ...[]byte) {
	body := appendHead(nil, q.form, http.StatusOK, "", found(int64(len(rows))))
	for i, row := range rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, row...)
	}
	startBody(q.w, http.StatusOK)
	_, _ = q.w.Write(append(body, `]}`...)) // the client has gone: there is nobody left to tell
}
