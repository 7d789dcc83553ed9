package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

type suppressionCmd struct {
	remote
	Add    suppressionAddCmd    `cmd:"" help:"Do not contact these people, from the next message on."`
	Import suppressionImportCmd `cmd:"" help:"Upload a file of people who must not be contacted, and follow it."`
	List   suppressionListCmd   `cmd:"" help:"List who must not be contacted, newest first."`
	Export suppressionExportCmd `cmd:"" help:"Save the list as CSV; it can be imported again."`
	Lift   suppressionLiftCmd   `cmd:"" help:"Lift some; they are kept, with the evidence of both."`
}

// suppression is one as the API has it.
type suppression struct {
	ID        int64      `json:"id"`
	Phone     *string    `json:"phone"`
	UserID    *string    `json:"user_id"`
	Scope     string     `json:"scope"`
	Channel   *string    `json:"channel"`
	Source    string     `json:"source"`
	Evidence  string     `json:"evidence"`
	CreatedAt *time.Time `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	LiftedAt  *time.Time `json:"lifted_at"`
}

// holds is until when, in words.
func (s suppression) holds() string {
	switch {
	case s.LiftedAt != nil:
		return "lifted " + local(s.LiftedAt)
	case s.ExpiresAt != nil:
		return "until " + local(s.ExpiresAt)
	}
	return "in force"
}

func (s suppression) words() string {
	where := "every channel"
	if s.Channel != nil {
		where = *s.Channel
	}
	return fmt.Sprintf("Do not contact (%s, %s): %s, since %s by %s: %s", s.Scope, where, s.holds(), local(s.CreatedAt), s.Source, s.Evidence)
}

type suppressionAddCmd struct {
	Phones   []string `arg:"" optional:"" help:"In any common spelling."`
	From     string   `placeholder:"FILE" help:"A file with one phone per line; - is standard input."`
	Evidence string   `required:"" help:"What was seen: a ticket, a call, a letter."`
	Scope    string   `enum:"all,marketing" default:"all" help:"all, or marketing only."`
	Channel  string   `enum:"any,whatsapp,voice" default:"any" help:"any, whatsapp or voice."`
	Expires  when     `placeholder:"TIME" help:"Until then; default: for good."`
}

// suppressAtOnce is what the API takes in one request.
const suppressAtOnce = 1000

func (k suppressionAddCmd) Run(ctx context.Context, c *client) error {
	if (len(k.Phones) == 0) == (k.From == "") {
		return usageError("give phones, or a file of them with --from")
	}
	if k.From == "" {
		return k.finish(c, k.add(ctx, c, slices.Values(k.Phones)))
	}
	file := io.NopCloser(c.In)
	if k.From != "-" {
		var err error
		if file, err = os.Open(k.From); err != nil {
			return err
		}
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	tally := k.add(ctx, c, func(yield func(string) bool) {
		for lines.Scan() {
			if phone := strings.TrimSpace(lines.Text()); phone != "" && !yield(phone) {
				return
			}
		}
	})
	if tally.err == nil && lines.Err() != nil {
		tally.err = fmt.Errorf("read %s: %w", k.From, lines.Err())
	}
	return k.finish(c, tally)
}

// suppressed is how far an add came.
type suppressed struct {
	added, refused int
	err            error
}

// add sends phones in batches and says which of them are none.
func (k suppressionAddCmd) add(ctx context.Context, c *client, phones func(yield func(string) bool)) (done suppressed) {
	var batch []string
	flush := func() bool {
		if len(batch) > 0 {
			done.err = k.send(ctx, c, batch, &done)
		}
		batch = batch[:0]
		return done.err == nil
	}
	for phone := range phones {
		if batch = append(batch, phone); len(batch) == suppressAtOnce && !flush() {
			return done
		}
	}
	flush()
	return done
}

func (k suppressionAddCmd) send(ctx context.Context, c *client, phones []string, done *suppressed) error {
	body := struct {
		Phones    []string   `json:"phones"`
		Scope     string     `json:"scope"`
		Channel   string     `json:"channel,omitempty"`
		Evidence  string     `json:"evidence"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	}{phones, k.Scope, strings.TrimPrefix(k.Channel, "any"), k.Evidence, k.Expires.pointer()}
	var got struct {
		Data []struct {
			Index int `json:"index"`
			Error *struct {
				Message string `json:"message"`
			} `json:"error"`
		} `json:"data"`
		Added    int `json:"added"`
		Rejected int `json:"rejected"`
	}
	raw, err := c.post(ctx, "/suppressions", body, &got)
	if err != nil {
		return err
	}
	done.added += got.Added
	done.refused += got.Rejected
	for _, r := range got.Data {
		if r.Error != nil && r.Index >= 0 && r.Index < len(phones) {
			c.note("%s: %s", plain(phones[r.Index]), plain(r.Error.Message))
		}
	}
	if c.raw {
		return c.json(raw)
	}
	return nil
}

