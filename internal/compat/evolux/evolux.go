// Package evolux speaks one vendor's wire: the report of campaign subscribers that Evolux Chat offers, and the
// insertion of subscribers into a campaign. docs/api/evolux.md describes both, with every difference from the original.
//
// Its words (subscriber, dnd, completed) are projections of ours and go no further than this package. It may not know
// how rows are kept, how phones are read, what becomes of a file, or who lets a caller in: those are handed to it.
package evolux

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"arauto"
)

// The two paths, as patterns of http.ServeMux without a method: these handlers answer other methods with 405.
const (
	SubscribersPath = "/api/v1/reports/campaign/subscribers"
	InsertPath      = "/api/v1/campaign/{campaign_uuid}/subscribers"
)

// Config is what an API works with. All of it is required but TempDir.
type Config struct {
	Reports  Reports
	Inserter Inserter
	// Phones lists every full number that someone in country (ISO 3166 alpha-2) may mean by raw. A number typed with a
	// '+' that its URL did not encode begins with a space. Nothing plausible is an empty list.
	Phones  func(country, raw string) []arauto.Phone
	Now     func() time.Time
	Logger  *slog.Logger
	TempDir string // where uploads are spooled; "" is the system's
}

// Reports reads what the report is made of. A contact's id grows with its insertion, so newest first is by id descending.
type Reports interface {
	// ContactBound is the highest contact id given out in the account; 0 = none yet.
	ContactBound(ctx context.Context, account int64) (int64, error)
	// CountContacts counts the matches whose id is not above upTo.
	CountContacts(ctx context.Context, account int64, f arauto.ContactFilter, upTo int64) (int64, error)
	// SkipContacts passes over the n newest matches below an id and returns the id of the last one passed over; 1 or less
	// when there are not that many.
	SkipContacts(ctx context.Context, account int64, f arauto.ContactFilter, below, n int64) (int64, error)
	// ContactRows returns at most limit matches with ids below that one, newest first; fewer only when there are no more.
	ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error)
	// CampaignByUUID and TemplateByUUID look a public id up; KindNotFound when the account has no such thing.
	CampaignByUUID(ctx context.Context, account int64, uuid string) (arauto.Campaign, error)
	TemplateByUUID(ctx context.Context, account int64, uuid string) (arauto.Template, error)
}

// Inserter puts the rows of a CSV file into a campaign. The columns are name, phone, then one per parameter of the
// campaign's template in the template's order, whatever their headings; every later column is a custom field. file is
// complete, of at most MaxFile bytes, and closed when Insert returns: what is worked later must be kept first. A file
// that cannot be used at all is KindInvalid.
type Inserter interface {
	Insert(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign arauto.Campaign, file io.Reader, filename string) (arauto.Job, error)
}

// API answers this vendor's requests. It is safe to share.
type API struct{ Config }

// New is the API over what c names.
func New(c Config) *API { return &API{Config: c} }

// readTimeout bounds each look into the store: a request that is worth more time than this is worth smaller pages.
const readTimeout = 60 * time.Second

// allowed answers for the caller when it may not do this, and reports whether it may.
func allowed(w http.ResponseWriter, r *http.Request, method string, caller arauto.Token, scope arauto.TokenScope) bool {
	if r.Method != method {
		w.Header().Set("Allow", method)
		WriteError(w, http.StatusMethodNotAllowed, r.Method+" is not possible here; use "+method)
		return false
	}
	if !caller.Allows(scope) {
		WriteError(w, http.StatusForbidden, "this token may not do that: it needs the scope "+string(scope))
		return false
	}
	return true
}
