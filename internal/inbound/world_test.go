package inbound_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto"
	"arauto/internal/inbound"
	"arauto/internal/seal"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
	"arauto/internal/whatsapp"
)

// world is an account with two apps, each with a number, over a real database, inside a bubble whose
// clock stands still while anything runs.
type world struct {
	t        *testing.T
	store    *store.Store
	spy      *spy
	account  arauto.Account
	actor    arauto.Actor
	app      arauto.App
	sender   arauto.Sender
	template arauto.Template
	other    arauto.App // the second app; its number is otherNumber
	engine   *inbound.Engine
	messages int // that people wrote, for their ids
}

const (
	testKey     = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	ourNumber   = "6001"
	otherNumber = "6002"
	ana         = arauto.Phone("+5511980000001")
	bia         = arauto.Phone("+5511980000002")
)

// spy is the store, with its writes counted and, where a test says so, refused.
type spy struct {
	*store.Store
	saves  int
	refuse func([]arauto.Fact) error
}

func (s *spy) SaveWebhooks(ctx context.Context, now time.Time, list []arauto.Webhook) error {
	s.saves++
	return s.Store.SaveWebhooks(ctx, now, list)
}

func (s *spy) ApplyFacts(ctx context.Context, now time.Time, account arauto.Account, app int64, facts []arauto.Fact) ([]arauto.Applied, error) {
	if s.refuse != nil {
		if err := s.refuse(facts); err != nil {
			return nil, err
		}
	}
	return s.Store.ApplyFacts(ctx, now, account, app, facts)
}

type decoder struct{}

func (decoder) Decode(body []byte) ([]arauto.Fact, error) { return whatsapp.Decode(body) }

// inWorld runs fn in a bubble with an engine that is not started.
func inWorld(t *testing.T, change func(*inbound.Config), fn func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t}
		keys, err := seal.Parse(testKey)
		w.check(err)
		w.store, err = store.Open(t.Context(), storetest.Fresh(t, filepath.Join(t.TempDir(), "arauto.db")), keys, time.Now())
		w.check(err)
		defer func() { w.store.Close() }()
		w.spy = &spy{Store: w.store}
		w.found()
		c := inbound.Config{
			Store: w.spy, Leases: w.store, Decoder: decoder{}, Node: "node",
			Now: func() time.Time { return time.Now().UTC() }, Logger: slog.New(slog.DiscardHandler),
		}
		if change != nil {
			change(&c)
		}
		w.engine = inbound.New(c)
		fn(t, w)
		w.countsHold()
	})
}

