package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"arauto"
)

const templateColumns = `account_id, id, uuid, waba_id, meta_id, name, language, category, status, quality, rejected, named, parts, synced_at`

// templateDeleted is the status of a template that Meta no longer lists.
const templateDeleted = "DELETED"

// templateParts is what a template is made of, as the parts column keeps it.
type templateParts struct {
	Header  partHeader   `json:"header"`
	Body    string       `json:"body"`
	Footer  string       `json:"footer"`
	Buttons []partButton `json:"buttons,omitempty"`
}

type partHeader struct {
	Format string `json:"format"`
	Text   string `json:"text"`
}

type partButton struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

func encodeParts(m arauto.Template) string {
	p := templateParts{Header: partHeader(m.Header), Body: m.Body, Footer: m.Footer}
	for _, b := range m.Buttons {
		p.Buttons = append(p.Buttons, partButton(b))
	}
	return jsonOf(p)
}

func decodeParts(text string, m *arauto.Template) error {
	var p templateParts
	if err := fromJSON(text, &p); err != nil {
		return err
	}
	m.Header, m.Body, m.Footer = arauto.Header(p.Header), p.Body, p.Footer
	for _, b := range p.Buttons {
		m.Buttons = append(m.Buttons, arauto.Button(b))
	}
	return nil
}

// SaveTemplates makes a WABA's templates what Meta lists now. A template that is known by name and
// language keeps its id and UUID; one that is no longer listed stays, with status DELETED. changed
// counts those whose words, category or status differ from before. Campaigns follow a status that
// changed: see followTemplate.
func (s *Store) SaveTemplates(ctx context.Context, now time.Time, account, waba int64, list []arauto.Template) (added, changed int, err error) {
	var halted []arauto.Halted
	err = s.db.write(ctx, func(t querier) error {
		if _, err := one(ctx, t, scanInt, `SELECT id FROM waba WHERE account_id = $1 AND id = $2`+s.db.lock(), account, waba); err != nil {
			return missing(err, "WABA", waba)
		}
		sync := templateSync{now: now, account: account, waba: waba}
		if err := sync.compare(ctx, t, list); err != nil {
			return err
		}
		added, changed, halted = len(sync.inserts), sync.changed, nil
		if err := sync.save(ctx, t); err != nil {
			return err
		}
		for _, m := range sync.moved {
			done, err := s.followTemplate(ctx, t, now, m)
			if err != nil {
				return err
			}
			halted = append(halted, done...)
		}
		return nil
	})
	if err == nil {
		s.tellHalted(halted)
	}
	return added, changed, doing("save templates", err)
}

// templateSync is one call of SaveTemplates.
type templateSync struct {
	now           time.Time
	account, waba int64
	changed       int
	inserts       []arauto.Template
	moved         []arauto.Template // whose status changed
	updates       [][]any
}

type templateKey struct{ name, language string }

func (y *templateSync) compare(ctx context.Context, t querier, list []arauto.Template) error {
	known, err := all(ctx, t, scanTemplate, `SELECT `+templateColumns+` FROM template WHERE account_id = $1 AND waba_id = $2`, y.account, y.waba)
	if err != nil {
		return err
	}
	before := make(map[templateKey]arauto.Template, len(known))
	for _, m := range known {
		before[templateKey{m.Name, m.Language}] = m
	}
	listed := map[templateKey]bool{}
	for _, m := range list {
		key := templateKey{m.Name, m.Language}
		if listed[key] {
			continue
		}
		listed[key] = true
		was, there := before[key]
		m.ID, m.UUID, m.Account, m.WABA, m.SyncedAt = was.ID, was.UUID, y.account, y.waba, moment(ms(y.now))
		if !there {
			y.inserts = append(y.inserts, m)
			continue
		}
		y.update(was, m)
	}
	for _, m := range known {
		if !listed[templateKey{m.Name, m.Language}] && m.Status != templateDeleted {
			gone := m
			gone.Status, gone.SyncedAt = templateDeleted, moment(ms(y.now))
			y.update(m, gone)
		}
	}
	return nil
}

