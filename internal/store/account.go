package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const accountColumns = `id, uuid, slug, name, country, time_zone, language, stop_words, resume_words, rules, created_at`

// CreateAccount stores a new account with an id, a UUID and, where it brings none, the default stop and
// resume words. The error is invalid as of Account.Check, or a conflict when the slug is taken.
func (s *Store) CreateAccount(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Account) (arauto.Account, error) {
	if err := a.Check(); err != nil {
		return arauto.Account{}, err
	}
	if a.StopWords == nil {
		a.StopWords = arauto.DefaultStopWords()
	}
	if a.ResumeWords == nil {
		a.ResumeWords = arauto.DefaultResumeWords()
	}
	a.UUID, a.CreatedAt = newUUID(), moment(ms(now))
	err := s.db.write(ctx, func(t querier) (err error) {
		if a.ID, err = nextIDs(ctx, t, 0, "account", 1); err != nil {
			return err
		}
		n, err := t.exec(ctx, `INSERT INTO account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT DO NOTHING`, a.ID, a.UUID, a.Slug, a.Name, a.Country, a.TimeZone, a.Language,
			jsonOf(words(a.StopWords)), jsonOf(words(a.ResumeWords)), jsonOf(a.Rules), ms(a.CreatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return slugTaken(a.Slug)
		}
		actor.Account = a.ID
		return s.audit(ctx, t, now, actor, "account.create", subject("account", a.ID), detail("slug", a.Slug, "name", a.Name, "country", a.Country))
	})
	return a, doing("create account", err)
}

// UpdateAccount stores everything of a but its UUID, its birth and its holidays, which ChangeRules changes. The error is invalid, not found, or a
// conflict when the slug is another account's.
func (s *Store) UpdateAccount(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Account) (arauto.Account, error) {
	if err := a.Check(); err != nil {
		return arauto.Account{}, err
	}
	err := s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, scanAccount, `SELECT `+accountColumns+` FROM account WHERE id = $1`+s.db.lock(), a.ID)
		if err != nil {
			return noAccount(err, a.ID)
		}
		a.UUID, a.CreatedAt = was.UUID, was.CreatedAt
		a.Rules.Holidays = was.Rules.Holidays
		n, err := t.exec(ctx, `UPDATE account SET slug = $2, name = $3, country = $4, time_zone = $5, language = $6, stop_words = $7,
			resume_words = $8, rules = $9 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM account other WHERE other.slug = $2 AND other.id <> $1)`,
			a.ID, a.Slug, a.Name, a.Country, a.TimeZone, a.Language, jsonOf(words(a.StopWords)), jsonOf(words(a.ResumeWords)), jsonOf(a.Rules))
		if err != nil {
			return err
		}
		if n == 0 {
			return slugTaken(a.Slug)
		}
		c := diff{}
		c.field("slug", was.Slug, a.Slug)
		c.field("name", was.Name, a.Name)
		c.field("country", was.Country, a.Country)
		c.field("time_zone", was.TimeZone, a.TimeZone)
		c.field("language", was.Language, a.Language)
		c.field("stop_words", words(was.StopWords), words(a.StopWords))
		c.field("resume_words", words(was.ResumeWords), words(a.ResumeWords))
		c.field("rules", was.Rules, a.Rules)
		actor.Account = a.ID
		return s.audit(ctx, t, now, actor, "account.update", subject("account", a.ID), c.json())
	})
	return a, doing("update account", err)
}

// words is an empty list rather than none, so that no words were chosen survives the database.
func words(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func slugTaken(slug string) error {
	return arauto.Errorf(arauto.KindConflict, "slug", "the slug %q is taken: choose another", slug)
}

func noAccount(err error, which any) error {
	if errors.Is(err, errNoRow) {
		return arauto.Errorf(arauto.KindNotFound, "account", "there is no account %v", which)
	}
	return err
}

// Account is the account with that id.
func (s *Store) Account(ctx context.Context, id int64) (arauto.Account, error) {
	a, err := readOne(ctx, s, scanAccount, `SELECT `+accountColumns+` FROM account WHERE id = $1`, id)
	return a, noAccount(err, id)
}

// AccountBySlug is the account that addresses name so.
func (s *Store) AccountBySlug(ctx context.Context, slug string) (arauto.Account, error) {
	a, err := readOne(ctx, s, scanAccount, `SELECT `+accountColumns+` FROM account WHERE slug = $1`, slug)
	return a, noAccount(err, slug)
}

// Accounts lists all of them by id. A deployment has few: it is the one list without pages.
func (s *Store) Accounts(ctx context.Context) ([]arauto.Account, error) {
	return readAll(ctx, s, scanAccount, `SELECT `+accountColumns+` FROM account ORDER BY id`)
}

func scanAccount(r rows) (arauto.Account, error) {
	var a arauto.Account
	var stop, resume, rules string
	var created int64
	if err := r.Scan(&a.ID, &a.UUID, &a.Slug, &a.Name, &a.Country, &a.TimeZone, &a.Language, &stop, &resume, &rules, &created); err != nil {
		return a, err
	}
	a.CreatedAt = moment(created)
	if err := fromJSON(rules, &a.Rules); err != nil {
		return a, err
	}
	if err := fromJSON(stop, &a.StopWords); err != nil {
		return a, err
	}
	return a, fromJSON(resume, &a.ResumeWords)
}
