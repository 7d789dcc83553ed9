package api

import (
	"context"
	"net/http"
	"slices"

	"arauto"
)

// Audiences puts people of one campaign into another.
type Audiences interface {
	// Start queues it; a conflict when the campaign takes no more contacts.
	Start(ctx context.Context, actor arauto.Actor, account, campaign int64, want arauto.Audience) (arauto.Job, error)
	// Preview counts whom Start would add; marketing says whether the campaign's message is.
	Preview(ctx context.Context, account, campaign int64, want arauto.Audience, marketing bool) (arauto.AudiencePreview, error)
}

type audienceBody struct {
	From        ref      `json:"from" doc:"The earlier campaign"`
	States      []string `json:"states,omitempty" maxItems:"10" nullable:"false" enum:"pending,sending,unknown,sent,delivered,read,replied,failed,suppressed,cancelled" doc:"Any of these"`
	Replied     string   `json:"replied,omitempty" enum:"yes,no" doc:"no: those who have a message and did not react to it (sent, delivered or read) unless states say otherwise"`
	ReplyAction string   `json:"reply_action,omitempty" maxLength:"200" doc:"The button they used; case and accents do not matter"`
	ReplyText   string   `json:"reply_text,omitempty" maxLength:"1000" doc:"The whole text of their reply; case and accents do not matter"`
	Reasons     []string `json:"reasons,omitempty" maxItems:"50" nullable:"false" doc:"Of those who failed, unless states say otherwise"`
	Codes       []int    `json:"codes,omitempty" maxItems:"100" nullable:"false" doc:"The provider's codes; of those who failed, unless states say otherwise"`
	DryRun      bool     `json:"dry_run,omitempty" doc:"Count, and change nothing"`
}

type wireAudience struct {
	Job     *wireJob             `json:"job" doc:"Its progress is at /jobs/{id}; null for a dry run"`
	Preview *wireAudiencePreview `json:"preview" doc:"Of a dry run"`
}

type wireAudiencePreview struct {
	Looked     int64 `json:"looked" doc:"Contacts of the earlier campaign that were looked at"`
	Complete   bool  `json:"complete" doc:"False when there are more"`
	Matching   int64 `json:"matching"`
	Already    int64 `json:"already" doc:"Of those, in this campaign already"`
	Suppressed int64 `json:"suppressed" doc:"Of the others, who must not be contacted: they would be added, and held back"`
	WouldGo    int64 `json:"would_go" doc:"The rest"`
}

func (a *API) audiences() {
	handle(a, op{
		method: http.MethodPost, path: "/campaigns/{id}/audience", scope: arauto.TokenWrite, tag: "contacts", summary: "Add people of an earlier campaign",
		more: "For a follow-up: who did not reply, who used a button, whose message failed for one reason. Their names, phones and fields are copied; who is in this campaign " +
			"already is not added again. The list is fixed once the job has gone through it: later replies change nothing.",
	}, a.audience)
}

func (a *API) audience(ctx context.Context, c Caller, in *struct {
	ByRef
	Body audienceBody
},
) (*wireAudience, error) {
	campaign, err := a.campaign(ctx, c, ref(in.ID))
	if err != nil {
		return nil, err
	}
	from, err := a.campaign(ctx, c, in.Body.From)
	if err != nil {
		return nil, inBody(err, "from")
	}
	want := arauto.Audience{From: from.ID}
	if want.Who, err = in.Body.selection(); err != nil {
		return nil, err
	}
	if !in.Body.DryRun {
		job, err := a.Audiences.Start(ctx, actor(c), c.Account.ID, campaign.ID, want)
		word := wordJob(job)
		return &wireAudience{Job: &word}, err
	}
	marketing := true // until a template says otherwise
	if campaign.Template != 0 {
		t, err := a.Store.Template(ctx, c.Account.ID, campaign.Template)
		if err != nil {
			return nil, err
		}
		marketing = t.Marketing()
	}
	v, err := a.Audiences.Preview(ctx, c.Account.ID, campaign.ID, want, marketing)
	return &wireAudience{Preview: &wireAudiencePreview{
		Looked: v.Looked, Complete: v.Complete, Matching: v.Picked, Already: v.Already, Suppressed: v.Suppressed, WouldGo: v.Picked - v.Already - v.Suppressed,
	}}, err
}

// selection is whom b means. What it leaves open is read as people mean it: a reply comes from those who replied, a
// reason belongs to those who failed.
func (b audienceBody) selection() (arauto.Selection, error) {
	s := arauto.Selection{Codes: b.Codes, ReplyAction: b.ReplyAction, ReplyText: b.ReplyText}
	var err error
	if s.Reasons, err = readReasons(b.Reasons); err != nil {
		return s, err
	}
	for _, name := range b.States {
		s.States = append(s.States, arauto.ContactState(name))
	}
	replied := arauto.ContactReplied
	answered := b.Replied == "yes" || b.ReplyAction != "" || b.ReplyText != ""
	switch {
	case answered && b.Replied == "no":
		return s, arauto.Errorf(arauto.KindInvalid, "body.replied", "who did not reply used no button and wrote no text: leave one of them out")
	case answered && len(s.States) > 0 && !slices.Contains(s.States, replied):
		return s, arauto.Errorf(arauto.KindInvalid, "body.states", "who replied is in the state replied: leave states out")
	case b.Replied == "no" && slices.Contains(s.States, replied):
		return s, arauto.Errorf(arauto.KindInvalid, "body.states", "who did not reply is not in the state replied: leave it out")
	case answered:
		s.States = []arauto.ContactState{replied}
	case len(s.States) > 0:
	case b.Replied == "no":
		s.States = arauto.Reached()
	case len(b.Reasons) > 0 || len(b.Codes) > 0:
		s.States = []arauto.ContactState{arauto.ContactFailed}
	default:
		return s, arauto.Errorf(arauto.KindInvalid, "body.states", "say whom: states, replied, a button, a text, reasons or codes")
	}
	return s, nil
}
