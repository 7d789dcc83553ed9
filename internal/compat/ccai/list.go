package ccai

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// chunkRows is how many rows are held at a time.
const chunkRows = 1_000

// list answers GET /campaigns/{id}/contacts: the campaign's contacts in the order in which they came, all of them or a
// page. They are read in chunks and written as they come; each is a short look of its own. When a read fails after the
// first byte the connection is aborted (http.ErrAbortHandler): a short answer must not look whole.
func (a *API) list(w http.ResponseWriter, q asked) error {
	p, err := parsePage(q.URL.Query())
	if err != nil {
		return err
	}
	l := &listing{API: a, q: q, since: p.since, id: p.after}
	var rows []arauto.Contact
	if p.size > 0 {
		rows, err = l.page(w, p)
	} else {
		rows, err = l.read(chunkRows)
	}
	if err != nil {
		return err
	}
	startBody(w, http.StatusOK)
	if q.Method == http.MethodHead {
		return nil
	}
	body := append(make([]byte, 0, 64<<10), '[')
	for n := 0; ; {
		for i := range rows {
			if n++; n > 1 {
				body = append(body, ',')
			}
			body = appendShort(body, &rows[i])
		}
		if l.done || p.size > 0 {
			break
		}
		if !written(w, body) {
			return nil // the client has gone
		}
		body = body[:0]
		if rows, err = l.read(chunkRows); err != nil {
			a.logFault(q.Request, err)
			panic(http.ErrAbortHandler)
		}
	}
	written(w, append(body, ']'))
	return nil
}

// written reports whether body could be written; if not, the client has gone, and there is nobody left to tell.
func written(w http.ResponseWriter, body []byte) bool {
	_, err := w.Write(body)
	return err == nil
}

// A listing reads contacts chunk by chunk: by id, or those that changed since a moment by that and id.
type listing struct {
	*API
	q     asked
	since time.Time

	id   int64 // of the last one that was read
	at   time.Time
	done bool
}

// read returns the next rows.
func (l *listing) read(want int) (rows []arauto.Contact, err error) {
	ctx, cancel := context.WithTimeout(l.q.Context(), storeTimeout)
	defer cancel()
	if l.since.IsZero() {
		rows, err = l.Contacts.DialContacts(ctx, l.q.Account.ID, l.q.campaign.ID, l.id, want)
	} else {
		rows, err = l.Contacts.DialContactsSince(ctx, l.q.Account.ID, l.q.campaign.ID, l.since, l.at, l.id, want)
	}
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	l.done = len(rows) < want
	if len(rows) > 0 {
		last := &rows[len(rows)-1]
		l.id, l.at = last.ID, last.UpdatedAt
	}
	return rows, nil
}

// page reads one page and sets the headers that go with it.
func (l *listing) page(w http.ResponseWriter, p page) (rows []arauto.Contact, err error) {
	var total int64
	if l.since.IsZero() {
		rows, total, err = l.pageByID(p)
	} else {
		rows, total, err = l.pageSince(p)
	}
	if err != nil {
		return nil, err
	}
	last := int64(0)
	if len(rows) > 0 {
		last = rows[len(rows)-1].ID
	}
	w.Header().Set("X-Total", strconv.FormatInt(total, 10))
	w.Header().Set("Link", p.links(l.q.URL.Path, total, last))
	return rows, nil
}

// pageByID takes the total from what is counted anyway. A page that says behind whom it begins costs what the first does;
// the number alone has to pass over those before it.
func (l *listing) pageByID(p page) (rows []arauto.Contact, total int64, err error) {
	ctx, cancel := context.WithTimeout(l.q.Context(), storeTimeout)
	defer cancel()
	counts, err := l.Campaigns.DialCounts(ctx, l.q.Account.ID, []int64{l.q.campaign.ID})
	if err != nil {
		return nil, 0, fmt.Errorf("count contacts: %w", err)
	}
	total = counts[l.q.campaign.ID].Total()
	if skip := p.skip(); p.after == 0 && skip > 0 {
		if l.id, err = l.Contacts.SkipDialContacts(ctx, l.q.Account.ID, l.q.campaign.ID, skip); err != nil {
			return nil, 0, fmt.Errorf("skip contacts: %w", err)
		}
		if l.id == 0 {
			return nil, total, nil
		}
	}
	for !l.done && len(rows) < p.size {
		more, err := l.read(min(chunkRows, p.size-len(rows)))
		if err != nil {
			return nil, 0, err
		}
		rows = append(rows, more...)
	}
	return rows, total, nil
}

// pageSince walks what changed, which is counted nowhere: usually little.
func (l *listing) pageSince(p page) (rows []arauto.Contact, total int64, err error) {
	for !l.done {
		more, err := l.read(chunkRows)
		if err != nil {
			return nil, 0, err
		}
		from := min(max(p.skip()-total, 0), int64(len(more)))
		to := min(max(p.skip()+int64(p.size)-total, 0), int64(len(more)))
		rows = append(rows, more[from:to]...)
		total += int64(len(more))
	}
	return rows, total, nil
}
