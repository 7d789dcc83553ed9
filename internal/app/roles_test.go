package app_test

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/server"
)

// as is how somebody calls: headers that every request of theirs has.
type as map[string]string

// call is the status and body of one request.
func (n *inside) call(t *testing.T, who as, method, target string, in any) (int, string, http.Header) {
	t.Helper()
	header := maps.Clone(who)
	body, kind := encoded(t, in)
	if _, said := header["Content-Type"]; kind != "" && !said {
		if header == nil {
			header = as{}
		}
		header["Content-Type"] = kind
	}
	status, text, answered := exchange(t, method, n.base+target, header, body)
	return status, string(text), answered
}

const testPassword = "uma frase comprida"

// logIn is a new session's cookie.
func (n *inside) logIn(t *testing.T, email string) as {
	t.Helper()
	status, text, header := n.call(t, nil, "POST", "/api/v1/sessions", object{"email": email, "password": testPassword})
	if status != http.StatusCreated {
		t.Fatalf("%s: %d %s", email, status, text)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	return as{"Cookie": cookie}
}

// crew is an account with a user and a token of each role.
type crew struct {
	sessions map[arauto.Role]as
	tokens   map[arauto.Role]as
	emails   map[arauto.Role]string
}

func newCrew(t *testing.T, n *inside, admin client, slug string) crew {
	t.Helper()
	c := crew{map[arauto.Role]as{}, map[arauto.Role]as{}, map[arauto.Role]string{}}
	for _, role := range arauto.Roles() {
		email := string(role) + "@" + slug
		admin.do(t, "POST", "/api/v1/users", object{"email": email, "name": "Ana", "role": role, "password": testPassword}, nil)
		var made struct{ Value string }
		admin.do(t, "POST", "/api/v1/tokens", object{"name": string(role), "scopes": role.Scopes()}, &made)
		c.emails[role], c.sessions[role] = email, n.logIn(t, email)
		c.tokens[role] = as{"Authorization": "Bearer " + made.Value, "wolkvox-token": made.Value}
	}
	return c
}

// who are you, and not you: every surface says so in these statuses.
const unknown, forbidden = http.StatusUnauthorized, http.StatusForbidden

// ownDoors are surfaces that know tokens only, and those in a header of their own.
var ownDoors = map[string]bool{"wolkvox": true}

// open is every route that nobody is asked at, and why.
var open = map[string]string{
	"POST /api/v1/sessions":    "to log in; answers everybody alike",
	"GET /api/v1/openapi.json": "what there is, not what is in it", "GET /api/v1/openapi.yaml": "the same", "GET /api/v1/docs": "the same",
	"/webhooks/whatsapp/{app}": "signed by Meta", "GET /healthz": "for a balancer", "GET /readyz": "for a balancer",
	"GET /metrics": "asks for itself: see TestMetrics in internal/server",
}

// TestRoles walks every route of the whole program, with everybody who could stand before it: each role with
// a session and with a token, nobody, a session that has ended, another account, another site's page. What
// is expected follows from the table of scopes alone.
func TestRoles(t *testing.T) {
	n := newInside(t)
	v := newVictim(t, n)
	stranger, _ := n.account(t, "loja-b")
	ours, theirs := newCrew(t, n, v.api, "loja-a"), newCrew(t, n, stranger, "loja-b")
	v.api.do(t, "PATCH", "/api/v1/account", object{"rules": object{"outbound_dialer_rate": 1000}}, nil) // or 429 comes before 403
	ended := n.logIn(t, ours.emails[arauto.RoleAdmin])
	if status, text, _ := n.call(t, ended, "DELETE", "/api/v1/sessions/current", nil); status != http.StatusNoContent {
		t.Fatalf("log out: %d %s", status, text)
	}
	asked, refused := 0, 0
	for _, route := range n.Routes() {
		name := strings.TrimSpace(route.Method + " " + route.Path)
		if route.Public {
			if open[name] == "" {
				t.Errorf("%s asks nobody who they are, and no reason is given for it", name)
			}
			continue
		}
		method := route.Method
		if method == "" {
			method = "GET"
		}
		target, body := v.roleTarget(t, method, route.Path)
		expect := func(who string, caller as, wants ...int) {
			t.Helper()
			asked++
			status, text, _ := n.call(t, caller, method, target, body)
			for _, want := range wants {
				if status == want {
					refused++
					return
				}
			}
			t.Errorf("%s by %s: %d, want %d: %.200s", name, who, status, wants, text)
		}
		expect("nobody", nil, unknown)
		for _, role := range arauto.Roles() {
			allowed := arauto.Token{Scopes: role.Scopes()}.Allows(route.Scope)
			for how, caller := range map[string]as{"session": ours.sessions[role], "token": ours.tokens[role]} {
				if how == "session" && ownDoors[route.Surface] {
					expect(string(role)+"'s session, where tokens are asked for", caller, unknown)
					continue
				}
				if !allowed {
					expect(string(role)+"'s "+how, caller, forbidden)
					continue
				}
				asked++
				status, text, _ := n.call(t, caller, method, target, body)
				if status == unknown || status == forbidden || status >= 500 {
					t.Errorf("%s by %s's %s: %d, and %q allows it: %.200s", name, role, how, status, route.Scope, text)
				}
				if how == "session" && strings.HasPrefix(name, "DELETE /api/v1/sessions") {
					ours.sessions[role] = n.logIn(t, ours.emails[role])
				}
			}
		}
		if method != "GET" && !ownDoors[route.Surface] {
			evil := as{"Sec-Fetch-Site": "cross-site", "Cookie": ours.sessions[arauto.RoleAdmin]["Cookie"]}
			expect("another site's page", evil, http.StatusForbidden)
		}
		v.shutTo(t, n, route, method, target, body, theirs)
	}
	for _, path := range []string{"/api/v1/account", "/api/v1/conversations", "/api/v1/sessions/current"} {
		if status, text, _ := n.call(t, ended, "GET", path, nil); status != http.StatusUnauthorized {
			t.Errorf("%s with a cookie that was logged out: %d %s", path, status, text)
		}
	}
	t.Logf("%d requests, %d refused as they should be", asked, refused)
	if refused < 400 {
		t.Errorf("only %d requests were refused", refused)
	}
}

// shutTo asks as another account's administrator, in both ways, for a row of the victim's.
func (v *victim) shutTo(t *testing.T, n *inside, route server.Route, method, target string, body any, theirs crew) {
	t.Helper()
	if !strings.Contains(route.Path, "{") || route.Surface != "api" {
		return // TestIsolation looks into the answers
	}
	for how, caller := range map[string]as{"session": theirs.sessions[arauto.RoleAdmin], "token": theirs.tokens[arauto.RoleAdmin]} {
		status, text, _ := n.call(t, caller, method, target, body)
		if status < 300 && strings.Contains(text, marked) || status != http.StatusNotFound && !strings.HasPrefix(route.Path, "/api/v1/tokens/{id}/requests") {
			t.Errorf("%s %s by another account's %s: %d: %.200s", method, route.Path, how, status, text)
		}
	}
}

// roleTarget is an address of the route that names a row of the victim's, as far as the test knows one.
func (v *victim) roleTarget(t *testing.T, method, path string) (target string, body any) {
	t.Helper()
	rest, ours := strings.CutPrefix(path, "/api/v1")
	if !ours {
		return strings.NewReplacer("{", "", "}", "", "...", "").Replace(path), nil
	}
	target = rest
	for open := strings.Index(target, "{"); open >= 0; open = strings.Index(target, "{") {
		row := v.ids[target[:open-1]]
		if strings.HasPrefix(target[open:], "{file}") {
			row = v.file
		}
		if strings.HasPrefix(target[open:], "{uuid}") {
			row = v.uuids[target[:open-1]]
		}
		target = target[:open] + cmp.Or(row, "1") + target[strings.Index(target, "}")+1:]
	}
	if rest == "/suppressions/{id}" {
		target += "?evidence=x"
	}
	return "/api/v1" + target, bodyOf(method, rest)
}
