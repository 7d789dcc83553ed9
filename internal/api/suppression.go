package api

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// Suppressions is what the API asks of the store about who must not be contacted.
type Suppressions interface {
	// AddSuppressions answers in order.
	AddSuppressions(ctx context.Context, actor arauto.Actor, now time.Time, account int64, list []arauto.Suppression) ([]arauto.Suppression, error)
	LiftSuppression(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, evidence string) error
	// LiftSuppressions returns the ids of those that were in force; what names nothing is left out.
	LiftSuppressions(ctx context.Context, actor arauto.Actor, now time.Time, account int64, ids []int64, evidence string) ([]int64, error)
	// FindSuppressions lists newest first, ids below before (0 = from the newest), and where to go on, 0 at the end.
	// A page may be short and not be the last.
	FindSuppressions(ctx context.Context, now time.Time, account int64, f arauto.SuppressionFilter, before int64, limit int) ([]arauto.Suppression, int64, error)
}

// SuppressionImports takes files of people who must not be contacted.
type SuppressionImports interface {
	// Suppress keeps file, which may be long, and queues the work. defaults say scope, channel, expiry and evidence of
	// rows whose own cells do not; the rest is as of Imports.Start.
	Suppress(ctx context.Context, actor arauto.Actor, account int64, name string, file io.Reader, columns map[string]string, defaults arauto.Suppression) (arauto.Job, error)
}

type wireSuppression struct {
	ID        int64      `json:"id"`
	Phone     *string    `json:"phone"`
	UserID    *string    `json:"user_id" doc:"The business-scoped id of a person whose number nobody knows"`
	Scope     string     `json:"scope" enum:"marketing,all"`
	Channel   *string    `json:"channel" doc:"null = every channel"`
	Source    string     `json:"source" doc:"opt_out_keyword, user_preferences, provider, api, upload"`
	Evidence  string     `json:"evidence"`
	ContactID *int64     `json:"contact_id" doc:"The contact it came from"`
	CreatedAt *time.Time `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	LiftedAt  *time.Time `json:"lifted_at" doc:"null = in force"`
}

func wordSuppression(s arauto.Suppression) wireSuppression {
	id, _ := arauto.UserIDOfKey(s.PersonKey)
	return wireSuppression{
		UserID: text(id),
		ID:     s.ID, Phone: text(s.Phone), Scope: string(s.Scope), Channel: text(s.Channel), Source: s.Source, Evidence: s.Evidence,
		ContactID: number(s.Contact), CreatedAt: at(s.CreatedAt), ExpiresAt: at(s.ExpiresAt), LiftedAt: at(s.LiftedAt),
	}
}

type newSuppressions struct {
	Phones    []string   `json:"phones" minItems:"1" maxItems:"1000" nullable:"false" doc:"Numbers in any common spelling, or business-scoped ids"`
	Scope     string     `json:"scope,omitempty" enum:"marketing,all" default:"all"`
	Channel   string     `json:"channel,omitempty" enum:"whatsapp,voice" doc:"Absent = every channel"`
	Channels  []string   `json:"channels,omitempty" maxItems:"2" nullable:"false" enum:"whatsapp,voice" doc:"Several at once, instead of channel: each makes an entry of its own"`
	Evidence  string     `json:"evidence" minLength:"1" maxLength:"1000" doc:"What was seen: a ticket, a call, a letter"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent = never"`
}

type suppressedOne struct {
	Index int        `json:"index"`
	ID    *int64     `json:"id" doc:"The entry's; with several channels the first's"`
	Error *wireFault `json:"error"`
}

type suppressedPage struct {
	Data     []suppressedOne `json:"data" nullable:"false"`
	Added    int             `json:"added"`
	Rejected int             `json:"rejected"`
}

// SuppressionQuery selects entries of the do-not-contact list.
type SuppressionQuery struct {
	Phone   string `query:"phone" maxLength:"140" doc:"One person's; in any common spelling, or their business-scoped id"`
	Scope   string `query:"scope" enum:"marketing,all"`
	Channel string `query:"channel" enum:"whatsapp,voice" doc:"Those that concern it: its own, and those of every channel"`
	Source  string `query:"source" maxLength:"40" doc:"opt_out_keyword, opt_out_button, user_preferences, provider, api or upload"`
	InForce bool   `query:"in_force" doc:"Without those that were lifted or ran out"`
}

