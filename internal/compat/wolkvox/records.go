package wolkvox

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// recordStatus is campaign_9: what became of the message of each record of WhatsApp campaigns, newest record first. The
// dates are those of the record's insertion.
func (a *API) recordStatus(ctx context.Context, q *ask) error {
	if q.query.Get("campaign_id") == "" {
		return errNoParameters
	}
	from, to, err := a.dates(q)
	if err != nil {
		return err
	}
	f := arauto.ContactFilter{InsertedFrom: from, InsertedTo: to, Now: q.now}
	if f.Campaigns, err = a.whatsapp(ctx, q.account.ID, q.query.Get("campaign_id")); err != nil {
		return err
	}
	if len(f.Campaigns) == 0 {
		a.writeRows(q)
		return nil
	}
	p := &recordRows{records: a.Records, account: q.account, zone: q.zone, filter: f}
	bound, err := a.Records.ContactBound(ctx, q.account.ID)
	if err != nil {
		return fmt.Errorf("find the newest contact: %w", err)
	}
	if p.count, err = a.Records.CountContacts(ctx, q.account.ID, f, bound); err != nil {
		return fmt.Errorf("count contacts: %w", err)
	}
	if p.count > int64(a.Limits.Records) {
		return errTooMany
	}
	p.below = bound + 1
	head := appendHead(nil, q.form, http.StatusOK, "", found(p.count))
	if int64(len(head))+p.count*recordMost > a.Limits.Bytes {
		return errTooLarge
	}
	startBody(q.w, http.StatusOK)
	a.streamRecords(ctx, q, p, head)
	return nil
}

// whatsapp are the campaigns that campaign_id names: one by its number, or all that write to people. What is no such
// campaign has no records.
func (a *API) whatsapp(ctx context.Context, account int64, named string) (ids []int64, err error) {
	if named != "all" {
		id, err := strconv.ParseInt(named, 10, 64)
		if err != nil || id <= 0 {
			return nil, nil //nolint:nilerr // what is no number names no campaign
		}
		c, err := a.Records.Campaign(ctx, account, id)
		if arauto.KindOf(err) == arauto.KindNotFound || err == nil && c.Channel != arauto.ChannelWhatsApp {
			return nil, nil
		}
		return []int64{id}, err
	}
	const page = 1_000
	for before := int64(0); ; {
		list, err := a.Records.Campaigns(ctx, account, before, page, nil)
		if err != nil {
			return nil, fmt.Errorf("list campaigns: %w", err)
		}
		for _, c := range list {
			if before = c.ID; c.Channel == arauto.ChannelWhatsApp {
				ids = append(ids, c.ID)
			}
		}
		if len(list) < page {
			return ids, nil
		}
	}
}

type recordRows struct {
	records Records
	account arauto.Account
	zone    *time.Location
	filter  arauto.ContactFilter
	count   int64
	below   int64
}

func (a *API) streamRecords(ctx context.Context, q *ask, p *recordRows, body []byte) {
	for written := int64(0); ; {
		list, err := p.records.ContactRows(ctx, p.account.ID, p.filter, p.below, chunkRows)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			a.abort(ctx, q, fmt.Errorf("read contacts: %w", err))
		}
		for i := range list {
			if written++; written > 1 {
				body = append(body, ',')
			}
			body = p.appendRecord(body, &list[i])
			p.below = list[i].ID
		}
		if len(list) < chunkRows {
			if written != p.count {
				a.abort(ctx, q, fmt.Errorf("%d contacts were counted and %d read", p.count, written))
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

const (
	// maxErrors bounds the words of a failure, so that what an answer takes is known before it is read.
	maxErrors = 400
	// recordMost is how many bytes one record takes at most: its keys, an id, a phone, two moments, and a failure in which
	// every byte is escaped.
	recordMost = int64(len(`{"campaign_id":"","telephone":"","status":"delivered","errors":"","date":"","last_update":""},`) + 2*len(moments) + 16 + 20 + escaped*maxErrors)
)

func (p *recordRows) appendRecord(dst []byte, r *arauto.ContactRow) []byte {
	status := statuses[r.State]
	dst = append(dst, `{"campaign_id":`...)
	dst = appendID(dst, r.Campaign)
	dst = append(dst, `,"telephone":`...)
	dst = appendString(dst, r.Phone.Digits())
	dst = append(dst, `,"status":`...)
	dst = appendString(dst, status)
	dst = append(dst, `,"errors":`...)
	dst = appendString(dst, errorsOf(r, status, p.account.Language))
	dst = append(dst, `,"date":`...)
	dst = appendMoment(dst, r.SentAt, p.zone)
	dst = append(dst, `,"last_update":`...)
	dst = appendMoment(dst, r.UpdatedAt, p.zone)
	return append(dst, '}')
}

// statuses are the vendor's words for where a record stands: a person who read or answered has been delivered to, and
// what has not been sent has no status yet.
var statuses = map[arauto.ContactState]string{
	arauto.ContactPending:    "",
	arauto.ContactSending:    "submitted",
	arauto.ContactUnknown:    "submitted",
	arauto.ContactSent:       "accepted",
	arauto.ContactDelivered:  "delivered",
	arauto.ContactRead:       "delivered",
	arauto.ContactReplied:    "delivered",
	arauto.ContactFailed:     "failed",
	arauto.ContactSuppressed: "failed",
	arauto.ContactCancelled:  "failed",
}

// errorsOf is why a record failed: our words, then the provider's code and its own.
func errorsOf(r *arauto.ContactRow, status string, l arauto.Language) string {
	if status != "failed" {
		return ""
	}
	text := r.Reason.Words(l)
	if r.Code != 0 {
		text += " (" + strconv.Itoa(r.Code) + ")"
	}
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return clip(text)
}

// clip cuts a text at a letter, not inside one.
func clip(s string) string {
	if len(s) <= maxErrors {
		return s
	}
	end := maxErrors
	for end > 0 && s[end]&0xC0 == 0x80 {
		end--
	}
	return s[:end]
}
