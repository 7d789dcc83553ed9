package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// Timelines is what the API asks of the store about what happened with people.
type Timelines interface {
	// Timeline is the latest first, those that come before the one named; from the latest where its At is zero.
	Timeline(ctx context.Context, account int64, key string, before arauto.Happening, limit int) ([]arauto.Happening, error)
	// FilesOfPerson lists those behind after, by id; fewer than limit are the last.
	FilesOfPerson(ctx context.Context, account int64, key string, after int64, limit int) ([]arauto.PersonFile, error)
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
		more: "One JSON document: names, contacts with their fields, suppressions, the whole timeline, and what files there are. That it was asked for is in the audit.", streams: true,
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

// exportPerson writes as it reads, so that a long history is never held.
func (a *API) exportPerson(ctx context.Context, c Caller, in *ByPerson) (func(http.ResponseWriter), error) {
	p, err := a.person(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Store.Note(ctx, actor(c), a.Now(), "person.export", "person "+in.subject(p), `{}`); err != nil {
		return nil, err
	}
	d := Document{Store: a.Store, Codes: a.Codes, Now: a.Now}
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Disposition", `attachment; filename="person.json"`)
		if err := d.Write(ctx, c.Account.ID, p.Key, d.Files(c.Account.ID, p.Key), w, func(int64) error { return nil }); err != nil {
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