func (a *API) suppressions() {
	handle(a, op{
		method: http.MethodPost, path: "/suppressions", scope: arauto.TokenWrite, tag: "suppressions", summary: "Do not contact these people",
		more: "Holds for every campaign from the next message on. Each phone has its own result.",
	}, a.suppress)
	handle(a, op{
		method: http.MethodGet, path: "/suppressions", scope: arauto.TokenRead, tag: "suppressions", summary: "Who must not be contacted, newest first",
		more: "With filters, a page may be short and not be the last: follow next until it is null.",
	}, a.listSuppressions)
	stream(a, op{method: http.MethodGet, path: "/suppressions/export", scope: arauto.TokenRead, tag: "suppressions", summary: "The do-not-contact list as CSV, which can be imported again"},
		"text/csv; charset=utf-8", &huma.Schema{Type: huma.TypeString, Format: "binary"}, a.exportSuppressions)
	handle(a, op{
		method: http.MethodDelete, path: "/suppressions/{id}", scope: arauto.TokenWrite, tag: "suppressions", summary: "Lift a suppression", status: http.StatusNoContent,
		more: "It is kept, with the evidence of both.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByNumber
		Evidence string `query:"evidence" required:"true" minLength:"1" maxLength:"1000" doc:"Why the person may be contacted again"`
	},
	) (*nothing, error) {
		return nil, a.Store.LiftSuppression(ctx, actor(c), a.Now(), c.Account.ID, in.ID, in.Evidence)
	})
	handle(a, op{
		method: http.MethodPost, path: "/suppressions/lift", scope: arauto.TokenWrite, tag: "suppressions", summary: "Lift up to 1,000 suppressions",
		more: "By number, or every one of some people. Those that were lifted before or are nobody's here are left out.",
	}, a.liftSuppressions)
	a.suppressionImports()
}

func (a *API) suppressionImports() {
	o := op{
		method: http.MethodPost, path: "/suppressions/imports", scope: arauto.TokenWrite, tag: "suppressions", summary: "Import a file of people who must not be contacted",
		more: "CSV, as multipart with the part `file` or as the raw file. A phone in each row, in any spelling; columns for scope, channel, expiry and evidence are found by their " +
			"headers in Portuguese, Spanish or English. The answer is a job; rows that are refused are at /jobs/{id}/rejects.",
		status: http.StatusAccepted, maxBody: a.ImportLimit, streams: true,
	}
	handle(a, o, a.importSuppressions)
	a.takesFile(o.path)
}

type suppressionImport struct {
	Name      string    `query:"name" maxLength:"200" doc:"The file's name, where a raw body has none"`
	Columns   string    `query:"columns" maxLength:"4000" doc:"JSON object naming columns (phone, scope, channel, expires_at, evidence) by their header where they are not found by themselves"`
	Scope     string    `query:"scope" enum:"marketing,all" default:"all" doc:"Of rows that do not say"`
	Channel   string    `query:"channel" enum:"whatsapp,voice" doc:"Of rows that do not say; absent = every channel"`
	ExpiresAt time.Time `query:"expires_at" doc:"Of rows that do not say; absent = never"`
	Evidence  string    `query:"evidence" maxLength:"1000" doc:"Of rows that do not say; absent = the file's name and the row"`
}

