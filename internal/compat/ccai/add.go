package ccai

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"arauto"
	"arauto/internal/compat/wire"
)

// add answers POST /campaigns/{id}/contacts: one contact, or a list of them. Which of them went in, and why the others
// did not, is the answer; a request that is wrong in itself (a type, a single contact without name or phone) is a 400.
func (a *API) add(w http.ResponseWriter, q asked) error {
	objects, isList, err := readObjects(q.Request)
	if err != nil {
		return err
	}
	if err := q.campaign.Accepts(); err != nil {
		return err
	}
	list := make([]submitted, len(objects))
	for i, o := range objects {
		if list[i].contact, err = readContact(o); err != nil {
			if isList {
				err = inElement(i, err)
			}
			return err
		}
		if list[i].wrong = missing(list[i].contact); list[i].wrong != nil && !isList {
			return list[i].wrong.asError()
		}
		a.judge(q, &list[i])
	}
	if err := a.store(q, list); err != nil {
		return err
	}
	writeBody(w, http.StatusOK, appendAdded(nil, list))
	return nil
}

// A submitted contact is stored, or something is wrong with it.
type submitted struct {
	contact arauto.Contact
	wrong   *fault
}

// A fault is why a contact was not taken: a code for programs and words for people.
type fault struct{ code, says string }

func (f *fault) asError() error { return invalid("", "%s", f.says) }

// The codes of invalid_contacts. docs/api/ccai.md#add-contacts lists them: clients compare them, never change one.
const (
	codeMissingName  = "missing_name"
	codeMissingPhone = "missing_phone_number"
	codeBadPhone     = "invalid_phone_number"
	codeBadValue     = "invalid_value"
	codeDuplicate    = "duplicate_phone_number"
)

// missing is what a contact cannot be without, nil when it has it.
func missing(c arauto.Contact) *fault {
	switch {
	case strings.TrimSpace(c.Name) == "":
		return &fault{codeMissingName, "name is missing: a contact needs one"}
	case strings.TrimSpace(c.PhoneRaw) == "":
		return &fault{codeMissingPhone, "phone_number is missing: a contact is dialled by it"}
	}
	return nil
}

// readContact is what o says of a contact. The error is about types: a value that is no string, a key that comes twice.
func readContact(o object) (c arauto.Contact, err error) {
	for key, into := range map[string]*string{
		keyName: &c.Name, keyEmail: &c.Email, keyPhone: &c.PhoneRaw, keyOutbound: &c.Outbound, keyExternal: &c.External,
	} {
		if *into, _, err = o.text(key); err != nil {
			return c, err
		}
	}
	return withExtras(c, o)
}

// withExtras is c with what o says beyond the five keys: custom fields, and the priority.
func withExtras(c arauto.Contact, o object) (_ arauto.Contact, err error) {
	for _, m := range o {
		switch {
		case !isCustom(m.key):
			continue
		case m.key == keyPriority && m.kind == number:
			if c.Priority, err = strconv.Atoi(m.text); err != nil {
				return c, invalid(keyPriority, "is not a whole number")
			}
			continue
		}
		if c.Fields, err = withField(c.Fields, m.key, m.text); err != nil {
			return c, err
		}
	}
	return c, nil
}

// keyPriority orders dialling where it is a number; the vendor shows it and documents no way to set it.
const keyPriority = "priority"

// isCustom reports whether key names a custom field: not one of the five, nor what this API itself says of a contact,
// which comes back when a client sends what it read.
func isCustom(key string) bool {
	switch key {
	case keyName, keyEmail, keyPhone, keyOutbound, keyExternal, "id", "contact_id", "campaign_id", "status", "created_at", "updated_at":
		return false
	}
	return true
}

// withField is fields with that one set.
func withField(fields arauto.Fields, key, value string) (arauto.Fields, error) {
	if strings.TrimSpace(key) == "" {
		return fields, invalid("", "a key is empty: name the custom field")
	}
	for i, f := range fields {
		if f.Key == key {
			fields[i].Value = value
			return fields, nil
		}
	}
	if _, twice := fields.Get(key); twice {
		return fields, invalid(key, "this custom field comes twice; case does not tell two apart: send one")
	}
	if len(fields) == arauto.MaxFields {
		return fields, invalid("", "there are more than %d custom fields: send fewer", arauto.MaxFields)
	}
	return append(fields, arauto.Field{Key: key, Value: value}), nil
}

// judge reads the phone of s and says what is wrong with it, if anything is. What an import takes in as Invalid Number is
// refused here, where somebody listens.
func (a *API) judge(q asked, s *submitted) {
	if s.wrong != nil {
		return
	}
	s.contact.Phone = a.dialled(q.Account, s.contact.PhoneRaw)
	c, err := q.campaign.Voice.Dialable(s.contact, q.now)
	switch {
	case err != nil:
		s.wrong = &fault{codeBadValue, err.Error()}
	case c.Dial == arauto.DialInvalidNumber:
		s.wrong = &fault{codeBadPhone, "phone_number is not a number that can be dialled: send it with + and its country's code"}
	}
}

// dialled is the number that raw stands for; "" when it stands for none. One with its country's code is checked for shape
// and length alone: the vendor's own sample, +1 111-111-1111, is in no numbering plan.
func (a *API) dialled(account arauto.Account, raw string) arauto.Phone {
	if phone, ok := arauto.ParseE164(raw); ok {
		return phone
	}
	phone, err := a.Phone(account.Country, raw)
	if err != nil {
		return ""
	}
	return phone
}

// store adds those with which nothing is wrong, and notes who was there already.
func (a *API) store(q asked, list []submitted) error {
	var good []arauto.Contact
	var place []int // of each in list
	for i, s := range list {
		if s.wrong == nil {
			good, place = append(good, s.contact), append(place, i)
		}
	}
	if len(good) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(q.Context(), storeTimeout)
	defer cancel()
	added, err := a.Contacts.AddDialContacts(ctx, q.now, q.Account.ID, q.campaign.ID, good)
	if err != nil {
		return err
	}
	for i, r := range added {
		s := &list[place[i]]
		switch {
		case r.Err != nil:
			s.wrong = &fault{codeBadValue, r.Err.Error()}
		case r.Duplicate:
			s.wrong = &fault{codeDuplicate, "contact " + strconv.FormatInt(r.Contact.ID, 10) + " of this campaign has this phone already"}
		default:
			s.contact = r.Contact
		}
	}
	return nil
}

func appendAdded(dst []byte, list []submitted) []byte {
	dst = append(dst, `{"valid_contacts":[`...)
	n := 0
	for i := range list {
		if list[i].wrong == nil {
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = appendShort(dst, &list[i].contact)
		}
	}
	dst = append(dst, `],"invalid_contacts":[`...)
	n = 0
	for i := range list {
		s := &list[i]
		if s.wrong == nil {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = appendFive(dst, &s.contact)
		dst = append(dst, `,"errors":[`...)
		dst = wire.AppendString(dst, s.wrong.code+": "+s.wrong.says)
		dst = append(dst, `]}`...)
	}
	return append(dst, `]}`...)
}
