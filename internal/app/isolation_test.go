package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/sandbox"
)

// victim is an account with one of everything, and what a stranger could know of it.
type victim struct {
	*office
	account  arauto.Account
	campaign campaign
	taken    map[string]sandbox.Entry
	ids      map[string]string // by the path that a route begins with, a row of the account
	uuids    map[string]string
	endpoint int64
	file     string // an attachment
	phone    string
}

// marked is in every text that the victim made: an answer to somebody else must not hold it.
const marked = "SegredoDaLojaA"

func newVictim(t *testing.T, n *inside) *victim {
	t.Helper()
	v := &victim{office: &office{}, phone: "5511980000031"}
	v.meta, v.graph = mute(t, sandbox.Config{})
	v.api, v.account = n.account(t, "loja-a")
	v.business = v.api.business(t, sandbox.Config{VerifyToken: "shown"}, v.graph, 1000)
	v.hook = n.base + v.webhookPath
	var told struct{ ID int64 }
	v.api.do(t, "POST", "/api/v1/endpoints", object{"url": "http://127.0.0.1:1/" + marked}, &told)
	v.api.do(t, "PATCH", fmt.Sprint("/api/v1/endpoints/", told.ID), object{"enabled": false}, nil)
	v.endpoint = told.ID
	v.campaign, v.taken = v.sent(t, marked, v.phone, "5511980000032")
	j := v.api.importCSV(t, v.api.newCampaign(t, v.business, marked+" 2").ID, people(0, 3)+marked+",not a phone\n")
	v.write(t, v.taken[v.phone], "wamid.reply", object{"type": "text", "text": object{"body": marked}, "referral": object{
		"source_type": "ad", "source_id": "120", "source_url": "https://fb.me/" + marked, "headline": marked, "body": marked, "ctwa_clid": marked,
	}})
	who := v.becomes(t, v.campaign.ID, v.phone, "replied")
	var made struct {
		Data []struct{ ID int64 }
	}
	v.api.do(t, "POST", "/api/v1/suppressions", object{"phones": []string{"+5511980000039"}, "evidence": marked}, &made)
	v.api.do(t, "PUT", "/api/v1/rates", object{"rates": []object{{"country": "BR", "category": "utility", "currency": "BRL", "rate": "0.01"}}}, nil)
	v.api.do(t, "POST", "/api/v1/holidays", object{"date": "2026-12-25", "name": marked}, nil)
	v.floor(t)
	var worker struct{ ID int64 }
	v.api.do(t, "POST", "/api/v1/users", object{"email": "ana@loja-a.com", "name": marked, "role": "agent", "password": testPassword}, &worker)
	n.logIn(t, "ana@loja-a.com")
	sessions, err := n.Store().Sessions(t.Context(), v.account.ID, worker.ID, 0, 10)
	if err != nil || len(sessions) != 1 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	var talks struct{ Data []struct{ UUID string } }
	v.api.do(t, "GET", "/api/v1/conversations", nil, &talks)
	var sent struct{ UUID string }
	v.api.do(t, "POST", "/api/v1/conversations/"+talks.Data[0].UUID+"/attachments", "%PDF-1.7 "+marked, &sent)
	if v.file = sent.UUID; v.file == "" {
		t.Fatal("no attachment")
	}
	var exported struct{ Job job }
	v.api.do(t, "POST", "/api/v1/exports", object{"format": "csv"}, &exported)
	until(t, 20*time.Second, "the export is written", func() bool {
		v.api.do(t, "GET", fmt.Sprintf("/api/v1/exports/%d", exported.Job.ID), nil, &exported)
		return exported.Job.State == "completed"
	})
	var person struct{ Job job }
	v.api.do(t, "POST", "/api/v1/people/1/exports", nil, &person)
	until(t, 20*time.Second, "the person's file is written", func() bool {
		v.api.do(t, "GET", fmt.Sprintf("/api/v1/person-exports/%d", person.Job.ID), nil, &person)
		return person.Job.State == "completed"
	})
	var tokens struct{ Data []struct{ ID int64 } }
	v.api.do(t, "GET", "/api/v1/tokens", nil, &tokens)
	if len(talks.Data) != 1 || len(tokens.Data) != 1 {
		t.Fatalf("%d conversations, %d tokens", len(talks.Data), len(tokens.Data))
	}
	number := func(id int64) string { return fmt.Sprint(id) }
	floor := v.ids
	v.ids = map[string]string{
		"/apps": number(v.app), "/wabas": number(v.waba), "/portfolios": "1", "/senders": number(v.sender), "/templates": number(v.template),
		"/campaigns": number(v.campaign.ID), "/contacts": number(who.ID), "/jobs": number(j.ID), "/tokens": number(tokens.Data[0].ID),
		"/suppressions": number(made.Data[0].ID), "/holidays": "2026-12-25", "/campaign": v.campaign.UUID,
		"/endpoints": number(v.endpoint), "/people": "1", // whoever wrote first
		"/users": number(worker.ID), "/sessions": number(sessions[0].ID),
	}
	maps.Copy(v.ids, floor)
	v.ids["/exports"], v.ids["/person-exports"] = number(exported.Job.ID), number(person.Job.ID)
	v.uuids = map[string]string{
		"/desk/conversations": talks.Data[0].UUID,
		"/campaigns":          v.campaign.UUID, "/conversations": talks.Data[0].UUID, "/campaign": v.campaign.UUID,
		"/apps": v.hook[strings.LastIndex(v.hook, "/")+1:],
	}
	return v
}

