// Package wolkvox speaks one vendor's wire: the reports on chats that ads and posts brought, what a token has used, and
// the adding of records to a voice campaign. docs/api/wolkvox.md describes them, with every difference from the original.
//
// Its words (chat, rp_id, cod_act) are projections of ours and go no further than this package. It may not know how rows
// are kept, what becomes of an upload, or who a token belongs to: those are handed to it.
package wolkvox

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"arauto"
)

// The paths, as patterns of http.ServeMux without a method, and the header that a token comes in. What can be asked for
// at each is the value of the query's key `api`.
const (
	ReportsPath     = "/api/v2/reports_manager.php"
	InformationPath = "/api/v2/information.php"
	CampaignPath    = "/api/v2/campaign.php"
	Prefix          = "/api/v2/"
	TokenHeader     = "wolkvox-token"
)

// Config is what an API works with. All of it is required but Limits.
type Config struct {
	Doorman  Doorman
	Clicks   Clicks
	Records  Records
	Uploader Uploader
	Now      func() time.Time
	Logger   *slog.Logger
	Limits   Limits
}

// Limits are the vendor's. Zero ones get what the vendor allows; tests lower them.
type Limits struct {
	Records  int           // of one answer; 60,000
	Days     int           // between two dates; 31
	Bytes    int64         // of one answer; 256 MB
	Time     time.Duration // for one request; 60 s
	Together int           // requests of one token; 2
	Upload   int           // records of one upload; 10,000
}

func (l Limits) withDefaults() Limits {
	if l.Records == 0 {
		l.Records = 60_000
	}
	if l.Days == 0 {
		l.Days = 31
	}
	if l.Bytes == 0 {
		l.Bytes = 256 << 20
	}
	if l.Time == 0 {
		l.Time = 60 * time.Second
	}
	if l.Together == 0 {
		l.Together = 2
	}
	if l.Upload == 0 {
		l.Upload = 10_000
	}
	return l
}

// Doorman counts requests and holds their places, for all nodes together.
type Doorman interface {
	Account(ctx context.Context, id int64) (arauto.Account, error)
	// Admit lets a request in and counts it, or says which allowance is used up.
	Admit(ctx context.Context, now time.Time, account, token int64, a arauto.Allowance) (arauto.Admission, error)
	// Stay keeps the place of a request that is still being answered for that long.
	Stay(ctx context.Context, now time.Time, a arauto.Admission, hold time.Duration) error
	// Leave frees the place of a request that was let in.
	Leave(ctx context.Context, a arauto.Admission) error
	// Usage is how many were let in on that day, by the token and by all of the account's.
	Usage(ctx context.Context, account, token int64, day int) (arauto.Usage, error)
}

// Clicks reads what ads and posts brought. Both bounds of a stretch of time are inclusive.
type Clicks interface {
	// ClickSpan counts and measures clicks, up to most, and fixes which ones they are.
	ClickSpan(ctx context.Context, account int64, from, to time.Time, most int) (arauto.ClickSpan, error)
	// ClickDetails reads them, oldest first, after a place and up to the click upTo; fewer than limit are the last.
	ClickDetails(ctx context.Context, account int64, after arauto.ClickKey, to time.Time, upTo int64, limit int) ([]arauto.ClickRow, error)
	ClickTotals(ctx context.Context, account int64, from, to time.Time) (arauto.ClickTotals, error)
	ClosedConversations(ctx context.Context, account int64, from, to time.Time) (int64, error)
}

// Records reads contacts of WhatsApp campaigns, newest first, ids below one.
type Records interface {
	ContactBound(ctx context.Context, account int64) (int64, error)
	CountContacts(ctx context.Context, account int64, f arauto.ContactFilter, upTo int64) (int64, error)
	ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error)
	// Campaigns lists newest first, ids below before; 0 = from the newest. No states = all.
	Campaigns(ctx context.Context, account, before int64, limit int, states []arauto.CampaignState) ([]arauto.Campaign, error)
	Campaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
}

// API answers this vendor's requests. It is safe to share.
type API struct{ Config }

// New is the API over what c names.
func New(c Config) *API {
	c.Limits = c.Limits.withDefaults()
	return &API{Config: c}
}

// Reports answers GET /api/v2/reports_manager.php. The server has seen to the method and the token.
func (a *API) Reports(w http.ResponseWriter, r *http.Request, caller arauto.Token, account arauto.Account) {
	a.admitted(w, r, texts, caller, account, map[string]handler{
		"chat_13":    a.closedChats,
		"chat_14":    a.clickDetail,
		"chat_15":    a.clickSummary,
		"campaign_9": a.recordStatus,
	})
}

// Information answers GET /api/v2/information.php.
func (a *API) Information(w http.ResponseWriter, r *http.Request, caller arauto.Token, account arauto.Account) {
	a.admitted(w, r, texts, caller, account, map[string]handler{"token_info": a.tokenInfo})
}

// Campaign answers POST /api/v2/campaign.php, whose answers have their code as a number.
func (a *API) Campaign(w http.ResponseWriter, r *http.Request, caller arauto.Token, account arauto.Account) {
	a.admitted(w, r, numbers, caller, account, map[string]handler{"add_record": a.addRecord})
}
