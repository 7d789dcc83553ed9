package wolkvox

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"arauto"
)

var update = flag.Bool("update", false, "rewrite the responses in testdata/ and the examples in docs/api/wolkvox.md")

// now is a Saturday afternoon in São Paulo.
var now = time.Date(2026, 11, 28, 18, 30, 0, 0, time.UTC)

var errDisk = errors.New("the disk is gone")

// A world is what the interfaces of this package look at, in memory.
type world struct {
	mu      sync.Mutex
	account arauto.Account
	used    map[[2]int64]int64 // by day and token
	slots   map[int64]int      // by token
	left    int
	leaves  chan struct{} // told of each; nil = nobody listens

	clicks   []arauto.ClickRow
	closed   []time.Time
	contacts []arauto.ContactRow

	reads     int
	failAfter int                                 // ClickDetails fails from that call on; 0 = never
	read      func(ctx context.Context, call int) // before each ClickDetails

	lines  string // what AddRecords was handed
	actor  arauto.Actor
	limits Limits
	clock  func() time.Time
}

func (w *world) Account(context.Context, int64) (arauto.Account, error) { return w.account, nil }

func (w *world) Admit(_ context.Context, _ time.Time, account, token int64, a arauto.Allowance) (arauto.Admission, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := arauto.Admission{Account: account, Token: token, Verdict: arauto.Admitted}
	switch day := int64(a.Day); {
	case w.used[[2]int64{day, 0}] >= a.Daily:
		out.Verdict = arauto.OverDaily
	case w.slots[token] >= a.Together:
		out.Verdict = arauto.OverTogether
	default:
		w.slots[token]++
		w.used[[2]int64{day, 0}]++
		w.used[[2]int64{day, token}]++
	}
	return out, nil
}

func (w *world) Stay(context.Context, time.Time, arauto.Admission, time.Duration) error { return nil }

func (w *world) Leave(_ context.Context, a arauto.Admission) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slots[a.Token]--
	w.left++
	if w.leaves != nil {
		w.leaves <- struct{}{}
	}
	return nil
}

func (w *world) Usage(_ context.Context, _, token int64, day int) (arauto.Usage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return arauto.Usage{Token: w.used[[2]int64{int64(day), token}], All: w.used[[2]int64{int64(day), 0}]}, nil
}

func (w *world) between(from, to time.Time) []arauto.ClickRow {
	list := make([]arauto.ClickRow, 0, len(w.clicks))
	for _, c := range w.clicks {
		if !c.At.Before(from) && !c.At.After(to) {
			list = append(list, c)
		}
	}
	order := func(a, b arauto.ClickRow) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) }
	if !slices.IsSortedFunc(list, order) {
		slices.SortFunc(list, order)
	}
	return list
}

func (w *world) ClickSpan(_ context.Context, _ int64, from, to time.Time, most int) (span arauto.ClickSpan, err error) {
	for i, c := range w.between(from, to) {
		if i == most {
			break
		}
		span.Count++
		span.Width += int64(c.Referral.Width())
	}
	span.UpTo = int64(len(w.clicks))
	return span, nil
}

