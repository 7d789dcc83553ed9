package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// Contacts is what the API asks of the store about contacts.
type Contacts interface {
	// AddContacts answers per element, in order; a conflict when the campaign takes no more.
	AddContacts(ctx context.Context, now time.Time, account, campaign int64, contacts []arauto.Contact) ([]arauto.Added, error)
	Contact(ctx context.Context, account, id int64) (arauto.ContactRow, error)
	// ContactRows lists newest first, ids below below; 0 = from the newest.
	ContactRows(ctx context.Context, account int64, f arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error)
	// AttemptsOf lists a contact's attempts, oldest first.
	AttemptsOf(ctx context.Context, account, contact int64) ([]arauto.Attempt, error)
}

// fields are custom fields in the order they were sent.
type fields struct{ list arauto.Fields }

// UnmarshalJSON keeps the order; numbers and booleans become their text.
func (f *fields) UnmarshalJSON(b []byte) (err error) {
	f.list, err = arauto.ParseFields(b)
	return err
}

// MarshalJSON keeps the order.
func (f fields) MarshalJSON() ([]byte, error) { return f.list.AppendJSON(nil), nil }

// Schema is huma's question.
func (fields) Schema(huma.Registry) *huma.Schema {
	most := arauto.MaxFields
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, MaxProperties: &most,
		Description: "Custom fields; their order is kept", Examples: []any{map[string]any{"cpf": "111", "perfil": "Pessoa Jurídica"}},
	}
}

// wireFields are custom fields as the store keeps them: a JSON object whose order is not touched.
type wireFields string

// MarshalJSON is what it holds.
func (f wireFields) MarshalJSON() ([]byte, error) { return []byte(f), nil }

// Schema is huma's question.
func (wireFields) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString},
		Description: "Custom fields in the file's column order",
	}
}

// WireContact is a contact in lists and reports. (Its name is exported because huma describes embedded
// structs only then.)
type WireContact struct {
	ID               int64      `json:"id"`
	ExternalID       *string    `json:"external_id"`
	CampaignID       int64      `json:"campaign_id"`
	CampaignUUID     string     `json:"campaign_uuid"`
	CampaignName     string     `json:"campaign_name"`
	Template         *string    `json:"template"`
	Name             string     `json:"name"`
	Phone            *string    `json:"phone" doc:"E.164; null when what was given is no phone, or only an id was"`
	UserID           *string    `json:"user_id" doc:"The person's business-scoped id at Meta, as it was given: written to where there is no phone"`
	PhoneRaw         string     `json:"phone_raw" doc:"As it was given"`
	Email            *string    `json:"email"`
	OutboundNumber   *string    `json:"outbound_number" doc:"The number that it asks to be called from, as it was given"`
	Priority         int        `json:"priority" doc:"In dial order: what is higher goes first, 0 = none"`
	DialStatus       *string    `json:"dial_status" enum:"upcoming,dialing,queued,connected,finished,transferred,transferred_finished,not_picked_up,not_reached,abandoned_by_contact,skipped,skipped_closed,invalid_number,carrier_error,abandoned_by_dialer,voicemail,dialer_error,redial,do_not_call,invalid_outbound,blocked" doc:"Of a voice campaign's contact, finer than state; null for WhatsApp"`
	DialLabel        *string    `json:"dial_label" doc:"The dial status in the outbound dialer's words"`
	State            string     `json:"state" enum:"pending,sending,unknown,sent,delivered,read,replied,failed,suppressed,cancelled"`
	Reason           *string    `json:"reason" doc:"Why it failed or was held back"`
	ReasonWords      *string    `json:"reason_words" doc:"The reason in the account's language"`
	ProviderStatus   *string    `json:"provider_status" enum:"held,paused" doc:"How the provider holds back a message that it took; null = it does not"`
	ErrorCode        *int       `json:"error_code" doc:"The provider's own code"`
	ErrorDetail      *string    `json:"error_detail" doc:"The provider's own words"`
	CodeWords        *string    `json:"code_words" doc:"What the provider's code means, in the account's language"`
	NextStep         *string    `json:"next_step" doc:"What to do about it, in the account's language"`
	Fields           wireFields `json:"fields"`
	Attempts         int        `json:"attempts"`
	ReplyAction      *string    `json:"reply_action" doc:"The button the person used"`
	ReplyText        *string    `json:"reply_text"`
	ConversationUUID *string    `json:"conversation_uuid"`
	ScheduledFor     *time.Time `json:"scheduled_for"`
	InsertedAt       *time.Time `json:"inserted_at"`
	UpdatedAt        *time.Time `json:"updated_at"`
	SentAt           *time.Time `json:"sent_at"`
	DeliveredAt      *time.Time `json:"delivered_at"`
	ReadAt           *time.Time `json:"read_at"`
	RepliedAt        *time.Time `json:"replied_at"`
	FailedAt         *time.Time `json:"failed_at"`
}

