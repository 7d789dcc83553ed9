package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

type activityCmd struct {
	remote
	Create  activityCreateCmd  `cmd:"" help:"Make an activity code, or a sub-code of one."`
	List    activityListCmd    `cmd:"" help:"List activity codes."`
	Archive activityArchiveCmd `cmd:"" help:"Let nobody choose a code any more; what was closed with it keeps it."`
}

type activityCode struct {
	ID          int64      `json:"id"`
	ParentID    *int64     `json:"parent_id"`
	Code        string     `json:"code"`
	Name        string     `json:"name"`
	Suppress    *string    `json:"suppress"`
	Callback    bool       `json:"callback"`
	StopContact bool       `json:"stop_contact"`
	ArchivedAt  *time.Time `json:"archived_at"`
}

func (a activityCode) does() string {
	var list []string
	if a.Suppress != nil {
		list = append(list, "suppresses "+*a.Suppress)
	}
	if a.Callback {
		list = append(list, "calls back")
	}
	if a.StopContact {
		list = append(list, "stops the contact")
	}
	if a.ArchivedAt != nil {
		list = append(list, "archived")
	}
	return strings.Join(list, ", ")
}

type activityCreateCmd struct {
	Code        string `arg:"" help:"What reports show."`
	Name        string `arg:"" help:"What people call it."`
	Parent      int64  `help:"Number of the main code whose sub-code it is."`
	Suppress    string `enum:",marketing,all" default:"" help:"Closing with it: the person is not contacted any more; marketing or all."`
	Callback    bool   `help:"Closing with it takes a moment to call back."`
	StopContact bool   `help:"Closing with it: the campaign's contact is not tried again."`
}

func (k activityCreateCmd) Run(ctx context.Context, c *client) error {
	body := map[string]any{"code": k.Code, "name": k.Name, "suppress": k.Suppress, "callback": k.Callback, "stop_contact": k.StopContact, "parent_id": k.Parent}
	var got activityCode
	raw, err := c.post(ctx, "/activity-codes", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Activity code %d %s", got.ID, plain(got.Code)) })
}

type activityListCmd struct{ listing }

func (k activityListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/activity-codes", nil, k.listing, []string{"ID", "OF", "CODE", "NAME", "CLOSING WITH IT"}, func(a activityCode) []string {
		of := ""
		if a.ParentID != nil {
			of = fmt.Sprint(*a.ParentID)
		}
		return []string{fmt.Sprint(a.ID), of, plain(a.Code), plain(a.Name), a.does()}
	})
}

type activityArchiveCmd struct {
	ID int64 `arg:"" name:"id" help:"Number of a code."`
}

func (k activityArchiveCmd) Run(ctx context.Context, c *client) error {
	var got activityCode
	raw, err := c.call(ctx, http.MethodPatch, fmt.Sprintf("/activity-codes/%d", k.ID), map[string]bool{"archived": true}, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Activity code %d %s is archived", got.ID, plain(got.Code)) })
}
