package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"arauto"
)

const campaignColumns = `account_id, id, uuid, name, channel, state, pause, standing, sender_id, template_id, mapping,
	hold_after, reply_window_ms, policy, version, scheduled_for, created_at, updated_at, started_at, ended_at, queue_id, voice, ` + causeColumns

func scanCampaign(r rows) (arauto.Campaign, error) {
	var c arauto.Campaign
	var mapping, policy, voice string
	var window, scheduled, created, updated, started, ended int64
	var cause causeScan
	err := r.Scan(append([]any{
		&c.Account, &c.ID, &c.UUID, &c.Name, &c.Channel, &c.State, &c.Pause, &c.Standing, &c.Sender, &c.Template, &mapping,
		&c.HoldAfter, &window, &policy, &c.Version, &scheduled, &created, &updated, &started, &ended, &c.Queue, &voice,
	}, cause.into()...)...)
	if err != nil {
		return c, err
	}
	c.ReplyWindow = time.Duration(window) * time.Millisecond
	c.ScheduledFor, c.CreatedAt, c.UpdatedAt = moment(scheduled), moment(created), moment(updated)
	c.StartedAt, c.EndedAt, c.Cause = moment(started), moment(ended), cause.cause()
	if err := fromJSON(policy, &c.Policy); err != nil {
		return c, err
	}
	if voice != "" {
		if err := fromJSON(voice, &c.Voice); err != nil {
			return c, err
		}
	}
	c.Mapping, err = decodeMapping(mapping)
	return c, err
}

// encodeVoice is "" for a campaign that does not dial.
func encodeVoice(v arauto.Voice) string {
	if v.Mode == "" {
		return ""
	}
	return jsonOf(v)
}

// checkCampaign is nil for settings that can be kept.
func checkCampaign(c arauto.Campaign) error {
	if c.Channel == arauto.ChannelVoice {
		if err := c.Voice.Check(); err != nil {
			return err
		}
	}
	return c.Policy.Check()
}

// storedValue is arauto.Value as the mapping column keeps it.
type storedValue struct {
	From    arauto.ValueSource `json:"from"`
	Text    string             `json:"text"`
	Default string             `json:"default,omitempty"`
}

func encodeMapping(m arauto.Mapping) string {
	stored := make(map[string]storedValue, len(m))
	for slot, v := range m {
		stored[slot] = storedValue(v)
	}
	text, _ := json.Marshal(stored) // strings only: cannot fail
	return string(text)
}

func decodeMapping(text string) (arauto.Mapping, error) {
	var stored map[string]storedValue
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, fmt.Errorf("read a campaign's mapping: %w", err)
	}
	m := make(arauto.Mapping, len(stored))
	for slot, v := range stored {
		m[slot] = arauto.Value(v)
	}
	return m, nil
}