func (w *world) ClickDetails(ctx context.Context, _ int64, after arauto.ClickKey, to time.Time, upTo int64, limit int) ([]arauto.ClickRow, error) {
	w.mu.Lock()
	w.reads++
	reads := w.reads
	w.mu.Unlock()
	if w.read != nil {
		w.read(ctx, reads)
	}
	if w.failAfter > 0 && reads >= w.failAfter {
		return nil, errDisk
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(w.between(after.At, to), func(c arauto.ClickRow) bool {
		return c.ID > upTo || c.At.Equal(after.At) && c.ID <= after.ID
	})
	return list[:min(limit, len(list))], nil
}

func (w *world) ClickTotals(_ context.Context, _ int64, from, to time.Time) (sum arauto.ClickTotals, err error) {
	for _, c := range w.between(from, to) {
		*sum.Of(c.Referral.SourceType, c.Agent != 0)++
	}
	return sum, nil
}

func (w *world) ClosedConversations(_ context.Context, _ int64, from, to time.Time) (n int64, err error) {
	for _, at := range w.closed {
		if !at.Before(from) && !at.After(to) {
			n++
		}
	}
	return n, nil
}

func (w *world) ContactBound(context.Context, int64) (int64, error) {
	return int64(len(w.contacts)), nil
}

func (w *world) matches(f arauto.ContactFilter, below int64) (list []arauto.ContactRow) {
	for _, c := range slices.Backward(w.contacts) {
		if c.ID < below && slices.Contains(f.Campaigns, c.Campaign) && !c.InsertedAt.Before(f.InsertedFrom) && !c.InsertedAt.After(f.InsertedTo) {
			list = append(list, c)
		}
	}
	return list
}

func (w *world) CountContacts(_ context.Context, _ int64, f arauto.ContactFilter, upTo int64) (int64, error) {
	return int64(len(w.matches(f, upTo+1))), nil
}

func (w *world) ContactRows(_ context.Context, _ int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error) {
	list := w.matches(f, below)
	return list[:min(limit, len(list))], nil
}

var campaigns = []arauto.Campaign{
	{ID: 12, Account: 7, Name: "Ofertas", Channel: arauto.ChannelWhatsApp, State: arauto.CampaignRunning},
	{ID: 11, Account: 7, Name: "Cobrança", Channel: arauto.ChannelVoice, State: arauto.CampaignRunning},
	{ID: 10, Account: 7, Name: "Antiga", Channel: arauto.ChannelVoice, State: arauto.CampaignArchived},
}

func (w *world) Campaigns(_ context.Context, _, before int64, limit int, _ []arauto.CampaignState) ([]arauto.Campaign, error) {
	list := slices.DeleteFunc(slices.Clone(campaigns), func(c arauto.Campaign) bool { return before > 0 && c.ID >= before })
	return list[:min(limit, len(list))], nil
}

func (w *world) Campaign(_ context.Context, _, id int64) (arauto.Campaign, error) {
	for _, c := range campaigns {
		if c.ID == id {
			return c, nil
		}
	}
	return arauto.Campaign{}, arauto.Errorf(arauto.KindNotFound, "", "there is no campaign %d in this account", id)
}

func (w *world) AddRecords(_ context.Context, actor arauto.Actor, _ arauto.Account, _ arauto.Campaign, lines io.Reader) (arauto.Job, error) {
	text, err := io.ReadAll(lines)
	w.lines, w.actor = string(text), actor
	job := arauto.Job{State: arauto.JobCompleted}
	for line := range strings.Lines(w.lines) {
		if strings.Contains(line, `"phone":""`) {
			job.Rejected++
		} else {
			job.Accepted++
		}
	}
	return job, err
}

func text(s string) *string { return &s }

// given is three clicks of a day, their conversations, and three records of a WhatsApp campaign.
func given() *world {
	at := func(h, m int) time.Time { return time.Date(2026, 11, 27, h, m, 0, 0, time.UTC) }
	w := &world{
		account: arauto.Account{ID: 7, Slug: "loja", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese},
		used:    map[[2]int64]int64{}, slots: map[int64]int{}, clock: func() time.Time { return now },
		closed: []time.Time{at(16, 0), at(17, 0)},
	}
	add := func(when time.Time, r arauto.Referral, c arauto.ClickRow) {
		c.ID, c.At, c.Referral, c.Conversation = int64(len(w.clicks)+1), when, r, int64(501+len(w.clicks))
		w.clicks = append(w.clicks, c)
	}
	add(at(14, 3), arauto.Referral{
		SourceType: arauto.SourceAd, SourceID: text("120210000000000001"), SourceURL: "https://fb.me/3aBc", MediaType: "image",
		ImageURL: "https://scontent.example/anúncio.jpg?oh=1&oe=2", Clid: text("ARAk"),
	}, arauto.ClickRow{RoutingPoint: 4, Agent: 9, Activity: "VENDA"})
	add(at(14, 5), arauto.Referral{
		SourceType: arauto.SourcePost, SourceID: text("17900000000000000"), SourceURL: "https://fb.me/p", MediaType: "video", VideoURL: "https://scontent.example/v.mp4",
	}, arauto.ClickRow{RoutingPoint: 4})
	add(at(15, 0), arauto.Referral{SourceType: arauto.SourceAd, SourceURL: `https://fb.me/"aspas"`}, arauto.ClickRow{})
	record := func(r arauto.ContactRow) {
		r.ID, r.Campaign, r.InsertedAt, r.Account = int64(len(w.contacts)+1), 12, at(12, len(w.contacts)), 7
		w.contacts = append(w.contacts, r)
	}
	record(arauto.ContactRow{Contact: arauto.Contact{Phone: "+5511987654321", State: arauto.ContactRead, SentAt: at(13, 0), UpdatedAt: at(13, 2)}})
	record(arauto.ContactRow{Contact: arauto.Contact{
		Phone: "+5511987654322", State: arauto.ContactFailed, SentAt: at(13, 0), UpdatedAt: at(13, 1),
		Reason: arauto.ReasonNotOnWhatsApp, Code: 131026, Detail: "Message undeliverable",
	}})
	record(arauto.ContactRow{Contact: arauto.Contact{Phone: "+5511987654323", State: arauto.ContactPending, UpdatedAt: at(12, 2)}})
	return w
}

func (w *world) api() *API {
	return New(Config{
		Doorman: w, Clicks: w, Records: w, Uploader: w, Now: func() time.Time { return w.clock() }, Logger: slog.New(slog.DiscardHandler), Limits: w.limits,
	})
}

var caller = arauto.Token{ID: 3, Account: 7, Name: "bi", Scopes: []arauto.TokenScope{arauto.TokenReports, arauto.TokenWrite}}

// serve stands in for the server, which knows methods and tokens.
func (w *world) serve() http.Handler {
	a := w.api()
	at := func(method string, handle func(http.ResponseWriter, *http.Request, arauto.Token, arauto.Account)) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			switch token := r.Header.Get(TokenHeader); {
			case r.Method != method:
				rw.Header().Set("Allow", method)
				WriteDenied(rw, r, NoMethod)
			case token == "":
				WriteDenied(rw, r, NoToken)
			case token != "TOKEN":
				WriteDenied(rw, r, WrongToken)
			default:
				handle(rw, r, caller, w.account)
			}
		}
	}
	mux := http.NewServeMux()
	mux.Handle(ReportsPath, at("GET", a.Reports))
	mux.Handle(InformationPath, at("GET", a.Information))
	mux.Handle(CampaignPath, at("POST", a.Campaign))
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) { WriteDenied(rw, r, NoPath) })
	return mux
}

// many is n clicks, a second apart from the 1st of November on.
func many(n int) *world {
	w := given()
	w.clicks = make([]arauto.ClickRow, n)
	for i := range w.clicks {
		w.clicks[i] = arauto.ClickRow{Click: arauto.Click{
			ID: int64(i + 1), Conversation: int64(i + 1), At: time.Date(2026, 11, 1, 3, 0, i, 0, time.UTC),
			Referral: arauto.Referral{SourceType: arauto.SourceAd, SourceID: text(fmt.Sprint(120_210_000 + i%5)), SourceURL: "https://fb.me/x"},
		}}
	}
	return w
}
