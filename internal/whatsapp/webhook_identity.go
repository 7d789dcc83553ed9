package whatsapp

import (
	"slices"
	"strings"

	"arauto"
)

// What Meta says of who is who, and of what a message is charged as.

// identityValue is the value of user_id_update: a person changed their number, and has another
// business-scoped id since.
//
// Vendor: MD/business-scoped-user-ids.
type identityValue struct {
	Metadata metadata         `json:"metadata"`
	Updates  []identityUpdate `json:"user_id_update"`
}

type identityUpdate struct {
	WAID      wireText  `json:"wa_id"`
	UserID    beforeNow `json:"user_id"`
	ParentID  beforeNow `json:"parent_user_id"`
	Timestamp wireTime  `json:"timestamp"`
}

type beforeNow struct {
	Previous string `json:"previous"`
	Current  string `json:"current"`
}

// system is a note that Meta writes into the chat. A change of user id comes as one too.
type system struct {
	Body     string   `json:"body"`
	Type     string   `json:"type"`
	WAID     wireText `json:"wa_id"`
	UserID   string   `json:"user_id"`
	ParentID string   `json:"parent_user_id"`
}

func (d *decoder) identities(v identityValue) {
	d.origin.PhoneNumberID = string(v.Metadata.PhoneNumberID)
	for i, u := range v.Updates {
		if u.UserID.Previous == "" || u.UserID.Current == "" {
			d.refuse("user_id_update", i, "it does not name the id before and after")
			continue
		}
		f := d.fact(arauto.FactIdentity, u.Timestamp.Time)
		f.Identity = arauto.Identity{
			WAID: string(u.WAID), UserIDs: named(u.UserID.Previous, u.UserID.Current), ParentIDs: named(u.ParentID.Previous, u.ParentID.Current),
		}
		d.add(f)
	}
	if len(v.Updates) == 0 {
		d.other()
	}
}

// renamed is the fact in a system message that says somebody has another user id now.
func (d *decoder) renamed(m *message, who contact) {
	if m.System.Type != "user_changed_user_id" || m.System.UserID == "" {
		return
	}
	f := d.fact(arauto.FactIdentity, m.Timestamp.Time)
	f.Identity = arauto.Identity{
		WAID: string(who.WAID), UserIDs: named(who.UserID, m.System.UserID), ParentIDs: named(who.ParentID, m.System.ParentID),
	}
	if f.Identity.WAID == "" {
		f.Identity.WAID = string(m.System.WAID)
	}
	d.add(f)
}

// named are the ids that say something, each once.
func named(ids ...string) (list []string) {
	for _, id := range ids {
		if id != "" && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// username is the recipient's, as contacts[] has it.
func (s *status) username(contacts []contact) string {
	for _, c := range contacts {
		if c.WAID != "" && c.WAID == s.RecipientID || c.UserID != "" && c.UserID == s.RecipientUserID {
			return c.Profile.Username
		}
	}
	return ""
}

// pricing is what a status says of the price. `billable` is on its way out: where the type is there, it decides.
//
// Vendor: MD/pricing.
type pricing struct {
	Billable *bool  `json:"billable"`
	Type     string `json:"type"`
	Category string `json:"category"`
}

func (p pricing) noun() arauto.Pricing {
	category := arauto.NormalCategory(p.Category)
	if category == "" {
		return arauto.Pricing{}
	}
	free := strings.HasPrefix(p.Type, "free_")
	if p.Type == "" {
		free = category == "referral_conversion" || p.Billable != nil && !*p.Billable
	}
	return arauto.Pricing{Category: category, Free: free}
}
