package importer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"arauto"
)

// EntryDefaults are what a file of people who must not be contacted leaves out: they hold for rows whose own column
// is missing or empty. Scope "" = all; Channel "" = every channel; ExpiresAt zero = never. Evidence "" = the file's
// name and the row.
type EntryDefaults struct {
	Scope     arauto.SuppressionScope
	Channel   arauto.Channel
	ExpiresAt time.Time
	Evidence  string
}

// entryParams are EntryDefaults as a job stores them.
type entryParams struct {
	Scope    arauto.SuppressionScope `json:"scope"`
	Channel  arauto.Channel          `json:"channel,omitempty"`
	Expires  int64                   `json:"expires,omitempty"` // UTC milliseconds
	Evidence string                  `json:"evidence,omitempty"`
	Zone     string                  `json:"zone"`  // in which dates are read
	Asked    int64                   `json:"asked"` // when: what had run out by then is refused
}

// StartSuppressions keeps the file that body gives and queues its import into the account's do-not-contact list. The
// file has a phone in each row, in any spelling, or a business-scoped id, and may have columns that say scope, channel, expiry and evidence;
// see Start for the rest.
func (i *Imports) StartSuppressions(ctx context.Context, actor arauto.Actor, account arauto.Account, name string, body io.Reader, o Options, d EntryDefaults) (arauto.Job, error) {
	if d.Scope == "" {
		d.Scope = arauto.SuppressAll
	}
	p, err := paramsOf(account, name, o)
	if err != nil {
		return arauto.Job{}, err
	}
	p.Entries = &entryParams{Scope: d.Scope, Channel: d.Channel, Evidence: d.Evidence, Zone: account.TimeZone, Asked: i.Now().UnixMilli()}
	if !d.ExpiresAt.IsZero() {
		p.Entries.Expires = d.ExpiresAt.UnixMilli()
	}
	return i.take(ctx, actor, arauto.Job{Account: account.ID, Kind: arauto.JobSuppressions}, p, body, o)
}

// What the columns of such a file may be besides the phone.
const (
	targetScope    = "scope"
	targetChannel  = "channel"
	targetExpires  = "expires_at"
	targetEvidence = "evidence"
)

// entryAliases are the headers that people give to these columns, as aliases are to those of contacts.
var entryAliases = map[string][]string{
	targetScope:   {"scope", "escopo", "alcance", "abrangencia", "ambito"},
	targetChannel: {"channel", "canal", "channels", "canais", "canales"},
	targetExpires: {
		"expiresat", "expires", "expiry", "expiration", "expirydate", "until", "validuntil", "expiraem", "expira", "expiracao", "validade", "validoate", "ate",
		"vence", "venceem", "venceen", "vencimento", "vencimiento", "expiraen", "expiracion", "caducidad", "caducaen", "hasta", "validohasta",
	},
	targetEvidence: {
		"evidence", "evidencia", "proof", "prova", "prueba", "motivo", "razao", "razon", "note", "notes", "nota", "notas", "observacao", "observacoes",
		"observacion", "observaciones", "comentario", "comment", "ticket", "protocolo",
	},
}

// entries reads the rows of one file as entries of a do-not-contact list.
type entries struct {
	list
	entryParams
	name   string
	zone   *time.Location
	places map[string]int // target → index among the custom fields
}

func (i *Imports) entries(p params, l list) (entries, error) {
	e := entries{list: l, entryParams: *p.Entries, name: p.Name, places: map[string]int{}}
	var err error
	if e.zone, err = time.LoadLocation(p.Entries.Zone); err != nil {
		return e, fmt.Errorf("load the account's time zone: %w", err)
	}
	for target, names := range entryAliases {
		for _, name := range names {
			if at := slices.IndexFunc(l.columns.Keys, func(key string) bool { return fold(key) == name || key == target }); at >= 0 {
				e.places[target] = at
				break
			}
		}
	}
	return e, nil
}