// floor makes one of each of what agents work with.
func (v *victim) floor(t *testing.T) {
	t.Helper()
	v.ids = map[string]string{}
	make := func(list string, in object) (id int64) {
		var made struct{ ID int64 }
		v.api.do(t, "POST", "/api/v1"+list, in, &made)
		v.ids[list] = fmt.Sprint(made.ID)
		return made.ID
	}
	queue := make("/queues", object{"name": marked})
	make("/agents", object{"name": marked, "queue_ids": []int64{queue}})
	point := make("/routing-points", object{"name": marked, "queue_id": queue})
	make("/routing-rules", object{"routing_point_id": point, "kind": "keyword", "value": marked})
	make("/activity-codes", object{"code": "77", "name": marked})
	make("/canned-replies", object{"title": marked, "text": marked})
	v.api.do(t, "PUT", "/api/v1/conversion-rules/"+v.ids["/activity-codes"], object{"event": "LeadSubmitted"}, nil)
	v.ids["/conversion-rules"] = v.ids["/activity-codes"]
	var list struct{ Data []struct{ ID int64 } }
	v.api.do(t, "GET", "/api/v1/reports/clicks", nil, &list)
	if len(list.Data) != 1 {
		t.Fatalf("%d clicks", len(list.Data))
	}
	v.ids["/clicks"] = fmt.Sprint(list.Data[0].ID)
	v.ids["/conversions"] = "1" // nothing was told to Meta: there is none to be found
}

// state is everything of an account that somebody else could have changed.
func (v *victim) state(t *testing.T, n *inside) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{
		"/account", "/apps", "/wabas", "/portfolios", "/senders", "/templates", "/campaigns", "/contacts?limit=1000", "/jobs", "/suppressions", "/holidays", "/conversations",
		"/people/1", "/users", "/queues", "/agents", "/routing-points", "/activity-codes", "/canned-replies", "/reports/clicks", "/conversion-rules", "/rates", "/endpoints", "/events?limit=1000",
		"/conversations/" + v.uuids["/conversations"], "/audit?limit=1000", "/contacts/" + v.ids["/contacts"],
	} {
		status, text := v.api.ask(t, "GET", "/api/v1"+path, nil)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		b.Write(text)
	}
	counts, err := n.Store().Recount(t.Context(), v.account.ID)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(&b, counts)
	return b.String()
}

