package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A verb is one thing that the control API does. body is JSON, "{}" if there was none.
type verb func(ctx context.Context, s *Sandbox, body []byte) (any, error)

// operation is a verb and what to say about it.
type operation struct {
	means string
	do    verb
}

// posts is what POST /_sandbox/{name} does.
func posts() map[string]operation {
	return map[string]operation{
		"inbound":  {"a person writes, taps, sends a file, reacts, stops marketing or takes another number", doInbound},
		"crowd":    {"many people come by ads", doCrowd},
		"webhook":  {"where webhooks go; verify asks for the challenge first", doWebhook},
		"delivery": {"how webhooks travel: batch, twice, late, delay, shape; what is left out stays", doDelivery},
		"script":   {"replaces the script: rules and steps", doScript},
		"limits":   {"throughput, pair limit and tier; what is left out stays", doLimits},
		"number":   {"a number's quality, status, throughput and maintenance", doNumber},
		"template": {"a template's status, quality, category, pause or unpause", doTemplate},
		"account":  {"refuses everything with a code, or no longer with code 0, and tells account_update", doAccount},
		"event":    {"tells any webhook field with any value", doEvent},
		"release":  {"lets held messages go, or drops them", doRelease},
		"reset":    {"forgets everything and begins again, with another seed if it is given", doReset},
	}
}

// gets is what GET /_sandbox/{name} answers.
func gets() map[string]struct {
	means string
	do    func(s *Sandbox, q func(string) string) (any, error)
} {
	type get = struct {
		means string
		do    func(s *Sandbox, q func(string) string) (any, error)
	}
	now := func(f func(s *Sandbox) any) func(*Sandbox, func(string) string) (any, error) {
		return func(s *Sandbox, _ func(string) string) (any, error) { return f(s), nil }
	}
	return map[string]get{
		"ledger":   {"every request to send, in order; after and limit page", getLedger},
		"summary":  {"the ledger in figures", now(func(s *Sandbox) any { return s.Summary() })},
		"people":   {"who was written to and how often; after and limit page, number asks for one", getPeople},
		"events":   {"events of the Conversions API that were taken, in order", now(func(s *Sandbox) any { return map[string]any{"events": nonNil(s.Conversions())} })},
		"held":     {"messages that are kept back", now(func(s *Sandbox) any { return map[string]any{"held": nonNil(s.HeldMessages())} })},
		"magic":    {"numbers with a fixed fate", now(func(s *Sandbox) any { return s.magicPage() })},
		"codes":    {"Graph's errors, and the numbers that meet them", now(func(*Sandbox) any { return codesPage() })},
		"script":   {"the script that runs", now(func(s *Sandbox) any { return s.Script() })},
		"limits":   {"the limits that hold", now(func(s *Sandbox) any { return s.Limits() })},
		"delivery": {"how webhooks travel", now(func(s *Sandbox) any { return s.Delivery() })},
	}
}

// control serves /_sandbox/.
func (s *Sandbox) control(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/_sandbox/")
	get, getable := gets()[name]
	post, postable := posts()[name]
	switch {
	case r.Method == http.MethodGet && name == "":
		writeJSON(w, http.StatusOK, index())
	case r.Method == http.MethodGet && getable:
		out, err := get.do(s, r.URL.Query().Get)
		answerControl(w, out, err)
	case r.Method == http.MethodPost && postable:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
		if err != nil {
			answerControl(w, nil, fmt.Errorf("read body: %w", err))
			return
		}
		out, err := post.do(r.Context(), s, body)
		answerControl(w, out, err)
	default:
		complain(w, http.StatusNotFound, errors.New("there is no such thing: GET /_sandbox/ lists what there is"))
	}
}

const maxControl = 8 << 20

// step is a request that the script makes.
func (s *Sandbox) step(step Step) {
	if _, err := posts()[step.Post].do(context.Background(), s, step.Body); err != nil {
		s.cfg.Logger.Warn("step not done", "post", step.Post, "err", err)
	}
}

