package api_test

import (
	"context"
	"time"

	"arauto"
)

// fakePasswords keep a password as it is, with a mark before it.
type fakePasswords struct{}

func (fakePasswords) Hash(_ context.Context, password string) (string, error) {
	return "hash-of-" + password, nil
}

func (fakePasswords) Match(_ context.Context, hash, password string) (bool, error) {
	return hash == "hash-of-"+password, nil
}

const (
	userPassword = "uma frase comprida"
	sessionValue = "a-session-of-ana"
)

func (f *fakeStore) user() arauto.User {
	return arauto.User{ID: 1, Account: 1, Email: "ana@acme.com", Name: "Ana", Role: arauto.RoleSupervisor, Password: "hash-of-" + userPassword, CreatedAt: now}
}

func (f *fakeStore) session() arauto.Session {
	return arauto.Session{ID: 1, Account: 1, User: 1, Hash: arauto.HashToken(sessionValue), Address: "10.0.0.1", CreatedAt: now, SeenAt: now}
}

func (f *fakeStore) CreateUser(_ context.Context, _ arauto.Actor, _ time.Time, u arauto.User) (arauto.User, error) {
	f.called("CreateUser")
	u.ID = 2
	return u, nil
}

func (f *fakeStore) UpdateUser(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, change func(arauto.User) (arauto.User, error)) (arauto.User, error) {
	u, err := mine(f.user(), "user", account, id)
	if err != nil {
		return u, err
	}
	return change(u)
}

func (f *fakeStore) SetPassword(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, hash string, _ bool, _ int64) error {
	f.called("SetPassword " + hash)
	_, err := mine(0, "user", account, id)
	return err
}

func (f *fakeStore) User(_ context.Context, account, id int64) (arauto.User, error) {
	return mine(f.user(), "user", account, id)
}

func (f *fakeStore) Users(_ context.Context, account, _ int64, _ int) ([]arauto.User, error) {
	return all(f.user(), account)
}

func (f *fakeStore) EndSessions(_ context.Context, _ arauto.Actor, _ time.Time, account, user int64) error {
	f.called("EndSessions")
	_, err := mine(0, "user", account, user)
	return err
}

func (f *fakeStore) TryLogin(_ context.Context, _ time.Time, email, address string) (arauto.User, time.Duration, error) {
	f.called("TryLogin " + email + " from " + address)
	if f.wait > 0 || email != f.user().Email {
		return arauto.User{}, f.wait, nil
	}
	return f.user(), 0, nil
}

func (f *fakeStore) MissLogin(_ context.Context, _ time.Time, address string) (time.Duration, error) {
	f.called("MissLogin " + address)
	return 0, nil
}

func (f *fakeStore) Login(_ context.Context, _ time.Time, u arauto.User, n arauto.Session) (arauto.Session, error) {
	n.ID, n.Account, n.User, n.CreatedAt, n.SeenAt = 2, u.Account, u.ID, now, now
	return n, nil
}

func (f *fakeStore) Sessions(_ context.Context, account, user, _ int64, _ int) ([]arauto.Session, error) {
	if user != 1 {
		return nil, nil
	}
	return all(f.session(), account)
}

func (f *fakeStore) EndSession(_ context.Context, _ arauto.Actor, _ time.Time, account, user, id int64) error {
	f.called("EndSession")
	_, err := mine(0, "session", account, id*max(user, 0))
	return err
}

func (f *fakeStore) SessionByHash(_ context.Context, hash string) (arauto.Session, arauto.User, error) {
	if hash != f.session().Hash {
		return arauto.Session{}, arauto.User{}, arauto.Errorf(arauto.KindNotFound, "", "there is no such session")
	}
	return f.session(), f.user(), nil
}

func (f *fakeStore) SeeSession(context.Context, time.Time, int64, int64) error { return nil }

func (f *fakeStore) QueueErasure(context.Context, arauto.Actor, time.Time, int64, string, string) (arauto.Job, error) {
	return arauto.Job{ID: 1, Kind: arauto.JobErase, State: arauto.JobQueued}, nil
}

func (f *fakeStore) Timeline(_ context.Context, account int64, _ string, before arauto.Happening, limit int) ([]arauto.Happening, error) {
	f.called("Timeline")
	var list []arauto.Happening
	for id := int64(3); id > 0 && account == 1; id-- {
		h := arauto.Happening{At: now, Kind: arauto.HappenedMessageIn, ID: id, Channel: arauto.ChannelWhatsApp, Text: "oi"}
		if (before.At.IsZero() || h.Before(before)) && len(list) < limit {
			list = append(list, h)
		}
	}
	return list, nil
}

func (f *fakeStore) FilesOfPerson(context.Context, int64, string, int64, int) ([]arauto.PersonFile, error) {
	f.called("FilesOfPerson")
	return nil, nil
}

func (f *fakeStore) Note(context.Context, arauto.Actor, time.Time, string, string, string) error {
	return nil
}
