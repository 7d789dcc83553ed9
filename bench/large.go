package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"arauto"
	"arauto/internal/store"
	"arauto/internal/store/pgtest"
)

// A large database holds many contacts before anything is measured. Filling it takes minutes, so it is kept where
// there is a directory for it, and what is measured works on a copy.
const (
	largeCampaigns = 10
	baseName       = "base"
	workName       = "work"
)

// openLarge is a place whose database holds n contacts in equal campaigns, each person in one: those of campaign i
// (from 0) are contacts(i*n/largeCampaigns, …). dir keeps it; "" keeps nothing.
func openLarge(ctx context.Context, engine, dir string, n int, out io.Writer) (p *place, campaigns []arauto.Campaign, err error) {
	p = &place{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if dir == "" {
		if dir, err = os.MkdirTemp("", "arauto-bench-"); err != nil {
			return p, nil, err
		}
		p.spoils = append(p.spoils, dir)
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the server's own user is to get at what is his
			return p, nil, err
		}
	}
	kept := filepath.Join(dir, fmt.Sprintf("%s-%d", engine, n))
	p.dir = filepath.Join(dir, "work-"+engine)
	if err := errors.Join(os.MkdirAll(kept, 0o700), os.RemoveAll(p.dir), os.MkdirAll(p.dir, 0o700)); err != nil {
		return p, nil, err
	}
	base, work := kept, p.dir
	if engine == EnginePostgres {
		// The server's directory needs a short name, and to be entered by its own user.
		if p.cluster, err = pgtest.StartIn(kept, func(string) {}); err != nil {
			return p, nil, err
		}
		work = kept
	}
	if err := fillOnce(ctx, p, engine, base, n, out); err != nil {
		return p, nil, err
	}
	began := time.Now()
	if p.address, err = copyOf(ctx, p, engine, base, work); err != nil {
		return p, nil, err
	}
	if err := copyFile(filepath.Join(base, "key"), filepath.Join(p.dir, "key")); err != nil {
		return p, nil, err
	}
	fmt.Fprintf(out, "copied in %.0f s\n", time.Since(began).Seconds())
	if err := p.open(ctx); err != nil {
		return p, nil, err
	}
	account, err := p.store.AccountBySlug(ctx, "bench")
	if err != nil {
		return p, nil, err
	}
	campaigns, err = p.store.Campaigns(ctx, account.ID, 0, largeCampaigns, nil)
	slices.Reverse(campaigns)
	return p, campaigns, err
}

// fillOnce fills the base, unless a run before has.
func fillOnce(ctx context.Context, p *place, engine, base string, n int, out io.Writer) error {
	ready := filepath.Join(base, "ready")
	if _, err := os.Stat(ready); err == nil {
		return nil
	}
	f := &place{dir: base, address: filepath.Join(base, "arauto.db")}
	if engine == EnginePostgres {
		if err := p.cluster.Drop(ctx, baseName); err != nil {
			return err
		}
		var err error
		if f.address, _, err = p.cluster.Database(ctx, baseName, ""); err != nil {
			return err
		}
	} else if err := os.RemoveAll(f.address); err != nil {
		return err
	}
	if err := f.open(ctx); err != nil {
		return err
	}
	if err := errors.Join(fillLarge(ctx, f.store, n, out), f.store.Close()); err != nil {
		return err
	}
	return os.WriteFile(ready, nil, 0o600)
}

func fillLarge(ctx context.Context, s *store.Store, n int, out io.Writer) error {
	w, err := newWorld(ctx, s, "http://127.0.0.1:1", 80)
	if err != nil {
		return err
	}
	began := time.Now()
	for i := range largeCampaigns {
		c, err := w.campaign(ctx, s, fmt.Sprintf("Campanha %d", i+1))
		if err != nil {
			return err
		}
		size := n / largeCampaigns
		if err := fill(ctx, s, c, i*size, size, nil); err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		fmt.Fprintf(out, "%d of %d contacts stored in %.0f s (%.0f/s)\n", (i+1)*size, n, took, float64((i+1)*size)/took)
	}
	return nil
}

// copyOf makes the database that is worked on.
func copyOf(ctx context.Context, p *place, engine, base, work string) (address string, err error) {
	if engine == EnginePostgres {
		if err := p.cluster.Drop(ctx, workName); err != nil {
			return "", err
		}
		address, _, err = p.cluster.Database(ctx, workName, baseName)
		return address, err
	}
	p.spoils = append(p.spoils, work)
	address = filepath.Join(work, "arauto.db")
	return address, copyFile(filepath.Join(base, "arauto.db"), address)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
