package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"arauto"
	"arauto/internal/api"
	"arauto/internal/server"
)

// world is the API behind the real door, with a token per scope and a stranger's admin token.
type world struct {
	store  *fakeStore
	others *fakeOthers
	server *server.Server
	log    *bytes.Buffer
	forgot []int64

	decisions fakeDecisions
	audiences fakeAudiences
	edits     fakeEdits
	exports   fakeExports
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{store: newFakeStore(), others: &fakeOthers{}, log: &bytes.Buffer{}}
	for i, scope := range arauto.TokenScopes() {
		w.store.tokens = append(w.store.tokens, arauto.Token{
			ID: int64(i + 1), Account: 1, Name: string(scope), Hash: arauto.HashToken("tok-" + string(scope)), Scopes: []arauto.TokenScope{scope}, Rate: 10_000,
		})
	}
	w.store.tokens = append(w.store.tokens, arauto.Token{ID: 9, Account: 2, Name: "stranger", Hash: arauto.HashToken("tok-stranger"), Scopes: []arauto.TokenScope{arauto.TokenAdmin}, Rate: 10_000})
	clock := func() time.Time { return now }
	logger := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w.server = server.New(server.Config{Tokens: w.store, Sessions: w.store, Now: clock, Logger: logger})
	api.New(w.server.Surface("api", api.Prefix+"/", api.Fail), api.Config{
		Store: w.store, Templates: w.others, Numbers: w.others, Imports: w.others, Decisions: &w.decisions, Audiences: &w.audiences, Floor: fakeFloor{}, Desk: fakeDesk{}, Blobs: fakeFiles{}, Edits: &w.edits, Exports: &w.exports, TestSends: w.others, Pinger: w.others, Phones: fakePhones{}, Codes: fakeCodes{}, Passwords: fakePasswords{}, Remember: w.server.Remember,
		Now: clock, Random: strings.NewReader(strings.Repeat("r", 4096)), Logger: logger,
		Forget: func(id int64) { w.forgot = append(w.forgot, id) }, ImportLimit: 1000,
	})
	return w
}

// do asks with the token of that name; "" = none. Headers are pairs.
func (w *world) do(token, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
		r.ContentLength = 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer tok-"+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	return rec
}

// ask expects a status and decodes the answer.
func (w *world) ask(t *testing.T, status int, token, method, target, body string, headers ...string) map[string]any {
	t.Helper()
	rec := w.do(token, method, target, body, headers...)
	if rec.Code != status {
		t.Fatalf("%s %s: got %d, want %d: %s", method, target, rec.Code, status, rec.Body)
	}
	out := map[string]any{}
	if rec.Body.Len() > 0 && strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, target, err, rec.Body)
		}
	}
	return out
}

