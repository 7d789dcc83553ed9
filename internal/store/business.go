package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const appColumns = `account_id, id, uuid, meta_id, name, secret, verify_token, created_at`

// CreateApp stores a Meta app with a UUID for its webhook's path. It is a conflict when the account has
// an app with that Meta id.
func (s *Store) CreateApp(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.App) (arauto.App, error) {
	secret, verify, err := s.sealApp(a)
	if err != nil {
		return arauto.App{}, err
	}
	a.UUID, a.CreatedAt = newUUID(), moment(ms(now))
	err = s.db.write(ctx, func(t querier) (err error) {
		if a.ID, err = nextIDs(ctx, t, a.Account, "app", 1); err != nil {
			return err
		}
		if err := appIsNew(ctx, t, a); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO app (`+appColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.Account, a.ID, a.UUID, a.MetaID, a.Name, secret, verify, ms(a.CreatedAt)); err != nil {
			return err
		}
		actor.Account = a.Account
		return s.audit(ctx, t, now, actor, "app.create", subject("app", a.ID), detail("name", a.Name, "meta_id", a.MetaID))
	})
	return a, doing("create app", err)
}

// UpdateApp stores an app's name, Meta id and secrets as they are in a. The error is not found, or a
// conflict as of CreateApp.
func (s *Store) UpdateApp(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.App) (arauto.App, error) {
	secret, verify, err := s.sealApp(a)
	if err != nil {
		return arauto.App{}, err
	}
	err = s.db.write(ctx, func(t querier) error {
		was, err := one(ctx, t, s.scanApp, `SELECT `+appColumns+` FROM app WHERE account_id = $1 AND id = $2`+s.db.lock(), a.Account, a.ID)
		if err != nil {
			return missing(err, "app", a.ID)
		}
		if err := appIsNew(ctx, t, a); err != nil {
			return err
		}
		a.UUID, a.CreatedAt = was.UUID, was.CreatedAt
		if _, err := t.exec(ctx, `UPDATE app SET meta_id = $3, name = $4, secret = $5, verify_token = $6 WHERE account_id = $1 AND id = $2`,
			a.Account, a.ID, a.MetaID, a.Name, secret, verify); err != nil {
			return err
		}
		d := diff{}
		d.field("meta_id", was.MetaID, a.MetaID)
		d.field("name", was.Name, a.Name)
		d.secret("secret", was.Secret, a.Secret)
		d.secret("verify_token", was.VerifyToken, a.VerifyToken)
		actor.Account = a.Account
		return s.audit(ctx, t, now, actor, "app.update", subject("app", a.ID), d.json())
	})
	return a, doing("update app", err)
}

func appIsNew(ctx context.Context, t querier, a arauto.App) error {
	name, err := one(ctx, t, scanText, `SELECT name FROM app WHERE account_id = $1 AND meta_id = $2 AND id <> $3 AND meta_id <> ''`, a.Account, a.MetaID, a.ID)
	if errors.Is(err, errNoRow) {
		return nil
	}
	if err == nil {
		return arauto.Errorf(arauto.KindConflict, "meta_id", "the Meta app %s is here already as %q: change that one", a.MetaID, name)
	}
	return err
}

// Apps lists an account's apps by id, from after.
func (s *Store) Apps(ctx context.Context, account, after int64, limit int) ([]arauto.App, error) {
	return readAll(ctx, s, s.scanApp, `SELECT `+appColumns+` FROM app WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// App is the app with that id.
func (s *Store) App(ctx context.Context, account, id int64) (arauto.App, error) {
	a, err := readOne(ctx, s, s.scanApp, `SELECT `+appColumns+` FROM app WHERE account_id = $1 AND id = $2`, account, id)
	return a, missing(err, "app", id)
}

// AppByUUID is the app, of whichever account, whose webhook's path has that UUID.
func (s *Store) AppByUUID(ctx context.Context, uuid string) (arauto.App, error) {
	a, err := readOne(ctx, s, s.scanApp, `SELECT `+appColumns+` FROM app WHERE uuid = $1`, uuid)
	if errors.Is(err, errNoRow) {
		return a, arauto.Errorf(arauto.KindNotFound, "app", "there is no app %s", uuid)
	}
	return a, err
}

func (s *Store) sealApp(a arauto.App) (secret, verify []byte, err error) {
	if secret, err = s.sealed(a.Secret); err != nil {
		return nil, nil, err
	}
	verify, err = s.sealed(a.VerifyToken)
	return secret, verify, err
}

func (s *Store) scanApp(r rows) (arauto.App, error) {
	var a arauto.App
	var secret, verify []byte
	var created int64
	err := r.Scan(&a.Account, &a.ID, &a.UUID, &a.MetaID, &a.Name, &secret, &verify, &created)
	if err != nil {
		return a, err
	}
	a.CreatedAt = moment(created)
	if a.Secret, err = s.opened(secret); err != nil {
		return a, err
	}
	a.VerifyToken, err = s.opened(verify)
	return a, err
}

// sealed is a secret as a column keeps it; no secret is no bytes.
func (s *Store) sealed(v arauto.Secret) ([]byte, error) {
	if v == "" {
		return []byte{}, nil
	}
	b, err := s.seal.Seal([]byte(v))
	return b, doing("seal a secret", err)
}

func (s *Store) opened(b []byte) (arauto.Secret, error) {
	if len(b) == 0 {
		return "", nil
	}
	plain, err := s.seal.Open(b)
	return arauto.Secret(plain), doing("open a sealed secret (was it sealed with another key?)", err)
}

const wabaColumns = `account_id, id, app_id, portfolio_id, meta_id, name, synced_at, pause, ` + causeColumns

// SaveWABA stores a WABA under its app and portfolio, which is made when it is new; the app must be the
// account's. A WABA that is there already, by app and Meta id, keeps its id, and its portfolio when
// portfolioMetaID is "" (not known), and its SyncedAt when w has none.
func (s *Store) SaveWABA(ctx context.Context, actor arauto.Actor, now time.Time, w arauto.WABA, portfolioMetaID string) (arauto.WABA, error) {
	var saved arauto.WABA
	err := s.db.write(ctx, func(t querier) error {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM app WHERE account_id = $1 AND id = $2`+s.db.lock(), w.Account, w.App); err != nil {
			return missing(err, "app", w.App)
		}
		was, err := one(ctx, t, scanWABA, `SELECT `+wabaColumns+` FROM waba WHERE account_id = $1 AND app_id = $2 AND meta_id = $3`, w.Account, w.App, w.MetaID)
		fresh := errors.Is(err, errNoRow)
		if err != nil && !fresh {
			return err
		}
		saved = w
		if saved.Portfolio = was.Portfolio; fresh || portfolioMetaID != "" {
			if saved.Portfolio, err = s.savePortfolio(ctx, t, w.Account, w.App, portfolioMetaID); err != nil {
				return err
			}
		}
		actor.Account = w.Account
		if fresh {
			if saved.ID, err = nextIDs(ctx, t, w.Account, "waba", 1); err != nil {
				return err
			}
			if _, err = t.exec(ctx, `INSERT INTO waba (`+wabaColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, '', 0, 0)`,
				saved.Account, saved.ID, saved.App, saved.Portfolio, saved.MetaID, saved.Name, ms(saved.SyncedAt)); err != nil {
				return err
			}
			return s.audit(ctx, t, now, actor, "waba.create", subject("waba", saved.ID), detail("meta_id", w.MetaID, "name", w.Name))
		}
		saved.ID, saved.Pause, saved.Cause = was.ID, was.Pause, was.Cause
		if saved.SyncedAt.IsZero() {
			saved.SyncedAt = was.SyncedAt
		}
		return s.changeWABA(ctx, t, now, actor, was, saved)
	})
	return saved, doing("save WABA", err)
}

func (s *Store) changeWABA(ctx context.Context, t querier, now time.Time, actor arauto.Actor, was, w arauto.WABA) error {
	if _, err := t.exec(ctx, `UPDATE waba SET portfolio_id = $3, name = $4, synced_at = $5 WHERE account_id = $1 AND id = $2`,
		w.Account, w.ID, w.Portfolio, w.Name, ms(w.SyncedAt)); err != nil {
		return err
	}
	d := diff{}
	d.field("name", was.Name, w.Name)
	d.field("portfolio", was.Portfolio, w.Portfolio)
	if len(d) == 0 {
		return nil
	}
	return s.audit(ctx, t, now, actor, "waba.update", subject("waba", w.ID), d.json())
}

// savePortfolio is the id of an app's portfolio, made when it is new. The app's row is locked.
func (s *Store) savePortfolio(ctx context.Context, t querier, account, app int64, metaID string) (int64, error) {
	id, err := one(ctx, t, scanInt, `SELECT id FROM portfolio WHERE account_id = $1 AND app_id = $2 AND meta_id = $3`, account, app, metaID)
	if !errors.Is(err, errNoRow) {
		return id, err
	}
	if id, err = nextIDs(ctx, t, account, "portfolio", 1); err != nil {
		return 0, err
	}
	_, err = t.exec(ctx, `INSERT INTO portfolio (account_id, id, app_id, meta_id, name) VALUES ($1, $2, $3, $4, '')`, account, id, app, metaID)
	return id, err
}

// WABAs lists an account's WABAs by id, from after.
func (s *Store) WABAs(ctx context.Context, account, after int64, limit int) ([]arauto.WABA, error) {
	return readAll(ctx, s, scanWABA, `SELECT `+wabaColumns+` FROM waba WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// WABA is the WABA with that id, ours.
func (s *Store) WABA(ctx context.Context, account, id int64) (arauto.WABA, error) {
	w, err := readOne(ctx, s, scanWABA, `SELECT `+wabaColumns+` FROM waba WHERE account_id = $1 AND id = $2`, account, id)
	return w, missing(err, "WABA", id)
}

func scanWABA(r rows) (arauto.WABA, error) {
	var w arauto.WABA
	var synced int64
	var cause causeScan
	err := r.Scan(append([]any{&w.Account, &w.ID, &w.App, &w.Portfolio, &w.MetaID, &w.Name, &synced, &w.Pause}, cause.into()...)...)
	w.SyncedAt, w.Cause = moment(synced), cause.cause()
	return w, err
}
