package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// Clicks is what the API asks of the store about what ads and posts brought.
type Clicks interface {
	// Clicks lists newest first, ids below before; 0 = from the newest.
	Clicks(ctx context.Context, account int64, f arauto.ClickFilter, before int64, limit int) ([]arauto.ClickRow, error)
	// Click has the referral as it came, too.
	Click(ctx context.Context, account, id int64) (arauto.ClickRow, error)
	// Sources are by type and id, after that one.
	Sources(ctx context.Context, account int64, from, to time.Time, after arauto.SourceKey, limit int) ([]arauto.SourceRow, error)
}

// WireClick is a click with what became of its conversation. chat_id is what wolkvox's report calls the conversation,
// conversation_uuid what Evolux's does.
type WireClick struct {
	ID               int64      `json:"id"`
	ClickedAt        *time.Time `json:"clicked_at"`
	SourceType       *string    `json:"source_type" doc:"ad or post"`
	AdID             *string    `json:"ad_id" doc:"null when it was no ad, or none was named"`
	PostID           *string    `json:"post_id"`
	CtwaClid         *string    `json:"ctwa_clid" doc:"Names this one click; null when Meta named none, empty when it named an empty one"`
	SourceURL        *string    `json:"source_url"`
	Headline         *string    `json:"headline"`
	Body             *string    `json:"body"`
	Welcome          *string    `json:"welcome" doc:"The greeting in the ad"`
	MediaType        *string    `json:"media_type"`
	MediaURL         *string    `json:"media_url" doc:"Meta's own link; it ends after a while"`
	ThumbnailURL     *string    `json:"thumbnail_url"`
	MediaCopyURL     *string    `json:"media_copy_url" doc:"Our own copy, for those who may read conversations; null while there is none"`
	FirstTouch       bool       `json:"first_touch" doc:"Nothing brought this person before"`
	Opened           bool       `json:"opened_conversation" doc:"It opened the conversation rather than joining it"`
	ChatID           int64      `json:"chat_id"`
	ConversationUUID string     `json:"conversation_uuid"`
	State            string     `json:"conversation_state"`
	RoutingPointID   *int64     `json:"routing_point_id"`
	QueueID          *int64     `json:"queue_id"`
	AgentID          *int64     `json:"agent_id" doc:"The last who had it"`
	ActivityCode     *string    `json:"activity_code"`
	SenderID         int64      `json:"sender_id"`
	PersonID         int64      `json:"person_id"`
	PersonKey        string     `json:"person_key"`
	ContactID        *int64     `json:"contact_id" doc:"The contact that the message answers"`
	CampaignID       *int64     `json:"campaign_id"`
}

func wordClick(c arauto.ClickRow) WireClick {
	r := c.Referral
	var copied string
	if c.CopyUUID != "" {
		copied = Prefix + "/conversations/" + c.ConversationUUID + "/attachments/" + c.CopyUUID
	}
	return WireClick{
		ID: c.ID, ClickedAt: at(c.At), SourceType: text(r.SourceType), AdID: r.AdID(), PostID: r.PostID(), CtwaClid: r.Clid, SourceURL: text(r.SourceURL), Headline: text(r.Headline),
		Body: text(r.Body), Welcome: text(r.Welcome), MediaType: text(r.MediaType), MediaURL: text(r.MediaURL()), ThumbnailURL: text(r.ThumbnailURL), MediaCopyURL: text(copied),
		FirstTouch: c.First, Opened: c.Opened, ChatID: c.Conversation, ConversationUUID: c.ConversationUUID, State: string(c.State), RoutingPointID: number(c.RoutingPoint),
		QueueID: number(c.Queue), AgentID: number(c.Agent), ActivityCode: text(c.Activity), SenderID: c.Sender, PersonID: c.Person, PersonKey: c.PersonKey,
		ContactID: number(c.Contact), CampaignID: number(c.Campaign),
	}
}

type clickDetail struct {
	WireClick
	Referral json.RawMessage `json:"referral" doc:"Meta's object as it came"`
}

// ClickQuery chooses clicks.
type ClickQuery struct {
	From   time.Time `query:"from" doc:"Inclusive"`
	To     time.Time `query:"to" doc:"Inclusive"`
	Source string    `query:"source" maxLength:"64" doc:"Id of an ad or a post"`
	Person int64     `query:"person" minimum:"0" doc:"Number of a person"`
}