// bodies are requests that are right, for the routes that need one.
var bodies = map[string]string{
	"PATCH /api/v1/account":                      `{"name":"Acme 2"}`,
	"POST /api/v1/tokens":                        `{"name":"n","scopes":["read"]}`,
	"POST /api/v1/users":                         `{"email":"bia@acme.com","name":"Bia","role":"agent"}`,
	"PATCH /api/v1/users/{id}":                   `{"name":"Bia"}`,
	"POST /api/v1/users/{id}/password":           `{}`,
	"POST /api/v1/sessions/current/password":     `{"current":"uma frase comprida","password":"outra frase comprida"}`,
	"POST /api/v1/apps":                          `{"meta_id":"1","name":"n","secret":"s","verify_token":"v"}`,
	"PATCH /api/v1/apps/{id}":                    `{"name":"n"}`,
	"POST /api/v1/wabas":                         `{"app_id":1,"meta_id":"1","name":"n"}`,
	"POST /api/v1/senders":                       `{"waba_id":1,"name":"n","phone_number_id":"1","token":"t"}`,
	"PATCH /api/v1/senders/{id}":                 `{"name":"n"}`,
	"PATCH /api/v1/portfolios/{id}":              `{"limit":250}`,
	"POST /api/v1/campaigns":                     `{"name":"n"}`,
	"PATCH /api/v1/campaigns/{id}":               `{"name":"n"}`,
	"POST /api/v1/campaigns/{id}/schedule":       `{"scheduled_for":"2026-12-01T00:00:00Z"}`,
	"POST /api/v1/campaigns/{id}/test-send":      `{"phone":"+5511999881122","name":"Ana","fields":{"cpf":"1"}}`,
	"POST /api/v1/campaigns/{id}/contacts":       `[{"phone":"+5511999881122"}]`,
	"POST /api/v1/campaigns/{id}/imports":        "nome;telefone\n",
	"POST /api/v1/campaigns/{id}/unknown/settle": `{"decision":"sent","contacts":[1]}`,
	"POST /api/v1/campaigns/{id}/retry":          `{}`,
	"POST /api/v1/campaigns/{id}/audience":       `{"from":1,"replied":"no"}`,
	"POST /api/v1/campaigns/{id}/contacts/edit":  `{"action":"hold","all":true}`,
	"POST /api/v1/exports":                       `{"format":"csv"}`,
	"POST /api/v1/holidays":                      `{"date":"2026-12-25","name":"Natal"}`,
	"POST /api/v1/people/{id}/erase":             `{"why":"ticket 12"}`,
	"POST /api/v1/people/{id}/merge":             `{"into":"+5511999881122"}`,
	"PUT /api/v1/rates":                          `{"rates":[{"country":"BR","category":"marketing","currency":"BRL","rate":"0.3125"}]}`,
	"POST /api/v1/suppressions/lift":             `{"ids":[1],"evidence":"asked"}`,
	"POST /api/v1/suppressions/imports":          "telefone\n",
	"PATCH /api/v1/contacts/{id}":                `{"priority":1}`,
	"PUT /api/v1/conversion-rules/{id}":          `{"event":"LeadSubmitted"}`,
	"POST /api/v1/queues":                        `{"name":"Vendas"}`,
	"PATCH /api/v1/queues/{id}":                  `{"wrap_up_seconds":30}`,
	"POST /api/v1/endpoints":                     `{"url":"https://example.com/hook"}`,
	"PATCH /api/v1/endpoints/{id}":               `{"description":"d"}`,
	"POST /api/v1/suppressions":                  `{"phones":["+5511999881122"],"evidence":"ticket 1"}`,

	"POST /api/v1/campaigns/{id}/imports/preview": "nome;telefone\n",

	"POST /api/v1/agents":                                `{"name":"Bia","queue_ids":[1]}`,
	"PATCH /api/v1/agents/{id}":                          `{"capacity":3}`,
	"POST /api/v1/agents/{id}/state":                     `{"state":"break","reason":"almoço"}`,
	"PUT /api/v1/desk/state":                             `{"state":"available"}`,
	"POST /api/v1/routing-points":                        `{"name":"Anúncios","queue_id":1}`,
	"PATCH /api/v1/routing-points/{id}":                  `{"name":"Anúncios"}`,
	"POST /api/v1/routing-rules":                         `{"routing_point_id":1,"kind":"default"}`,
	"POST /api/v1/activity-codes":                        `{"code":"01","name":"Venda"}`,
	"PATCH /api/v1/activity-codes/{id}":                  `{"archived":true}`,
	"POST /api/v1/canned-replies":                        `{"title":"Oi","text":"Olá!"}`,
	"PUT /api/v1/canned-replies/{id}":                    `{"title":"Oi","text":"Olá!"}`,
	"POST /api/v1/conversations/{uuid}/messages":         `{"text":"Oi"}`,
	"POST /api/v1/conversations/{uuid}/transfer":         `{"queue_id":1}`,
	"POST /api/v1/conversations/{uuid}/snooze":           `{"until":"2026-12-01T00:00:00Z"}`,
	"POST /api/v1/conversations/{uuid}/notes":            `{"text":"ligou antes"}`,
	"POST /api/v1/conversations/{uuid}/attachments":      "%PDF-1.7 a file",
	"POST /api/v1/desk/conversations/{uuid}/messages":    `{"text":"Oi"}`,
	"POST /api/v1/desk/conversations/{uuid}/transfer":    `{"queue_id":1}`,
	"POST /api/v1/desk/conversations/{uuid}/snooze":      `{"until":"2026-12-01T00:00:00Z"}`,
	"POST /api/v1/desk/conversations/{uuid}/notes":       `{"text":"ligou antes"}`,
	"POST /api/v1/desk/conversations/{uuid}/attachments": "%PDF-1.7 a file",
}

