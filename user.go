package arauto

import (
	"encoding/base32"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A User is a person who works with Arauto: they log in with an e-mail and a password, and may do what
// their role says. Programs have tokens instead.
//
// A user is never deleted, so that the audit can name them for good: they are disabled.
type User struct {
	ID      int64
	Account int64

	Email     string // as of CleanEmail; unique in the deployment, since who logs in names no account
	Name      string
	Role      Role
	Password  string // a hash, see internal/seal; "" = nobody gets in with it
	Temporary bool   // somebody else knows the password: it lets in only to choose another

	CreatedAt  time.Time
	UpdatedAt  time.Time
	PasswordAt time.Time // when the password was set
	DisabledAt time.Time // zero = may log in
	LoginAt    time.Time // last log-in
}

// Role is what a user is there for.
type Role string

const (
	RoleAdmin      Role = "admin"      // everything, including users, tokens, senders and the audit
	RoleSupervisor Role = "supervisor" // runs campaigns and the floor
	RoleAgent      Role = "agent"      // answers conversations: their own
	RoleAnalyst    Role = "analyst"    // reads reports
)

// roleScopes is what each role may do, in the words that tokens have: the one table that every surface
// goes by.
var roleScopes = map[Role][]TokenScope{
	RoleAdmin:      {TokenAdmin},
	RoleSupervisor: {TokenRead, TokenWrite, TokenReports, TokenDesk},
	RoleAgent:      {TokenDesk},
	RoleAnalyst:    {TokenReports},
}

// Roles lists every role, the mightiest first.
func Roles() []Role { return []Role{RoleAdmin, RoleSupervisor, RoleAgent, RoleAnalyst} }

// Scopes is what r may do; nothing for a role that does not exist.
func (r Role) Scopes() []TokenScope { return slices.Clone(roleScopes[r]) }

// Pass is what a session of u shows at every surface: a token of nobody's making, with the scopes of u's
// role. Its number is u's below zero, so that it is never a stored token's. A user with a temporary
// password is let in to choose another one and for nothing else.
func (u User) Pass() Token {
	t := Token{ID: -u.ID, Account: u.Account, User: u.ID, Name: u.Email}
	if !u.Temporary {
		t.Scopes = u.Role.Scopes()
	}
	return t
}

// Actor is who an audit entry names when t was shown.
func (t Token) Actor() Actor {
	if t.User != 0 {
		return Actor{Account: t.Account, User: t.User, Name: t.Name}
	}
	return Actor{Account: t.Account, Token: t.ID, Name: t.Name}
}

// Active reports whether u may log in.
func (u User) Active() bool { return u.DisabledAt.IsZero() }

const (
	maxEmail    = 254
	maxUserName = 100
)

var emailShape = regexp.MustCompile(`^[^\s@<>"(),;:\\\[\]]+@[^\s@<>"(),;:\\\[\]]+$`)

// CleanEmail is how an e-mail is kept and compared: without blanks around it, in lower case.
func CleanEmail(raw string) string {
	return strings.ToLower(strings.TrimSpace(strings.Map(printable, strings.ToValidUTF8(raw, ""))))
}

// printable leaves out what no text needs and some databases refuse.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// Check is nil for a user that can be stored.
func (u User) Check() error {
	if !emailShape.MatchString(u.Email) || len(u.Email) > maxEmail || u.Email != CleanEmail(u.Email) {
		return Errorf(KindInvalid, "email", "%q is not an e-mail address such as ana@loja.com.br", u.Email)
	}
	if strings.TrimSpace(u.Name) == "" || utf8.RuneCountInString(u.Name) > maxUserName || strings.Map(printable, u.Name) != u.Name {
		return Errorf(KindInvalid, "name", "a user needs a name of at most %d characters, all of which can be seen", maxUserName)
	}
	if _, ok := roleScopes[u.Role]; !ok {
		return Errorf(KindInvalid, "role", "%q is not a role; use %s", u.Role, joinRoles())
	}
	return nil
}

func joinRoles() string {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

const (
	// MinPassword is in characters: length is what makes a password hard to guess.
	MinPassword = 12
	// MaxPassword is in bytes: hashing a longer one costs, and protects nobody.
	MaxPassword = 200
)

// CheckPassword is nil for a password that u may choose. It asks for length and for something that is not
// the first guess; it asks for no digits and no signs, which make passwords worse to remember, not to guess.
func (u User) CheckPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < MinPassword {
		return Errorf(KindInvalid, "password", "a password has at least %d characters: a sentence is easy to remember", MinPassword)
	}
	if len(password) > MaxPassword || !utf8.ValidString(password) {
		return Errorf(KindInvalid, "password", "a password has at most %d bytes of UTF-8", MaxPassword)
	}
	plain := strings.ToLower(password)
	local, _, _ := strings.Cut(u.Email, "@")
	for _, guess := range []string{u.Email, local, strings.ToLower(u.Name), "arauto"} {
		if rest := strings.Trim(strings.ReplaceAll(plain, guess, ""), "0123456789 .-_!@#"); guess != "" && strings.Contains(plain, guess) && utf8.RuneCountInString(rest) < MinPassword/2 {
			return Errorf(KindInvalid, "password", "the password is little more than a name that anybody would try first: choose another")
		}
	}
	if repeats(plain) {
		return Errorf(KindInvalid, "password", "the password repeats itself: choose another")
	}
	return nil
}

// NewPassword draws a password of 120 random bits that can be read out and typed.
func NewPassword(random io.Reader) (string, error) {
	var b [15]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	text := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	return strings.Join([]string{text[:6], text[6:12], text[12:18], text[18:]}, "-"), nil
}

// repeats reports whether s is one short piece over and over.
func repeats(s string) bool {
	for n := 1; n <= 4 && n < len(s); n++ {
		if strings.Repeat(s[:n], len(s)/n+1)[:len(s)] == s {
			return true
		}
	}
	return false
}
