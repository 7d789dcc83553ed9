package store

import (
	"context"
	"errors"
	"time"

	"arauto"
)

const userColumns = `account_id, id, email, name, role, password, temporary, created_at, updated_at, password_at, disabled_at, login_at`

// CreateUser stores a user whose Password the caller has hashed. The error is invalid as of User.Check, not
// found for its account, a conflict when the e-mail is in use, in whichever account.
func (s *Store) CreateUser(ctx context.Context, actor arauto.Actor, now time.Time, u arauto.User) (arauto.User, error) {
	if err := u.Check(); err != nil {
		return arauto.User{}, err
	}
	u.CreatedAt, u.DisabledAt, u.LoginAt, u.PasswordAt = moment(ms(now)), time.Time{}, time.Time{}, time.Time{}
	if u.Password != "" {
		u.PasswordAt = u.CreatedAt
	}
	u.UpdatedAt = u.CreatedAt
	err := s.db.write(ctx, func(t querier) (err error) {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM account WHERE id = $1`, u.Account); err != nil {
			return noAccount(err, u.Account)
		}
		if u.ID, err = nextIDs(ctx, t, 0, "user", 1); err != nil {
			return err
		}
		n, err := t.exec(ctx, `INSERT INTO account_user (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0)
			ON CONFLICT DO NOTHING`, u.Account, u.ID, u.Email, u.Name, u.Role, u.Password, u.Temporary, ms(u.CreatedAt), ms(u.UpdatedAt), ms(u.PasswordAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return emailTaken(u.Email)
		}
		actor.Account = u.Account
		return s.audit(ctx, t, now, actor, "user.create", subject("user", u.ID), detail("email", u.Email, "name", u.Name, "role", string(u.Role)))
	})
	return u, doing("create user", err)
}

func emailTaken(email string) error {
	return arauto.Errorf(arauto.KindConflict, "email", "there is a user with the e-mail %s already", email)
}

// UpdateUser stores the e-mail, name, role and DisabledAt that change makes of the user. Who is disabled is
// logged out. The error is change's own, not found, or a conflict: the e-mail is in use, or nobody would be
// left who may administer the account.
func (s *Store) UpdateUser(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.User) (arauto.User, error)) (arauto.User, error) {
	var next arauto.User
	err := s.db.write(ctx, func(t querier) error {
		was, err := s.lockUser(ctx, t, account, id)
		if err != nil {
			return err
		}
		if next, err = change(was); err != nil {
			return err
		}
		if err := next.Check(); err != nil {
			return err
		}
		if err := s.keepsAdmin(ctx, t, was, next); err != nil {
			return err
		}
		next.UpdatedAt = moment(ms(now))
		n, err := t.exec(ctx, `UPDATE account_user SET email = $3, name = $4, role = $5, disabled_at = $6, updated_at = $7 WHERE account_id = $1 AND id = $2
			AND NOT EXISTS (SELECT 1 FROM account_user o WHERE o.email = $3 AND o.id <> $2)`,
			account, id, next.Email, next.Name, next.Role, ms(next.DisabledAt), ms(next.UpdatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return emailTaken(next.Email)
		}
		if !next.Active() {
			if err := endSessions(ctx, t, account, id, 0); err != nil {
				return err
			}
		}
		c := diff{}
		c.field("email", was.Email, next.Email)
		c.field("name", was.Name, next.Name)
		c.field("role", was.Role, next.Role)
		c.field("disabled", !was.Active(), !next.Active())
		actor.Account = account
		return s.audit(ctx, t, now, actor, "user.update", subject("user", id), c.json())
	})
	return next, doing("update user", err)
}

// keepsAdmin is a conflict when was is the last active administrator and next would not be one.
func (s *Store) keepsAdmin(ctx context.Context, t querier, was, next arauto.User) error {
	mighty := func(u arauto.User) bool { return u.Role == arauto.RoleAdmin && u.Active() }
	if !mighty(was) || mighty(next) {
		return nil
	}
	// Every administrator is locked, so that two who disable each other do not both succeed.
	others, err := all(ctx, t, scanInt, `SELECT id FROM account_user WHERE account_id = $1 AND role = 'admin' AND disabled_at = 0 ORDER BY id`+s.db.lock(), was.Account)
	if err != nil {
		return err
	}
	if len(others) < 2 {
		return arauto.Errorf(arauto.KindConflict, "", "%s is the last active administrator: make another first", was.Email)
	}
	return nil
}

// SetPassword stores a new hash and logs the user out, except from the session keep (0 = from all).
func (s *Store) SetPassword(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, hash string, temporary bool, keep int64) error {
	err := s.db.write(ctx, func(t querier) error {
		u, err := s.lockUser(ctx, t, account, id)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE account_user SET password = $3, temporary = $4, password_at = $5, updated_at = $5 WHERE account_id = $1 AND id = $2`,
			account, id, hash, temporary, ms(now)); err != nil {
			return err
		}
		if err := endSessions(ctx, t, account, id, keep); err != nil {
			return err
		}
		// Whoever was given a new password shall not wait for somebody's guesses at the old one.
		if err := forgetGuess(ctx, t, u.Email); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "user.password", subject("user", id), detail("email", u.Email))
	})
	return doing("set a password", err)
}

func (s *Store) lockUser(ctx context.Context, t querier, account, id int64) (arauto.User, error) {
	u, err := one(ctx, t, scanUser, `SELECT `+userColumns+` FROM account_user WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
	return u, missing(err, "user", id)
}

// User is the user with that id.
func (s *Store) User(ctx context.Context, account, id int64) (arauto.User, error) {
	u, err := readOne(ctx, s, scanUser, `SELECT `+userColumns+` FROM account_user WHERE account_id = $1 AND id = $2`, account, id)
	return u, missing(err, "user", id)
}

// UserByEmail is the user of whichever account whose e-mail that is, as of CleanEmail; not found when there is none.
func (s *Store) UserByEmail(ctx context.Context, email string) (arauto.User, error) {
	u, err := readOne(ctx, s, scanUser, `SELECT `+userColumns+` FROM account_user WHERE email = $1`, email)
	if errors.Is(err, errNoRow) {
		return u, arauto.Errorf(arauto.KindNotFound, "email", "there is no user with the e-mail %s", email)
	}
	return u, err
}

// Users lists an account's users by id, disabled ones too, from after.
func (s *Store) Users(ctx context.Context, account, after int64, limit int) ([]arauto.User, error) {
	return readAll(ctx, s, scanUser, `SELECT `+userColumns+` FROM account_user WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

func scanUser(r rows) (arauto.User, error) {
	var u arauto.User
	var created, updated, password, disabled, login int64
	err := r.Scan(&u.Account, &u.ID, &u.Email, &u.Name, &u.Role, &u.Password, &u.Temporary, &created, &updated, &password, &disabled, &login)
	u.CreatedAt, u.UpdatedAt, u.PasswordAt = moment(created), moment(updated), moment(password)
	u.DisabledAt, u.LoginAt = moment(disabled), moment(login)
	return u, err
}
