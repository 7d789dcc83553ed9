package api_test

import (
	"context"
	"slices"
	"time"

	"arauto"
)

func (f *fakeStore) CreateCampaign(_ context.Context, _ arauto.Actor, _ time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	f.called("CreateCampaign")
	c.ID, c.UUID, c.Version = 1, campaignUUID, 1
	return c, nil
}

func (f *fakeStore) UpdateCampaign(_ context.Context, _ arauto.Actor, _ time.Time, c arauto.Campaign) (arauto.Campaign, error) {
	c.Version++
	f.campaign = c
	return c, nil
}

func (f *fakeStore) Campaign(_ context.Context, account, id int64) (arauto.Campaign, error) {
	return mine(f.campaign, "campaign", account, id)
}

func (f *fakeStore) CampaignByUUID(_ context.Context, account int64, uuid string) (arauto.Campaign, error) {
	return mineUUID(f.campaign, "campaign", account, uuid, campaignUUID)
}

func (f *fakeStore) Campaigns(_ context.Context, account, _ int64, _ int, _ []arauto.CampaignState) ([]arauto.Campaign, error) {
	return all(f.campaign, account)
}

func (*fakeStore) Gaps(context.Context, int64, []int64) (map[int64]arauto.Gap, error) {
	return nil, nil
}

func (*fakeStore) ConfirmGap(context.Context, arauto.Actor, time.Time, int64, int64) error {
	return nil
}

func (f *fakeStore) ChangeCampaign(_ context.Context, _ arauto.Actor, at time.Time, account, id int64, e arauto.CampaignEvent, why string) (arauto.Campaign, error) {
	if _, err := mine(0, "campaign", account, id); err != nil {
		return arauto.Campaign{}, err
	}
	c, err := f.campaign.Apply(e, why, at)
	if err == nil {
		f.campaign = c
		f.events = append(f.events, e)
	}
	return c, err
}

func (f *fakeStore) Counts(context.Context, int64, []int64) (map[int64]arauto.Counts, error) {
	return map[int64]arauto.Counts{1: {arauto.ContactPending: int64(len(f.contacts))}}, nil
}

func (f *fakeStore) AddContacts(_ context.Context, _ time.Time, _, _ int64, list []arauto.Contact) ([]arauto.Added, error) {
	f.called("AddContacts")
	out := make([]arauto.Added, len(list))
	for i, c := range list {
		at := slices.IndexFunc(f.contacts, func(r arauto.ContactRow) bool { return r.PersonKey == c.PersonKey })
		if at >= 0 {
			out[i] = arauto.Added{ID: f.contacts[at].ID, Duplicate: true}
			continue
		}
		c.ID = int64(len(f.contacts) + 1)
		f.contacts = append(f.contacts, arauto.ContactRow{Contact: c})
		out[i].ID = c.ID
	}
	return out, nil
}

func (f *fakeStore) Contact(_ context.Context, account, id int64) (arauto.ContactRow, error) {
	return mine(f.contacts[0], "contact", account, id)
}

func (f *fakeStore) ContactRows(_ context.Context, account int64, q arauto.ContactFilter, below int64, limit int) ([]arauto.ContactRow, error) {
	f.called("ContactRows")
	var out []arauto.ContactRow
	for _, r := range slices.Backward(f.contacts) {
		if account == 1 && !q.Empty && (below == 0 || r.ID < below) && len(out) < limit && (q.States == nil || slices.Contains(q.States, r.State)) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (f *fakeStore) AttemptsOf(context.Context, int64, int64) ([]arauto.Attempt, error) {
	return []arauto.Attempt{{ID: 5, Number: 1, Epoch: 1, State: arauto.AttemptFailed, Code: 131026}}, nil
}

func (f *fakeStore) ContactsOf(_ context.Context, account int64, keys []string) ([]arauto.ContactRow, error) {
	if account == 1 && slices.Contains(keys, f.contacts[0].PersonKey) {
		return f.contacts[:1], nil
	}
	return nil, nil
}

func (f *fakeStore) GateInputs(_ context.Context, _ time.Time, _ int64, ids []int64) ([]arauto.GateInput, error) {
	var out []arauto.GateInput
	for _, r := range f.contacts {
		if slices.Contains(ids, r.ID) {
			in := arauto.GateInput{Contact: r.Contact, Campaign: f.campaign, Marketing: true, Suppressions: f.holdsOf(r.PersonKey)}
			if _, err := f.template.Render(f.campaign.Mapping, r.Contact); err != nil {
				in.Unfit = err.Error()
			}
			out = append(out, in)
		}
	}
	return out, nil
}

func (f *fakeStore) holdsOf(key string) []arauto.Suppression {
	return slices.DeleteFunc(slices.Clone(f.holds), func(s arauto.Suppression) bool { return s.PersonKey != key })
}

func (f *fakeStore) SuppressionsOf(_ context.Context, _ int64, keys []string) (map[string][]arauto.Suppression, error) {
	out := map[string][]arauto.Suppression{}
	for _, k := range keys {
		out[k] = f.holdsOf(k)
	}
	return out, nil
}