func (w *world) found() {
	ctx, now := w.t.Context(), time.Now()
	var err error
	w.account, err = w.store.CreateAccount(ctx, arauto.Actor{}, now, arauto.Account{Slug: "casa", Name: "Casa", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	w.check(err)
	w.actor = arauto.System(w.account.ID)
	w.app, w.sender = w.business("1", ourNumber)
	w.other, _ = w.business("2", otherNumber)
	_, _, err = w.store.SaveTemplates(ctx, now, w.account.ID, w.sender.WABA, []arauto.Template{{MetaID: "9", Name: "aviso", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá"}})
	w.check(err)
	list, err := w.store.Templates(ctx, w.account.ID, 0, 1)
	w.check(err)
	w.template = list[0]
}

// business is an app with a WABA and a number.
func (w *world) business(metaID, number string) (arauto.App, arauto.Sender) {
	ctx, now := w.t.Context(), time.Now()
	app, err := w.store.CreateApp(ctx, w.actor, now, arauto.App{Account: w.account.ID, MetaID: metaID, Name: "app " + metaID, Secret: "s", VerifyToken: "v"})
	w.check(err)
	waba, err := w.store.SaveWABA(ctx, w.actor, now, arauto.WABA{Account: w.account.ID, App: app.ID, MetaID: "waba" + metaID}, "3")
	w.check(err)
	sender, err := w.store.CreateSender(ctx, w.actor, now, arauto.Sender{
		Account: w.account.ID, App: app.ID, WABA: waba.ID, Name: number, PhoneNumberID: number, DisplayPhone: "+551140001234", Token: "t",
	})
	w.check(err)
	return app, sender
}

// intend makes a campaign of that one person and an attempt whose answer is still out.
func (w *world) intend(phone arauto.Phone, window time.Duration) arauto.Intended {
	w.t.Helper()
	ctx, now, account := w.t.Context(), time.Now(), w.account.ID
	c, err := w.store.CreateCampaign(ctx, w.actor, now, arauto.Campaign{
		Account: account, Sender: w.sender.ID, Template: w.template.ID, Channel: arauto.ChannelWhatsApp, Name: "campanha", ReplyWindow: window,
	})
	w.check(err)
	_, err = w.store.AddContacts(ctx, now, account, c.ID, []arauto.Contact{{Name: "Ana", PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey()}})
	w.check(err)
	_, err = w.store.ChangeCampaign(ctx, w.actor, now, account, c.ID, arauto.CampaignStart, "")
	w.check(err)
	due, err := w.store.DueContacts(ctx, now, account, c.ID, time.Time{}, 0, 1)
	w.check(err)
	lease, taken, err := w.store.Take(ctx, now, account, "sender", "node", time.Minute)
	w.check(err)
	if !taken || len(due) != 1 {
		w.t.Fatalf("taken %v, %d due", taken, len(due))
	}
	got, err := w.store.Intend(ctx, now, lease, w.sender.ID, []arauto.Candidate{{Contact: due[0]}})
	w.check(err)
	if got[0].Verdict.Outcome != arauto.Go {
		w.t.Fatalf("the gate says %+v", got[0].Verdict)
	}
	return got[0]
}

// accept records the provider's answer to an attempt.
func (w *world) accept(in arauto.Intended) {
	w.t.Helper()
	w.check(w.store.Record(w.t.Context(), time.Now(), w.account.ID, []arauto.Answer{{
		Contact: in.Contact, Attempt: in.Attempt,
		Event:   arauto.Event{Kind: arauto.EventAccepted, At: time.Now().UTC()},
		Receipt: arauto.Receipt{ProviderID: wamid(in), WAID: in.Contact.Phone.Digits()},
	}}))
}

func wamid(in arauto.Intended) string { return fmt.Sprintf("wamid.OUT%d", in.Attempt.ID) }

// send is intend, accepted. Two to the same person need the pair's pause between them.
func (w *world) send(phone arauto.Phone, window time.Duration) arauto.Intended {
	w.t.Helper()
	in := w.intend(phone, window)
	w.accept(in)
	return in
}

// The wire, as far as the tests speak it.
type wire map[string]any

func body(number string, values ...wire) []byte {
	var changes []wire
	for _, v := range values {
		field := "messages"
		if v["user_preferences"] != nil {
			field = "user_preferences"
		}
		v["metadata"] = wire{"phone_number_id": number}
		changes = append(changes, wire{"field": field, "value": v})
	}
	b, err := json.Marshal(wire{"object": "whatsapp_business_account", "entry": []wire{{"id": "w", "changes": changes}}})
	if err != nil {
		panic(err)
	}
	return b
}

// status is what became of a message; ref "" leaves it out, as Meta sometimes does.
func status(id, ref, state string, at time.Time) wire {
	s := wire{"id": id, "status": state, "timestamp": fmt.Sprint(at.Unix()), "recipient_id": "5511980000001", "biz_opaque_callback_data": ref}
	if state == "failed" {
		s["errors"] = []wire{{"code": 131026, "title": "Undeliverable"}}
	}
	return wire{"statuses": []wire{s}}
}

// says is a typed message from a person, now; more overrides members of it.
func (w *world) says(phone arauto.Phone, text string, more wire) wire {
	w.messages++
	m := wire{
		"from": phone.Digits(), "from_user_id": "BR." + phone.Digits(), "id": fmt.Sprintf("wamid.IN%d", w.messages),
		"timestamp": fmt.Sprint(time.Now().Unix()), "type": "text", "text": wire{"body": text},
	}
	for k, v := range more {
		m[k] = v
	}
	return wire{"messages": []wire{m}}
}

// post stores webhooks that app signed and applies all that is due.
func (w *world) post(app arauto.App, bodies ...[]byte) {
	w.t.Helper()
	w.check(w.store.SaveWebhooks(w.t.Context(), time.Now(), webhooks(app, bodies)))
	w.apply()
}

func webhooks(app arauto.App, bodies [][]byte) (list []arauto.Webhook) {
	for _, b := range bodies {
		list = append(list, arauto.Webhook{Account: app.Account, App: app.ID, Body: b})
	}
	return list
}

// apply applies what is due and returns how many webhooks that were.
func (w *world) apply() (n int) {
	w.t.Helper()
	for {
		batch, err := w.engine.ApplyOnce(w.t.Context())
		w.check(err)
		if n += batch; batch == 0 {
			return n
		}
	}
}

// in is the webhooks in a state, oldest first.
func (w *world) in(state arauto.WebhookState) []arauto.Webhook {
	w.t.Helper()
	list, err := w.store.Webhooks(w.t.Context(), w.account.ID, state, false, 0, 1000)
	w.check(err)
	slices.Reverse(list)
	return list
}

// expect fails unless that many webhooks are in each state, and none in any other.
func (w *world) expect(want map[arauto.WebhookState]int) {
	w.t.Helper()
	got := map[arauto.WebhookState]int{}
	for _, state := range []arauto.WebhookState{arauto.WebhookNew, arauto.WebhookApplied, arauto.WebhookOrphan, arauto.WebhookUnmatched, arauto.WebhookBad} {
		if n := len(w.in(state)); n > 0 {
			got[state] = n
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		w.t.Fatalf("webhooks by state (-want +got):\n%s", d)
	}
}

func (w *world) contact(in arauto.Intended) arauto.Contact {
	w.t.Helper()
	row, err := w.store.Contact(w.t.Context(), w.account.ID, in.Contact.ID)
	w.check(err)
	return row.Contact
}

func (w *world) attempt(in arauto.Intended) arauto.Attempt {
	w.t.Helper()
	list, err := w.store.AttemptsOf(w.t.Context(), w.account.ID, in.Contact.ID)
	w.check(err)
	return list[0]
}

func (w *world) wants(in arauto.Intended, state arauto.ContactState) {
	w.t.Helper()
	if got := w.contact(in).State; got != state {
		w.t.Fatalf("the contact is %s, want %s", got, state)
	}
}

func (w *world) suppressions(phone arauto.Phone) []arauto.Suppression {
	w.t.Helper()
	list, err := w.store.Suppressions(w.t.Context(), w.account.ID, 0, 100, phone.PersonKey())
	w.check(err)
	return list
}

func (w *world) countsHold() {
	w.t.Helper()
	kept, err := w.store.Counts(w.t.Context(), w.account.ID, nil)
	w.check(err)
	counted, err := w.store.Recount(w.t.Context(), w.account.ID)
	w.check(err)
	if d := cmp.Diff(counted, kept); d != "" {
		w.t.Fatalf("counts (-counted +kept):\n%s", d)
	}
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