// queries are parameters that some routes cannot do without.
var queries = map[string]string{
	"/api/v1/why":               "?phone=%2B5511999880001",
	"/api/v1/webhooks":          "?state=bad",
	"/api/v1/people":            "?alias=%2B5511999880001",
	"/api/v1/suppressions/{id}": "?evidence=asked",
	"/api/v1/reports/ads":       "?from=2026-11-01T00:00:00Z",
}

func target(path string) string {
	export := "8"
	if strings.HasPrefix(path, "/api/v1/person-exports") {
		export = "9"
	}
	return strings.NewReplacer("{id}", "1", "{export}", export, "{date}", "2026-12-25", "{uuid}", talkUUID, "{file}", fileUUID).Replace(path) + queries[path]
}

// lists of an account that has nothing are empty, not missing.
func namesRow(path string) bool { return strings.Contains(path, "{") }

func TestWalk_EveryRouteAsksForItsScope(t *testing.T) {
	still := newWorld(t) // for what must change nothing: who is refused, and who reads
	routes := still.server.Routes()
	if len(routes) < 50 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, route := range routes {
		if route.Public {
			continue
		}
		name := route.Method + " " + route.Path
		world := func(t *testing.T) *world {
			if route.Method == http.MethodGet {
				return still
			}
			return newWorld(t) // some routes change what the next would find
		}
		t.Run(name, func(t *testing.T) { walkRoute(t, still, world, route, bodies[name]) })
	}
}

func walkRoute(t *testing.T, still *world, fresh func(*testing.T) *world, route server.Route, body string) {
	var headers []string
	for _, upload := range []string{"/imports", "/imports/preview", "/attachments"} {
		if route.Method == http.MethodPost && strings.HasSuffix(route.Path, upload) {
			headers = []string{"Content-Type", "text/csv"}
		}
	}
	rec := still.do("", route.Method, target(route.Path), body, headers...)
	if rec.Code != http.StatusUnauthorized || rec.Header().Get("WWW-Authenticate") == "" || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("without a token: %d %v", rec.Code, rec.Header())
	}
	for _, scope := range arauto.TokenScopes() {
		allowed := arauto.Token{Scopes: []arauto.TokenScope{scope}}.Allows(route.Scope)
		switch {
		case !allowed:
			if rec := still.do(string(scope), route.Method, target(route.Path), body, headers...); rec.Code != http.StatusForbidden {
				t.Errorf("with scope %s: got %d, want 403", scope, rec.Code)
			}
		case scope == arauto.TokenAdmin: // the others that are allowed: below, by the scope itself
			rec := fresh(t).do(string(scope), route.Method, target(route.Path), body, headers...)
			if route.Scope == arauto.TokenAny { // let in; what a token has no session for is another matter
				if rec.Code == http.StatusUnauthorized || rec.Code == http.StatusForbidden {
					t.Errorf("with scope %s: got %d", scope, rec.Code)
				}
			} else if rec.Code >= 400 && rec.Code != http.StatusConflict {
				t.Errorf("with scope %s: got %d: %s", scope, rec.Code, rec.Body)
			}
		}
	}
	if namesRow(route.Path) {
		if rec := still.do("stranger", route.Method, target(route.Path), body, headers...); rec.Code != http.StatusNotFound {
			t.Errorf("another account's: got %d, want 404: %s", rec.Code, rec.Body)
		}
	}
	if route.Scope == arauto.TokenAdmin {
		return // it was asked with just that
	}
	if route.Scope == arauto.TokenAny {
		headers = append(headers, "Cookie", "arauto_session="+sessionValue)
	}
	if rec := fresh(t).do(string(route.Scope), route.Method, target(route.Path), body, headers...); rec.Code >= 400 && rec.Code != http.StatusConflict {
		t.Errorf("with just scope %s: got %d: %s", route.Scope, rec.Code, rec.Body)
	}
}

