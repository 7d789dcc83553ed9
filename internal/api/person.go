package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"arauto"
)

// Persons is what the API asks of the store about who is who. Keys are as arauto.Person has them.
type Persons interface {
	// Person follows a key that was merged into another; it is not found when nothing is known of it.
	Person(ctx context.Context, account int64, key string) (arauto.Person, error)
	PersonByID(ctx context.Context, account, id int64) (arauto.Person, error)
	PersonByAlias(ctx context.Context, account int64, alias arauto.Alias) (arauto.Person, error)
	MergePersons(ctx context.Context, actor arauto.Actor, now time.Time, account int64, from, into string) (arauto.Person, error)
	// ContactsOfPerson lists newest first, ids below before (0 = from the newest), under every key of theirs.
	ContactsOfPerson(ctx context.Context, account int64, key string, before int64, limit int) ([]arauto.ContactRow, error)
}

type wirePerson struct {
	ID         *int64      `json:"id" doc:"null while nothing points at the person: they are in lists only"`
	Phone      *string     `json:"phone" doc:"The number they are known by; null for a person known by a user id only. For comparing: Brazil with its ninth digit, Mexico and Argentina without the digit after the country code"`
	Name       string      `json:"name"`
	Aliases    []wireAlias `json:"aliases" nullable:"false" doc:"Other names that were seen"`
	Merged     []string    `json:"merged" nullable:"false" doc:"Numbers and user ids of persons who were merged into this one"`
	FirstSeen  *time.Time  `json:"first_seen_at"`
	knownByKey string
}

type wireAlias struct {
	Kind  string `json:"kind" enum:"wa_id,user_id,parent_user_id,username"`
	Value string `json:"value"`
}

func wordPerson(p arauto.Person) wirePerson {
	out := wirePerson{
		ID: number(p.ID), Phone: text(arauto.PhoneOfWAID(p.Key)), Name: p.Name, Aliases: []wireAlias{}, Merged: []string{}, FirstSeen: at(p.FirstTouchAt), knownByKey: p.Key,
	}
	for _, a := range p.Aliases {
		out.Aliases = append(out.Aliases, wireAlias{string(a.Kind), a.Value})
	}
	for _, key := range p.Merged {
		out.Merged = append(out.Merged, arauto.NameOfKey(key))
	}
	return out
}

type personDetail struct {
	wirePerson
	Suppressions []wireSuppression `json:"suppressions" nullable:"false" doc:"In force or not"`
	Contacts     page[WireContact] `json:"contacts" doc:"Over all campaigns, newest first; limit and cursor are of these"`
}

// ByPerson names a person in a path.
type ByPerson struct {
	ID string `path:"id" maxLength:"200" doc:"The person's number, a phone with its +, or a user id of Meta's" example:"+5511987654321"`
}

func (a *API) persons() {
	handle(a, op{
		method: http.MethodGet, path: "/people/{id}", scope: arauto.TokenRead, tag: "people", summary: "A person: names, suppressions and contacts over all campaigns",
		more: "A person who was merged into another leads to that one.",
	}, a.showPerson)
	handle(a, op{
		method: http.MethodGet, path: "/people", scope: arauto.TokenRead, tag: "people", summary: "Whoever goes by a name",
		more: "A list of at most a few: nobody, or the one.",
	}, a.findPeople)
	handle(a, op{
		method: http.MethodPost, path: "/people/{id}/merge", scope: arauto.TokenWrite, tag: "people", summary: "Make one person of two",
		more: "Give into or from; the other is the person in the path. It cannot be undone. Suppressions of both hold for both; where a campaign holds both, who was not written to yet is given up with the reason merged_duplicate. Contacts keep the phone that was dialled.",
	}, a.mergePeople)
}

