package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

type personCmd struct {
	remote
	Show  personShowCmd  `cmd:"" help:"Who somebody is: names, do-not-contact entries, contacts over all campaigns."`
	Merge personMergeCmd `cmd:"" help:"Make one person of two. It cannot be undone."`

	Timeline personTimelineCmd `cmd:"" help:"What happened with somebody, over all campaigns, the latest first."`
	Export   personExportCmd   `cmd:"" help:"Everything that is kept of somebody, as one JSON document: for themselves."`
	Erase    personEraseCmd    `cmd:"" help:"Forget somebody, and never contact them again. It cannot be undone."`
}

// person is one as the API has it.
type person struct {
	ID      *int64  `json:"id"`
	Phone   *string `json:"phone"`
	Name    string  `json:"name"`
	Aliases []struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
	} `json:"aliases"`
	Merged []string `json:"merged"`
}

func (p person) title() string {
	return strings.TrimSpace(strings.Join(strings.Fields(word(p.ID)+" "+word(p.Phone)+" "+plain(p.Name)), " "))
}

type personShowCmd struct {
	Person string `arg:"" help:"A phone with its +, a user id of Meta's, a username, or the person's number."`
}

func (k personShowCmd) Run(ctx context.Context, c *client) error {
	ref, err := c.personRef(ctx, k.Person)
	if err != nil {
		return err
	}
	var got struct {
		person
		Suppressions []suppression `json:"suppressions"`
		Contacts     page[struct {
			ID           int64      `json:"id"`
			CampaignName string     `json:"campaign_name"`
			Phone        *string    `json:"phone"`
			UserID       *string    `json:"user_id"`
			State        string     `json:"state"`
			UpdatedAt    *time.Time `json:"updated_at"`
		}] `json:"contacts"`
	}
	raw, err := c.get(ctx, "/people/"+url.PathEscape(ref), &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		facts := []string{"Person", word(got.ID), "Phone", word(got.Phone), "Name", got.Name, "Merged", strings.Join(got.Merged, ", ")}
		for _, a := range got.Aliases {
			facts = append(facts, a.Kind, a.Value)
		}
		if err := c.facts(facts...); err != nil {
			return err
		}
		for _, s := range got.Suppressions {
			if err := c.say("%s", plain(s.words())); err != nil {
				return err
			}
		}
		var rows [][]string
		for _, r := range got.Contacts.Data {
			rows = append(rows, []string{fmt.Sprint(r.ID), r.CampaignName, firstWord(r.Phone, r.UserID), r.State, local(r.UpdatedAt)})
		}
		return c.table([]string{"CONTACT", "CAMPAIGN", "PHONE", "STATE", "CHANGED"}, rows)
	})
}

// personRef turns a name that is no phone and no number into the person's number.
func (c *client) personRef(ctx context.Context, name string) (string, error) {
	if strings.Trim(name, "+0123456789") == "" {
		return name, nil
	}
	var found page[person]
	if _, err := c.get(ctx, "/people?"+url.Values{"alias": {name}}.Encode(), &found); err != nil {
		return "", err
	}
	switch {
	case len(found.Data) == 0:
		return "", fmt.Errorf("nobody is known as %q", name)
	case len(found.Data) > 1:
		return "", fmt.Errorf("%q may be %s or %s: name one by its phone", name, found.Data[0].title(), found.Data[1].title())
	case found.Data[0].ID != nil:
		return fmt.Sprint(*found.Data[0].ID), nil
	}
	return word(found.Data[0].Phone), nil
}

type personMergeCmd struct {
	From string `arg:"" help:"Who becomes the other: as of show."`
	Into string `arg:"" help:"Who stays."`
}

func (k personMergeCmd) Run(ctx context.Context, c *client) error {
	from, err := c.personRef(ctx, k.From)
	if err != nil {
		return err
	}
	into, err := c.personRef(ctx, k.Into)
	if err != nil {
		return err
	}
	var got person
	raw, err := c.post(ctx, "/people/"+url.PathEscape(from)+"/merge", map[string]string{"into": into}, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("They are one now: %s", got.title()) })
}

type personTimelineCmd struct {
	listing
	Person string `arg:"" help:"As of show."`
}

