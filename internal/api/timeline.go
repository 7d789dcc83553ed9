package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// Timelines is what the API asks of the store about what happened with people.
type Timelines interface {
	// Timeline is the latest first, those that come before the one named; from the latest where its At is zero.
	Timeline(ctx context.Context, account int64, key string, before arauto.Happening, limit int) ([]arauto.Happening, error)
	Note(ctx context.Context, actor arauto.Actor, now time.Time, action, subject, detail string) error
}

type wireHappening struct {
	At           *time.Time `json:"at"`
	Kind         string     `json:"kind" enum:"attempt,message_in,message_out,conversation_opened,conversation_closed,click,suppressed,lifted,merged"`
	ID           int64      `json:"id" doc:"Of the attempt, message, conversation, click or suppression; of the person who was merged"`
	Channel      *string    `json:"channel" doc:"null = none, or every"`
	Campaign     *int64     `json:"campaign_id"`
	Contact      *int64     `json:"contact_id"`
	Conversation *int64     `json:"conversation_id"`
	State        *string    `json:"state" doc:"Of an attempt, a message's kind, why a conversation closed, a suppression's scope, a click's source"`
	Text         *string    `json:"text" doc:"What was written; an ad's headline; a suppression's source"`
	Code         *int64     `json:"code" doc:"The provider's error code of an attempt"`
}

func wordHappening(h arauto.Happening) wireHappening {
	return wireHappening{
		At: at(h.At), Kind: string(h.Kind), ID: h.ID, Channel: text(h.Channel), Campaign: number(h.Campaign), Contact: number(h.Contact),
		Conversation: number(h.Conversation), State: text(h.State), Text: text(h.Text), Code: number(int64(h.Code)),
	}
}

func (a *API) timelines() {
	handle(a, op{
		method: http.MethodGet, path: "/people/{id}/timeline", scope: arauto.TokenRead, tag: "people", summary: "What happened with a person, over all campaigns, the latest first",
		more: "Attempts, messages both ways, conversations, clicks and suppressions.",
	}, a.timeline)
	stream(a, op{
		method: http.MethodGet, path: "/people/{id}/export", scope: arauto.TokenAdmin, tag: "people", summary: "Everything that is kept of a person, for themselves",
		more: "One JSON document: names, contacts with their fields, suppressions and the whole timeline. That it was asked for is in the audit.", streams: true,
	}, "application/json", nil, a.exportPerson)
}

func (a *API) timeline(ctx context.Context, c Caller, in *struct {
	ByPerson
	Paging
},
) (*page[wireHappening], error) {
	keys, err := readCursor(in.Cursor, 3)
	if err != nil {
		return nil, err
	}
	var before arauto.Happening
	if keys != nil {
		kinds := arauto.HappeningKinds()
		if keys[1] >= int64(len(kinds)) {
			return nil, arauto.Errorf(arauto.KindInvalid, "query.cursor", "this is not a cursor of this list: use next as it was given")
		}
		before = arauto.Happening{At: time.UnixMilli(keys[0]).UTC(), Kind: kinds[keys[1]], ID: keys[2]}
	}
	p, err := a.person(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Timeline(ctx, c.Account.ID, p.Key, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &page[wireHappening]{Data: make([]wireHappening, 0, len(rows))}
	for _, h := range rows {
		out.Data = append(out.Data, wordHappening(h))
	}
	if n := len(rows); n == in.Limit {
		last := rows[n-1]
		out.Next = nextPage(ctx, last.At.UnixMilli(), int64(last.Kind.Rank()), last.ID)
	}
	return out, nil
}

// exportRows is how many rows of a list are read at a time.
const exportRows = 500

// exportPerson writes as it reads, so that a long history is never held.
func (a *API) exportPerson(ctx context.Context, c Caller, in *ByPerson) (func(http.ResponseWriter), error) {
	p, err := a.person(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	holds, err := a.Store.SuppressionsOf(ctx, c.Account.ID, []string{p.Key})
	if err != nil {
		return nil, err
	}
	now := a.Now()
	if err := a.Store.Note(ctx, actor(c), now, "person.export", "person "+in.subject(p), `{}`); err != nil {
		return nil, err
	}
	suppressions := make([]wireSuppression, 0, len(holds[p.Key]))
	for _, s := range holds[p.Key] {
		suppressions = append(suppressions, wordSuppression(s))
	}
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Disposition", `attachment; filename="person.json"`)
		x := &exporting{w: w, enc: json.NewEncoder(w)}
		x.text(`{"exported_at":`)
		x.value(at(now))
		x.text(`,"person":`)
		x.value(wordPerson(p))
		x.text(`,"suppressions":`)
		x.value(suppressions)
		x.text(`,"contacts":[`)
		for before := int64(0); x.err == nil; {
			rows, err := a.Store.ContactsOfPerson(ctx, c.Account.ID, p.Key, before, exportRows)
			x.failed(err)
			for _, r := range rows {
				x.element(a.wordContact(r, c.Account.Language))
				before = r.ID
			}
			if len(rows) < exportRows {
				break
			}
		}
		x.text(`],"timeline":[`)
		x.begun = false
		for from := (arauto.Happening{}); x.err == nil; {
			rows, err := a.Store.Timeline(ctx, c.Account.ID, p.Key, from, exportRows)
			x.failed(err)
			for _, h := range rows {
				x.element(wordHappening(h))
				from = h
			}
			if len(rows) < exportRows {
				break
			}
		}
		x.text("]}\n")
		if x.err != nil {
			panic(http.ErrAbortHandler) // half a document must not pass for a whole one
		}
	}, nil
}

// subject names the person in the audit without their number.
func (in ByPerson) subject(p arauto.Person) string {
	if p.ID != 0 {
		return strconv.FormatInt(p.ID, 10)
	}
	return "without a number yet"
}

// exporting writes one document, piece by piece.
type exporting struct {
	w     http.ResponseWriter
	enc   *json.Encoder
	begun bool // an element was written
	err   error
}

func (x *exporting) failed(err error) {
	if x.err == nil {
		x.err = err
	}
}

func (x *exporting) text(s string) {
	if x.err == nil {
		_, x.err = x.w.Write([]byte(s))
	}
}

func (x *exporting) value(v any) {
	if x.err == nil {
		x.err = x.enc.Encode(v)
	}
}

func (x *exporting) element(v any) {
	if x.begun {
		x.text(",")
	}
	x.begun = true
	x.value(v)
}
