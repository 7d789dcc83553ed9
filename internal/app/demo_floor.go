package app

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"arauto"
	"arauto/internal/sandbox"
)

// demoFloor is the team behind the demo's ads and posts, as programs need to know it.
type demoFloor struct {
	Queue  int64       `json:"queue_id"`
	Point  int64       `json:"routing_point_id"`
	Codes  []demoCode  `json:"activity_codes"`
	Agents []demoAgent `json:"agents"`
}

type demoCode struct {
	ID   int64  `json:"id"`
	Code string `json:"code"`
}

type demoAgent struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Token string `json:"token"` // of the agent's own presence and conversations
}

const (
	// demoClickers come by an ad or a post, so long one after the other. Each is answered once and closed.
	demoClickers = 24
	demoOver     = 10 * time.Second
	demoTalk     = 600 * time.Millisecond
	// floorPatience is how long the demo waits for its agents before it goes on to say what it saw.
	floorPatience = 40 * time.Second
)

// demoAds are what people click: a picture, a film, neither, one in Status without the click's id, and a post.
func demoAds() []sandbox.Ad {
	return []sandbox.Ad{
		{ID: "120210000000000001", Headline: "Geladeiras com 15% de desconto"},
		{ID: "120210000000000002", Media: "video", Headline: "Conheça a loja em um minuto"},
		{ID: "120210000000000003", Media: "none", Headline: "Fale com um vendedor"},
		{ID: "120210000000000004", Status: true, Headline: "Só hoje no Status"},
		{ID: "17900000000000001", Source: "post", Headline: "Nova coleção de panelas"},
	}
}

// floor makes the team: a queue, the door that the ads lead to, activity codes of which one is a purchase that Meta is
// told of, and agents with tokens of their own.
func (d *demo) floor(ctx context.Context) (f demoFloor, err error) {
	post := func(path string, in object) (id int64) {
		var made struct {
			ID int64 `json:"id"`
		}
		if err == nil {
			err = d.api.call(ctx, http.MethodPost, "/api/v1"+path, in, &made)
		}
		return made.ID
	}
	f.Queue = post("/queues", object{"name": "Anúncios", "code_required": true})
	f.Point = post("/routing-points", object{"name": "Anúncios", "queue_id": f.Queue})
	for _, ad := range demoAds() {
		post("/routing-rules", object{"routing_point_id": f.Point, "kind": "source", "value": ad.ID})
	}
	for _, c := range [][2]string{{"VENDA", "Venda"}, {"ORCAMENTO", "Orçamento enviado"}, {"SEM-INTERESSE", "Sem interesse"}} {
		f.Codes = append(f.Codes, demoCode{post("/activity-codes", object{"code": c[0], "name": c[1]}), c[0]})
	}
	if err == nil {
		err = d.api.call(ctx, http.MethodPut, "/api/v1/conversion-rules/"+strconv.FormatInt(f.Codes[0].ID, 10), object{"event": "Purchase", "value": object{"currency": "BRL", "amount": "1899.90"}}, nil)
	}
	for _, name := range []string{"Lia", "Caio", "Nina"} {
		var token struct {
			ID    int64  `json:"id"`
			Value string `json:"value"`
		}
		if err == nil {
			err = d.api.call(ctx, http.MethodPost, "/api/v1/tokens", object{"name": "agente " + name, "scopes": []string{string(arauto.TokenDesk)}}, &token)
		}
		id := post("/agents", object{"name": name, "token_id": token.ID, "queue_ids": []int64{f.Queue}, "capacity": 3})
		f.Agents = append(f.Agents, demoAgent{id, name, token.Value})
	}
	return f, err
}

// chat has people come by the ads and the post, and the agents answer and close every conversation. It returns how
// many were closed when all were, or when it took too long.
func (d *demo) chat(ctx context.Context, f demoFloor) (closed int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, floorPatience)
	defer cancel()
	var done atomic.Int64
	group, working := errgroup.WithContext(ctx)
	for _, a := range f.Agents {
		group.Go(func() error {
			err := d.work(working, client{base: d.api.base, token: a.Token}, f, &done)
			if working.Err() != nil {
				return nil //nolint:nilerr // the time that chatting gets is over
			}
			return err
		})
	}
	group.Go(func() error { return d.come(working) })
	err = group.Wait()
	return done.Load(), err
}

// come is the people: the same ones by the same ads in every demo.
func (d *demo) come(ctx context.Context) error {
	ads := demoAds()
	for i := range demoClickers {
		ad := ads[i%len(ads)]
		said := sandbox.Inbound{From: fmt.Sprintf("+55119620000%02d", i), Ad: &ad, Text: "Olá! Vi o anúncio e quero saber mais"}
		if i%7 == 3 {
			said.Text, said.Media = "", &sandbox.InboundMedia{Type: "audio", Voice: true}
		}
		if _, err := d.meta.Say(said); err != nil {
			return err
		}
		if sleep(ctx, demoOver/demoClickers) != nil {
			return nil //nolint:nilerr // the time that chatting gets is over
		}
	}
	return nil
}

// work is one agent at their desk: available, answering whom they are given, closing with a code, until nobody is left.
func (d *demo) work(ctx context.Context, own client, f demoFloor, done *atomic.Int64) error {
	if err := own.call(ctx, http.MethodPut, "/api/v1/desk/state", object{"state": "available"}, nil); err != nil {
		return err
	}
	defer func() {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = own.call(leaving, http.MethodPut, "/api/v1/desk/state", object{"state": "offline"}, nil) // the demo may be ending
	}()
	for version := int64(0); done.Load() < demoClickers; {
		var desk struct {
			Version       int64 `json:"version"`
			Conversations []struct {
				UUID  string `json:"uuid"`
				State string `json:"state"`
				Phone string `json:"phone"`
			} `json:"conversations"`
		}
		if err := own.call(ctx, http.MethodGet, fmt.Sprintf("/api/v1/desk/work?since=%d&wait=1", version), nil, &desk); err != nil {
			return err
		}
		version = desk.Version
		for _, c := range desk.Conversations {
			if c.State != string(arauto.ConversationAssigned) {
				continue
			}
			path := "/api/v1/desk/conversations/" + c.UUID
			if err := own.call(ctx, http.MethodPost, path+"/messages", object{"text": "Olá! Aqui é da Loja Arauto. Como posso ajudar?"}, nil); err != nil {
				return err
			}
			if err := sleep(ctx, demoTalk); err != nil {
				return nil
			}
			if err := own.call(ctx, http.MethodPost, path+"/close", object{"activity_code_id": f.codeFor(c.Phone)}, nil); err != nil {
				return err
			}
			done.Add(1)
		}
	}
	return nil
}

// codeFor is how a conversation ends: by the person, so that every demo counts the same.
func (f demoFloor) codeFor(phone string) int64 {
	n := 0
	for _, c := range phone {
		n += int(c)
	}
	return f.Codes[n%len(f.Codes)].ID
}

// clickLine is what an integrator pastes to see what the ads brought: today by the account's clock.
func (d *demo) clickLine() string {
	zone, err := time.LoadLocation(d.account.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	today := time.Now().In(zone).Format("20060102")
	return fmt.Sprintf("curl -H 'wolkvox-token: %s' '%s/api/v2/reports_manager.php?api=chat_14&date_ini=%s000000&date_end=%s235959'", d.api.token, d.api.base, today, today)
}