// CreateCampaign stores c as a draft. Sender and template, where given, must be the account's own; the
// error is also invalid as of Policy.Check.
func (s *Store) CreateCampaign(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	if err := checkCampaign(c); err != nil {
		return c, err
	}
	c.UUID, c.Version, c.State = newUUID(), 1, arauto.CampaignDraft
	c.CreatedAt, c.UpdatedAt = now, now
	if c.ReplyWindow == 0 {
		c.ReplyWindow = arauto.DefaultReplyWindow
	}
	err := s.db.write(ctx, func(t querier) (err error) {
		if err := ownParts(ctx, t, c); err != nil {
			return err
		}
		if c.ID, err = nextIDs(ctx, t, c.Account, "campaign", 1); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO campaign (`+campaignColumns+`, fields_known) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,0,'',0,0,1)`,
			c.Account, c.ID, c.UUID, c.Name, c.Channel, c.State, c.Pause, c.Standing, c.Sender, c.Template, encodeMapping(c.Mapping),
			c.HoldAfter, c.ReplyWindow.Milliseconds(), jsonOf(c.Policy), c.Version, ms(c.ScheduledFor), ms(c.CreatedAt), ms(c.UpdatedAt), int64(0), int64(0),
			c.Queue, encodeVoice(c.Voice))
		if err != nil {
			return err
		}
		return s.audit(ctx, t, now, actor, "campaign.create", subject("campaign", c.ID), detail("name", c.Name))
	})
	return c, err
}

// ownParts is nil when c's sender, template and queue, where set, are the account's.
func ownParts(ctx context.Context, t querier, c arauto.Campaign) error {
	for table, id := range map[string]int64{"sender": c.Sender, "template": c.Template, "queue": c.Queue} {
		if id == 0 {
			continue
		}
		_, err := one(ctx, t, scanInt, `SELECT id FROM `+table+` WHERE account_id = $1 AND id = $2`, c.Account, id)
		if err != nil {
			return missing(err, table, id)
		}
	}
	return nil
}

// UpdateCampaign stores c's name, parts and settings, not its state. A campaign that runs must be
// paused first, unless only its rate or its priority change; c.Version must be the one that was read.
func (s *Store) UpdateCampaign(ctx context.Context, actor arauto.Actor, now time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	var stored arauto.Campaign
	if err := checkCampaign(c); err != nil {
		return c, err
	}
	err := s.db.write(ctx, func(t querier) error {
		old, err := s.campaign(ctx, t, c.Account, c.ID)
		if err != nil {
			return err
		}
		if !slices.Contains([]arauto.CampaignState{arauto.CampaignDraft, arauto.CampaignScheduled, arauto.CampaignPaused}, old.State) && (old.State != arauto.CampaignRunning || !c.SameButPace(old)) {
			return arauto.Errorf(arauto.KindConflict, "state", "campaign %q is %s: pause it before changing it", old.Name, old.State)
		}
		if err := ownParts(ctx, t, c); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE campaign SET name = $4, standing = $5, sender_id = $6, template_id = $7, mapping = $8, hold_after = $9,
			reply_window_ms = $10, scheduled_for = $11, updated_at = $12, policy = $13, queue_id = $14, voice = $15, version = version + 1
			WHERE account_id = $1 AND id = $2 AND version = $3`,
			c.Account, c.ID, c.Version, c.Name, c.Standing, c.Sender, c.Template, encodeMapping(c.Mapping), c.HoldAfter,
			c.ReplyWindow.Milliseconds(), ms(c.ScheduledFor), ms(now), jsonOf(c.Policy), c.Queue, encodeVoice(c.Voice))
		if err != nil {
			return err
		}
		if n == 0 {
			return errCampaignMoved(old)
		}
		if stored, err = s.campaign(ctx, t, c.Account, c.ID); err != nil {
			return err
		}
		return s.audit(ctx, t, now, actor, "campaign.update", subject("campaign", c.ID), detail("name", stored.Name))
	})
	return stored, err
}

func errCampaignMoved(c arauto.Campaign) error {
	return arauto.Errorf(arauto.KindConflict, "version", "campaign %q was changed by somebody else meanwhile: read it again", c.Name)
}

// ChangeCampaign moves a campaign through its states. The state table and, before it sends, the
// template's readiness decide; asking again for what already is changes nothing.
func (s *Store) ChangeCampaign(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	return s.changeCampaign(ctx, actor, now, account, id, 0, e, why)
}

// changeCampaign is ChangeCampaign for a campaign at that version (0 = whichever): one that was changed since
// is returned as it is.
func (s *Store) changeCampaign(ctx context.Context, actor arauto.Actor, now time.Time, account, id, version int64, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	var next arauto.Campaign
	err := s.db.write(ctx, func(t querier) error {
		c, err := one(ctx, t, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "campaign", id)
		}
		if next = c; version != 0 && version != c.Version {
			return nil
		}
		next, err = s.moveCampaign(ctx, t, actor, now, c, e, why)
		return err
	})
	return next, err
}

// moveCampaign does to c, which this transaction holds, what the event asks for.
func (s *Store) moveCampaign(ctx context.Context, t querier, actor arauto.Actor, now time.Time, c arauto.Campaign, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	next, err := s.decideCampaign(ctx, t, now, c, e, why)
	if err != nil || next.State == c.State && next.ScheduledFor.Equal(c.ScheduledFor) && next.Pause == c.Pause && next.Cause == c.Cause {
		return next, err
	}
	return s.saveMove(ctx, t, actor, now, c, next, e, why)
}