func (a *API) showPerson(ctx context.Context, c Caller, in *struct {
	ByPerson
	Paging
},
) (*personDetail, error) {
	before, err := in.key()
	if err != nil {
		return nil, err
	}
	p, err := a.person(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	holds, err := a.Store.SuppressionsOf(ctx, c.Account.ID, []string{p.Key})
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.ContactsOfPerson(ctx, c.Account.ID, p.Key, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &personDetail{wirePerson: wordPerson(p), Suppressions: []wireSuppression{}}
	for _, s := range holds[p.Key] {
		out.Suppressions = append(out.Suppressions, wordSuppression(s))
	}
	out.Contacts = *pageOf(ctx, in.Paging, rows, func(r arauto.ContactRow) int64 { return r.ID },
		func(r arauto.ContactRow) WireContact { return a.wordContact(r, c.Account.Language) })
	return out, nil
}

func (a *API) findPeople(ctx context.Context, c Caller, in *struct {
	Alias string `query:"alias" required:"true" minLength:"1" maxLength:"200" doc:"A phone in any common spelling, a wa_id, a user id or a username"`
},
) (*page[wirePerson], error) {
	out := &page[wirePerson]{Data: []wirePerson{}}
	add := func(p arauto.Person, err error) error {
		if arauto.KindOf(err) == arauto.KindNotFound {
			return nil
		}
		for _, known := range out.Data {
			if known.knownByKey == p.Key {
				return err
			}
		}
		out.Data = append(out.Data, wordPerson(p))
		return err
	}
	for _, key := range a.personKeys(c, in.Alias) {
		if err := add(a.Store.Person(ctx, c.Account.ID, key)); err != nil {
			return nil, err
		}
	}
	for _, kind := range arauto.AliasKinds() {
		if err := add(a.Store.PersonByAlias(ctx, c.Account.ID, arauto.Alias{Kind: kind, Value: in.Alias})); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type mergeBody struct {
	Into string `json:"into,omitempty" maxLength:"200" doc:"Who the person in the path becomes"`
	From string `json:"from,omitempty" maxLength:"200" doc:"Who becomes the person in the path"`
}

func (a *API) mergePeople(ctx context.Context, c Caller, in *struct {
	ByPerson
	Body mergeBody
},
) (*wirePerson, error) {
	one, err := a.person(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	if (in.Body.Into == "") == (in.Body.From == "") {
		return nil, arauto.Errorf(arauto.KindInvalid, "body", "say either into or from: one of the two")
	}
	field, ref := "into", in.Body.Into
	if ref == "" {
		field, ref = "from", in.Body.From
	}
	other, err := a.person(ctx, c, ref)
	if err != nil {
		return nil, inBody(err, field)
	}
	from, into := one.Key, other.Key
	if field == "from" {
		from, into = into, from
	}
	if from == into {
		out := wordPerson(one)
		return &out, nil // merged already
	}
	p, err := a.Store.MergePersons(ctx, actor(c), a.Now(), c.Account.ID, from, into)
	out := wordPerson(p)
	return &out, err
}

// person finds who r names: a number of ours, a phone, or a user id.
func (a *API) person(ctx context.Context, c Caller, r string) (arauto.Person, error) {
	if id, err := strconv.ParseInt(r, 10, 64); err == nil && id > 0 && !strings.HasPrefix(r, "+") {
		return a.Store.PersonByID(ctx, c.Account.ID, id)
	}
	if phone, ok := arauto.ParseE164(r); ok {
		return a.Store.Person(ctx, c.Account.ID, phone.PersonKey())
	}
	for _, kind := range []arauto.AliasKind{arauto.AliasUserID, arauto.AliasParentID} {
		p, err := a.Store.PersonByAlias(ctx, c.Account.ID, arauto.Alias{Kind: kind, Value: r})
		if err == nil || arauto.KindOf(err) != arauto.KindNotFound {
			return p, err
		}
	}
	return arauto.Person{}, arauto.Errorf(arauto.KindNotFound, "", "there is no person %q: give their number here, a phone with its +, or a user id", r)
}