func index() map[string]map[string]string {
	all := map[string]map[string]string{"get": {}, "post": {}}
	for name, g := range gets() {
		all["get"][name] = g.means
	}
	for name, p := range posts() {
		all["post"][name] = p.means
	}
	return all
}

type ledgerPage struct {
	Entries []Entry `json:"entries"`
	After   int64   `json:"after"` // for the next page
	More    bool    `json:"more"`
}

const maxLedgerPage = 10_000

func pageOfQuery(q func(string) string) (after int64, limit int, err error) {
	after, err = strconv.ParseInt(cmp.Or(q("after"), "0"), 10, 64)
	limit, err2 := strconv.Atoi(cmp.Or(q("limit"), "1000"))
	if err != nil || err2 != nil || limit < 1 || limit > maxLedgerPage || after < 0 {
		return 0, 0, fmt.Errorf("after is a seq, limit is 1 to %d", maxLedgerPage)
	}
	return after, limit, nil
}

func getLedger(s *Sandbox, q func(string) string) (any, error) {
	after, limit, err := pageOfQuery(q)
	if err != nil {
		return nil, err
	}
	found := s.Ledger(after, limit+1)
	page := ledgerPage{Entries: nonNil(found[:min(limit, len(found))]), After: after, More: len(found) > limit}
	if n := len(page.Entries); n > 0 {
		page.After = page.Entries[n-1].Seq
	}
	return page, nil
}

type peoplePage struct {
	People []Person `json:"people"`
	After  int64    `json:"after"`
	More   bool     `json:"more"`
}

func getPeople(s *Sandbox, q func(string) string) (any, error) {
	if number := q("number"); number != "" {
		digits, ok := parseNumber(strings.ReplaceAll(number, " ", "+"))
		if !ok {
			return nil, errors.New("number is not a phone number")
		}
		p, _ := s.Person(digits)
		return p, nil
	}
	after, limit, err := pageOfQuery(q)
	if err != nil {
		return nil, err
	}
	found := s.People(after, limit+1)
	page := peoplePage{People: nonNil(found[:min(limit, len(found))]), After: after, More: len(found) > limit}
	if n := len(page.People); n > 0 {
		page.After = page.People[n-1].Seq
	}
	return page, nil
}

type magicItem struct {
	Pattern string `json:"pattern"`
	First   string `json:"first"`
	Means   string `json:"means"`
	End     End    `json:"end"`
}

func (s *Sandbox) magicPage() map[string][]magicItem {
	var items []magicItem
	for _, m := range MagicNumbers() {
		items = append(items, magicItem{m.Pattern(), m.Number(0), m.Means, Fate(s.seed.Load(), m.Number(0)).End()})
	}
	return map[string][]magicItem{"magic": items}
}

type codeItem struct {
	Code
	Refused string `json:"refused"`
	Failed  string `json:"failed"`
	Once    string `json:"once"`
	Both    string `json:"both"`
}

func codesPage() map[string][]codeItem {
	var items []codeItem
	for _, c := range Codes() {
		items = append(items, codeItem{
			c, CodeNumber(c.Code, CodeRefused), CodeNumber(c.Code, CodeFailed), CodeNumber(c.Code, CodeOnce), CodeNumber(c.Code, CodeBoth),
		})
	}
	return map[string][]codeItem{"codes": items}
}

// unavailable is an error that is not the caller's.
type unavailable struct{ error }

func answerControl(w http.ResponseWriter, out any, err error) {
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, out)
	case errors.As(err, new(unavailable)):
		complain(w, http.StatusBadGateway, err)
	default:
		complain(w, http.StatusBadRequest, err)
	}
}

func complain(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clip(list)
}

// readControl decodes what a verb was given. A member that does not exist is an
// error: a typing mistake in a test's script must not pass for a quiet day.
func readControl(body []byte, into any) error {
	if len(body) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}