func wordContact(r arauto.ContactRow, l arauto.Language) WireContact {
	out := WireContact{
		ID: r.ID, ExternalID: text(r.External), CampaignID: r.Campaign, CampaignUUID: r.CampaignUUID, CampaignName: r.CampaignName, Template: text(r.TemplateName),
		Name: r.Name, Phone: text(r.Phone), UserID: text(r.UserID), PhoneRaw: r.PhoneRaw, State: string(r.State), Reason: text(r.Reason), ReasonWords: text(r.Reason.Words(l)),
		ErrorDetail: text(r.Detail), Fields: wireFields(r.RawFields), Attempts: r.Attempts,
		ReplyAction: text(r.ReplyAction), ReplyText: text(r.ReplyText), ConversationUUID: text(r.Conversation), ScheduledFor: at(r.Scheduled),
		Email: text(r.Email), OutboundNumber: text(r.Outbound), Priority: r.Priority, DialStatus: text(r.Dial), DialLabel: text(r.Dial.Label()),
		InsertedAt: at(r.InsertedAt), UpdatedAt: at(r.UpdatedAt), SentAt: at(r.SentAt), DeliveredAt: at(r.DeliveredAt),
		ReadAt: at(r.ReadAt), RepliedAt: at(r.RepliedAt), FailedAt: at(r.FailedAt),
	}
	if r.State == arauto.ContactSent {
		out.ProviderStatus = text(r.Reason.Hold())
	}
	if r.Code != 0 {
		out.ErrorCode = &r.Code
	}
	if r.RawFields == "" {
		out.Fields = wireFields(r.Fields.AppendJSON(nil))
	}
	return out
}

type newContact struct {
	Name         string     `json:"name,omitempty" maxLength:"200"`
	Phone        string     `json:"phone,omitempty" maxLength:"40" doc:"International, or as people of the account's country write it"`
	UserID       string     `json:"user_id,omitempty" maxLength:"140" doc:"The person's business-scoped id at Meta, such as BR.1046121691929582596. Who has no phone here is written to by it; voice campaigns need a phone"`
	ExternalID   string     `json:"external_id,omitempty" maxLength:"200"`
	Fields       fields     `json:"fields,omitempty"`
	ScheduledFor *time.Time `json:"scheduled_for,omitempty" doc:"Not before this moment"`
	Email        string     `json:"email,omitempty" maxLength:"200" doc:"Voice campaigns only, like the next two"`
	Outbound     string     `json:"outbound_number,omitempty" maxLength:"40" doc:"The number to be called from: one of the campaign's caller_ids"`
	Priority     int        `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"In dial order: what is higher goes first, 0 = none"`
}

type wireAdded struct {
	Index     int        `json:"index"`
	ID        *int64     `json:"id" doc:"The new contact's, or the one the person has in the campaign already"`
	Duplicate bool       `json:"duplicate"`
	Error     *wireFault `json:"error"`
	// DialStatus is set where something is wrong with a number of a voice campaign's contact.
	DialStatus *string `json:"dial_status,omitempty" doc:"Of a new contact of a voice campaign: upcoming, or what is wrong with its numbers"`
}

