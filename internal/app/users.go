package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"

	"arauto"
	"arauto/internal/seal"
)

// sessionsAtOnce are forgotten in one transaction.
const sessionsAtOnce = 1000

// sweepSessions forgets sessions that have ended, and wrong passwords of long ago.
func (a *App) sweepSessions(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = a.store.SweepSessions(ctx, clock(), sessionsAtOnce); err != nil {
			if ctx.Err() == nil {
				a.logger.Error("old sessions were not swept", "err", err)
			}
			return
		}
	}
}

// CreateUser makes a user in the database of a node that is not running, and prints a password that it drew,
// once.
func CreateUser(ctx context.Context, c Config, r UserRequest, out io.Writer) error {
	return besideServer(ctx, c, func(a *App) error {
		account, err := a.store.AccountBySlug(ctx, r.Account)
		if err != nil {
			return err
		}
		u := arauto.User{Account: account.ID, Email: arauto.CleanEmail(r.Email), Name: r.Name, Role: arauto.Role(r.Role)}
		if err := u.Check(); err != nil {
			return err
		}
		drawn, err := givePassword(ctx, &u, r.Password)
		if err != nil {
			return err
		}
		if u, err = a.store.CreateUser(ctx, arauto.Actor{Account: account.ID, Name: "cli"}, clock(), u); err != nil {
			return err
		}
		return tellPassword(out, drawn, fmt.Sprintf("User %d may log in as %s.", u.ID, u.Email))
	})
}

// SetPassword gives a user another password in the database of a node that is not running, and logs them
// out everywhere.
func SetPassword(ctx context.Context, c Config, r UserRequest, out io.Writer) error {
	return besideServer(ctx, c, func(a *App) error {
		u, err := a.store.UserByEmail(ctx, arauto.CleanEmail(r.Email))
		if err != nil {
			return err
		}
		drawn, err := givePassword(ctx, &u, r.Password)
		if err != nil {
			return err
		}
		if err := a.store.SetPassword(ctx, arauto.Actor{Account: u.Account, Name: "cli"}, clock(), u.Account, u.ID, u.Password, u.Temporary, 0); err != nil {
			return err
		}
		return tellPassword(out, drawn, u.Email+" has another password, and is logged out everywhere.")
	})
}

// besideServer runs do on a database that no node uses: the directory's lock sees to it.
func besideServer(ctx context.Context, c Config, do func(*App) error) (err error) {
	a := &App{config: c}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.openStore(ctx); err != nil {
		return err
	}
	return do(a)
}

// givePassword sets the hash of chosen or, where that is "", of a password that is drawn and must be changed.
func givePassword(ctx context.Context, u *arauto.User, chosen string) (drawn string, err error) {
	if chosen == "" {
		if drawn, err = arauto.NewPassword(rand.Reader); err != nil {
			return "", err
		}
	} else if err := u.CheckPassword(chosen); err != nil {
		return "", err
	}
	u.Temporary = drawn != ""
	u.Password, err = seal.NewPasswords().Hash(ctx, cmp.Or(drawn, chosen))
	return drawn, err
}

func tellPassword(out io.Writer, drawn, done string) error {
	if drawn == "" {
		_, err := fmt.Fprintln(out, done)
		return err
	}
	_, err := fmt.Fprintf(out, "%s Their password, to be changed at the first log-in:\n%s\n", done, drawn)
	return err
}

// demoPassword is everybody's in the demo: nothing there is anybody's secret.
const demoPassword = "arauto na varanda"

// users are one of each role.
func (d *demo) users(ctx context.Context) (list []demoUser, err error) {
	for _, u := range []struct {
		email, name string
		role        arauto.Role
	}{
		{"ana@demo.arauto", "Ana Souza", arauto.RoleAdmin},
		{"bruno@demo.arauto", "Bruno Lima", arauto.RoleSupervisor},
		{"carla@demo.arauto", "Carla Nunes", arauto.RoleAgent},
		{"davi@demo.arauto", "Davi Prado", arauto.RoleAnalyst},
	} {
		in := object{"email": u.email, "name": u.name, "role": u.role, "password": demoPassword}
		if err := d.api.call(ctx, http.MethodPost, "/api/v1/users", in, nil); err != nil {
			return nil, err
		}
		list = append(list, demoUser{u.email, demoPassword, u.role})
	}
	d.say("Log in (POST %s/api/v1/sessions) as ana, bruno, carla or davi @demo.arauto: %q.", d.api.base, demoPassword)
	return list, nil
}