func (k suppressionAddCmd) finish(c *client, done suppressed) error {
	if !c.raw {
		if err := c.say("Added %s, refused %s", thousands(int64(done.added)), thousands(int64(done.refused))); err != nil {
			return err
		}
	}
	if done.err == nil && done.refused > 0 {
		return errTold
	}
	return done.err
}

type suppressionImportCmd struct {
	File     string `arg:"" help:"A CSV file with a phone in each row, in any spelling, or a business-scoped id; columns for scope, channel, expiry and evidence are found by their headers. - is standard input."`
	Map      []pair `sep:"none" placeholder:"NAME=COLUMN" help:"What a column is, by its header, where that is not found by itself: phone, scope, channel, expires_at or evidence."`
	Evidence string `help:"What was seen, for rows that do not say; default: the file's name and the row."`
	Scope    string `enum:"all,marketing" default:"all" help:"all, or marketing only, for rows that do not say."`
	Channel  string `enum:"any,whatsapp,voice" default:"any" help:"any, whatsapp or voice, for rows that do not say."`
	Expires  when   `placeholder:"TIME" help:"Until then, for rows that do not say; default: for good."`
	following
}

func (k suppressionImportCmd) Run(ctx context.Context, c *client) error {
	file, length, err := openList(c, k.File)
	if err != nil {
		return err
	}
	defer file.Close()
	query := url.Values{"scope": {k.Scope}}
	for key, value := range map[string]string{"channel": strings.TrimPrefix(k.Channel, "any"), "evidence": k.Evidence} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if at := k.Expires.pointer(); at != nil {
		query.Set("expires_at", at.Format(time.RFC3339))
	}
	started, raw, err := uploadList[job](ctx, c, "/suppressions/imports", query, k.Map, k.File, file, length)
	if err != nil {
		return err
	}
	return k.followed(ctx, c, started, raw)
}

// suppressionQuery selects entries.
type suppressionQuery struct {
	Phone   string `help:"One person's."`
	Scope   string `enum:"all,marketing," default:"" placeholder:"SCOPE" help:"Only these: all or marketing."`
	Channel string `enum:"whatsapp,voice," default:"" placeholder:"CHANNEL" help:"Those that concern whatsapp or voice."`
	Source  string `help:"Only from there: opt_out_keyword, opt_out_button, user_preferences, provider, api or upload."`
	InForce bool   `help:"Without those that were lifted or ran out."`
}

func (q suppressionQuery) values() url.Values {
	query := url.Values{}
	for key, value := range map[string]string{"phone": q.Phone, "scope": q.Scope, "channel": q.Channel, "source": q.Source} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if q.InForce {
		query.Set("in_force", "true")
	}
	return query
}

type suppressionListCmd struct {
	listing
	suppressionQuery
}

func (k suppressionListCmd) Run(ctx context.Context, c *client) error {
	head := []string{"ID", "PHONE", "SCOPE", "CHANNEL", "SOURCE", "SINCE", "HOLDS", "EVIDENCE"}
	return list(ctx, c, "/suppressions", k.values(), k.listing, head, func(s suppression) []string {
		channel := word(s.Channel)
		if channel == "" {
			channel = "any"
		}
		return []string{fmt.Sprint(s.ID), firstWord(s.Phone, s.UserID), s.Scope, channel, s.Source, local(s.CreatedAt), s.holds(), s.Evidence}
	})
}

type suppressionExportCmd struct {
	suppressionQuery
	Out string `default:"-" placeholder:"FILE" help:"Where to; - is standard output."`
}

func (k suppressionExportCmd) Run(ctx context.Context, c *client) error {
	return saveFile(ctx, c, "/suppressions/export?"+k.values().Encode(), k.Out)
}

type suppressionLiftCmd struct {
	Suppressions []int64  `arg:"" optional:"" name:"id" help:"Numbers."`
	Phone        []string `sep:"none" help:"Instead: all that hold for this person. May be given again."`
	Evidence     string   `required:"" help:"Why they may be contacted again."`
}

func (k suppressionLiftCmd) Run(ctx context.Context, c *client) error {
	if (len(k.Suppressions) == 0) == (len(k.Phone) == 0) {
		return usageError("give numbers of suppressions, or people with --phone")
	}
	if len(k.Suppressions) == 1 {
		// One that is not there is an error.
		path := fmt.Sprintf("/suppressions/%d?%s", k.Suppressions[0], url.Values{"evidence": {k.Evidence}}.Encode())
		if _, err := c.call(ctx, http.MethodDelete, path, nil, nil, callTime); err != nil || c.raw {
			return err
		}
		return c.say("Suppression %d is lifted", k.Suppressions[0])
	}
	body := struct {
		IDs      []int64  `json:"ids,omitempty"`
		Phones   []string `json:"phones,omitempty"`
		Evidence string   `json:"evidence"`
	}{k.Suppressions, k.Phone, k.Evidence}
	var got struct {
		Lifted []int64 `json:"lifted"`
	}
	raw, err := c.post(ctx, "/suppressions/lift", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Lifted %s", thousands(int64(len(got.Lifted)))) })
}