func (k personTimelineCmd) Run(ctx context.Context, c *client) error {
	ref, err := c.personRef(ctx, k.Person)
	if err != nil {
		return err
	}
	type happening struct {
		At       *time.Time `json:"at"`
		Kind     string     `json:"kind"`
		Campaign *int64     `json:"campaign_id"`
		State    *string    `json:"state"`
		Text     *string    `json:"text"`
	}
	head := []string{"AT", "WHAT", "CAMPAIGN", "STATE", "TEXT"}
	return list(ctx, c, "/people/"+url.PathEscape(ref)+"/timeline", nil, k.listing, head, func(h happening) []string {
		return []string{local(h.At), h.Kind, word(h.Campaign), word(h.State), plain(word(h.Text))}
	})
}

type personExportCmd struct {
	Person string `arg:"" help:"As of show."`
	Out    string `short:"o" placeholder:"FILE" help:"The file to write; default: standard output."`
	Job    bool   `help:"Have it written as a job: a ZIP archive with the document and the files of their conversations, that can be fetched for seven days. Needs --out."`

	FilesAfter int64 `placeholder:"N" help:"Of the files those behind number N: where an archive was full, its document's files_after says it. Needs --job."`

	Every time.Duration `default:"500ms" hidden:"" help:"How often to look."`
}

func (k personExportCmd) Run(ctx context.Context, c *client) error {
	ref, err := c.personRef(ctx, k.Person)
	if err != nil {
		return err
	}
	if k.Job {
		return k.follow(ctx, c, ref)
	}
	if k.FilesAfter > 0 {
		return usageError("--files-after needs --job: only an archive has files")
	}
	raw, err := c.get(ctx, "/people/"+url.PathEscape(ref)+"/export", nil)
	if err != nil {
		return err
	}
	if k.Out == "" {
		return c.say("%s", raw)
	}
	return os.WriteFile(k.Out, append(raw, '\n'), 0o600)
}

// follow has the document written as a job, and fetches it.
func (k personExportCmd) follow(ctx context.Context, c *client, ref string) error {
	if k.Out == "" {
		return errors.New("an archive is no text: say with --out which file to write")
	}
	var got export
	path := "/people/" + url.PathEscape(ref) + "/exports"
	if k.FilesAfter > 0 {
		path += fmt.Sprint("?files_after=", k.FilesAfter)
	}
	if _, err := c.post(ctx, path, nil, &got); err != nil {
		return err
	}
	line := c.progress().patient(time.Now())
	_, err := follow(ctx, c, fmt.Sprintf("/person-exports/%d", got.Job.ID), k.Every, line, func(_ time.Time, seen export) (string, bool) {
		got = seen
		return thousands(got.Job.Done) + " rows", got.Job.ended()
	})
	line.end()
	switch {
	case errors.Is(err, context.Canceled):
		c.note("Stopped following. The export goes on by itself: arauto job file %d --out FILE", got.Job.ID)
		return err
	case err != nil:
		return err
	case got.Job.State != "completed":
		return fmt.Errorf("job %d is %s: %s", got.Job.ID, got.Job.State, plain(word(got.Job.Error)))
	}
	if err := saveFile(ctx, c, fmt.Sprintf("/person-exports/%d/file", got.Job.ID), k.Out); err != nil {
		return err
	}
	if n := got.Job.Rejected; n > 0 {
		c.note("Files that are not in it: %s. person.json names each, and says why.", thousands(n))
	}
	return nil
}

type personEraseCmd struct {
	Person string `arg:"" help:"As of show."`
	Why    string `required:"" help:"Kept in the audit: the request, the ticket. Nothing of the person's."`
	Yes    bool   `help:"I know that it cannot be undone."`
}

func (k personEraseCmd) Run(ctx context.Context, c *client) error {
	if !k.Yes {
		return usageError("it cannot be undone: say --yes")
	}
	ref, err := c.personRef(ctx, k.Person)
	if err != nil {
		return err
	}
	var j job
	raw, err := c.post(ctx, "/people/"+url.PathEscape(ref)+"/erase", map[string]string{"why": k.Why}, &j)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("Nobody contacts them any more. Job %d takes them out of what is kept: arauto job show %d", j.ID, j.ID)
	})
}
