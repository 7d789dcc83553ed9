package arauto

import (
	"log/slog"
	"strings"
)

// A UserID is how Meta names a person to one business: the two letters of a country, a dot, and what nobody can
// read: BR.1046121691929582596. It is all that is known of people whose user name hides their number. Who changes
// their number gets another one; "" is none.
//
// A UserID logs itself redacted when it is a slog value of its own.
type UserID string

// maxUserID is how many characters follow the dot at most.
const maxUserID = 128

// ParseUserID reads an id as a person or a file gives it. Its letters are kept as they are: they are Meta's. The error
// is invalid, on the field user_id.
func ParseUserID(raw string) (UserID, error) {
	id := UserID(strings.TrimSpace(raw))
	switch {
	case id.Valid():
		return id, nil
	case len(id) > 7 && UserID(string(id[:3])+string(id[7:])).Valid() && id[3:7] == "ENT.":
		return "", Errorf(KindInvalid, "user_id", "%.20q is the id of a whole parent company: give the one that your own portfolio's webhooks have", string(id))
	}
	return "", Errorf(KindInvalid, "user_id", "%.20q is not a business-scoped id: those are a country's two letters, a dot and letters or digits, such as BR.1046121691929582596", string(id))
}

// Valid reports whether u has the shape of a business-scoped id. Whether there is such a person Meta knows.
func (u UserID) Valid() bool {
	if len(u) < 4 || len(u) > 3+maxUserID || u[2] != '.' || !capital(u[0]) || !capital(u[1]) {
		return false
	}
	for i := 3; i < len(u); i++ {
		if c := u[i]; !capital(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func capital(c byte) bool { return c >= 'A' && c <= 'Z' }

// Country is the ISO 3166 alpha-2 code that u begins with; "" for no id. It is what a message to u is charged by.
func (u UserID) Country() string {
	if !u.Valid() {
		return ""
	}
	return string(u[:2])
}

// PersonKey is the key of a person known only by u.
func (u UserID) PersonKey() string { return PersonKeyOfUserID(string(u)) }

// LogValue keeps the country and the last digits.
func (u UserID) LogValue() slog.Value {
	if len(u) < 8 {
		return slog.StringValue(strings.Repeat("•", len(u)))
	}
	return slog.StringValue(string(u[:3]) + "•••••" + string(u[len(u)-4:]))
}

// Country is where the contact is by the number that is dialled, or by the id that is written to; "" = neither says.
func (c Contact) Country() string {
	if c.Phone != "" {
		return c.Phone.Country()
	}
	return c.UserID.Country()
}

// CallingCode is as Phone.CallingCode. An id says no more than its country: where several share a code, it is the
// country's letters.
func (c Contact) CallingCode() string {
	if c.Phone != "" {
		return c.Phone.CallingCode()
	}
	country := c.UserID.Country()
	if code := CallingCodeOf(country); code != "" {
		return code
	}
	return country
}

// Reachable reports whether there is something to write to, or to call, by channel.
func (c Contact) Reachable(channel Channel) bool {
	return c.Phone.Valid() || channel == ChannelWhatsApp && c.Phone == "" && c.UserID.Valid()
}