// TestWalk_NothingSecretIsAnswered: every readable route, with everything in the store being a secret that
// would be recognised.
func TestWalk_NothingSecretIsAnswered(t *testing.T) {
	w := newWorld(t)
	for _, route := range w.server.Routes() {
		if route.Public || route.Method != http.MethodGet && route.Method != http.MethodPatch {
			continue
		}
		rec := w.do("admin", route.Method, target(route.Path), bodies[route.Method+" "+route.Path])
		if rec.Code != http.StatusOK && rec.Code != http.StatusConflict {
			t.Errorf("%s %s: %d %s", route.Method, route.Path, rec.Code, rec.Body)
		}
		for _, secret := range []string{"meta-app-secret", "verify-secret", "meta-token-secret", "secret-of-an-endpoint", "[secret]", "tok-"} {
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s %s answers with %q: %s", route.Method, route.Path, secret, rec.Body)
			}
		}
	}
}

func TestWalk_UnknownPathsAndMethods(t *testing.T) {
	w := newWorld(t)
	p := w.ask(t, http.StatusNotFound, "admin", "GET", "/api/v1/nothing", "")
	if p["status"] != 404.0 || p["request_id"] == "" {
		t.Errorf("got %v", p)
	}
	rec := w.do("admin", "PUT", "/api/v1/campaigns/1", "{}")
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD, PATCH" {
		t.Errorf("got %d, Allow %q", rec.Code, rec.Header().Get("Allow"))
	}
	if rec := w.do("read", "HEAD", "/api/v1/account", ""); rec.Code != http.StatusOK {
		t.Errorf("HEAD: got %d", rec.Code)
	}
}