type addedPage struct {
	Data       []wireAdded `json:"data" nullable:"false"`
	Added      int         `json:"added"`
	Duplicates int         `json:"duplicates"`
	Rejected   int         `json:"rejected"`
}

// contactsBody is the most that a thousand contacts take.
const contactsBody = 4 << 20

func (a *API) contacts() {
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/contacts", scope: arauto.TokenWrite, tag: "contacts", summary: "Add up to 1,000 contacts", maxBody: contactsBody,
		more: "Each element has its own result: one that cannot be used does not keep the others out. For more, import a file.",
	}, a.addContacts)
	handle(a, op{method: http.MethodGet, path: "/campaigns/{id}/contacts", scope: arauto.TokenRead, tag: "contacts", summary: "A campaign's contacts, newest first"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Paging
			ContactQuery
		},
		) (*page[WireContact], error) {
			campaign, err := a.campaign(ctx, c, ref(in.ID))
			if err != nil {
				return nil, err
			}
			return a.listContacts(ctx, c, in.Paging, in.ContactQuery, []int64{campaign.ID})
		})
	handle(a, op{method: http.MethodGet, path: "/contacts", scope: arauto.TokenRead, tag: "contacts", summary: "Contacts of every campaign, newest first"},
		func(ctx context.Context, c Caller, in *struct {
			Paging
			ContactQuery
		},
		) (*page[WireContact], error) {
			return a.listContacts(ctx, c, in.Paging, in.ContactQuery, nil)
		})
	handle(a, op{method: http.MethodGet, path: "/contacts/{id}", scope: arauto.TokenRead, tag: "contacts", summary: "A contact with its attempts"}, a.oneContact)
}

func (a *API) addContacts(ctx context.Context, c Caller, in *struct {
	ByRef
	Body []newContact `minItems:"1" maxItems:"1000" nullable:"false"`
},
) (*addedPage, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	if campaign.Channel == arauto.ChannelVoice {
		return a.addDialled(ctx, c, campaign, in.Body)
	}
	out := &addedPage{Data: make([]wireAdded, len(in.Body))}
	var good []arauto.Contact
	var place []int // of each good one in the request
	for i, b := range in.Body {
		contact, err := a.readContact(c, campaign.ID, b)
		if err != nil {
			out.add(i, 0, false, err)
			continue
		}
		good, place = append(good, contact), append(place, i)
	}
	if err := campaign.Accepts(); err != nil {
		return nil, err
	}
	if len(good) == 0 {
		return out, nil
	}
	added, err := a.Store.AddContacts(ctx, a.Now(), c.Account.ID, campaign.ID, good)
	if err != nil {
		return nil, err
	}
	for j, r := range added {
		out.add(place[j], r.ID, r.Duplicate, r.Err)
	}
	return out, nil
}

// add says what became of the element at i, and counts it.
func (p *addedPage) add(i int, id int64, duplicate bool, err error) {
	e := &p.Data[i]
	e.Index = i
	switch {
	case err != nil:
		e.Error = &wireFault{Location: "body[" + strconv.Itoa(i) + "]." + fieldIn(err, "phone"), Message: err.Error()}
		p.Rejected++
	case duplicate:
		e.ID, e.Duplicate = number(id), true
		p.Duplicates++
	default:
		e.ID = number(id)
		p.Added++
	}
}

// fieldIn is the field of the request that err names; other words for it are other surfaces'.
func fieldIn(err error, otherwise string) string {
	if e, ok := errors.AsType[*arauto.Error](err); ok {
		switch e.Field {
		case "name", "email", "outbound_number", "priority", "user_id":
			return e.Field
		case "external_unique_id":
			return "external_id"
		}
	}
	return otherwise
}

