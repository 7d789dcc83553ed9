package arauto_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"arauto"
)

func TestRoles_Scopes(t *testing.T) {
	may := map[arauto.Role]string{
		arauto.RoleAdmin: "read write reports desk admin", arauto.RoleSupervisor: "read write reports desk", arauto.RoleAgent: "desk", arauto.RoleAnalyst: "reports",
	}
	for _, role := range arauto.Roles() {
		u := arauto.User{ID: 7, Account: 3, Email: "ana@loja.com", Role: role}
		pass := u.Pass()
		var list []string
		for _, scope := range arauto.TokenScopes() {
			if pass.Allows(scope) {
				list = append(list, string(scope))
			}
		}
		if got := strings.Join(list, " "); got != may[role] {
			t.Errorf("%s may %s, want %s", role, got, may[role])
		}
		if pass.ID != -7 || pass.User != 7 || pass.Account != 3 || pass.Actor() != (arauto.Actor{Account: 3, User: 7, Name: "ana@loja.com"}) {
			t.Errorf("%+v is %+v", pass, pass.Actor())
		}
		u.Temporary = true
		for _, scope := range arauto.TokenScopes() {
			if u.Pass().Allows(scope) {
				t.Errorf("%s with a temporary password may %s", role, scope)
			}
		}
		if !u.Pass().Allows(arauto.TokenAny) {
			t.Error("nobody could choose another password")
		}
	}
	if len(may) != len(arauto.Roles()) || len(arauto.Role("boss").Scopes()) != 0 {
		t.Error("a role that nobody decided on")
	}
	arauto.RoleAgent.Scopes()[0] = arauto.TokenAdmin
	if arauto.RoleAgent.Scopes()[0] != arauto.TokenDesk {
		t.Error("the table can be changed from outside")
	}
	if got := (arauto.Token{ID: 4, Account: 3, Name: "erp"}).Actor(); got != (arauto.Actor{Account: 3, Token: 4, Name: "erp"}) {
		t.Errorf("%+v", got)
	}
}

func TestUser_Check(t *testing.T) {
	good := arauto.User{Email: "ana.souza+x@loja.com.br", Name: "Ana", Role: arauto.RoleAgent}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		change func(*arauto.User)
		field  string
	}{
		"no e-mail":    {func(u *arauto.User) { u.Email = "" }, "email"},
		"no address":   {func(u *arauto.User) { u.Email = "ana" }, "email"},
		"two at signs": {func(u *arauto.User) { u.Email = "a@b@c" }, "email"},
		"a blank":      {func(u *arauto.User) { u.Email = "a b@c" }, "email"},
		"a name":       {func(u *arauto.User) { u.Email = "Ana <a@b.com>" }, "email"},
		"upper case":   {func(u *arauto.User) { u.Email = "Ana@b.com" }, "email"},
		"too long":     {func(u *arauto.User) { u.Email = strings.Repeat("a", 250) + "@b.com" }, "email"},
		"no name":      {func(u *arauto.User) { u.Name = " " }, "name"},
		"long name":    {func(u *arauto.User) { u.Name = strings.Repeat("á", 101) }, "name"},
		"a bell":       {func(u *arauto.User) { u.Name = "Ana\a" }, "name"},
		"no role":      {func(u *arauto.User) { u.Role = "" }, "role"},
		"other role":   {func(u *arauto.User) { u.Role = "boss" }, "role"},
	} {
		u := good
		c.change(&u)
		if err := u.Check(); arauto.KindOf(err) != arauto.KindInvalid || faultOf(err) != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := arauto.CleanEmail(" Ana@Loja.COM\x00\n"); got != "ana@loja.com" {
		t.Errorf("%q", got)
	}
}

func TestUser_CheckPassword(t *testing.T) {
	u := arauto.User{Email: "anabeatriz@loja.com", Name: "Ana Beatriz"}
	for _, good := range []string{"cavalo bateria grampo", "ção ção não dó", "7f3k2m9q4x1z", "minha gata ana beatriz dorme muito"} {
		if err := u.CheckPassword(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "curta", "onze letras", strings.Repeat("ab", 101), "anabeatriz@loja.com", "anabeatriz123!", "Ana Beatriz 2026", "arauto12345678", "aaaaaaaaaaaa", "abababababab", "123123123123", "boa frase mas \xff torta"} {
		if err := u.CheckPassword(bad); arauto.KindOf(err) != arauto.KindInvalid || strings.Contains(err.Error(), bad) && bad != "" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSession_Usable(t *testing.T) {
	for _, c := range []struct {
		name          string
		created, seen time.Duration
		usable        bool
	}{
		{"just made", 0, 0, true},
		{"seen lately", -arauto.SessionIdle * 2, -time.Minute, true},
		{"about to end", -arauto.SessionIdle, -arauto.SessionIdle + 1, true},
		{"not used", -arauto.SessionIdle, -arauto.SessionIdle, false},
		{"used, and too old", -arauto.SessionLife, 0, false},
		{"used, not too old", -arauto.SessionLife + 1, 0, true},
	} {
		s := arauto.Session{CreatedAt: base.Add(c.created), SeenAt: base.Add(c.seen)}
		if err := s.Usable(base); (err == nil) != c.usable || err != nil && arauto.KindOf(err) != arauto.KindUnauthorized {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	value, err := arauto.NewSessionValue(bytes.NewReader(make([]byte, 32)))
	if err != nil || value != strings.Repeat("A", 43) {
		t.Errorf("%q, %v", value, err)
	}
	if _, err := arauto.NewSessionValue(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("too little randomness")
	}
}

// TestGuess: waits grow to the longest and no further, a day of guessing is some hundred tries, and who
// stops is forgotten.
func TestGuess(t *testing.T) {
	rule := arauto.EmailGuesses()
	tries, g := 0, arauto.Guess{}
	for now := base; now.Before(base.Add(24 * time.Hour)); {
		if wait := g.Wait(now); wait > 0 {
			if wait > rule.Longest {
				t.Fatalf("waits %s", wait)
			}
			now = now.Add(wait)
			continue
		}
		g = g.Missed(rule, now)
		tries++
	}
	if tries < rule.Free || tries > 300 {
		t.Errorf("%d passwords a day", tries)
	}
	later := base.Add(48 * time.Hour)
	if left := g.Left(rule, later); left.Count != 0 || left.Wait(later) != 0 {
		t.Errorf("two days later: %+v", left)
	}
	office, rule := arauto.Guess{}, arauto.AddressGuesses()
	for i := range 1000 { // an office that mistypes once in half a minute is never held up
		now := base.Add(time.Duration(i) * 31 * time.Second)
		if office = office.Missed(rule, now); office.Wait(now) != 0 {
			t.Fatalf("held up after %d", i)
		}
	}
}
