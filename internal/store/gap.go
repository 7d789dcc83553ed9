package store

import (
	"context"
	"math/rand/v2"
	"time"

	"arauto"
)

// lives are the epochs of which some attempts may be missing here: a restore went back behind them.
type lives map[int64]bool

// newEpoch is one that no life of this deployment ever had, also when the same backup is restored twice:
// the moment, and some chance. It stays below 2^53.
func newEpoch(former int64, now time.Time) int64 {
	return max(former+1, now.UnixMilli()<<10|rand.Int64N(1<<10))
}

type restore struct {
	epoch, former       int64
	takenAt, restoredAt time.Time
	begun               int64
}

func scanRestore(r rows) (x restore, err error) {
	var taken, restored int64
	err = r.Scan(&x.epoch, &x.former, &taken, &restored, &x.begun)
	x.takenAt, x.restoredAt = moment(taken), moment(restored)
	return x, err
}

// beginLife does what a restore asks for, once, before anything else may happen: nobody holds a line any
// more, and what could send rests until a person has looked.
func (s *Store) beginLife(ctx context.Context, t querier, now time.Time) (lives, error) {
	list, err := all(ctx, t, scanRestore, `SELECT epoch, former, taken_at, restored_at, begun_at FROM restore ORDER BY restored_at, epoch`+s.db.lock())
	if err != nil {
		return nil, err
	}
	former := lives{}
	for _, x := range list {
		former[x.former] = true
		if x.begun != 0 {
			continue
		}
		if err := x.begin(ctx, t, now); err != nil {
			return nil, err
		}
		accounts, err := all(ctx, t, scanAccount, `SELECT `+accountColumns+` FROM account ORDER BY id`)
		if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			if err := s.rest(ctx, t, now, a, x); err != nil {
				return nil, err
			}
		}
	}
	return former, nil
}

// begin gives the database its new epoch and takes every line from whoever held it.
func (x restore) begin(ctx context.Context, t querier, now time.Time) error {
	if _, err := t.exec(ctx, `UPDATE restore SET begun_at = $2 WHERE epoch = $1`, x.epoch, ms(now)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE deployment SET epoch = $1 WHERE id = 1`, x.epoch); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE lease SET holder = '', until = 0`)
	return err
}

// rest pauses an account's campaigns and notes, of each that may ever send again, that a gap is to be
// confirmed before. Whatever paused a campaign until now, it does not go on by itself.
func (s *Store) rest(ctx context.Context, t querier, now time.Time, a arauto.Account, x restore) error {
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	words := arauto.Gap{From: x.takenAt, Until: x.restoredAt}.Words(a.Language, zone)
	if _, err := t.exec(ctx, `INSERT INTO gap (account_id, campaign_id, epoch, former, taken_at, restored_at, confirmed_at)
		SELECT account_id, id, $2, $3, $4, $5, 0 FROM campaign WHERE account_id = $1 AND state NOT IN ('cancelled', 'archived')`,
		a.ID, x.epoch, x.former, ms(x.takenAt), ms(x.restoredAt)); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE campaign SET pause = pause || ' | ' || $2, pause_code = 0, pause_reason = $3, pause_until = 0, version = version + 1
		WHERE account_id = $1 AND state = 'paused'`, a.ID, words, arauto.ReasonRestored); err != nil {
		return err
	}
	const goesOn = `account_id = $1 AND (state = 'running' OR state = 'scheduled' AND scheduled_for <= $2)`
	stopped, err := all(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE `+goesOn+` ORDER BY id`, a.ID, ms(now))
	if err != nil {
		return err
	}
	paused, err := t.exec(ctx, `UPDATE campaign SET state = 'paused', pause = $2, pause_code = 0, pause_reason = $3, paused_at = $4, pause_until = 0,
		updated_at = $4, version = version + 1
		WHERE account_id = $1 AND (state = 'running' OR state = 'scheduled' AND scheduled_for <= $4)`, a.ID, words, arauto.ReasonRestored, ms(now))
	if err != nil {
		return err
	}
	for _, c := range stopped {
		is := c
		is.State, is.Pause, is.Cause = arauto.CampaignPaused, words, arauto.Cause{Reason: arauto.ReasonRestored, Since: now}
		tell(t).campaignMoved(now, c, is)
	}
	return s.audit(ctx, t, now, arauto.System(a.ID), "deployment.restore", subject("epoch", x.epoch), jsonOf(map[string]any{
		"taken_at": x.takenAt, "restored_at": x.restoredAt, "former_epoch": x.former, "campaigns_paused": paused,
	}))
}