func (a *API) importSuppressions(ctx context.Context, c Caller, in *suppressionImport) (*wireJob, error) {
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(a.Now()) {
		return nil, arauto.Errorf(arauto.KindInvalid, "query.expires_at", "this moment has passed: choose a later one, or leave it out")
	}
	columns, err := readColumns(in.Columns)
	if err != nil {
		return nil, err
	}
	name, file, err := a.uploaded(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	job, err := a.Imports.Suppress(ctx, actor(c), c.Account.ID, name, file, columns, arauto.Suppression{
		Scope: arauto.SuppressionScope(in.Scope), Channel: arauto.Channel(in.Channel), ExpiresAt: in.ExpiresAt.UTC(), Evidence: in.Evidence,
	})
	out := wordJob(job)
	return &out, err
}

func (a *API) suppress(ctx context.Context, c Caller, in *struct{ Body newSuppressions }) (*suppressedPage, error) {
	b, now := in.Body, a.Now()
	if b.ExpiresAt != nil && !b.ExpiresAt.After(now) {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.expires_at", "this moment has passed: choose a later one, or leave it out")
	}
	channels := b.Channels
	if len(channels) == 0 {
		channels = []string{b.Channel}
	} else if b.Channel != "" {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.channels", "give channel or channels, not both")
	}
	out := &suppressedPage{Data: make([]suppressedOne, len(b.Phones))}
	var good []arauto.Suppression
	var place []int // of each good one in the request
	for i, raw := range b.Phones {
		out.Data[i].Index = i
		phone, key, err := a.whom(c, raw)
		if err != nil {
			out.Data[i].Error = &wireFault{Location: "body.phones[" + strconv.Itoa(i) + "]", Message: err.Error()}
			out.Rejected++
			continue
		}
		out.Added++
		for _, channel := range channels {
			place = append(place, i)
			good = append(good, arauto.Suppression{
				Account: c.Account.ID, PersonKey: key, Phone: phone, Scope: arauto.SuppressionScope(b.Scope), Channel: arauto.Channel(channel),
				Source: "api", Evidence: b.Evidence, CreatedAt: now, ExpiresAt: moment(b.ExpiresAt),
			})
		}
	}
	if len(good) == 0 {
		return out, nil
	}
	stored, err := a.Store.AddSuppressions(ctx, actor(c), now, c.Account.ID, good)
	if err != nil {
		return nil, err
	}
	for j, s := range stored {
		if one := &out.Data[place[j]]; one.ID == nil {
			one.ID = number(s.ID)
		}
	}
	return out, nil
}

// suppressionFilter is what q asks for; ok is false when its phone can be nobody's.
func (a *API) suppressionFilter(c Caller, q SuppressionQuery) (f arauto.SuppressionFilter, ok bool) {
	f = arauto.SuppressionFilter{Scope: arauto.SuppressionScope(q.Scope), Channel: arauto.Channel(q.Channel), Source: q.Source, InForce: q.InForce}
	if q.Phone == "" {
		return f, true
	}
	keys := a.personKeys(c, q.Phone)
	if len(keys) == 0 {
		return f, false
	}
	// One spelling is nearly always one person; where it may be two, the likelier comes first.
	f.PersonKey = keys[0]
	return f, true
}

func (a *API) listSuppressions(ctx context.Context, c Caller, in *struct {
	Paging
	SuppressionQuery
},
) (*page[wireSuppression], error) {
	before, err := in.key()
	if err != nil {
		return nil, err
	}
	out := &page[wireSuppression]{Data: []wireSuppression{}}
	f, ok := a.suppressionFilter(c, in.SuppressionQuery)
	if !ok {
		return out, nil
	}
	rows, next, err := a.Store.FindSuppressions(ctx, a.Now(), c.Account.ID, f, before, in.Limit)
	for _, s := range rows {
		out.Data = append(out.Data, wordSuppression(s))
	}
	if next != 0 {
		out.Next = nextPage(ctx, next)
	}
	return out, err
}

type liftBody struct {
	IDs      []int64  `json:"ids,omitempty" maxItems:"1000" nullable:"false"`
	Phones   []string `json:"phones,omitempty" maxItems:"200" nullable:"false" doc:"Instead of ids: all that hold for these people"`
	Evidence string   `json:"evidence" minLength:"1" maxLength:"1000" doc:"Why they may be contacted again"`
}

type liftedPage struct {
	Lifted []int64 `json:"lifted" nullable:"false" doc:"Numbers of those that were in force"`
}

func (a *API) liftSuppressions(ctx context.Context, c Caller, in *struct{ Body liftBody }) (*liftedPage, error) {
	ids := in.Body.IDs
	if (len(ids) == 0) == (len(in.Body.Phones) == 0) {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.ids", "name suppressions by ids, or people by phones")
	}
	if len(ids) == 0 {
		keys := make([]string, len(in.Body.Phones))
		for i, raw := range in.Body.Phones {
			_, key, err := a.whom(c, raw)
			if err != nil {
				return nil, arauto.Errorf(arauto.KindInvalid, "body.phones["+strconv.Itoa(i)+"]", "%s", err.Error())
			}
			keys[i] = key
		}
		held, err := a.Store.SuppressionsOf(ctx, c.Account.ID, keys)
		if err != nil {
			return nil, err
		}
		for _, list := range held {
			for _, s := range list {
				if s.InForce(a.Now()) {
					ids = append(ids, s.ID)
				}
			}
		}
		slices.Sort(ids)
	}
	lifted, err := a.Store.LiftSuppressions(ctx, actor(c), a.Now(), c.Account.ID, ids, in.Body.Evidence)
	if lifted == nil {
		lifted = []int64{}
	}
	return &liftedPage{Lifted: lifted}, err
}

// exportSuppressions writes what an import reads: phone, scope, channel, expires_at and evidence, and then the rest.
func (a *API) exportSuppressions(ctx context.Context, c Caller, in *SuppressionQuery) (func(http.ResponseWriter), error) {
	f, ok := a.suppressionFilter(c, *in)
	var rows []arauto.Suppression
	var next int64
	if ok {
		var err error
		// The first page is read before anything is answered: what is wrong shows here.
		if rows, next, err = a.Store.FindSuppressions(ctx, a.Now(), c.Account.ID, f, 0, exportChunk); err != nil {
			return nil, err
		}
	}
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Disposition", `attachment; filename="suppressions.csv"`)
		out := csv.NewWriter(w)
		out.UseCRLF = true
		err := out.Write([]string{"phone", "scope", "channel", "expires_at", "evidence", "source", "created_at", "lifted_at", "id"})
		for err == nil {
			for _, s := range rows {
				if err == nil {
					err = out.Write(exportedSuppression(s))
				}
			}
			out.Flush()
			if err = errors.Join(err, out.Error()); err != nil || next == 0 {
				break
			}
			rows, next, err = a.Store.FindSuppressions(ctx, a.Now(), c.Account.ID, f, next, exportChunk)
		}
		if err != nil {
			a.Logger.WarnContext(ctx, "export broken off", "account", c.Account.ID, "err", err)
			panic(http.ErrAbortHandler) // a file that is cut off must not look whole
		}
	}, nil
}

const exportChunk = 1000

func exportedSuppression(s arauto.Suppression) []string {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	channel := string(s.Channel)
	if channel == "" {
		channel = "any"
	}
	return []string{
		string(s.Phone), string(s.Scope), channel, stamp(s.ExpiresAt), plainCell(s.Evidence), plainCell(s.Source), stamp(s.CreatedAt), stamp(s.LiftedAt), strconv.FormatInt(s.ID, 10),
	}
}

// plainCell keeps a spreadsheet from taking what people wrote for a formula.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
