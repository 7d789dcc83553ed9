package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const signedIn = "arauto_session=" + sessionValue

func TestLogIn(t *testing.T) {
	w := newWorld(t)
	rec := w.do("", "POST", "/api/v1/sessions", `{"email":" ANA@acme.com ","password":"`+userPassword+`"}`)
	if rec.Code != http.StatusCreated {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Secure || cookies[0].Path != "/" || len(cookies[0].Value) != 43 {
		t.Errorf("cookies %+v", cookies)
	}
	for _, want := range []string{`"email":"ana@acme.com"`, `"scopes":["read","write","reports","desk"]`, `"slug":"acme"`, `"ends_at":"2026-11-20T20:00:00Z"`} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s lacks %s", rec.Body, want)
		}
	}
	for _, bad := range []string{cookies[0].Value, "hash-of", userPassword} {
		if strings.Contains(rec.Body.String()+w.log.String(), bad) {
			t.Errorf("%q is shown: %s %s", bad, rec.Body, w.log)
		}
	}
}

// TestLogIn_Refused: who does not get in is told the same, whatever the reason.
func TestLogIn_Refused(t *testing.T) {
	w := newWorld(t)
	var told []string
	for _, body := range []string{
		`{"email":"ana@acme.com","password":"wrong"}`, `{"email":"nobody@acme.com","password":"` + userPassword + `"}`, `{"email":"nobody@acme.com\u0000","password":"x"}`,
	} {
		rec := w.do("", "POST", "/api/v1/sessions", body)
		if rec.Code != http.StatusUnauthorized || len(rec.Result().Cookies()) != 0 {
			t.Errorf("%s: %d %s", body, rec.Code, rec.Body)
		}
		text, _, _ := strings.Cut(rec.Body.String(), `"request_id"`)
		told = append(told, text)
	}
	if told[0] != told[1] || told[1] != told[2] {
		t.Errorf("the answers differ: %q", told)
	}
	if n := w.store.calls["MissLogin 192.0.2.1"]; n != 3 {
		t.Errorf("%d counted for the address", n)
	}
	w.store.wait = 90 * time.Second
	rec := w.do("", "POST", "/api/v1/sessions", `{"email":"ana@acme.com","password":"`+userPassword+`"}`)
	if rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") != "90" {
		t.Errorf("locked out: %d, Retry-After %q", rec.Code, rec.Header().Get("Retry-After"))
	}
}

// TestCrossSite: what another site's page makes a browser do is refused, with a session and at the log-in.
func TestCrossSite(t *testing.T) {
	w := newWorld(t)
	logIn := `{"email":"ana@acme.com","password":"` + userPassword + `"}`
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"a session's own page", "DELETE", "/sessions/1", "", []string{"Cookie", signedIn, "Sec-Fetch-Site", "same-origin"}, 204},
		{"a program with a cookie", "DELETE", "/sessions/1", "", []string{"Cookie", signedIn}, 204},
		{"another site", "DELETE", "/sessions/1", "", []string{"Cookie", signedIn, "Sec-Fetch-Site", "cross-site"}, 403},
		{"a sibling site", "DELETE", "/sessions/1", "", []string{"Cookie", signedIn, "Sec-Fetch-Site", "same-site"}, 403},
		{"another origin, in an old browser", "DELETE", "/sessions/1", "", []string{"Cookie", signedIn, "Origin", "https://evil.example"}, 403},
		{"the same origin, in an old browser", "DELETE", "/sessions/1", "", []string{"Cookie", signedIn, "Origin", "http://example.com"}, 204},
		{"another site reads", "GET", "/sessions", "", []string{"Cookie", signedIn, "Sec-Fetch-Site", "cross-site"}, 200},
		{"another site logs in", "POST", "/sessions", logIn, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"our page logs in", "POST", "/sessions", logIn, []string{"Sec-Fetch-Site", "same-origin"}, 201},
		{"a token goes before the cookie, and no page has it", "DELETE", "/tokens/1", "", []string{"Cookie", signedIn, "Authorization", "Bearer tok-admin", "Sec-Fetch-Site", "cross-site"}, 204},
		{"a wrong token is not helped by a cookie", "GET", "/sessions", "", []string{"Cookie", signedIn, "Authorization", "Bearer nothing"}, 401},
		{"a made-up cookie", "GET", "/sessions", "", []string{"Cookie", "arauto_session=x"}, 401},
		{"the cookie of TLS, in plain", "GET", "/sessions", "", []string{"Cookie", "__Host-arauto_session=" + sessionValue}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			if rec := w.do("", c.method, "/api/v1"+c.path, c.body, c.headers...); rec.Code != c.status {
				t.Errorf("got %d, want %d: %s", rec.Code, c.status, rec.Body)
			}
		})
	}
}