const unconfirmedGap = `SELECT account_id, campaign_id, epoch, former, taken_at, restored_at FROM gap WHERE account_id = $1 AND confirmed_at = 0`

func scanGap(r rows) (g arauto.Gap, err error) {
	var from, until int64
	err = r.Scan(&g.Account, &g.Campaign, &g.Epoch, &g.Former, &from, &until)
	g.From, g.Until = moment(from), moment(until)
	return g, err
}

// gapConfirmed is a conflict that names the gap while nobody has confirmed c's.
func (s *Store) gapConfirmed(ctx context.Context, t querier, c arauto.Campaign) error {
	list, err := all(ctx, t, scanGap, unconfirmedGap+` AND campaign_id = $2 ORDER BY epoch LIMIT 1`, c.Account, c.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	a, err := one(ctx, t, scanAccount, `SELECT `+accountColumns+` FROM account WHERE id = $1`, c.Account)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return list[0].Unconfirmed(c, a.Language, zone)
}

// Gaps are the gaps of those campaigns that nobody has confirmed yet, by campaign; where a campaign has
// several, they are one that begins with the first. Most deployments have none at all.
func (s *Store) Gaps(ctx context.Context, account int64, campaigns []int64) (map[int64]arauto.Gap, error) {
	gaps := map[int64]arauto.Gap{}
	if len(s.former) == 0 || len(campaigns) == 0 {
		return gaps, nil
	}
	err := s.db.read(ctx, func(q querier) error {
		list, err := all(ctx, q, scanGap, unconfirmedGap+` AND `+s.db.in("campaign_id", "$2")+` ORDER BY campaign_id, epoch`, account, s.db.list(campaigns))
		for _, g := range list {
			if first, ok := gaps[g.Campaign]; ok {
				g.From = first.From
			}
			gaps[g.Campaign] = g
		}
		for id, g := range gaps {
			if err == nil {
				g.Heard, err = one(ctx, q, scanInt, `SELECT count(*) FROM gap_message m JOIN contact c ON c.account_id = m.account_id AND c.person_key = m.person_key
					AND c.campaign_id = $2 AND c.deleted_at = 0 WHERE m.account_id = $1 AND c.state = 'pending'`, account, id)
				gaps[id] = g
			}
		}
		return err
	})
	return gaps, doing("read gaps", err)
}

// ConfirmGap keeps that actor has looked at what a campaign may have sent in the gap before a restore:
// from now on it may send. Confirming what is confirmed, or never had a gap, changes nothing.
func (s *Store) ConfirmGap(ctx context.Context, actor arauto.Actor, now time.Time, account, campaign int64) error {
	err := s.db.write(ctx, func(t querier) error {
		c, err := s.campaign(ctx, t, account, campaign)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE gap SET confirmed_at = $3 WHERE account_id = $1 AND campaign_id = $2 AND confirmed_at = 0`, account, campaign, ms(now))
		if err != nil || n == 0 {
			return err
		}
		return s.audit(ctx, t, now, actor, "campaign.confirm_gap", subject("campaign", c.ID), detail("name", c.Name))
	})
	return doing("confirm a gap", err)
}

// hearOf keeps that a message of a lost life was spoken of, once for each. It is evidence: who reads the
// gap sees how many of those who are still pending were written to.
func (s *Store) hearOf(ctx context.Context, t querier, now time.Time, account int64, list []arauto.Fact) error {
	args := make([][]any, 0, len(list))
	for _, f := range list {
		former, _, _ := arauto.ParseAttemptRef(f.Status.Ref)
		args = append(args, []any{account, providerKey(f.Status.ProviderID), former, personKey(f.Status.WAID, f.Status.UserID), ms(now)})
	}
	_, err := t.each(ctx, `INSERT INTO gap_message (account_id, provider_key, former, person_key, heard_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, args)
	return err
}

// lost reports whether a status speaks of a message that a lost life sent: its ref is of an epoch that a
// restore went back behind. Whoever asks has found no attempt of that epoch and id.
func (f *applying) lost(fact arauto.Fact) bool {
	epoch, _, ok := arauto.ParseAttemptRef(fact.Status.Ref)
	return ok && epoch != f.store.epoch && f.store.former[epoch]
}
