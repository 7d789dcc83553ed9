package ccai

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"arauto"
	"arauto/internal/compat/wire"
)

// campaignStates is every state of ours in the vendor's words.
var campaignStates = map[arauto.CampaignState]string{
	arauto.CampaignDraft:     "ready",
	arauto.CampaignScheduled: "ready",
	arauto.CampaignRunning:   "dialing",
	arauto.CampaignPaused:    "paused",
	arauto.CampaignCompleted: "completed",
	arauto.CampaignCancelled: "completed",
	arauto.CampaignArchived:  "completed",
}

// chunkCampaigns is how many campaigns are held at a time.
const chunkCampaigns = 100

// campaigns answers GET /manager/…/campaigns: every voice campaign, read in chunks and written as they come.
func (a *API) campaigns(w http.ResponseWriter, r *http.Request, c Caller) {
	body := []byte{'['}
	queues := map[int64]arauto.Queue{}
	after := int64(0)
	for n := 0; ; {
		list, err := a.described(r.Context(), c.Account.ID, after, queues)
		if err != nil && n == 0 {
			a.fail(w, r, err)
			return
		}
		if err != nil {
			a.logFault(r, err)
			panic(http.ErrAbortHandler)
		}
		if n == 0 {
			startBody(w, http.StatusOK)
		}
		for _, d := range list {
			if n++; n > 1 {
				body = append(body, ',')
			}
			body = appendCampaign(body, d)
			after = d.campaign.ID
		}
		if len(list) < chunkCampaigns || r.Method == http.MethodHead {
			break
		}
		if !written(w, body) {
			return // the client has gone
		}
		body = body[:0]
	}
	written(w, append(body, ']'))
}

// campaign answers GET /manager/…/campaigns/{id}.
func (a *API) campaign(w http.ResponseWriter, q asked) error {
	ctx, cancel := context.WithTimeout(q.Context(), storeTimeout)
	defer cancel()
	list, err := a.describe(ctx, q.Account.ID, []arauto.Campaign{q.campaign}, map[int64]arauto.Queue{})
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, appendCampaign(nil, list[0]))
	return nil
}

// A described campaign is one with what is said beside it.
type described struct {
	campaign arauto.Campaign
	queue    arauto.Queue // its ID is 0 when there is none
	counts   arauto.DialCounts
}

func (a *API) described(ctx context.Context, account, after int64, queues map[int64]arauto.Queue) ([]described, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	list, err := a.Campaigns.VoiceCampaigns(ctx, account, after, chunkCampaigns)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	return a.describe(ctx, account, list, queues)
}

// describe looks up what belongs to campaigns; queues remembers those that were looked up.
func (a *API) describe(ctx context.Context, account int64, list []arauto.Campaign, queues map[int64]arauto.Queue) ([]described, error) {
	ids := make([]int64, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	counts, err := a.Campaigns.DialCounts(ctx, account, ids)
	if err != nil {
		return nil, fmt.Errorf("count contacts: %w", err)
	}
	out := make([]described, len(list))
	for i, c := range list {
		out[i] = described{campaign: c, counts: counts[c.ID]}
		queue, known := queues[c.Queue]
		if c.Queue != 0 && !known {
			queue, err = a.Campaigns.Queue(ctx, account, c.Queue)
			if err != nil && arauto.KindOf(err) != arauto.KindNotFound {
				return nil, fmt.Errorf("look up queue: %w", err)
			}
			queues[c.Queue] = queue
		}
		out[i].queue = queue
	}
	return out, nil
}

// appendCampaign is a campaign in the vendor's order of keys.
func appendCampaign(dst []byte, d described) []byte {
	c, v := &d.campaign, &d.campaign.Voice
	dst = append(dst, `{"campaign_type":"default","id":`...)
	dst = strconv.AppendInt(dst, c.ID, 10)
	dst = append(dst, `,"external_campaign_id":`...)
	dst = wire.AppendText(dst, v.External)
	dst = append(dst, `,"max_abandonment_percent":`...)
	dst = strconv.AppendFloat(dst, v.MaxAbandonment, 'f', -1, 64)
	dst = append(dst, `,"max_redial_count":`...)
	dst = strconv.AppendInt(dst, int64(v.MaxRedials), 10)
	dst = append(dst, `,"mode":`...)
	dst = wire.AppendString(dst, string(v.Mode)) // the same three words
	dst = append(dst, `,"name":`...)
	dst = wire.AppendString(dst, c.Name)
	dst = append(dst, `,"overdial_adjustment_multiplier":`...)
	dst = strconv.AppendFloat(dst, v.Overdial, 'f', -1, 64)
	dst = append(dst, `,"queue":`...)
	dst = appendQueue(dst, d.queue)
	dst = append(dst, `,"redial_interval_minutes":`...)
	dst = strconv.AppendInt(dst, int64(v.RedialInterval/time.Minute), 10)
	dst = append(dst, `,"status":`...)
	dst = wire.AppendString(dst, campaignStates[c.State])
	dst = append(dst, `,"target_number_to_process":`...)
	dst = appendNumber(dst, int64(v.Target))
	dst = append(dst, `,"created_at":`...)
	dst = appendTime(dst, c.CreatedAt)
	dst = append(dst, `,"starts_at":`...)
	dst = appendTime(dst, either(c.ScheduledFor, c.StartedAt))
	dst = append(dst, `,"ends_at":`...)
	dst = appendTime(dst, either(c.Policy.EndAt, c.EndedAt))
	dst = append(dst, `,"updated_at":`...)
	dst = appendTime(dst, c.UpdatedAt)
	dst = append(dst, `,"contact_stats":`...)
	dst = appendStats(dst, d.counts)
	return append(dst, '}')
}

// either is when it is meant to be; else when it was.
func either(meant, was time.Time) time.Time {
	if meant.IsZero() {
		return was
	}
	return meant
}

func appendQueue(dst []byte, q arauto.Queue) []byte {
	if q.ID == 0 {
		return append(dst, `null`...)
	}
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, q.ID, 10)
	dst = append(dst, `,"name":`...)
	dst = wire.AppendString(dst, q.Name)
	return append(dst, '}')
}

// appendStats is every status with its count, then all contacts and those with which the dialer is done.
func appendStats(dst []byte, counts arauto.DialCounts) []byte {
	dst = append(dst, '{')
	for _, d := range arauto.Dials() {
		dst = wire.AppendString(dst, d.Label())
		dst = append(dst, ':')
		dst = strconv.AppendInt(dst, counts[d], 10)
		dst = append(dst, ',')
	}
	dst = append(dst, `"Contacts":`...)
	dst = strconv.AppendInt(dst, counts.Total(), 10)
	dst = append(dst, `,"Completed":`...)
	dst = strconv.AppendInt(dst, counts.Completed(), 10)
	return append(dst, '}')
}