func (a *API) readContact(c Caller, campaign int64, b newContact) (arauto.Contact, error) {
	if b.Email != "" || b.Outbound != "" || b.Priority != 0 {
		return arauto.Contact{}, arauto.Errorf(arauto.KindInvalid, "email", "email, outbound_number and priority are for voice campaigns: send them as custom fields here")
	}
	who := arauto.Contact{
		Account: c.Account.ID, Campaign: campaign, External: b.ExternalID, Name: strings.TrimSpace(b.Name),
		PhoneRaw: b.Phone, Fields: b.Fields.list, State: arauto.ContactPending, ScheduledFor: moment(b.ScheduledFor),
	}
	var err error
	if b.UserID != "" {
		if who.UserID, err = arauto.ParseUserID(b.UserID); err != nil {
			return who, err
		}
		who.PersonKey = who.UserID.PersonKey()
	}
	if b.Phone != "" || b.UserID == "" {
		who.Phone, err = a.Phones.Parse(c.Account.Country, b.Phone)
		who.PersonKey = who.Phone.PersonKey()
	}
	return who, err
}

// ContactQuery selects contacts in lists and reports.
type ContactQuery struct {
	State      []string `query:"state" maxItems:"10" enum:"pending,sending,unknown,sent,delivered,read,replied,failed,suppressed,cancelled" doc:"Any of these, separated by commas"`
	DialStatus []string `query:"dial_status" maxItems:"21" enum:"upcoming,dialing,queued,connected,finished,transferred,transferred_finished,not_picked_up,not_reached,abandoned_by_contact,skipped,skipped_closed,invalid_number,carrier_error,abandoned_by_dialer,voicemail,dialer_error,redial,do_not_call,invalid_outbound,blocked" doc:"Of voice campaigns: any of these"`
	Phone      string   `query:"phone" maxLength:"140" doc:"The whole number, in any common spelling, or the person's business-scoped id"`
	PhonePart  string   `query:"phone_part" maxLength:"40" doc:"Four or more of its digits in a row, such as the last ones; what stands between digits does not matter"`
	Reason     []string `query:"reason" maxItems:"50" doc:"Why they failed or were held back: any of these, separated by commas"`
	Name       string   `query:"name" maxLength:"200" doc:"Contained; case and accents do not matter"`
	FieldKey   string   `query:"field_key" maxLength:"200" doc:"A custom field, together with field_value"`
	FieldValue string   `query:"field_value" maxLength:"1000" doc:"Compared exactly"`
}

func (a *API) filter(c Caller, q ContactQuery, campaigns []int64) (arauto.ContactFilter, error) {
	f := arauto.ContactFilter{Campaigns: campaigns, Name: q.Name, FieldKey: q.FieldKey, FieldValue: q.FieldValue, Now: a.Now()}
	if (q.FieldKey == "") != (q.FieldValue == "") {
		return f, arauto.Errorf(arauto.KindInvalid, "query.field_key", "field_key and field_value go together")
	}
	var err error
	if f.Digits, err = digits(q.PhonePart); err != nil {
		return f, err
	}
	if f.Reasons, err = readReasons(q.Reason); err != nil {
		return f, err
	}
	for _, s := range q.State {
		state, err := arauto.ParseContactState(s)
		if err != nil {
			return f, err
		}
		f.States = append(f.States, state)
	}
	for _, s := range q.DialStatus {
		d, err := arauto.ParseDial(s)
		if err != nil {
			return f, err
		}
		f.Dials = append(f.Dials, d)
	}
	if q.Phone != "" {
		f.PersonKeys = a.personKeys(c, q.Phone)
		f.Empty = len(f.PersonKeys) == 0
	}
	return f, nil
}

// digits are those of a part of a phone; none for none.
func digits(part string) (string, error) {
	if part == "" {
		return "", nil
	}
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, part)
	if len(only) < arauto.MinDigits {
		return "", arauto.Errorf(arauto.KindInvalid, "phone_part", "%q has fewer than %d digits: give more of the phone", part, arauto.MinDigits)
	}
	return only, nil
}

