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
	Add  suppressionAddCmd  `cmd:"" help:"Do not contact these people, from the next message on."`
	List suppressionListCmd `cmd:"" help:"List who must not be contacted, newest first."`
	Lift suppressionLiftCmd `cmd:"" help:"Lift one; it is kept, with the evidence of both."`
}

// suppression is one as the API has it.
type suppression struct {
	ID        int64      `json:"id"`
	Phone     *string    `json:"phone"`
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

type suppressionListCmd struct {
	listing
	Phone string `help:"One person's."`
}

func (k suppressionListCmd) Run(ctx context.Context, c *client) error {
	query := url.Values{}
	if k.Phone != "" {
		query.Set("phone", k.Phone)
	}
	head := []string{"ID", "PHONE", "SCOPE", "CHANNEL", "SOURCE", "SINCE", "HOLDS", "EVIDENCE"}
	return list(ctx, c, "/suppressions", query, k.listing, head, func(s suppression) []string {
		channel := word(s.Channel)
		if channel == "" {
			channel = "any"
		}
		return []string{fmt.Sprint(s.ID), word(s.Phone), s.Scope, channel, s.Source, local(s.CreatedAt), s.holds(), s.Evidence}
	})
}

type suppressionLiftCmd struct {
	Suppression int64  `arg:"" name:"id" help:"Number."`
	Evidence    string `required:"" help:"Why the person may be contacted again."`
}

func (k suppressionLiftCmd) Run(ctx context.Context, c *client) error {
	path := fmt.Sprintf("/suppressions/%d?%s", k.Suppression, url.Values{"evidence": {k.Evidence}}.Encode())
	if _, err := c.call(ctx, http.MethodDelete, path, nil, nil, callTime); err != nil {
		return err
	}
	if c.raw {
		return nil
	}
	return c.say("Suppression %d is lifted", k.Suppression)
}