func (y *templateSync) update(was, is arauto.Template) {
	if was.MetaID != is.MetaID || was.Category != is.Category || was.Status != is.Status || was.Quality != is.Quality ||
		was.Rejected != is.Rejected || was.Named != is.Named || encodeParts(was) != encodeParts(is) {
		y.changed++
	}
	if was.Status != is.Status {
		y.moved = append(y.moved, is)
	}
	y.updates = append(y.updates, []any{y.account, is.ID, is.MetaID, is.Category, is.Status, is.Quality, is.Rejected, is.Named, encodeParts(is), ms(is.SyncedAt)})
}

func (y *templateSync) save(ctx context.Context, t querier) error {
	if len(y.inserts) > 0 {
		first, err := nextIDs(ctx, t, y.account, "template", int64(len(y.inserts)))
		if err != nil {
			return err
		}
		args := make([][]any, len(y.inserts))
		for i, m := range y.inserts {
			args[i] = []any{
				y.account, first + int64(i), newUUID(), y.waba, m.MetaID, m.Name, m.Language, m.Category, m.Status, m.Quality, m.Rejected,
				m.Named, encodeParts(m), ms(m.SyncedAt),
			}
		}
		if _, err := t.each(ctx, `INSERT INTO template (`+templateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, args); err != nil {
			return err
		}
	}
	if _, err := t.each(ctx, `UPDATE template SET meta_id = $3, category = $4, status = $5, quality = $6, rejected = $7, named = $8, parts = $9,
		synced_at = $10 WHERE account_id = $1 AND id = $2`, y.updates); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE waba SET synced_at = $3 WHERE account_id = $1 AND id = $2`, y.account, y.waba, ms(y.now))
	return err
}

// SetTemplateStatus takes what a webhook says of a template of the WABA with that Meta id: by the
// template's own Meta id or, where that is not known, by name and language ("en-US" is "en_US"). What
// speaks of no template of the account changes nothing: the next sync brings it. at is when it happened:
// what is older than what is known changes nothing either.
func (s *Store) SetTemplateStatus(ctx context.Context, now, at time.Time, account int64, wabaMetaID string, f arauto.TemplateFact) error {
	var halted []arauto.Halted
	err := s.db.write(ctx, func(t querier) error {
		halted = nil
		wabas, err := all(ctx, t, scanInt, `SELECT id FROM waba WHERE account_id = $1 AND meta_id = $2`, account, wabaMetaID)
		for _, waba := range wabas {
			done, err := s.setTemplateStatus(ctx, t, now, at, account, waba, f)
			if err != nil {
				return err
			}
			halted = append(halted, done...)
		}
		return err
	})
	if err == nil {
		s.tellHalted(halted)
	}
	return doing("set template status", err)
}

// outOfOrder is by how much a fact may be older than what is known and still count: the provider's clock is
// another, and names whole seconds.
const outOfOrder = time.Minute

func (s *Store) setTemplateStatus(ctx context.Context, t querier, now, at time.Time, account, waba int64, f arauto.TemplateFact) ([]arauto.Halted, error) {
	if f.Status == "" {
		return nil, nil
	}
	m, err := s.templateOf(ctx, t, account, waba, f)
	if errors.Is(err, errNoRow) || err == nil && at.Before(m.SyncedAt.Add(-outOfOrder)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `UPDATE template SET status = $3, rejected = $4, synced_at = $5 WHERE account_id = $1 AND id = $2`,
		account, m.ID, f.Status, f.Reason, ms(at)); err != nil {
		return nil, err
	}
	m.Status, m.Rejected = f.Status, f.Reason
	return s.followTemplate(ctx, t, now, m)
}

// templateOf is the template that a fact speaks of.
func (s *Store) templateOf(ctx context.Context, t querier, account, waba int64, f arauto.TemplateFact) (arauto.Template, error) {
	const find = `SELECT ` + templateColumns + ` FROM template WHERE account_id = $1 AND waba_id = $2 AND `
	if f.MetaID != "" {
		m, err := one(ctx, t, scanTemplate, find+`meta_id = $3`+s.db.lock(), account, waba, f.MetaID)
		if !errors.Is(err, errNoRow) {
			return m, err
		}
	}
	return one(ctx, t, scanTemplate, find+`name = $3 AND replace(lower(language), '-', '_') = $4`+s.db.lock(), account, waba,
		f.Name, strings.ReplaceAll(strings.ToLower(f.Language), "-", "_"))
}

// followTemplate lets the campaigns that send m follow its status: those that run pause when it can be sent
// no longer, and those that the engine paused for it go on once it is approved.
func (s *Store) followTemplate(ctx context.Context, t querier, now time.Time, m arauto.Template) ([]arauto.Halted, error) {
	if m.Status == arauto.TemplateApproved {
		return s.resumeCampaigns(ctx, t, now, m.Account, `template_id = $2 AND `+s.db.in("pause_reason", "$3"), "its template is approved", m.ID, s.db.list(endsWithApproval()))
	}
	reason, code, stops := arauto.StatusHalts(m.Status)
	if !stops {
		return nil, nil
	}
	h := arauto.Halt{Code: code, Reason: reason, Detail: m.Rejected, Scope: arauto.ScopeTemplate}
	n, err := s.haltCampaigns(ctx, t, now, m.Account, `template_id = $2`, m.ID, h)
	if err != nil || n == 0 {
		return nil, err
	}
	return []arauto.Halted{{Scope: h.Scope, Reason: h.Reason, Code: h.Code}}, nil
}

func endsWithApproval() (list []string) {
	for _, r := range arauto.Reasons() {
		if r.EndsWithApproval() {
			list = append(list, string(r))
		}
	}
	return list
}

// Templates lists an account's templates by id, from after, deleted ones too.
func (s *Store) Templates(ctx context.Context, account, after int64, limit int) ([]arauto.Template, error) {
	return readAll(ctx, s, scanTemplate, `SELECT `+templateColumns+` FROM template WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, account, after, limit)
}

