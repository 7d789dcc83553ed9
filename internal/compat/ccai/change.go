package ccai

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"arauto"
)

// patch answers PATCH /campaigns/{id}/contact: what the body names is changed, what it leaves out or sends as null stays.
func (a *API) patch(w http.ResponseWriter, q asked) error {
	o, err := readObject(q.Request)
	if err != nil {
		return err
	}
	id, sent, err := contactID(o)
	if err != nil {
		return err
	}
	if !sent {
		return invalid("contact_id", "is missing: say which contact to change")
	}
	p, err := a.readPatch(q, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.Context(), storeTimeout)
	defer cancel()
	c, err := a.Contacts.PatchDialContact(ctx, q.actor(), q.now, q.Account.ID, q.campaign.ID, id, p)
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, appendLong(nil, &c))
	return nil
}

// readPatch is what o says.
func (a *API) readPatch(q asked, o object) (p arauto.DialPatch, err error) {
	for key, into := range map[string]**string{
		keyName: &p.Name, keyEmail: &p.Email, keyPhone: &p.PhoneRaw, keyOutbound: &p.Outbound, keyExternal: &p.External,
	} {
		value, sent, err := o.text(key)
		if err != nil {
			return p, err
		}
		if sent {
			*into = &value
		}
	}
	if p.Name != nil && strings.TrimSpace(*p.Name) == "" {
		return p, invalid(keyName, "is empty: a contact needs one")
	}
	if p.PhoneRaw != nil {
		if p.Phone = a.dialled(q.Account, *p.PhoneRaw); p.Phone == "" {
			return p, invalid(keyPhone, "is not a number that can be dialled: send it with + and its country's code")
		}
	}
	extras, err := withExtras(arauto.Contact{}, slices.DeleteFunc(slices.Clone(o), func(m member) bool { return m.kind == null }))
	if m, sent := o.get(keyPriority); sent && m.kind == number {
		p.Priority = &extras.Priority
	}
	p.Fields = extras.Fields
	return p, err
}

// remove answers DELETE /campaigns/{id}/contact. The body says who, by any of three keys; they must agree.
func (a *API) remove(w http.ResponseWriter, q asked) error {
	o, err := readObject(q.Request)
	if err != nil {
		return err
	}
	key, err := a.key(q, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.Context(), storeTimeout)
	defer cancel()
	c, err := a.Contacts.DeleteDialContact(ctx, q.actor(), q.now, q.Account.ID, q.campaign.ID, key)
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, appendLong(nil, &c))
	return nil
}

// key is what of o names somebody: "" and null count as absent.
func (a *API) key(q asked, o object) (k arauto.DialKey, err error) {
	if k.ID, _, err = contactID(o); err != nil {
		return k, err
	}
	if k.PhoneRaw, _, err = o.text(keyPhone); err != nil {
		return k, err
	}
	if k.PhoneRaw != "" {
		k.Phone = a.dialled(q.Account, k.PhoneRaw)
	}
	if k.External, _, err = o.text(keyExternal); err != nil {
		return k, err
	}
	return k, k.Check()
}

// contactID reads contact_id, a number or the same in quotes; "" and null count as absent.
func contactID(o object) (id int64, sent bool, err error) {
	m, sent := o.get("contact_id")
	if !sent || m.kind == text && strings.TrimSpace(m.text) == "" {
		return 0, false, nil
	}
	if m.kind == number || m.kind == text {
		if id, ok := parseID(m.text); ok {
			return id, true, nil
		}
	}
	return 0, true, invalid("contact_id", "%.50q is not the id of a contact: send a whole number", m.text)
}
