package api

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"arauto"
)

// Senders is what the API asks of the store about senders.
type Senders interface {
	CreateSender(ctx context.Context, actor arauto.Actor, now time.Time, s arauto.Sender) (arauto.Sender, error)
	UpdateSender(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.Sender) (arauto.Sender, error)) (arauto.Sender, error)
	Senders(ctx context.Context, account, after int64, limit int) ([]arauto.Sender, error)
	Sender(ctx context.Context, account, id int64) (arauto.Sender, error)
	SenderByUUID(ctx context.Context, account int64, uuid string) (arauto.Sender, error)
}

type wireSender struct {
	ID            int64      `json:"id"`
	UUID          string     `json:"uuid"`
	AppID         int64      `json:"app_id"`
	WABAID        int64      `json:"waba_id"`
	Name          string     `json:"name"`
	PhoneNumberID string     `json:"phone_number_id"`
	DisplayPhone  *string    `json:"display_phone"`
	GraphURL      string     `json:"graph_url"`
	GraphVersion  string     `json:"graph_version"`
	Rate          int        `json:"rate" doc:"Messages per second"`
	RampUp        int        `json:"ramp_up" doc:"Messages on a new number's first day; 0 = it is not being warmed up"`
	Pause         *string    `json:"pause" doc:"Why nothing is sent from it; null when it sends"`
	PauseCause    *wireCause `json:"pause_cause"`
	Inherited     bool       `json:"pause_inherited" doc:"The pause is its WhatsApp Business Account's: resume that"`
	CreatedAt     *time.Time `json:"created_at"`
}

func wordSender(s arauto.Sender) wireSender {
	return wireSender{
		ID: s.ID, UUID: s.UUID, AppID: s.App, WABAID: s.WABA, Name: s.Name, PhoneNumberID: s.PhoneNumberID, DisplayPhone: text(s.DisplayPhone),
		GraphURL: s.GraphURL, GraphVersion: s.GraphVersion, Rate: s.Rate, RampUp: s.RampUp, Pause: text(s.Pause), PauseCause: wordCause(s.Pause, s.Cause), Inherited: s.Inherited, CreatedAt: at(s.CreatedAt),
	}
}

type newSender struct {
	WABAID        int64  `json:"waba_id" minimum:"1"`
	Name          string `json:"name" minLength:"1" maxLength:"200"`
	PhoneNumberID string `json:"phone_number_id" minLength:"1" maxLength:"64" pattern:"^[0-9]+$" doc:"The number's id at Meta"`
	DisplayPhone  string `json:"display_phone,omitempty" maxLength:"40"`
	Token         string `json:"token" minLength:"1" maxLength:"2000" writeOnly:"true" doc:"Meta access token that may send from the number"`
	GraphURL      string `json:"graph_url,omitempty" maxLength:"500" doc:"Where Graph is; default https://graph.facebook.com. Only https on the public internet, unless the operator allows private addresses"`
	GraphVersion  string `json:"graph_version,omitempty" maxLength:"10" pattern:"^v[0-9]+\\.[0-9]+$"`
	Rate          int    `json:"rate,omitempty" minimum:"1" maximum:"1000" doc:"Messages per second: 80 is usual, 1000 what Meta raises a number to, 20 one that is on the WhatsApp Business app too; default 80"`
	RampUp        int    `json:"ramp_up,omitempty" minimum:"0" maximum:"99999" doc:"Warm a new number up: so many messages on its first day, twice as many after every day that was used; 250 is usual, 0 = no limit"`
}

type senderChange struct {
	Name         *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	DisplayPhone *string `json:"display_phone,omitempty" maxLength:"40"`
	Token        *string `json:"token,omitempty" minLength:"1" maxLength:"2000" writeOnly:"true"`
	GraphURL     *string `json:"graph_url,omitempty" maxLength:"500"`
	GraphVersion *string `json:"graph_version,omitempty" maxLength:"10" pattern:"^v[0-9]+\\.[0-9]+$"`
	Rate         *int    `json:"rate,omitempty" minimum:"1" maximum:"1000"`
	RampUp       *int    `json:"ramp_up,omitempty" minimum:"0" maximum:"99999"`
}

// whyBody says why something is stopped.
type whyBody struct {
	Why string `json:"why,omitempty" maxLength:"300" doc:"In words, for those who wonder"`
}