// ApprovedTemplates lists those that Meta sends, by id, from after; of one WABA, or of all where it is 0.
func (s *Store) ApprovedTemplates(ctx context.Context, account, waba, after int64, limit int) ([]arauto.Template, error) {
	return readAll(ctx, s, scanTemplate, `SELECT `+templateColumns+` FROM template WHERE account_id = $1 AND id > $2 AND status = $3 AND ($4 = 0 OR waba_id = $4) ORDER BY id LIMIT $5`,
		account, after, arauto.TemplateApproved, waba, limit)
}

// Template is the template with that id.
func (s *Store) Template(ctx context.Context, account, id int64) (m arauto.Template, err error) {
	err = s.db.read(ctx, func(q querier) error {
		m, err = s.template(ctx, q, account, id)
		return err
	})
	return m, err
}

// TemplateByUUID is the template with that UUID.
func (s *Store) TemplateByUUID(ctx context.Context, account int64, uuid string) (arauto.Template, error) {
	m, err := readOne(ctx, s, scanTemplate, `SELECT `+templateColumns+` FROM template WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return m, missing(err, "template", uuid)
}

func (s *Store) template(ctx context.Context, q querier, account, id int64) (arauto.Template, error) {
	m, err := one(ctx, q, scanTemplate, `SELECT `+templateColumns+` FROM template WHERE account_id = $1 AND id = $2`, account, id)
	return m, missing(err, "template", id)
}

func scanTemplate(r rows) (arauto.Template, error) {
	var m arauto.Template
	var parts string
	var synced int64
	err := r.Scan(&m.Account, &m.ID, &m.UUID, &m.WABA, &m.MetaID, &m.Name, &m.Language, &m.Category, &m.Status, &m.Quality, &m.Rejected, &m.Named, &parts, &synced)
	if err != nil {
		return m, err
	}
	m.SyncedAt = moment(synced)
	return m, decodeParts(parts, &m)
}