// whom is a person by a phone as people of the account's country write it, "" for one by a business-scoped id.
func (a *API) whom(c Caller, raw string) (phone arauto.Phone, key string, err error) {
	if id := arauto.UserID(strings.TrimSpace(raw)); id.Valid() {
		return "", id.PersonKey(), nil
	}
	phone, err = a.Phones.Parse(c.Account.Country, raw)
	return phone, phone.PersonKey(), err
}

// personKeys is everybody that a phone as somebody typed it may mean, or the one of a business-scoped id. A '+' that
// was not encoded arrives as a space.
func (a *API) personKeys(c Caller, raw string) []string {
	if id := arauto.UserID(strings.TrimSpace(raw)); id.Valid() {
		return []string{id.PersonKey()}
	}
	if rest, found := strings.CutPrefix(raw, " "); found {
		raw = "+" + strings.TrimSpace(rest)
	}
	var keys []string
	for _, p := range a.Phones.Search(c.Account.Country, raw) {
		keys = append(keys, p.PersonKey())
	}
	return keys
}

func (a *API) listContacts(ctx context.Context, c Caller, p Paging, q ContactQuery, campaigns []int64) (*page[WireContact], error) {
	below, err := p.key()
	if err != nil {
		return nil, err
	}
	f, err := a.filter(c, q, campaigns)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.ContactRows(ctx, c.Account.ID, f, below, p.Limit)
	return pageOf(ctx, p, rows, func(r arauto.ContactRow) int64 { return r.ID },
		func(r arauto.ContactRow) WireContact { return a.wordContact(r, c.Account.Language) }), err
}

type wireAttempt struct {
	ID          int64      `json:"id"`
	Number      int        `json:"number"`
	SenderID    int64      `json:"sender_id"`
	State       string     `json:"state" enum:"open,accepted,sent,delivered,read,failed,unknown"`
	Ref         string     `json:"ref" doc:"Travels with the message as biz_opaque_callback_data"`
	ProviderID  *string    `json:"provider_id"`
	WAID        *string    `json:"wa_id"`
	ErrorCode   *int       `json:"error_code"`
	ErrorDetail *string    `json:"error_detail"`
	IntendedAt  *time.Time `json:"intended_at"`
	AcceptedAt  *time.Time `json:"accepted_at"`
	SentAt      *time.Time `json:"sent_at"`
	DeliveredAt *time.Time `json:"delivered_at"`
	ReadAt      *time.Time `json:"read_at"`
	FailedAt    *time.Time `json:"failed_at"`
}

func wordAttempts(list []arauto.Attempt) []wireAttempt {
	out := make([]wireAttempt, 0, len(list))
	for _, t := range list {
		w := wireAttempt{
			ID: t.ID, Number: t.Number, SenderID: t.Sender, State: string(t.State), Ref: t.Ref(), ProviderID: text(t.ProviderID), WAID: text(t.WAID),
			ErrorDetail: text(t.Detail), IntendedAt: at(t.IntendedAt), AcceptedAt: at(t.AcceptedAt), SentAt: at(t.SentAt),
			DeliveredAt: at(t.DeliveredAt), ReadAt: at(t.ReadAt), FailedAt: at(t.FailedAt),
		}
		if t.Code != 0 {
			w.ErrorCode = &t.Code
		}
		out = append(out, w)
	}
	return out
}

type contactDetail struct {
	WireContact
	AttemptList []wireAttempt `json:"attempt_list" nullable:"false"`
}

func (a *API) oneContact(ctx context.Context, c Caller, in *ByNumber) (*contactDetail, error) {
	row, err := a.Store.Contact(ctx, c.Account.ID, in.ID)
	if err != nil {
		return nil, err
	}
	attempts, err := a.Store.AttemptsOf(ctx, c.Account.ID, row.ID)
	return &contactDetail{a.wordContact(row, c.Account.Language), wordAttempts(attempts)}, err
}
