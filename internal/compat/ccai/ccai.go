// Package ccai speaks one vendor's wire: the contact API of Google CCAI Platform's outbound dialer ("Apps API"), and
// the reading of its campaigns ("Manager API"). docs/api/ccai.md describes both, with every difference from the original.
//
// Its words are projections of ours and go no further than this package. It may not know how rows are kept, how national
// numbers are read, what becomes of a file, or who lets a caller in: those are handed to it.
package ccai

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"arauto"
)

// The two prefixes below which everything is this API's.
const (
	AppsPrefix    = "/apps/api/v1/outbound_dialer/"
	ManagerPrefix = "/manager/api/v1/outbound_dialer/"
)

const (
	campaignPath  = AppsPrefix + "campaigns/{campaign}"
	contactsPath  = campaignPath + "/contacts"
	importPath    = contactsPath + "/import"
	jobPath       = contactsPath + "/jobs/{job}"
	contactPath   = campaignPath + "/contact"
	campaignsPath = ManagerPrefix + "campaigns"
)

// Config is what an API works with. All of it is required but TempDir.
type Config struct {
	Campaigns Campaigns
	Contacts  Contacts
	Jobs      Jobs
	// Phone reads a number that does not begin with its country's code, as people of country (ISO 3166 alpha-2) write it.
	Phone  func(country, raw string) (arauto.Phone, error)
	Now    func() time.Time
	Logger *slog.Logger

	ImportLimit int64  // bytes of an imported file
	TempDir     string // where uploads are spooled; "" is the system's
}

// Campaigns are looked up; KindNotFound when the account has no such thing.
type Campaigns interface {
	VoiceCampaign(ctx context.Context, account, id int64) (arauto.Campaign, error)
	// VoiceCampaigns lists campaigns with ids above after, ascending; fewer than limit only when there are no more.
	VoiceCampaigns(ctx context.Context, account, after int64, limit int) ([]arauto.Campaign, error)
	Queue(ctx context.Context, account, id int64) (arauto.Queue, error)
	// DialCounts is how many contacts of each of these campaigns stand at each status; one without any may be absent.
	DialCounts(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.DialCounts, error)
}

// Contacts are a voice campaign's people. Who was removed is not there.
type Contacts interface {
	// AddDialContacts adds contacts and answers for each of them, in order. One whose phone cannot be dialled is taken,
	// and gets that status.
	AddDialContacts(ctx context.Context, now time.Time, account, campaign int64, list []arauto.Contact) ([]arauto.AddedDial, error)
	// DialContacts reads contacts with ids above after, ascending; fewer than limit only when there are no more.
	DialContacts(ctx context.Context, account, campaign, after int64, limit int) ([]arauto.Contact, error)
	// SkipDialContacts is the id of the n-th contact, where DialContacts goes on behind n others; 0 when there are fewer.
	SkipDialContacts(ctx context.Context, account, campaign, n int64) (int64, error)
	// DialContactsSince reads those that changed at or after since, by moment and id, behind the last one of an earlier
	// read (at, id).
	DialContactsSince(ctx context.Context, account, campaign int64, since, at time.Time, id int64, limit int) ([]arauto.Contact, error)
	// PatchDialContact: KindConflict when another contact has the phone, or a call is under way that forbids it.
	PatchDialContact(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign, id int64, p arauto.DialPatch) (arauto.Contact, error)
	// DeleteDialContact takes the one contact out that all of k names: KindNotFound when there is none, KindInvalid when
	// two bear the external id, KindConflict while a call is under way.
	DeleteDialContact(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64, k arauto.DialKey) (arauto.Contact, error)
}

// Jobs are imports.
type Jobs interface {
	// Import queues a file, all of it or nothing: its content is looked at by the job. file is complete, of at most
	// ImportLimit bytes, and closed when Import returns.
	Import(ctx context.Context, actor arauto.Actor, account arauto.Account, campaign int64, file io.Reader, filename string) (arauto.Job, error)
	Job(ctx context.Context, account, id int64) (arauto.Job, error)
}

// API answers this vendor's requests. It is safe to share.
type API struct{ Config }

// New is the API over what c names.
func New(c Config) *API { return &API{Config: c} }

// Caller is who a request comes from.
type Caller struct {
	Token   arauto.Token
	Account arauto.Account
}

// A Route is one thing that can be asked for.
type Route struct {
	Pattern string // as http.ServeMux has it
	Scope   arauto.TokenScope
	MaxBody int64 // bytes
	Serve   func(http.ResponseWriter, *http.Request, Caller)
}

// Routes lists everything there is.
func (a *API) Routes() []Route {
	return []Route{
		{"POST " + contactsPath, arauto.TokenWrite, maxListBody, a.inCampaign(a.add)},
		{"GET " + contactsPath, arauto.TokenRead, 0, a.inCampaign(a.list)},
		{"POST " + importPath, arauto.TokenWrite, a.ImportLimit + maxEnvelope, a.inCampaign(a.importFile)},
		{"GET " + jobPath, arauto.TokenRead, 0, a.inCampaign(a.job)},
		{"PATCH " + contactPath, arauto.TokenWrite, maxOneObject, a.inCampaign(a.patch)},
		{"DELETE " + contactPath, arauto.TokenWrite, maxOneObject, a.inCampaign(a.remove)},
		{"GET " + campaignsPath, arauto.TokenRead, 0, a.campaigns},
		{"GET " + campaignsPath + "/{campaign}", arauto.TokenRead, 0, a.inCampaign(a.campaign)},
	}
}

// An asked is a request about one campaign.
type asked struct {
	*http.Request
	Caller
	campaign arauto.Campaign
	now      time.Time
}

func (q asked) actor() arauto.Actor {
	return arauto.Actor{Account: q.Account.ID, Token: q.Token.ID, Name: q.Token.Name}
}

// inCampaign looks up the campaign that the path names. One of another channel is not there for this API. A copy of its
// id in the query or the body is not looked at.
func (a *API) inCampaign(answer func(http.ResponseWriter, asked) error) func(http.ResponseWriter, *http.Request, Caller) {
	return func(w http.ResponseWriter, r *http.Request, c Caller) {
		q := asked{Request: r, Caller: c, now: a.Now()}
		err := a.findCampaign(&q)
		if err == nil {
			err = answer(w, q)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	}
}

func (a *API) findCampaign(q *asked) error {
	text := q.PathValue("campaign")
	id, ok := parseID(text)
	if !ok {
		return notFound("there is no campaign %.50q: its id is a number", text)
	}
	ctx, cancel := context.WithTimeout(q.Context(), storeTimeout)
	defer cancel()
	var err error
	q.campaign, err = a.Campaigns.VoiceCampaign(ctx, q.Account.ID, id)
	return err
}

// storeTimeout bounds each look into the store.
const storeTimeout = 60 * time.Second

// maxID is where JSON's readers begin to lose digits: no id is that large.
const maxID = 1 << 53

// parseID reads a positive id.
func parseID(s string) (int64, bool) {
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil && id > 0 && id < maxID && s[0] != '+'
}