func (a *API) senders() {
	handle(a, op{method: http.MethodPost, path: "/senders", scope: arauto.TokenAdmin, tag: "senders", summary: "Add a WhatsApp number", status: http.StatusCreated}, a.createSender)
	handle(a, op{method: http.MethodGet, path: "/senders", scope: arauto.TokenRead, tag: "senders", summary: "List WhatsApp numbers"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireSender], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Senders(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(s arauto.Sender) int64 { return s.ID }, wordSender), err
		})
	handle(a, op{method: http.MethodGet, path: "/senders/{id}", scope: arauto.TokenRead, tag: "senders", summary: "A WhatsApp number"},
		func(ctx context.Context, c Caller, in *ByRef) (*wireSender, error) {
			return answerSender(a.sender(ctx, c, ref(in.ID)))
		})
	handle(a, op{method: http.MethodPatch, path: "/senders/{id}", scope: arauto.TokenAdmin, tag: "senders", summary: "Change a WhatsApp number"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Body senderChange
		},
		) (*wireSender, error) {
			return a.changeSender(ctx, c, in.ID, func(s *arauto.Sender) error { return a.apply(c, in.Body, s) })
		})
	handle(a, op{method: http.MethodPost, path: "/senders/{id}/pause", scope: arauto.TokenAdmin, tag: "senders", summary: "Send nothing from a number for now"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Body *whyBody
		},
		) (*wireSender, error) {
			return a.changeSender(ctx, c, in.ID, func(s *arauto.Sender) error {
				s.Pause = "paused by " + c.Token.Name
				if in.Body != nil && in.Body.Why != "" {
					s.Pause = in.Body.Why
				}
				return nil
			})
		})
	handle(a, op{method: http.MethodPost, path: "/senders/{id}/resume", scope: arauto.TokenAdmin, tag: "senders", summary: "Send from a number again"},
		func(ctx context.Context, c Caller, in *ByRef) (*wireSender, error) {
			return a.changeSender(ctx, c, in.ID, func(s *arauto.Sender) error { s.Pause = ""; return nil })
		})
	handle(a, op{method: http.MethodGet, path: "/senders/{id}/pace", scope: arauto.TokenRead, tag: "senders", summary: "What a number may send now"}, a.pace)
	handle(a, op{
		method: http.MethodPost, path: "/senders/{id}/sync", scope: arauto.TokenAdmin, tag: "senders", summary: "Ask Meta what a number may send",
		more: "Its throughput, and how many people its portfolio may reach in 24 hours.",
	}, a.syncSender)
}

func (a *API) createSender(ctx context.Context, c Caller, in *struct{ Body newSender }) (*wireSender, error) {
	b := in.Body
	waba, err := a.Store.WABA(ctx, c.Account.ID, b.WABAID)
	if err != nil {
		return nil, inBody(err, "waba_id")
	}
	s := arauto.Sender{
		Account: c.Account.ID, App: waba.App, WABA: waba.ID, WABAMetaID: waba.MetaID,
		GraphURL: arauto.DefaultGraphURL, GraphVersion: arauto.DefaultGraphVersion, Rate: arauto.DefaultRate, PhoneNumberID: b.PhoneNumberID,
	}
	change := senderChange{Name: &b.Name, Token: &b.Token, DisplayPhone: given(b.DisplayPhone), GraphURL: given(b.GraphURL), GraphVersion: given(b.GraphVersion)}
	if b.Rate != 0 {
		change.Rate = &b.Rate
	}
	change.RampUp = &b.RampUp
	if err := a.apply(c, change, &s); err != nil {
		return nil, err
	}
	return answerSender(a.Store.CreateSender(ctx, actor(c), a.Now(), s))
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *API) sender(ctx context.Context, c Caller, r ref) (arauto.Sender, error) {
	return find(ctx, r, "sender", c.Account.ID, a.Store.Sender, a.Store.SenderByUUID)
}

func answerSender(s arauto.Sender, err error) (*wireSender, error) {
	out := wordSender(s)
	return &out, err
}

func (a *API) changeSender(ctx context.Context, c Caller, id string, change func(*arauto.Sender) error) (*wireSender, error) {
	s, err := a.sender(ctx, c, ref(id))
	if err != nil {
		return nil, err
	}
	return answerSender(a.Store.UpdateSender(ctx, actor(c), a.Now(), c.Account.ID, s.ID, func(s arauto.Sender) (arauto.Sender, error) {
		err := change(&s)
		return s, err
	}))
}

func (a *API) apply(c Caller, b senderChange, s *arauto.Sender) error {
	if b.GraphURL != nil {
		base, err := graphURL(*b.GraphURL, a.AllowPrivateGraph)
		if err != nil {
			return err
		}
		s.GraphURL = base
	}
	if b.DisplayPhone != nil {
		phone, err := a.Phones.Parse(c.Account.Country, *b.DisplayPhone)
		if err != nil {
			return arauto.Errorf(arauto.KindInvalid, "body.display_phone", "%s", err.Error())
		}
		s.DisplayPhone = phone
	}
	set(&s.Name, b.Name)
	set((*string)(&s.Token), b.Token)
	set(&s.GraphVersion, b.GraphVersion)
	set(&s.Rate, b.Rate)
	set(&s.RampUp, b.RampUp)
	return nil
}

// graphURL returns raw as a base address: whoever may set it makes this server post there. A name may still
// resolve to a private address: who dials has to look at that; what is refused here is what says so itself.
func graphURL(raw string, private bool) (string, error) {
	wrong := func(format string, args ...any) (string, error) {
		return "", arauto.Errorf(arauto.KindInvalid, "body.graph_url", format, args...)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return wrong("this is not an address such as %s", arauto.DefaultGraphURL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return wrong("give scheme, host and path only")
	}
	base := strings.TrimRight(u.String(), "/")
	if private {
		return base, nil
	}
	if u.Scheme != "https" {
		return wrong("use https, or have this server's operator allow private addresses")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	addr, err := netip.ParseAddr(host)
	addr = addr.Unmap()
	literal := err == nil
	if literal && (!addr.IsGlobalUnicast() || addr.IsPrivate()) || !literal && (!strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost")) {
		return wrong("%s is on this machine or inside a private network: have this server's operator allow private addresses", host)
	}
	return base, nil
}
