package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"arauto"
	"arauto/internal/store"
)

// SearchConfig is one `bench search`.
type SearchConfig struct {
	Engine   string
	Database string // where the contacts are kept for the next run: a file, or postgres://…; "" = a throwaway
	Contacts int
	Check    bool // a missed figure is an error
}

// searchCampaigns are what the contacts are spread over, in equal parts.
const searchCampaigns = 10

// Search stores many contacts, or finds them where an earlier run left them, and lets the index catch up. Then it
// asks for phones, names and custom fields.
func Search(ctx context.Context, c SearchConfig, out io.Writer) error {
	p, err := searchPlace(ctx, c)
	if err != nil {
		return err
	}
	defer p.close()
	account, campaigns, err := searchWorld(ctx, p.store, c.Contacts, out)
	if err != nil {
		return err
	}
	b := &searching{store: p.store, account: account.ID, campaigns: campaigns, contacts: c.Contacts, verdict: &verdict{out: out}}
	if err := b.index(ctx); err != nil {
		return err
	}
	if err := b.ask(ctx); err != nil {
		return err
	}
	if c.Check {
		return b.err()
	}
	return nil
}

func searchPlace(ctx context.Context, c SearchConfig) (*place, error) {
	if c.Database == "" {
		return openPlace(ctx, c.Engine)
	}
	p := &place{address: c.Database, kept: true}
	dir := filepath.Dir(c.Database)
	if store.IsPostgres(c.Database) {
		dir = os.TempDir()
	}
	p.dir = dir
	return p, p.open(ctx)
}

// searchWorld is the account and its campaigns, with n contacts in all.
func searchWorld(ctx context.Context, s *store.Store, n int, out io.Writer) (arauto.Account, []arauto.Campaign, error) {
	list, err := s.Accounts(ctx)
	if err != nil {
		return arauto.Account{}, nil, err
	}
	if len(list) > 0 {
		campaigns, err := s.Campaigns(ctx, list[0].ID, 0, searchCampaigns, nil)
		if err == nil && len(campaigns) < searchCampaigns {
			err = fmt.Errorf("this database was made for something else, or its making was cut short: remove it")
		}
		return list[0], campaigns, err
	}
	w, err := newWorld(ctx, s, "http://127.0.0.1:1", 80)
	if err != nil {
		return w.account, nil, err
	}
	var campaigns []arauto.Campaign
	began := time.Now()
	for i := range searchCampaigns {
		c, err := w.campaign(ctx, s, fmt.Sprintf("Campanha %d", i+1))
		if err != nil {
			return w.account, nil, err
		}
		const chunk = 2000
		for k := i * (n / searchCampaigns); k < (i+1)*(n/searchCampaigns); k += chunk {
			if _, err := s.AddContacts(ctx, now(), c.Account, c.ID, people(k, min(chunk, (i+1)*(n/searchCampaigns)-k))); err != nil {
				return w.account, nil, err
			}
		}
		campaigns = append(campaigns, c)
		fmt.Fprintf(out, "%d contacts stored in %.0f s\n", (i+1)*(n/searchCampaigns), time.Since(began).Seconds())
	}
	return w.account, campaigns, nil
}