// saveMove writes c as next, what e made of it.
func (s *Store) saveMove(ctx context.Context, t querier, actor arauto.Actor, now time.Time, c, next arauto.Campaign, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	next.Version++
	n, err := t.exec(ctx, `UPDATE campaign SET state = $4, pause = $5, hold_after = $6, scheduled_for = $7, updated_at = $8, started_at = $9,
		ended_at = $10, version = $11, pause_code = $12, pause_reason = $13, paused_at = $14, pause_until = $15
		WHERE account_id = $1 AND id = $2 AND version = $3`,
		append([]any{
			c.Account, c.ID, c.Version, next.State, next.Pause, next.HoldAfter, ms(next.ScheduledFor), ms(now), ms(next.StartedAt), ms(next.EndedAt), next.Version,
		}, causeArgs(next.Cause)...)...)
	if err != nil {
		return next, err
	}
	if n == 0 {
		return next, errCampaignMoved(c)
	}
	tell(t).campaignMoved(now, c, next)
	return next, s.audit(ctx, t, now, actor, "campaign."+string(e), subject("campaign", c.ID),
		detail("from", string(c.State), "to", string(next.State), "why", why))
}

// decideCampaign asks the domain: the table, and whether a campaign that is about to send can.
func (s *Store) decideCampaign(ctx context.Context, t querier, now time.Time, c arauto.Campaign, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	next, err := c.Apply(e, why, now)
	if err != nil {
		return c, err
	}
	sends := next.State == arauto.CampaignRunning || next.State == arauto.CampaignScheduled
	if !sends || next.State == c.State {
		return next, nil
	}
	if c.Channel == arauto.ChannelVoice {
		return next, c.Dialable()
	}
	if err := s.gapConfirmed(ctx, t, c); err != nil {
		return c, err
	}
	var template arauto.Template
	var sender arauto.Sender
	if c.Template != 0 && c.Sender != 0 {
		if template, err = s.template(ctx, t, c.Account, c.Template); err != nil {
			return c, err
		}
		if sender, err = s.sender(ctx, t, c.Account, c.Sender); err != nil {
			return c, err
		}
	}
	return next, next.Startable(template, sender)
}

func (s *Store) campaign(ctx context.Context, q querier, account, id int64) (arauto.Campaign, error) {
	c, err := one(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND id = $2`, account, id)
	return c, missing(err, "campaign", id)
}

// Campaign is the campaign with that id.
func (s *Store) Campaign(ctx context.Context, account, id int64) (c arauto.Campaign, err error) {
	err = s.db.read(ctx, func(q querier) error {
		c, err = s.campaign(ctx, q, account, id)
		return err
	})
	return c, err
}

// CampaignByUUID is the campaign with that UUID.
func (s *Store) CampaignByUUID(ctx context.Context, account int64, uuid string) (c arauto.Campaign, err error) {
	err = s.db.read(ctx, func(q querier) error {
		c, err = one(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign WHERE account_id = $1 AND uuid = $2`, account, uuid)
		return missing(err, "campaign", uuid)
	})
	return c, err
}

// Campaigns lists campaigns newest first, below that id (0 = from the newest), in those states (none = all).
func (s *Store) Campaigns(ctx context.Context, account, before int64, limit int, states []arauto.CampaignState) (list []arauto.Campaign, err error) {
	if len(states) == 0 {
		states = arauto.CampaignStates()
	}
	err = s.db.read(ctx, func(q querier) error {
		list, err = all(ctx, q, scanCampaign, `SELECT `+campaignColumns+` FROM campaign
			WHERE account_id = $1 AND id < $2 AND `+s.db.in("state", "$3")+` ORDER BY id DESC LIMIT $4`,
			account, below(before), s.db.list(texts(states)), limit)
		return err
	})
	return list, err
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