// entry reads one row; the error is what is wrong with it.
func (e entries) entry(row Row) (arauto.Suppression, error) {
	said, who, err := e.person(row)
	if err != nil {
		return arauto.Suppression{}, err
	}
	s := arauto.Suppression{PersonKey: who.PersonKey, Phone: who.Phone, Scope: e.Scope, Channel: e.Channel, Source: "upload", Evidence: e.Evidence}
	if e.Expires != 0 {
		s.ExpiresAt = time.UnixMilli(e.Expires).UTC()
	}
	if s.Evidence == "" {
		s.Evidence = strings.TrimPrefix(fmt.Sprintf("%s, row %d", e.name, row.Number), ", ")
	}
	for _, column := range []struct {
		target string
		read   func(cell string) error
	}{
		{targetScope, func(cell string) (err error) { s.Scope, err = readScope(cell); return err }},
		{targetChannel, func(cell string) (err error) { s.Channel, err = readChannel(cell); return err }},
		{targetExpires, func(cell string) (err error) { s.ExpiresAt, err = e.readExpiry(cell); return err }},
		{targetEvidence, func(cell string) error { s.Evidence = cell; return nil }},
	} {
		at, ok := e.places[column.target]
		if !ok || said.Fields[at].Value == "" {
			continue
		}
		if err := column.read(said.Fields[at].Value); err != nil {
			return s, rowErrorf(row, e.columns.Keys[at], "%v", err)
		}
	}
	return s, nil
}

// What people write into these cells, as fold leaves it.
var (
	scopeWords = map[string]arauto.SuppressionScope{
		"all": arauto.SuppressAll, "everything": arauto.SuppressAll, "todos": arauto.SuppressAll, "todas": arauto.SuppressAll, "todo": arauto.SuppressAll,
		"tudo": arauto.SuppressAll, "total": arauto.SuppressAll, "geral": arauto.SuppressAll, "general": arauto.SuppressAll,
		"marketing": arauto.SuppressMarketing, "promocao": arauto.SuppressMarketing, "promocoes": arauto.SuppressMarketing, "promocion": arauto.SuppressMarketing,
		"promociones": arauto.SuppressMarketing, "promotions": arauto.SuppressMarketing, "publicidade": arauto.SuppressMarketing, "publicidad": arauto.SuppressMarketing,
	}
	channelWords = map[string]arauto.Channel{
		"all": "", "any": "", "every": "", "todos": "", "todas": "", "qualquer": "", "cualquiera": "",
		"whatsapp": arauto.ChannelWhatsApp, "whats": arauto.ChannelWhatsApp, "wpp": arauto.ChannelWhatsApp, "zap": arauto.ChannelWhatsApp,
		"voice": arauto.ChannelVoice, "voz": arauto.ChannelVoice, "phone": arauto.ChannelVoice, "call": arauto.ChannelVoice, "calls": arauto.ChannelVoice,
		"telefone": arauto.ChannelVoice, "telefono": arauto.ChannelVoice, "ligacao": arauto.ChannelVoice, "ligacoes": arauto.ChannelVoice,
		"llamada": arauto.ChannelVoice, "llamadas": arauto.ChannelVoice,
	}
	neverWords = []string{"never", "nunca", "jamais", "sempre", "siempre"}
	// dayForms are dates, which hold to the end of that day; momentForms are moments. Days come before months.
	dayForms    = []string{"2006-01-02", "02/01/2006", "2/1/2006", "02-01-2006", "02.01.2006"}
	momentForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "02/01/2006 15:04:05", "02/01/2006 15:04"}
)

func readScope(cell string) (arauto.SuppressionScope, error) {
	scope, ok := scopeWords[fold(cell)]
	if !ok {
		return "", fmt.Errorf("%q is not a scope: write all or marketing, or leave it empty", shorten(cell))
	}
	return scope, nil
}

func readChannel(cell string) (arauto.Channel, error) {
	channel, ok := channelWords[fold(cell)]
	if !ok {
		return "", fmt.Errorf("%q is not a channel: write whatsapp or voice, one in each row, or leave it empty for every channel", shorten(cell))
	}
	return channel, nil
}

func (e entries) readExpiry(cell string) (time.Time, error) {
	if slices.Contains(neverWords, fold(cell)) {
		return time.Time{}, nil
	}
	at, ok := readMoment(cell, e.zone)
	if !ok {
		return at, fmt.Errorf("%q is not a date: write it as 2026-12-31 or 31/12/2026, with or without a time, or leave it empty", shorten(cell))
	}
	if at.UnixMilli() <= e.Asked {
		return at, fmt.Errorf("%s has passed: choose a later date, or leave it empty", shorten(cell))
	}
	return at.UTC(), nil
}

func readMoment(cell string, zone *time.Location) (time.Time, bool) {
	for _, form := range dayForms {
		if day, err := time.ParseInLocation(form, cell, zone); err == nil {
			return day.AddDate(0, 0, 1), true
		}
	}
	for _, form := range momentForms {
		if at, err := time.ParseInLocation(form, cell, zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
