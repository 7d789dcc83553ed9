package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"arauto"
)

const sessionColumns = `account_id, id, user_id, hash, address, agent, created_at, seen_at`

func emailSubject(email string) string {
	sum := sha256.Sum256([]byte(email))
	return "email " + hex.EncodeToString(sum[:])
}

func addressSubject(address string) string { return "address " + address }

// TryLogin counts one more wrong password of email before it is looked at: so that a thousand at once are
// not looked at before the first is counted. Login and SetPassword take the count back. MissLogin counts for
// the address, where many log in at once in good faith. wait is above zero, and nothing was counted, when no
// password may be looked at. user is the one with that e-mail, or the zero user: as many steps are taken for
// both. email is as of CleanEmail.
func (s *Store) TryLogin(ctx context.Context, now time.Time, email, address string) (user arauto.User, wait time.Duration, err error) {
	err = s.db.write(ctx, func(t querier) error {
		user, wait = arauto.User{}, 0
		from, err := one(ctx, t, scanGuess, `SELECT count, at, until FROM guess WHERE subject = $1`, addressSubject(address))
		if err != nil && !errors.Is(err, errNoRow) {
			return err
		}
		guess, err := s.lockGuess(ctx, t, emailSubject(email))
		if err != nil {
			return err
		}
		if wait = max(from.Wait(now), guess.Wait(now)); wait > 0 {
			return nil
		}
		if user, err = one(ctx, t, scanUser, `SELECT `+userColumns+` FROM account_user WHERE email = $1`, email); err != nil && !errors.Is(err, errNoRow) {
			return err
		}
		return saveGuess(ctx, t, emailSubject(email), guess.Missed(arauto.EmailGuesses(), now))
	})
	return user, wait, doing("look at a log-in", err)
}

// MissLogin counts a wrong password that came from address. wait is above zero, and nothing was counted, when
// others from there were wrong meanwhile: then nobody hears whether this one was. Login is refused as well.
func (s *Store) MissLogin(ctx context.Context, now time.Time, address string) (wait time.Duration, err error) {
	err = s.db.write(ctx, func(t querier) error {
		g, err := s.lockGuess(ctx, t, addressSubject(address))
		if wait = g.Wait(now); err != nil || wait > 0 {
			return err
		}
		return saveGuess(ctx, t, addressSubject(address), g.Missed(arauto.AddressGuesses(), now))
	})
	return wait, doing("count a wrong password", err)
}

func forgetGuess(ctx context.Context, t querier, email string) error {
	_, err := t.exec(ctx, `DELETE FROM guess WHERE subject = $1`, emailSubject(email))
	return err
}

func (s *Store) lockGuess(ctx context.Context, t querier, subject string) (arauto.Guess, error) {
	// The row is made first, so that there is one to lock.
	if _, err := t.exec(ctx, `INSERT INTO guess (subject, count, at, until) VALUES ($1, 0, 0, 0) ON CONFLICT DO NOTHING`, subject); err != nil {
		return arauto.Guess{}, err
	}
	return one(ctx, t, scanGuess, `SELECT count, at, until FROM guess WHERE subject = $1`+s.db.lock(), subject)
}

func saveGuess(ctx context.Context, t querier, subject string, g arauto.Guess) error {
	_, err := t.exec(ctx, `UPDATE guess SET count = $2, at = $3, until = $4 WHERE subject = $1`, subject, g.Count, ms(g.At), ms(g.Until))
	return err
}

