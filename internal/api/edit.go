package api

import (
	"context"
	"net/http"

	"arauto"
)

// Edits does one thing to many contacts of a campaign.
type Edits interface {
	// Start queues it; a conflict when the campaign takes nobody back.
	Start(ctx context.Context, actor arauto.Actor, account, campaign int64, e arauto.Edit) (arauto.Job, error)
	// Preview counts whom Start would look at.
	Preview(ctx context.Context, account, campaign int64, e arauto.Edit) (int64, error)
}

// Whom says which contacts are meant: all that is set must hold.
type Whom struct {
	States       []string `json:"states,omitempty" maxItems:"10" nullable:"false" enum:"pending,sending,unknown,sent,delivered,read,replied,failed,suppressed,cancelled" doc:"Any of these"`
	DialStatuses []string `json:"dial_statuses,omitempty" maxItems:"21" nullable:"false" enum:"upcoming,dialing,queued,connected,finished,transferred,transferred_finished,not_picked_up,not_reached,abandoned_by_contact,skipped,skipped_closed,invalid_number,carrier_error,abandoned_by_dialer,voicemail,dialer_error,redial,do_not_call,invalid_outbound,blocked" doc:"Of voice campaigns: any of these"`
	Reasons      []string `json:"reasons,omitempty" maxItems:"50" nullable:"false" doc:"Any of these"`
	Name         string   `json:"name,omitempty" maxLength:"200" doc:"Contained; case and accents do not matter"`
	Phone        string   `json:"phone,omitempty" maxLength:"140" doc:"The whole number, in any common spelling, or a business-scoped id"`
	PhonePart    string   `json:"phone_part,omitempty" maxLength:"40" doc:"Four or more of its digits in a row"`
	FieldKey     string   `json:"field_key,omitempty" maxLength:"200" doc:"A custom field, together with field_value"`
	FieldValue   string   `json:"field_value,omitempty" maxLength:"1000" doc:"Compared exactly"`
}

func (w Whom) query() ContactQuery {
	return ContactQuery{
		State: w.States, DialStatus: w.DialStatuses, Reason: w.Reasons, Name: w.Name, Phone: w.Phone, PhonePart: w.PhonePart, FieldKey: w.FieldKey, FieldValue: w.FieldValue,
	}
}

type editBody struct {
	Action string `json:"action" enum:"remove,hold,release,requeue" doc:"remove: take out; what was attempted is kept. hold: keep those who wait from being tried. release: let those held back have their turn. requeue: try once more"`
	All    bool   `json:"all,omitempty" doc:"Everybody in the campaign: instead of anything that says whom"`
	Whom
	Contacts []int64 `json:"contacts,omitempty" maxItems:"10000" nullable:"false" doc:"These"`
	Reopen   bool    `json:"reopen,omitempty" doc:"With requeue: let a completed campaign run again"`
	DryRun   bool    `json:"dry_run,omitempty" doc:"Count, and change nothing"`
}

type wireEdit struct {
	Job     *wireJob `json:"job" doc:"Its progress is at /jobs/{id}: accepted were changed, rejected were meant and left as they were. Null for a dry run"`
	Matches *int64   `json:"matches" doc:"Of a dry run: how many are meant. Those of them to whom the action does not apply would be left as they are"`
}

func (a *API) edits() {
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/contacts/edit", scope: arauto.TokenWrite, tag: "contacts", summary: "Remove, hold back, release or queue again contacts", status: http.StatusAccepted,
		more: "All that is set must hold. The answer is a job; cancelling it leaves done what it has done. Whoever is being contacted at that moment is left as they are, and so is whoever the action does not apply to.",
	}, a.edit)
}

func (a *API) edit(ctx context.Context, c Caller, in *struct {
	ByRef
	Body editBody
},
) (*wireEdit, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	b := in.Body
	e := arauto.Edit{Action: arauto.EditAction(b.Action), Reopen: b.Reopen}
	if e.Who, err = a.filter(c, b.query(), nil); err != nil {
		return nil, err
	}
	e.Who.IDs = b.Contacts
	if some := e.Who.Searched() || len(b.States)+len(b.DialStatuses)+len(b.Reasons)+len(b.Contacts) > 0 || b.Phone != ""; some == b.All {
		return nil, arauto.Errorf(arauto.KindInvalid, "body.all", "say whom, or all for everybody in the campaign: one of the two")
	}
	if b.DryRun {
		n, err := a.Edits.Preview(ctx, c.Account.ID, campaign.ID, e)
		return &wireEdit{Matches: &n}, err
	}
	job, err := a.Edits.Start(ctx, actor(c), c.Account.ID, campaign.ID, e)
	word := wordJob(job)
	return &wireEdit{Job: &word}, err
}
