package evolux

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"arauto"
)

// Subscribers answers GET /api/v1/reports/campaign/subscribers: one page of the account's contacts, newest insertion
// first. The first page fixes how far the report reaches; pagination.next carries that on, so that following it shows
// every row once however many are inserted meanwhile, and a late page costs what the first one costs.
//
// Rows are read in chunks and written as they come. When a read fails after the first byte the connection is aborted
// (http.ErrAbortHandler): a short answer must not look whole.
func (a *API) Subscribers(w http.ResponseWriter, r *http.Request, caller arauto.Token, account arauto.Account) {
	if !allowed(w, r, http.MethodGet, caller, arauto.TokenReports) {
		return
	}
	q, err := parseQuery(r.URL.RawQuery, account.ID, a.Now())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	p, err := a.open(r.Context(), account, q)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	rows, err := p.read(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}

	startBody(w, http.StatusOK)
	body := append(make([]byte, 0, 64<<10), `{"data":[`...)
	for {
		for i := range rows {
			if p.shown++; p.shown > 1 {
				body = append(body, ',')
			}
			body = appendRow(body, &rows[i], q.now, account.Language)
		}
		if p.done {
			break
		}
		if _, err := w.Write(body); err != nil {
			return // the client has gone
		}
		body = body[:0]
		if rows, err = p.read(r.Context()); err != nil {
			a.logFault(r, err)
			panic(http.ErrAbortHandler)
		}
	}
	_, _ = w.Write(p.appendEnd(body, q)) // the client has gone: there is nobody left to tell
}

// chunkRows is how many rows are held at a time.
const chunkRows = 1_000

// A page reads one page's rows, chunk by chunk.
type page struct {
	reports Reports
	account int64
	filter  arauto.ContactFilter

	cursor     // where the next read begins; position counts on with each row
	left   int // rows that still fit in the page
	shown  int // rows written
	more   bool
	done   bool
}

// open finds where the page of q begins. A first page also counts; a later one has it all in its cursor.
func (a *API) open(ctx context.Context, account arauto.Account, q *query) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	filter, err := a.filter(ctx, account, q)
	if err != nil {
		return nil, err
	}
	p := &page{reports: a.Reports, account: account.ID, filter: filter, cursor: q.cursor, left: q.limit}
	if p.bound > 0 { // a later page
		p.done = filter.Empty
		return p, nil
	}
	p.now, p.position, p.filters = q.now, q.offset, q.identity(account.ID)
	if filter.Empty {
		p.done = true
		return p, nil
	}
	if p.bound, err = a.Reports.ContactBound(ctx, account.ID); err != nil {
		return nil, fmt.Errorf("find the newest contact: %w", err)
	}
	if p.total, err = a.Reports.CountContacts(ctx, account.ID, filter, p.bound); err != nil {
		return nil, fmt.Errorf("count contacts: %w", err)
	}
	p.below = p.bound + 1
	if p.done = q.offset >= p.total; p.done || q.offset == 0 {
		return p, nil
	}
	if p.below, err = a.Reports.SkipContacts(ctx, account.ID, filter, p.below, q.offset); err != nil {
		return nil, fmt.Errorf("skip contacts: %w", err)
	}
	p.done = p.below <= 1 // below 1 there is nobody, and 0 would mean everybody
	return p, nil
}

// read returns the next rows of the page. It asks for one more than fit, to know whether another page follows.
func (p *page) read(ctx context.Context) ([]arauto.ContactRow, error) {
	if p.done {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	want := min(chunkRows, p.left+1)
	rows, err := p.reports.ContactRows(ctx, p.account, p.filter, p.below, want)
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	p.more = len(rows) > p.left
	p.done = p.more || len(rows) < want
	rows = rows[:min(len(rows), p.left)]
	if len(rows) > 0 {
		p.below = rows[len(rows)-1].ID
		p.left -= len(rows)
		p.position += int64(len(rows))
	}
	return rows, nil
}

func (p *page) appendEnd(dst []byte, q *query) []byte {
	dst = append(dst, `],"message":"OK","pagination":{`...)
	if p.more {
		dst = append(dst, `"next":"`...)
		dst = append(dst, q.next(p.cursor)...)
		dst = append(dst, `",`...)
	}
	dst = append(dst, `"total":`...)
	dst = strconv.AppendInt(dst, p.total, 10)
	return append(dst, `},"status":200}`...)
}

// filter is q's with its names looked up. What names nothing in this account matches nothing.
func (a *API) filter(ctx context.Context, account arauto.Account, q *query) (arauto.ContactFilter, error) {
	f := q.filter()
	if q.phone != "" {
		for _, phone := range a.Phones(account.Country, q.phone) {
			if key := phone.PersonKey(); !slices.Contains(f.PersonKeys, key) {
				f.PersonKeys = append(f.PersonKeys, key)
			}
		}
		f.Empty = len(f.PersonKeys) == 0
	}
	if q.template != "" {
		template, err := a.Reports.TemplateByUUID(ctx, account.ID, q.template)
		switch {
		case arauto.KindOf(err) == arauto.KindNotFound:
			f.Empty = true
		case err != nil:
			return f, fmt.Errorf("look up template: %w", err)
		}
		f.Template = template.ID
	}
	for _, uuid := range q.campaigns {
		campaign, err := a.Reports.CampaignByUUID(ctx, account.ID, uuid)
		switch {
		case arauto.KindOf(err) == arauto.KindNotFound:
			continue
		case err != nil:
			return f, fmt.Errorf("look up campaign: %w", err)
		}
		f.Campaigns = append(f.Campaigns, campaign.ID)
	}
	f.Empty = f.Empty || len(q.campaigns) > 0 && len(f.Campaigns) == 0
	return f, nil
}