// bodies are what routes need to get as far as looking for the row.
var bodies = map[string]any{
	"PATCH /apps/{id}":                    object{"name": "x"},
	"PATCH /senders/{id}":                 object{"name": "x"},
	"PATCH /queues/{id}":                  object{"name": "x"},
	"PATCH /contacts/{id}":                object{"priority": 1},
	"POST /campaigns/{id}/contacts/edit":  object{"action": "hold", "all": true},
	"PUT /conversion-rules/{id}":          object{"event": "LeadSubmitted"},
	"PATCH /agents/{id}":                  object{"capacity": 3},
	"POST /agents/{id}/state":             object{"state": "break", "reason": "x"},
	"PATCH /routing-points/{id}":          object{"name": "x"},
	"PATCH /activity-codes/{id}":          object{"archived": true},
	"PUT /canned-replies/{id}":            object{"title": "x", "text": "x"},
	"PATCH /users/{id}":                   object{"name": "x"},
	"POST /users/{id}/password":           object{},
	"PATCH /portfolios/{id}":              object{"name": "x"},
	"PATCH /campaigns/{id}":               object{"name": "x"},
	"POST /campaigns/{id}/schedule":       object{"scheduled_for": "2126-12-01T00:00:00Z"},
	"POST /campaigns/{id}/test-send":      object{"phone": "+5511999881122", "name": "Ana"},
	"POST /people/{id}/erase":             object{"why": "x"},
	"POST /people/{id}/merge":             object{"into": "+5511999881122"},
	"PUT /rates":                          object{"rates": []object{{"country": "BR", "category": "marketing", "currency": "BRL", "rate": "0.3"}}},
	"PATCH /endpoints/{id}":               object{"description": "x"},
	"POST /campaigns/{id}/contacts":       []object{{"phone": "+5511999881122"}},
	"POST /campaigns/{id}/unknown/settle": object{"decision": "sent", "contacts": []int{1}},
	"POST /campaigns/{id}/retry":          object{"reopen": true},
	"POST /campaigns/{id}/audience":       object{"from": 1, "replied": "no"},
	"POST /campaigns/{id}/imports":        "name,phone\nAna,+5511999881122\n",
}

// TestIsolation: an administrator of one account, who knows every number and UUID of another, sees and
// changes nothing of it, whichever route they try.
func TestIsolation(t *testing.T) {
	n := newInside(t)
	v := newVictim(t, n)
	stranger, _ := n.account(t, "loja-b")
	before := v.state(t, n)
	named, listed := 0, 0
	for _, route := range n.Routes() {
		path, ours := strings.CutPrefix(route.Path, "/api/v1")
		if !ours || route.Public {
			continue
		}
		methods := []string{route.Method}
		if route.Method == "" {
			methods = []string{"GET", "POST"}
		}
		for _, method := range methods {
			for _, target := range v.targets(t, path) {
				status, text := stranger.ask(t, method, "/api/v1"+target, bodyOf(method, path))
				switch {
				case strings.Contains(string(text), marked) || strings.Contains(string(text), v.phone):
					t.Errorf("%s %s shows another account's: %d %s", method, target, status, text)
				case path == "/packs" || path == "/errors":
					// What laws ask, and what Meta's codes mean, is nobody's secret.
				case path == "/tokens/{id}/requests" && status == http.StatusOK:
					v.isEmpty(t, path, text)
				case strings.Contains(path, "{") && status != http.StatusNotFound && !(route.Method == "" && status == http.StatusMethodNotAllowed):
					t.Errorf("%s %s: %d, want 404: %s", method, target, status, text)
				case !strings.Contains(path, "{") && method == "GET" && status == http.StatusOK:
					listed++
					v.isEmpty(t, path, text)
				}
				if strings.Contains(path, "{") {
					named++
				}
			}
		}
	}
	v.notInBodies(t, stranger)
	t.Logf("%d requests for another account's rows, %d lists", named, listed)
	if named < 40 || listed < 10 {
		t.Errorf("only %d rows and %d lists were asked for", named, listed)
	}
	if after := v.state(t, n); after != before {
		t.Errorf("the account has changed:\n%s\n%s", before, after)
	}
}

