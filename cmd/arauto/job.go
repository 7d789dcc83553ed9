package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

type jobCmd struct {
	remote
	List    jobListCmd    `cmd:"" help:"List imports and other long work, newest first."`
	Follow  jobFollowCmd  `cmd:"" help:"Follow a job to its end."`
	Cancel  jobCancelCmd  `cmd:"" help:"Cancel a job: what it has done stays done."`
	Rejects jobRejectsCmd `cmd:"" help:"Save the rows that an import refused, with the reasons."`
	File    jobFileCmd    `cmd:"" help:"Save the file that an export wrote."`
}

// job is one as the API has it.
type job struct {
	ID         int64      `json:"id"`
	CampaignID *int64     `json:"campaign_id"`
	Kind       string     `json:"kind"`
	State      string     `json:"state"`
	Error      *string    `json:"error"`
	Total      int64      `json:"total"`
	Done       int64      `json:"done"`
	Accepted   int64      `json:"accepted"`
	Duplicates int64      `json:"duplicates"`
	Rejected   int64      `json:"rejected"`
	Rows       int64      `json:"rows"`
	RowPace    *float64   `json:"rows_per_second"`
	Left       *float64   `json:"seconds_left"`
	CreatedAt  *time.Time `json:"created_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

func (j job) rows() int64 { return max(j.Rows, j.Accepted+j.Duplicates+j.Rejected) }

func (j job) ended() bool {
	return j.State == "completed" || j.State == "failed" || j.State == "cancelled"
}

// line is a job in one line.
func (j job) line(rate float64) string {
	line := fmt.Sprintf("%s %s rows", bar(j.Done, j.Total), thousands(j.rows()))
	if j.State != "running" {
		line += "  " + j.State
	} else if rate > 0 {
		line += fmt.Sprintf("  %s/s", thousands(int64(rate)))
		if j.Left != nil {
			line += "  " + (time.Duration(*j.Left) * time.Second).String() + " left"
		}
	}
	return line
}

// followImport draws until the job has ended, saves the rejects where asked to, and is nil only if the job
// completed.
func followImport(ctx context.Context, c *client, id int64, every time.Duration, rejects string) error {
	line := c.progress().patient(time.Now())
	var pace pace
	var got job
	raw, err := follow(ctx, c, fmt.Sprintf("/jobs/%d", id), every, line, func(now time.Time, j job) (string, bool) {
		got = j
		return j.line(pace.of(now, j.rows())), j.ended()
	})
	line.end()
	if ctx.Err() != nil {
		c.note("Stopped following. The import goes on by itself: arauto job follow %d", id)
		return err
	}
	if err != nil {
		return err
	}
	if err := c.print(raw, func() error { return c.showImport(got) }); err != nil {
		return err
	}
	if got.Rejected > 0 {
		if rejects == "" {
			c.note("See the refused rows with: arauto job rejects %d --out FILE", id)
		} else if err := saveRejects(ctx, c, fmt.Sprint(id), rejects); err != nil {
			return err
		}
	}
	switch got.State {
	case "completed":
		return nil
	case "failed":
		return fmt.Errorf("job %d failed: %s", id, plain(word(got.Error)))
	}
	return fmt.Errorf("job %d was %s", id, got.State)
}

func (c *client) showImport(j job) error {
	took := ""
	if j.StartedAt != nil && j.FinishedAt != nil {
		took = j.FinishedAt.Sub(*j.StartedAt).Round(time.Millisecond).String()
	}
	return c.facts("Job", fmt.Sprintf("%d %s", j.ID, j.State), "Accepted", thousands(j.Accepted), "Duplicates", thousands(j.Duplicates),
		"Rejected", thousands(j.Rejected), "Took", took)
}

// saveRejects streams the refused rows into a file.
func saveRejects(ctx context.Context, c *client, id, name string) error {
	return saveFile(ctx, c, "/jobs/"+url.PathEscape(id)+"/rejects", name)
}

// saveFile streams what is at path into a file.
func saveFile(ctx context.Context, c *client, path, name string) error {
	return c.write(name, func(out io.Writer) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		stalled := time.AfterFunc(stall, func() { cancel(errSlow) })
		defer stalled.Stop()
		r, err := c.request(ctx, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		answer, err := c.http.Do(r)
		if err != nil {
			return c.unreachable(r, err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			raw, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20)) // what came is what can be told
			return c.refused(answer, raw)
		}
		if _, err := io.Copy(out, watched{answer.Body, stalled}); err != nil {
			return c.unreachable(r, err)
		}
		return nil
	})
}

// watched is a body that keeps a timer from going off while it moves.
type watched struct {
	io.Reader
	timer *time.Timer
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.timer.Reset(stall)
	return n, err
}

// write fills a file that is there whole or not at all; - is standard output.
func (c *client) write(name string, fill func(io.Writer) error) error {
	if name == "-" {
		return fill(c.Out)
	}
	part := name + ".part"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(file), file.Close()); err != nil {
		_ = os.Remove(part) // what is left is marked as a part
		return err
	}
	if err := os.Rename(part, name); err != nil {
		return err
	}
	c.note("Saved %s", name)
	return nil
}

type jobListCmd struct {
	listing
	Campaign string `help:"Only this campaign's: number, UUID or name."`
}

func (k jobListCmd) Run(ctx context.Context, c *client) error {
	query := url.Values{}
	if k.Campaign != "" {
		id, err := campaignID(ctx, c, k.Campaign)
		if err != nil {
			return err
		}
		query.Set("campaign", id)
	}
	head := []string{"ID", "KIND", "CAMPAIGN", "STATE", "ACCEPTED", "DUPLICATES", "REJECTED", "CREATED", "ERROR"}
	return list(ctx, c, "/jobs", query, k.listing, head, func(j job) []string {
		return []string{
			fmt.Sprint(j.ID), j.Kind, word(j.CampaignID), j.State, thousands(j.Accepted), thousands(j.Duplicates), thousands(j.Rejected),
			local(j.CreatedAt), word(j.Error),
		}
	})
}

type jobFollowCmd struct {
	Job     int64         `arg:"" help:"Number."`
	Rejects string        `placeholder:"FILE" help:"Save the rows that were refused, with the reasons."`
	Every   time.Duration `default:"500ms" hidden:"" help:"How often to look."`
}

func (k jobFollowCmd) Run(ctx context.Context, c *client) error {
	return followImport(ctx, c, k.Job, k.Every, k.Rejects)
}

type jobCancelCmd struct {
	Job int64 `arg:"" help:"Number."`
}

func (k jobCancelCmd) Run(ctx context.Context, c *client) error {
	var got job
	raw, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("/jobs/%d", k.Job), nil, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.showImport(got) })
}

type jobRejectsCmd struct {
	Job int64  `arg:"" help:"Number."`
	Out string `default:"-" placeholder:"FILE" help:"Where to; - is standard output."`
}

func (k jobRejectsCmd) Run(ctx context.Context, c *client) error {
	return saveRejects(ctx, c, fmt.Sprint(k.Job), k.Out)
}
