package dispatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"arauto"
	"arauto/internal/dispatch"
	"arauto/internal/numbering"
	"arauto/internal/sandbox"
	"arauto/internal/seal"
	"arauto/internal/store"
	"arauto/internal/store/storetest"
	"arauto/internal/whatsapp"
)

// world is an account that can send, over a real database and a pretend Meta, inside a bubble whose
// clock stands still while anything runs.
type world struct {
	t        *testing.T
	store    *store.Store
	meta     *sandbox.Sandbox
	path     string
	account  arauto.Account
	sender   arauto.Sender
	template arauto.Template
	actor    arauto.Actor
	engine   *dispatch.Engine
	stop     func()
}

const testKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// inWorld runs fn in a bubble with an engine that is not started yet.
func inWorld(t *testing.T, change func(*dispatch.Config), fn func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, path: filepath.Join(t.TempDir(), "arauto.db"), meta: sandbox.New(sandbox.Config{Tidy: true})}
		w.open()
		defer func() { w.store.Close() }()
		w.found()
		w.newEngine(change)
		fn(t, w)
		if w.stop != nil {
			w.stop()
		}
	})
}

func (w *world) open() {
	keys, err := seal.Parse(testKey)
	w.check(err)
	places, err := numbering.NewPlaces()
	w.check(err)
	w.store, err = store.Open(w.t.Context(), storetest.Fresh(w.t, w.path), keys, time.Now(), store.Located(places))
	w.check(err)
}

// found makes the account, Meta's tree and a template that the sandbox knows.
func (w *world) found() {
	ctx, now := w.t.Context(), time.Now()
	var err error
	w.account, err = w.store.CreateAccount(ctx, arauto.Actor{}, now, arauto.Account{Slug: "casa", Name: "Casa", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	w.check(err)
	w.actor = arauto.System(w.account.ID)
	app, err := w.store.CreateApp(ctx, w.actor, now, arauto.App{Account: w.account.ID, MetaID: "1", Name: "app", Secret: "s", VerifyToken: "v"})
	w.check(err)
	waba, err := w.store.SaveWABA(ctx, w.actor, now, arauto.WABA{Account: w.account.ID, App: app.ID, MetaID: "2"}, "3")
	w.check(err)
	ids := sandbox.Config{}.WithDefaults()
	w.sender, err = w.store.CreateSender(ctx, w.actor, now, arauto.Sender{
		Account: w.account.ID, App: app.ID, WABA: waba.ID, Name: "loja",
		PhoneNumberID: ids.PhoneNumberID, DisplayPhone: "+551140001234", Token: "t", GraphURL: "http://graph.test", GraphVersion: "v25.0", Rate: 80,
	})
	w.check(err)
	_, _, err = w.store.SaveTemplates(ctx, now, w.account.ID, waba.ID, []arauto.Template{{MetaID: "9", Name: "aviso_simples", Language: "pt_BR", Category: "UTILITY", Status: arauto.TemplateApproved, Body: "Olá"}})
	w.check(err)
	list, err := w.store.Templates(ctx, w.account.ID, 0, 1)
	w.check(err)
	w.template = list[0]
}

func (w *world) newEngine(change func(*dispatch.Config)) {
	c := dispatch.Config{
		Store: w.store, Roster: w.store, Leases: w.store, Node: "node", Now: func() time.Time { return time.Now().UTC() },
		Messenger: whatsapp.New(whatsapp.Config{Transport: sandbox.InProcess(w.meta)}), Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	w.engine = dispatch.New(c)
}

// campaign makes a running campaign of n people with ordinary fates; they start at number from.
func (w *world) campaign(from, n int, c arauto.Campaign) arauto.Campaign {
	c.Account, c.Sender, c.Template, c.Channel = w.account.ID, w.sender.ID, w.template.ID, arauto.ChannelWhatsApp
	if c.Name == "" {
		c.Name = fmt.Sprintf("campanha %d", from)
	}
	c, err := w.store.CreateCampaign(w.t.Context(), w.actor, time.Now(), c)
	w.check(err)
	var list []arauto.Contact
	for i := range n {
		list = append(list, person(fmt.Sprintf("+55119%08d", 80000000+from+i)))
	}
	w.add(c, list...)
	return w.change(c, arauto.CampaignStart)
}

func person(number string) arauto.Contact {
	phone := arauto.Phone(number)
	return arauto.Contact{Name: "Maria", PhoneRaw: number, Phone: phone, PersonKey: phone.PersonKey()}
}

func (w *world) add(c arauto.Campaign, list ...arauto.Contact) {
	_, err := w.store.AddContacts(w.t.Context(), time.Now(), w.account.ID, c.ID, list)
	w.check(err)
}

func (w *world) change(c arauto.Campaign, e arauto.CampaignEvent) arauto.Campaign {
	c, err := w.store.ChangeCampaign(w.t.Context(), w.actor, time.Now(), c.Account, c.ID, e, "")
	w.check(err)
	return c
}

// start runs the engine until stop.
func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.engine.Run(ctx) }()
	w.stop = func() {
		cancel()
		w.check(<-done)
		w.stop = nil
	}
}

// counts are the kept counts of a campaign. Once it rests they must equal what counting finds.
func (w *world) counts(c arauto.Campaign) arauto.Counts {
	w.t.Helper()
	kept, err := w.store.Counts(w.t.Context(), c.Account, []int64{c.ID})
	w.check(err)
	if w.stop != nil && w.state(c).State == arauto.CampaignRunning {
		return kept[c.ID]
	}
	counted, err := w.store.Recount(w.t.Context(), c.Account)
	w.check(err)
	for _, state := range arauto.ContactStates() {
		if kept[c.ID][state] != counted[c.ID][state] {
			w.t.Fatalf("%s: kept %d, counted %d", state, kept[c.ID][state], counted[c.ID][state])
		}
	}
	return kept[c.ID]
}

// wroteOnceTo fails unless Meta's ledger holds one request for each of n people.
func (w *world) wroteOnceTo(n int) {
	w.t.Helper()
	requests := map[string]int{}
	for e := range w.meta.Entries() {
		requests[arauto.Phone(e.To).PersonKey()]++
	}
	for who, times := range requests {
		if times != 1 {
			w.t.Fatalf("%s was written to %d times", who, times)
		}
	}
	if len(requests) != n {
		w.t.Fatalf("%d people were written to, want %d", len(requests), n)
	}
}

func (w *world) state(c arauto.Campaign) arauto.Campaign {
	w.t.Helper()
	c, err := w.store.Campaign(w.t.Context(), c.Account, c.ID)
	w.check(err)
	return c
}

// until lets time pass until ok holds; a minute is more than any test needs.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for range 6000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("after a minute: not yet %s", what)
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