// notInBodies names the victim's rows where a body may name one. Numbers are counted per account; UUIDs are not.
func (v *victim) notInBodies(t *testing.T, stranger client) {
	t.Helper()
	for list, field := range map[string]string{"senders": "sender_id", "templates": "template_id"} {
		var page struct{ Data []struct{ UUID string } }
		v.api.do(t, "GET", "/api/v1/"+list, nil, &page)
		if status, text := stranger.ask(t, "POST", "/api/v1/campaigns", object{"name": "x", field: page.Data[0].UUID}); status < 400 || status >= 500 {
			t.Errorf("a campaign with another account's %s: %d %s", field, status, text)
		}
	}
	if status, text := stranger.ask(t, "POST", "/api/v1/wabas", object{"app_id": v.uuids["/apps"], "meta_id": "1", "name": "x"}); status < 400 || status >= 500 {
		t.Errorf("a WABA of another account's app: %d %s", status, text)
	}
}

// talkBodies are of conversations, which an agent reaches below /desk too.
var talkBodies = map[string]any{
	"POST /conversations/{uuid}/messages":    object{"text": "x"},
	"POST /conversations/{uuid}/transfer":    object{"queue_id": 1},
	"POST /conversations/{uuid}/snooze":      object{"until": "2126-12-01T00:00:00Z"},
	"POST /conversations/{uuid}/notes":       object{"text": "x"},
	"POST /conversations/{uuid}/attachments": "%PDF-1.7 a file",
}

func bodyOf(method, path string) any {
	if in, ok := talkBodies[method+" "+strings.TrimPrefix(path, "/desk")]; ok {
		return in
	}
	if in, ok := bodies[method+" "+path]; ok {
		return in
	}
	if method != "GET" && strings.HasPrefix(path, "/campaign/") {
		return "Ana,+5511999881122\n"
	}
	return nil
}

// targets are the addresses of a route that name the victim's row, or filter by it.
func (v *victim) targets(t *testing.T, path string) (list []string) {
	t.Helper()
	if open := strings.Index(path, "{"); open >= 0 {
		head, tail := path[:open-1], path[strings.Index(path, "}")+1:]
		for _, known := range []map[string]string{v.ids, v.uuids} {
			if row, ok := known[head]; ok {
				list = append(list, head+"/"+row+tail)
			}
		}
		if len(list) == 0 {
			t.Errorf("%s: the test knows no row for it", path)
		}
		for i := range list {
			list[i] = strings.ReplaceAll(list[i], "{file}", v.file)
		}
		if path == "/suppressions/{id}" {
			list[0] += "?evidence=x"
		}
		return list
	}
	switch path {
	case "/people":
		return []string{path + "?alias=%2B" + v.phone}
	case "/why":
		return []string{path + "?phone=%2B" + v.phone}
	case "/webhooks":
		return []string{path + "?state=new", path + "?state=orphan", path + "?state=unmatched", path + "?state=bad"}
	case "/reports/campaign/subscribers":
		return []string{path, path + "?campaigns[]=" + v.campaign.UUID, path + "?phone_number=%2B" + v.phone, path + "?name=Ana"}
	case "/contacts", "/reports/subscribers":
		return []string{path, path + "?phone=%2B" + v.phone, path + "?campaign=" + v.campaign.UUID}
	}
	return []string{path}
}

// isEmpty expects a list of an account that has nothing, except for what every account has.
func (v *victim) isEmpty(t *testing.T, path string, text []byte) {
	t.Helper()
	switch path {
	case "/account", "/tokens", "/audit", "/openapi.json", "/openapi.yaml", "/docs":
		return
	}
	var page struct {
		Data       []json.RawMessage
		Pagination struct{ Total int }
	}
	if json.Unmarshal(text, &page) == nil && (len(page.Data) > 0 || page.Pagination.Total > 0) {
		t.Errorf("%s lists %d rows: %s", path, len(page.Data), text)
	}
}

