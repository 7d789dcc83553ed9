package arauto

import (
	"slices"
	"time"
)

// A DialKey names one contact of a voice campaign by what integrators have: our id, the phone, their own id. Those
// that are given must agree.
type DialKey struct {
	ID       int64
	PhoneRaw string // as they write it
	Phone    Phone  // as it is dialled, where the caller could read a national number; else PhoneRaw is read
	External string
}

// Check is nil for a key that can be looked up.
func (k DialKey) Check() error {
	if k.ID == 0 && k.PhoneRaw == "" && k.External == "" {
		return Errorf(KindInvalid, "contact_id", "say which contact: give contact_id, phone_number or external_unique_id")
	}
	return nil
}

// PersonKey is what the contact of that phone is kept under.
func (k DialKey) PersonKey() string { return dialledKey(k.PhoneRaw, k.Phone) }

// dialledKey is the key of a phone by what is dialled, by what was written where that can be dialled, or by the words
// that stand for a phone.
func dialledKey(raw string, phone Phone) string {
	if !phone.Valid() {
		phone, _ = ParseE164(raw)
	}
	if key := phone.PersonKey(); key != "" {
		return key
	}
	return keyOfRaw(raw)
}

// Among is the one of those found that k means.
func (k DialKey) Among(list []Contact) (Contact, error) {
	if len(list) > 1 {
		return Contact{}, Errorf(KindInvalid, "external_unique_id", "several contacts of this campaign have the id %q: name the one by contact_id or phone_number", k.External)
	}
	if len(list) == 0 {
		return Contact{}, Errorf(KindNotFound, "", "there is no such contact in this campaign")
	}
	c := list[0]
	phone := k.PhoneRaw == "" || k.PhoneRaw == c.PhoneRaw || k.PersonKey() == c.PersonKey || k.PersonKey() == dialledKey(c.PhoneRaw, c.Phone)
	if k.ID != 0 && k.ID != c.ID || !phone || k.External != "" && k.External != c.External {
		return Contact{}, Errorf(KindNotFound, "", "contact_id, phone_number and external_unique_id are of different contacts: give one, or those of one contact")
	}
	return c, nil
}

// A DialPatch is what a person changes in a contact of a voice campaign; nil stays as it is.
type DialPatch struct {
	Name     *string
	Email    *string
	PhoneRaw *string
	Phone    Phone // of PhoneRaw, as in DialKey
	Outbound *string
	External *string
	Priority *int
	Fields   Fields // custom fields to set; what it does not name stays
}

// Patched returns c after p: a phone or an outbound number that is put right lets a contact be dialled that could
// not be, and the other way round. During a call only what nobody dials by may change.
func (v Voice) Patched(c Contact, p DialPatch, now time.Time) (Contact, error) {
	f := DialFact{At: now}
	is := c
	set(&is.Name, p.Name)
	set(&is.Email, p.Email)
	set(&is.Outbound, p.Outbound)
	set(&is.External, p.External)
	set(&is.Priority, p.Priority)
	if p.PhoneRaw != nil {
		is.PhoneRaw, is.Phone = *p.PhoneRaw, p.Phone
	}
	var err error
	if is.Fields, err = c.Fields.With(p.Fields); err != nil {
		return c, err
	}
	if c.Dial.Live() && !is.dialledLike(c) {
		return c, Errorf(KindConflict, "contact_id", "contact %d is on a call: its name, e-mail address and external id can be changed now, the rest when the call is over", c.ID)
	}
	if err := is.checkDialed(); err != nil {
		return c, err
	}
	if p.PhoneRaw != nil {
		if !is.Phone.Valid() {
			is.Phone, _ = ParseE164(is.PhoneRaw)
		}
		if key := dialledKey(is.PhoneRaw, is.Phone); key != dialledKey(c.PhoneRaw, c.Phone) {
			is.PersonKey = key
		}
	}
	is.UpdatedAt = later(c.UpdatedAt, f.At)
	if f.Kind = v.correction(is); f.Kind == "" {
		return is, nil
	}
	return is.Dialed(f)
}

// dialledLike reports whether nothing of c that a call may rest on differs from was.
func (c Contact) dialledLike(was Contact) bool {
	return c.PhoneRaw == was.PhoneRaw && c.Outbound == was.Outbound && c.Priority == was.Priority && slices.Equal(c.Fields, was.Fields)
}

// correction is what follows for c's status from its numbers as they are now; "" = nothing.
func (v Voice) correction(c Contact) DialEvent {
	waits := c.State == ContactPending
	switch {
	case !c.Phone.Valid():
		if waits || c.Dial == DialInvalidOutbound {
			return DialEventInvalid
		}
	case !v.Owns(c.Outbound):
		if waits || c.Dial == DialInvalidNumber {
			return DialEventMisfit
		}
	case c.Dial == DialInvalidNumber || c.Dial == DialInvalidOutbound:
		return DialEventAgain
	}
	return ""
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