func (q ClickQuery) filter() arauto.ClickFilter {
	f := arauto.ClickFilter{Source: q.Source, Person: q.Person}
	if !q.From.IsZero() {
		f.From = q.From.UTC()
	}
	if !q.To.IsZero() {
		f.To = q.To.UTC()
	}
	return f
}

func (a *API) clicks() {
	handle(a, op{
		method: http.MethodGet, path: "/reports/clicks", scope: arauto.TokenReports, tag: "reports", summary: "What ads and posts brought, newest first",
		more: "chat_id and conversation_uuid name the conversation as wolkvox's and Evolux's reports do; contact_id and person_id lead to the campaign's rows.",
	}, func(ctx context.Context, c Caller, in *struct {
		Paging
		ClickQuery
	},
	) (*page[WireClick], error) {
		before, err := in.key()
		if err != nil {
			return nil, err
		}
		rows, err := a.Store.Clicks(ctx, c.Account.ID, in.filter(), before, in.Limit)
		return pageOf(ctx, in.Paging, rows, func(c arauto.ClickRow) int64 { return c.ID }, wordClick), err
	})
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[string](), true, "CSV")
	stream(a, op{
		method: http.MethodGet, path: "/reports/clicks.csv", scope: arauto.TokenReports, tag: "reports", summary: "The same as CSV, all of it",
		more: "Streamed in short reads. Texts that a spreadsheet would calculate with begin with an apostrophe.",
	}, "text/csv; charset=utf-8", schema, a.clicksCSV)
	handle(a, op{method: http.MethodGet, path: "/clicks/{id}", scope: arauto.TokenRead, tag: "conversations", summary: "A click, with Meta's referral as it came"},
		func(ctx context.Context, c Caller, in *ByNumber) (*clickDetail, error) {
			row, err := a.Store.Click(ctx, c.Account.ID, in.ID)
			return &clickDetail{wordClick(row), json.RawMessage(row.Referral.Raw)}, err
		})
	a.sources()
}

// csvChunk is how many rows of a CSV are held at a time.
const csvChunk = 1000

func (a *API) clicksCSV(ctx context.Context, c Caller, in *ClickQuery) (func(http.ResponseWriter), error) {
	f := in.filter()
	chunk, err := a.Store.Clicks(ctx, c.Account.ID, f, 0, csvChunk)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter) {
		out := csv.NewWriter(bufio.NewWriterSize(w, 32<<10))
		err := out.Write(clickColumns)
		for err == nil && len(chunk) > 0 {
			for i := range chunk {
				if err = out.Write(clickCells(chunk[i])); err != nil {
					break
				}
			}
			if len(chunk) < csvChunk || err != nil {
				break
			}
			chunk, err = a.Store.Clicks(ctx, c.Account.ID, f, chunk[len(chunk)-1].ID, csvChunk)
		}
		out.Flush()
		if err == nil {
			err = out.Error()
		}
		if err != nil {
			if ctx.Err() == nil {
				a.Logger.ErrorContext(ctx, "report broken off", "account", c.Account.ID, "err", err)
			}
			panic(http.ErrAbortHandler) // a file that is cut off must not look whole
		}
	}, nil
}

var clickColumns = strings.Split("id,clicked_at,source_type,ad_id,post_id,ctwa_clid,source_url,headline,media_type,media_url,first_touch,opened_conversation,"+
	"chat_id,conversation_uuid,conversation_state,routing_point_id,queue_id,agent_id,activity_code,sender_id,person_id,person_key,contact_id,campaign_id", ",")

func clickCells(c arauto.ClickRow) []string {
	id := func(v int64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatInt(v, 10)
	}
	or := func(s *string) string {
		if s == nil {
			return ""
		}
		return harmless(*s)
	}
	r := c.Referral
	return []string{
		id(c.ID), c.At.UTC().Format(time.RFC3339), harmless(string(r.SourceType)), or(r.AdID()), or(r.PostID()), or(r.Clid), harmless(r.SourceURL), harmless(r.Headline),
		harmless(r.MediaType), harmless(r.MediaURL()), strconv.FormatBool(c.First), strconv.FormatBool(c.Opened), id(c.Conversation), c.ConversationUUID, string(c.State),
		id(c.RoutingPoint), id(c.Queue), id(c.Agent), harmless(c.Activity), id(c.Sender), id(c.Person), harmless(c.PersonKey), id(c.Contact), id(c.Campaign),
	}
}

// harmless keeps a spreadsheet from calculating with a stranger's text.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