// TestIsolation_ForgedWebhooks: who has an app of their own can sign what they like with its secret; of
// numbers, WABAs and messages that are not their app's they are not believed.
func TestIsolation_ForgedWebhooks(t *testing.T) {
	n := newInside(t)
	v := newVictim(t, n)
	_, graph := mute(t, sandbox.Config{AppSecret: "secret-of-b", AppID: "2", WABAID: "22", PhoneNumberID: "222"})
	stranger, _ := n.account(t, "loja-b")
	own := stranger.business(t, sandbox.Config{AppID: "2", AppSecret: "secret-of-b", WABAID: "22", PhoneNumberID: "222", VerifyToken: "b"}, graph, 1000)
	hook := n.base + own.webhookPath
	before := v.state(t, n)

	other := v.taken["5511980000032"]
	ours, theirs := object{"id": "22", "phone": "222"}, object{"id": v.business.meta.WABAID, "phone": v.business.meta.PhoneNumberID}
	forged := 0
	for _, waba := range []object{ours, theirs} {
		for _, number := range []object{ours, theirs} {
			for _, value := range []object{
				{"statuses": []object{{"id": other.ID, "status": "read", "timestamp": seconds(time.Now()), "recipient_id": other.WAID, "biz_opaque_callback_data": other.Callback}}},
				{"statuses": []object{{"id": other.ID, "status": "failed", "timestamp": seconds(time.Now()), "recipient_id": other.WAID, "errors": []object{{"code": 131050}}}}},
				{"messages": []object{{"id": "wamid.forged", "from": other.WAID, "timestamp": seconds(time.Now()), "type": "text", "text": object{"body": "SAIR"}, "context": object{"id": other.ID}}}},
				{"messages": []object{{
					"id": fmt.Sprint("wamid.forged-click-", forged), "from": other.WAID, "timestamp": seconds(time.Now()), "type": "text", "text": object{"body": "quero saber"},
					"referral": object{"source_type": "ad", "source_id": "666", "source_url": "https://fb.me/x", "headline": "x", "ctwa_clid": "forged"},
				}}},
				{"messages": []object{{"id": fmt.Sprint("wamid.forged-image-", forged), "from": other.WAID, "timestamp": seconds(time.Now()), "type": "image", "image": object{"id": "1", "mime_type": "image/png"}}}},
				{"user_preferences": []object{{"wa_id": other.WAID, "category": "marketing_messages", "value": "stop", "timestamp": time.Now().Unix()}}},
			} {
				value["messaging_product"], value["metadata"] = "whatsapp", object{"phone_number_id": number["phone"]}
				forged += forge(t, hook, waba["id"], "messages", value)
			}
		}
		forged += forge(t, hook, waba["id"], "message_template_status_update", object{
			"event": "DISABLED", "message_template_id": 1,
			"message_template_name": v.templateName, "message_template_language": "pt_BR",
		})
	}
	until(t, 15*time.Second, "all is applied", func() bool { return len(stranger.webhooks(t, "new")) == 0 })
	if after := v.state(t, n); after != before {
		t.Errorf("the account has changed:\n%s\n%s", before, after)
	}
	if kept := len(stranger.webhooks(t, "unmatched")); kept == 0 {
		t.Error("nothing is shown to whoever runs the forger's account")
	}
	if seen := v.api.webhooks(t, "unmatched"); len(seen) != 0 {
		t.Errorf("%d webhooks of the forger are the victim's now", len(seen))
	}
	for name, secret := range map[string]string{"with the forger's secret": "secret-of-b", "with no secret": ""} {
		if got := post(t, v.hook, secret, `{}`); got != http.StatusUnauthorized {
			t.Errorf("at the victim's address, signed %s: %d", name, got)
		}
	}
	t.Logf("%d forged webhooks", forged)
}

// forge posts one change in the name of a WABA, signed by the stranger's app.
func forge(t *testing.T, hook string, waba any, field string, value object) int {
	t.Helper()
	body, err := json.Marshal(object{"object": "whatsapp_business_account", "entry": []object{{"id": waba, "changes": []object{{"field": field, "value": value}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := post(t, hook, "secret-of-b", string(body)); got != http.StatusOK {
		t.Fatalf("%s: %d", body, got)
	}
	return 1
}
