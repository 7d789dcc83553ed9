package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An Inbound is something a person does unasked. Exactly one of Text, Button and
// Preference is set.
type Inbound struct {
	From       string          `json:"from"`       // any spelling of a number
	Name       string          `json:"name"`       // "" is the person's own
	Text       string          `json:"text"`       // a text message
	Button     string          `json:"button"`     // the text of a quick reply that is tapped
	Payload    string          `json:"payload"`    // of the button; "" is its text
	Preference string          `json:"preference"` // "stop" or "resume"
	Context    string          `json:"context"`    // id of the message replied to; "last" is the last this person was sent
	Referral   json.RawMessage `json:"referral"`   // Meta's referral object, passed on as it is
	HidePhone  bool            `json:"hide_phone"` // a user name hides the number: only the user id is told
}

// spoken is an Inbound with everything filled in.
type spoken struct {
	number, waID, userID, name string
	id, text, button, payload  string
	context, preference        string
	referral                   json.RawMessage
}

// Say makes a person act now, whatever their fate, and returns the id of the message
// ("" for a preference). It returns an error if in is incomplete or the queue is full.
func (s *Sandbox) Say(in Inbound) (id string, err error) {
	digits, ok := parseNumber(in.From)
	if !ok {
		return "", errors.New("from is not a phone number")
	}
	given := 0
	for _, v := range []string{in.Text, in.Button, in.Preference} {
		if v != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return "", errors.New("give exactly one of text, button and preference")
	case in.Preference != "" && in.Preference != "stop" && in.Preference != "resume":
		return "", errors.New("preference is stop or resume")
	case s.queue.full():
		return "", errors.New("too many webhooks wait to be delivered")
	}
	p := Fate(s.cfg.Seed, digits).spoken(in.Preference)
	p.name = cmp.Or(in.Name, p.name)
	p.text, p.button, p.payload, p.referral = in.Text, in.Button, cmp.Or(in.Payload, in.Button), in.Referral
	p.context = in.Context
	if in.Context == "last" {
		if p.context = s.ledger.lastID(p.number); p.context == "" {
			return "", errors.New("this person was not sent anything to reply to")
		}
	}
	if in.HidePhone {
		p.waID = ""
	}
	if in.Preference == "" {
		p.id = wamid(s.boot, p.number, int(s.said.Add(1)), "said")
	}
	now := time.Now()
	s.queue.add(now, update{kind: kindSaid, at: now, said: &p})
	return p.id, nil
}

// SetTemplateStatus changes a template's status (APPROVED, PAUSED, DISABLED, …) and
// tells it by webhook. It returns an error if there is no such template.
func (s *Sandbox) SetTemplateStatus(name, language, status string) error {
	t, ok := s.templates.setStatus(name, language, status)
	if !ok {
		return fmt.Errorf("template %q does not exist in %q", name, language)
	}
	s.queue.add(time.Now(), update{kind: kindTemplate, at: time.Now(), template: &t})
	return nil
}

// SetWebhook makes webhooks go to address from now on, those that wait included; ""
// discards them.
func (s *Sandbox) SetWebhook(address string) { s.webhook.Store(&address) }

// VerifyWebhook asks address for the challenge as Meta does when a webhook is
// subscribed, with Config.VerifyToken. It does not set the webhook.
func (s *Sandbox) VerifyWebhook(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("the webhook's address must be a full URL")
	}
	challenge := strconv.FormatUint(roll(s.cfg.Seed, "challenge", address).next()>>32, 10)
	q := u.Query()
	q.Set("hub.mode", "subscribe")
	q.Set("hub.challenge", challenge)
	q.Set("hub.verify_token", s.cfg.VerifyToken)
	u.RawQuery = q.Encode()

	ctx, cancel := context.WithTimeout(ctx, s.cfg.Deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("make verification request: %w", err)
	}
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return fmt.Errorf("verify webhook: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return fmt.Errorf("read verification: %w", err)
	}
	if resp.StatusCode != http.StatusOK || string(answer) != challenge {
		return fmt.Errorf("verify webhook: answered %d without the challenge; check the verify token", resp.StatusCode)
	}
	return nil
}

// control serves what is below /_sandbox/.
func (s *Sandbox) control(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/_sandbox/") {
	case "GET ledger":
		s.getLedger(w, r)
	case "GET summary":
		writeJSON(w, http.StatusOK, s.Summary())
	case "GET magic":
		s.getMagic(w)
	case "POST inbound":
		s.postInbound(w, r)
	case "POST webhook":
		s.postWebhook(w, r)
	case "POST template":
		s.postTemplate(w, r)
	default:
		complain(w, http.StatusNotFound, errors.New("there are GET ledger, summary and magic, and POST inbound, webhook and template"))
	}
}

type ledgerPage struct {
	Entries []Entry `json:"entries"`
	After   int64   `json:"after"` // for the next page
	More    bool    `json:"more"`
}

const maxLedgerPage = 10_000

func (s *Sandbox) getLedger(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, err := strconv.ParseInt(cmp.Or(q.Get("after"), "0"), 10, 64)
	limit, err2 := strconv.Atoi(cmp.Or(q.Get("limit"), "1000"))
	if err != nil || err2 != nil || limit < 1 || limit > maxLedgerPage || after < 0 {
		complain(w, http.StatusBadRequest, fmt.Errorf("after is a seq, limit is 1 to %d", maxLedgerPage))
		return
	}
	found := s.Ledger(after, limit+1)
	page := ledgerPage{Entries: found[:min(limit, len(found))], After: after, More: len(found) > limit}
	if n := len(page.Entries); n > 0 {
		page.After = page.Entries[n-1].Seq
	} else {
		page.Entries = []Entry{}
	}
	writeJSON(w, http.StatusOK, page)
}

type magicItem struct {
	Pattern string `json:"pattern"`
	First   string `json:"first"`
	Means   string `json:"means"`
	End     End    `json:"end"`
}

func (s *Sandbox) getMagic(w http.ResponseWriter) {
	var items []magicItem
	for _, m := range MagicNumbers() {
		items = append(items, magicItem{m.Pattern(), m.Number(0), m.Means, Fate(s.cfg.Seed, m.Number(0)).End()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"magic": items})
}

func (s *Sandbox) postInbound(w http.ResponseWriter, r *http.Request) {
	var in Inbound
	if !readControl(w, r, &in) {
		return
	}
	id, err := s.Say(in)
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": id})
}

func (s *Sandbox) postWebhook(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URL    string `json:"url"`
		Verify bool   `json:"verify"`
	}
	if !readControl(w, r, &in) {
		return
	}
	if in.Verify {
		if err := s.VerifyWebhook(r.Context(), in.URL); err != nil {
			complain(w, http.StatusBadGateway, err)
			return
		}
	}
	s.SetWebhook(in.URL)
	writeJSON(w, http.StatusOK, map[string]string{"url": in.URL})
}

func (s *Sandbox) postTemplate(w http.ResponseWriter, r *http.Request) {
	var in struct{ Name, Language, Status string }
	if !readControl(w, r, &in) {
		return
	}
	if err := s.SetTemplateStatus(in.Name, in.Language, in.Status); err != nil {
		complain(w, http.StatusNotFound, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": in.Status})
}

func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(into)
	if err != nil {
		complain(w, http.StatusBadRequest, fmt.Errorf("read body: %w", err))
	}
	return err == nil
}

func complain(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}