func TestWalk_TheDocumentKnowsEveryRoute(t *testing.T) {
	w := newWorld(t)
	rec := w.do("", "GET", "/api/v1/openapi.json", "")
	var doc struct {
		OpenAPI    string                                `json:"openapi"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("openapi %q: %v", doc.OpenAPI, err)
	}
	if fields := doc.Components.Schemas["FreshToken"].Properties; fields["value"] == nil || fields["scopes"] == nil {
		t.Errorf("embedded fields are missing: %v", fields)
	}
	for _, r := range w.server.Routes() {
		if r.Surface != "api" || r.Public {
			continue
		}
		if _, ok := doc.Paths[strings.TrimPrefix(r.Path, api.Prefix)][strings.ToLower(r.Method)]; !ok {
			t.Errorf("%s %s is not in the document", r.Method, r.Path)
		}
	}
	if strings.Contains(rec.Body.String(), "ErrorModel") || strings.Contains(rec.Body.String(), "Wire") || strings.Contains(rec.Body.String(), `"Nothing"`) {
		t.Error("the document shows names that are nobody's business")
	}
}

func TestWalk_ThePageLoadsNothing(t *testing.T) {
	w := newWorld(t)
	rec := w.do("", "GET", "/api/v1/docs", "")
	page := rec.Body.String()
	for _, want := range []string{"/campaigns/{id}/dry-run", "schema-Campaign", "Idempotency-Key"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", "src=", "@import", "url(", "<link", "https://"} {
		if strings.Contains(strings.ReplaceAll(page, arauto.DefaultGraphURL, ""), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	allowed := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if policy := rec.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, allowed) {
		t.Errorf("policy %q", policy)
	}
}

func TestErrors(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		location                 string
	}{
		{"no JSON", "POST", "/campaigns", `{"name":`, 400, "body"},
		{"no body", "POST", "/campaigns", ``, 400, ""},
		{"missing", "POST", "/campaigns", `{}`, 422, "body"},
		{"wrong type", "POST", "/campaigns", `{"name":7}`, 422, "body.name"},
		{"unknown field", "POST", "/campaigns", `{"name":"n","nmae":"m"}`, 422, "body.nmae"},
		{"unknown parameter", "GET", "/campaigns?stat=draft", ``, 422, "query.stat"},
		{"unknown state", "GET", "/campaigns?state=drafty", ``, 422, "query.state[0]"},
		{"too many rows", "GET", "/campaigns?limit=5000", ``, 422, "query.limit"},
		{"a made-up cursor", "GET", "/campaigns?cursor=abc", ``, 422, "query.cursor"},
		{"half a field filter", "GET", "/contacts?field_key=cpf", ``, 422, "query.field_key"},
		{"a sender that is not there", "POST", "/campaigns", `{"name":"n","sender_id":99}`, 422, "body.sender_id"},
		{"no id at all", "GET", "/campaigns/abc", ``, 404, ""},
		{"voice for WhatsApp", "POST", "/campaigns", `{"name":"n","voice":{}}`, 422, "body.channel"},
		{"a zone that is none", "PATCH", "/account", `{"time_zone":"Mars/Base"}`, 422, "time_zone"},
		{"no phone", "GET", "/why?phone=12", ``, 422, "query.phone"},
		{"an expired token", "POST", "/tokens", `{"name":"n","scopes":["read"],"expires_at":"2020-01-01T00:00:00Z"}`, 422, "body.expires_at"},
		{"a scope that is none", "POST", "/tokens", `{"name":"n","scopes":["root"]}`, 422, "body.scopes[0]"},
		{"another body than JSON", "POST", "/campaigns", `name=x`, 415, "body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := []string{}
			if c.status == 415 {
				headers = []string{"Content-Type", "application/x-www-form-urlencoded"}
			}
			p := w.ask(t, c.status, "admin", c.method, "/api/v1"+c.path, c.body, headers...)
			if p["status"] != float64(c.status) || p["detail"] == "" || p["request_id"] == "" {
				t.Errorf("got %v", p)
			}
			if c.location == "" {
				return
			}
			list, _ := p["errors"].([]any)
			if len(list) == 0 || list[0].(map[string]any)["location"] != c.location {
				t.Errorf("errors %v, want location %q", p["errors"], c.location)
			}
			if strings.Contains(w.do("admin", c.method, "/api/v1"+c.path, c.body, headers...).Body.String(), `"value"`) {
				t.Error("repeats the value that was sent")
			}
		})
	}
}

func TestErrors_OursSayNothing(t *testing.T) {
	w := newWorld(t)
	w.others.refuse = io.ErrUnexpectedEOF
	p := w.ask(t, 500, "admin", "POST", "/api/v1/wabas/1/templates/sync", "")
	if strings.Contains(p["detail"].(string), "EOF") || p["request_id"] == "" {
		t.Errorf("got %v", p)
	}
	if !strings.Contains(w.log.String(), "unexpected EOF") || !strings.Contains(w.log.String(), p["request_id"].(string)) {
		t.Errorf("the log says %q", w.log)
	}
	w.others.refuse = &arauto.SendError{Code: 190, Detail: "token expired", Reason: arauto.ReasonSenderTrouble}
	p = w.ask(t, 409, "admin", "POST", "/api/v1/wabas/1/templates/sync", "")
	if !strings.Contains(p["detail"].(string), "token expired") || !strings.Contains(p["detail"].(string), strconv.Itoa(190)) {
		t.Errorf("got %v", p)
	}
}