func TestSession_WhoAmI(t *testing.T) {
	w := newWorld(t)
	me := w.ask(t, 200, "", "GET", "/api/v1/sessions/current", "", "Cookie", signedIn)
	if me["user"].(map[string]any)["role"] != "supervisor" || me["token"] != nil || me["session"].(map[string]any)["current"] != true {
		t.Errorf("%v", me)
	}
	me = w.ask(t, 200, "desk", "GET", "/api/v1/sessions/current", "")
	if me["user"] != nil || me["token"] != "desk" || me["session"] != nil || len(me["scopes"].([]any)) != 1 {
		t.Errorf("%v", me)
	}
	w.ask(t, 409, "admin", "DELETE", "/api/v1/sessions/current", "")
	rec := w.do("", "DELETE", "/api/v1/sessions/current", "", "Cookie", signedIn)
	if rec.Code != 204 || len(w.forgot) != 1 || w.forgot[0] != -1 || rec.Result().Cookies()[0].MaxAge != -1 {
		t.Errorf("%d, forgot %v, cookies %v", rec.Code, w.forgot, rec.Result().Cookies())
	}
}

func TestSession_ChangePassword(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		body   string
		status int
		field  string
	}{
		{`{"current":"wrong","password":"outra frase comprida"}`, 422, "body.current"},
		{`{"current":"uma frase comprida","password":"curta"}`, 422, "body.password"},
		{`{"current":"uma frase comprida","password":"uma frase comprida"}`, 422, "body.password"},
		{`{"current":"uma frase comprida","password":"outra frase comprida"}`, 204, ""},
	} {
		p := w.ask(t, c.status, "", "POST", "/api/v1/sessions/current/password", c.body, "Cookie", signedIn)
		if c.field != "" && p["errors"].([]any)[0].(map[string]any)["location"] != c.field {
			t.Errorf("%s: %v", c.body, p)
		}
	}
	if w.store.calls["SetPassword hash-of-outra frase comprida"] != 1 {
		t.Errorf("calls %v", w.store.calls)
	}
}

func TestUsers_DrawnPassword(t *testing.T) {
	w := newWorld(t)
	made := w.ask(t, 201, "admin", "POST", "/api/v1/users", `{"email":"Bia@acme.com","name":"Bia","role":"agent"}`)
	if made["email"] != "bia@acme.com" || len(made["password"].(string)) != 27 || made["temporary_password"] != true {
		t.Errorf("%v", made)
	}
	made = w.ask(t, 201, "admin", "POST", "/api/v1/users", `{"email":"Bia@acme.com","name":"Bia","role":"agent","password":"uma frase comprida"}`)
	if made["password"] != nil || made["temporary_password"] != false {
		t.Errorf("%v", made)
	}
	w.ask(t, 422, "admin", "POST", "/api/v1/users", `{"email":"Bia","name":"Bia","role":"agent"}`)
	w.ask(t, 422, "admin", "POST", "/api/v1/users", `{"email":"bia@acme.com","name":"Bia","role":"boss"}`)
	w.ask(t, 422, "admin", "POST", "/api/v1/users", `{"email":"bia@acme.com","name":"Bia","role":"agent","password":"curta"}`)
}