// Login begins a session of a user whose password was right. It is refused, unauthorized, when the user was
// disabled or given another password since TryLogin returned user; limited when the address has to wait by now.
func (s *Store) Login(ctx context.Context, now time.Time, user arauto.User, n arauto.Session) (arauto.Session, error) {
	n.Account, n.User, n.CreatedAt, n.SeenAt = user.Account, user.ID, moment(ms(now)), moment(ms(now))
	err := s.db.write(ctx, func(t querier) error {
		u, err := s.lockUser(ctx, t, user.Account, user.ID)
		if err != nil {
			return err
		}
		if !u.Active() || u.Password != user.Password {
			return arauto.ErrLogin()
		}
		from, err := one(ctx, t, scanGuess, `SELECT count, at, until FROM guess WHERE subject = $1`, addressSubject(n.Address))
		if err != nil && !errors.Is(err, errNoRow) {
			return err
		}
		if from.Wait(now) > 0 {
			return arauto.Errorf(arauto.KindLimited, "", "too many wrong passwords came from here: wait, then try again")
		}
		if err := forgetGuess(ctx, t, u.Email); err != nil {
			return err
		}
		if n.ID, err = nextIDs(ctx, t, 0, "session", 1); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO session (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			n.Account, n.ID, n.User, n.Hash, n.Address, n.Agent, ms(n.CreatedAt), ms(n.SeenAt)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE account_user SET login_at = $3 WHERE account_id = $1 AND id = $2`, u.Account, u.ID, ms(now)); err != nil {
			return err
		}
		return s.audit(ctx, t, now, u.Pass().Actor(), "session.create", subject("session", n.ID), detail("address", n.Address))
	})
	return n, doing("log in", err)
}

// SessionByHash is the session of whichever account whose value has that hash, and its user as they are now:
// Session.Usable and User.Active judge. It is not found when it was ended.
func (s *Store) SessionByHash(ctx context.Context, hash string) (n arauto.Session, u arauto.User, err error) {
	err = s.db.read(ctx, func(q querier) error {
		if n, err = one(ctx, q, scanSession, `SELECT `+sessionColumns+` FROM session WHERE hash = $1`, hash); err != nil {
			return err
		}
		u, err = one(ctx, q, scanUser, `SELECT `+userColumns+` FROM account_user WHERE account_id = $1 AND id = $2`, n.Account, n.User)
		return err
	})
	if errors.Is(err, errNoRow) {
		err = arauto.Errorf(arauto.KindNotFound, "", "there is no such session")
	}
	return n, u, err
}

// SeeSession writes down that a session is in use.
func (s *Store) SeeSession(ctx context.Context, now time.Time, account, id int64) error {
	return s.db.write(ctx, func(t querier) error {
		_, err := t.exec(ctx, `UPDATE session SET seen_at = $3 WHERE account_id = $1 AND id = $2 AND seen_at < $3`, account, id, ms(now))
		return err
	})
}

// Sessions lists a user's sessions by id, from after. Those that ended by themselves may still be among them.
func (s *Store) Sessions(ctx context.Context, account, user, after int64, limit int) ([]arauto.Session, error) {
	return readAll(ctx, s, scanSession, `SELECT `+sessionColumns+` FROM session WHERE account_id = $1 AND user_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
		account, user, after, limit)
}

// EndSession logs a user out of one session; not found when it is not theirs.
func (s *Store) EndSession(ctx context.Context, actor arauto.Actor, now time.Time, account, user, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		n, err := t.exec(ctx, `DELETE FROM session WHERE account_id = $1 AND id = $2 AND user_id = $3`, account, id, user)
		if err != nil {
			return err
		}
		if n == 0 {
			return missing(errNoRow, "session", id)
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "session.end", subject("session", id), detail())
	})
	return doing("log out", err)
}

// EndSessions logs a user out everywhere.
func (s *Store) EndSessions(ctx context.Context, actor arauto.Actor, now time.Time, account, user int64) error {
	err := s.db.write(ctx, func(t querier) error {
		if _, err := s.lockUser(ctx, t, account, user); err != nil {
			return err
		}
		if err := endSessions(ctx, t, account, user, 0); err != nil {
			return err
		}
		actor.Account = account
		return s.audit(ctx, t, now, actor, "session.end_all", subject("user", user), detail())
	})
	return doing("log out everywhere", err)
}

func endSessions(ctx context.Context, t querier, account, user, keep int64) error {
	_, err := t.exec(ctx, `DELETE FROM session WHERE account_id = $1 AND user_id = $2 AND id <> $3`, account, user, keep)
	return err
}

// SweepSessions forgets sessions that have ended, and guesses that were forgotten, at most limit of each. more says
// whether there may be others.
func (s *Store) SweepSessions(ctx context.Context, now time.Time, limit int) (more bool, err error) {
	err = s.db.write(ctx, func(t querier) error {
		ended, err := t.exec(ctx, `DELETE FROM session WHERE (account_id, id) IN (SELECT account_id, id FROM session WHERE seen_at <= $1 OR created_at <= $2 LIMIT $3)`,
			ms(now.Add(-arauto.SessionIdle)), ms(now.Add(-arauto.SessionLife)), limit)
		if err != nil {
			return err
		}
		// The slower of the two rules; a count that has not run out yet is far below a day's worth.
		forgotten, err := t.exec(ctx, `DELETE FROM guess WHERE subject IN (SELECT subject FROM guess WHERE until <= $1 AND at + count * $2 <= $1 LIMIT $3)`,
			ms(now), arauto.EmailGuesses().Forget.Milliseconds(), limit)
		more = ended == int64(limit) || forgotten == int64(limit)
		return err
	})
	return more, doing("sweep sessions", err)
}

func scanSession(r rows) (arauto.Session, error) {
	var n arauto.Session
	var created, seen int64
	err := r.Scan(&n.Account, &n.ID, &n.User, &n.Hash, &n.Address, &n.Agent, &created, &seen)
	n.CreatedAt, n.SeenAt = moment(created), moment(seen)
	return n, err
}

func scanGuess(r rows) (arauto.Guess, error) {
	var g arauto.Guess
	var at, until int64
	err := r.Scan(&g.Count, &at, &until)
	g.At, g.Until = moment(at), moment(until)
	return g, err
}
