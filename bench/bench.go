// Package bench measures the program against a baseline in the same run and prints ratios, because
// machines are noisy: `arauto bench …`. It builds what it needs in a temporary directory and leaves
// nothing behind. It wires like internal/app and decides nothing.
package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"arauto"
	"arauto/internal/numbering"
	"arauto/internal/seal"
	"arauto/internal/store"
	"arauto/internal/store/pgtest"
)

// The databases that a benchmark can run on.
const (
	EngineSQLite   = "sqlite"
	EnginePostgres = "postgres"
)

// place is a fresh database and how to get rid of it.
type place struct {
	dir     string
	address string
	store   *store.Store
	cluster *pgtest.Cluster
	kept    bool     // for another run: close removes nothing
	spoils  []string // directories that go when it is closed
}

func openPlace(ctx context.Context, engine string) (p *place, err error) {
	p = &place{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.dir, err = os.MkdirTemp("", "arauto-bench-"); err != nil {
		return p, err
	}
	p.spoils = append(p.spoils, p.dir)
	p.address = filepath.Join(p.dir, "arauto.db")
	if engine == EnginePostgres {
		if p.cluster, err = pgtest.Start(func(string) {}); err != nil {
			return p, err
		}
		if p.address, err = p.cluster.NewDatabase(ctx); err != nil {
			return p, err
		}
	}
	return p, p.open(ctx)
}

func (p *place) open(ctx context.Context) error {
	keys, err := seal.File(filepath.Join(p.dir, "key"))
	if err != nil {
		return err
	}
	places, err := numbering.NewPlaces()
	if err != nil {
		return err
	}
	p.store, err = store.Open(ctx, p.address, keys, now(), store.Located(places))
	return err
}

func (p *place) close() {
	if p.store != nil {
		p.store.Close()
	}
	if p.cluster != nil {
		p.cluster.Stop()
	}
	if p.kept {
		return
	}
	for _, dir := range p.spoils {
		os.RemoveAll(dir)
	}
}

func now() time.Time { return time.Now().UTC() }

// world is an account that can send.
type world struct {
	account  arauto.Account
	actor    arauto.Actor
	sender   arauto.Sender
	template arauto.Template
}

// newWorld makes an account with a sender that posts to graph at rate messages a second.
func newWorld(ctx context.Context, s *store.Store, graph string, rate int) (w world, err error) {
	if w.account, err = s.CreateAccount(ctx, arauto.Actor{Name: "bench"}, now(), arauto.Account{Slug: "bench", Name: "Bench", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese}); err != nil {
		return w, err
	}
	w.actor = arauto.System(w.account.ID)
	app, err := s.CreateApp(ctx, w.actor, now(), arauto.App{Account: w.account.ID, MetaID: "1", Name: "bench", Secret: "s", VerifyToken: "v"})
	if err != nil {
		return w, err
	}
	waba, err := s.SaveWABA(ctx, w.actor, now(), arauto.WABA{Account: w.account.ID, App: app.ID, MetaID: "2", Name: "bench"}, "3")
	if err != nil {
		return w, err
	}
	if w.sender, err = s.CreateSender(ctx, w.actor, now(), arauto.Sender{
		Account: w.account.ID, App: app.ID, WABA: waba.ID, Name: "bench", PhoneNumberID: "300100200300400",
		DisplayPhone: "+551140001234", Token: "token", GraphURL: graph, GraphVersion: arauto.DefaultGraphVersion, Rate: rate,
	}); err != nil {
		return w, err
	}
	if _, _, err := s.SaveTemplates(ctx, now(), w.account.ID, waba.ID, []arauto.Template{{
		MetaID: "9", Name: "oferta", Language: "pt_BR", Category: "MARKETING",
		Status: arauto.TemplateApproved, Body: "Olá {{1}}, sua proposta {{2}} está pronta.",
	}}); err != nil {
		return w, err
	}
	list, err := s.Templates(ctx, w.account.ID, 0, 1)
	if err != nil {
		return w, err
	}
	w.template = list[0]
	return w, nil
}

func (w world) campaign(ctx context.Context, s *store.Store, name string) (arauto.Campaign, error) {
	return s.CreateCampaign(ctx, w.actor, now(), arauto.Campaign{
		Account: w.account.ID, Sender: w.sender.ID, Template: w.template.ID, Name: name, Channel: arauto.ChannelWhatsApp,
		Mapping: arauto.Mapping{"body.1": {From: arauto.FromContact, Text: "first_name"}, "body.2": {From: arauto.FromField, Text: "id_proposta"}},
	})
}

// contacts makes n contacts from number from on: distinct people with the fields of a real list, in an
// order of numbers that no index likes.
func contacts(from, n int) []arauto.Contact {
	list := make([]arauto.Contact, n)
	for i := range list {
		k := from + i
		phone := phoneOf(k)
		list[i] = arauto.Contact{
			Name: fmt.Sprintf("Maria da Conceição %d", k), PhoneRaw: string(phone), Phone: phone, PersonKey: phone.PersonKey(),
			Fields: arauto.Fields{{Key: "cpf", Value: fmt.Sprintf("%011d", k)}, {Key: "id_proposta", Value: fmt.Sprint(k)}, {Key: "perfil", Value: "Pessoa Jurídica"}},
		}
	}
	return list
}

// fill adds n contacts to a campaign.
func fill(ctx context.Context, s *store.Store, c arauto.Campaign, from, n int, say func(done int)) error {
	const chunk = 2000
	for done := 0; done < n; {
		size := min(chunk, n-done)
		added, err := s.AddContacts(ctx, now(), c.Account, c.ID, contacts(from+done, size))
		if err != nil {
			return err
		}
		for _, a := range added {
			if a.Duplicate {
				return fmt.Errorf("the made-up people are not distinct")
			}
		}
		if done += size; say != nil {
			say(done)
		}
	}
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// verdict prints a figure beside what it has to reach, and remembers a miss.
type verdict struct {
	out  io.Writer
	miss []string
}

func (v *verdict) atLeast(name string, got, want float64) {
	v.line(name, got, "≥", want, got >= want)
}

func (v *verdict) atMost(name string, got, want float64) {
	v.line(name, got, "≤", want, got <= want)
}

func (v *verdict) line(name string, got float64, sign string, want float64, ok bool) {
	mark := "ok"
	if !ok {
		mark = "MISSED"
		v.miss = append(v.miss, name)
	}
	fmt.Fprintf(v.out, "%-58s %9.3f  (%s %.3f) %s\n", name, got, sign, want, mark)
}

func (v *verdict) err() error {
	if len(v.miss) > 0 {
		return fmt.Errorf("missed: %v", v.miss)
	}
	return nil
}
