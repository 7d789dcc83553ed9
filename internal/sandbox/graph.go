package sandbox

import (
	"cmp"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var versionSegment = regexp.MustCompile(`^v\d+\.\d+$`)

const maxMedia = 100 << 20

// ServeHTTP answers as graph.facebook.com would, and as the control API below
// /_sandbox/. Some magic numbers make it panic with http.ErrAbortHandler, which
// closes the connection under net/http and fails the request under InProcess.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.control(w, r)
		return
	}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if versionSegment.MatchString(path[0]) {
		path = path[1:]
	}
	if len(path) == 0 || len(path) > 2 {
		s.writeError(w, refuse(2500, "there is nothing at this path"))
		return
	}
	edge := ""
	if len(path) == 2 {
		edge = path[1]
	}
	sending := r.Method == http.MethodPost && (edge == "messages" || edge == "marketing_messages")
	if e := s.authorize(r); e != nil {
		if sending {
			s.ledger.refused(Entry{At: time.Now().UTC()}, e.code)
		}
		s.writeError(w, e)
		return
	}
	switch {
	case sending && path[0] == s.cfg.PhoneNumberID:
		s.postMessage(w, r, edge == "marketing_messages")
	case edge == "":
		s.object(w, r, path[0])
	default:
		s.edge(w, r, path[0], edge)
	}
}

func (s *Sandbox) authorize(r *http.Request) *graphError {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		token = r.URL.Query().Get("access_token")
	}
	switch {
	case s.cfg.AccessToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.AccessToken)) == 1:
		return nil
	case token == "":
		return refuse(190, "an access token is required")
	}
	return refuse(190, "the access token is not this sandbox's")
}

// object is GET /{id}.
func (s *Sandbox) object(w http.ResponseWriter, r *http.Request, id string) {
	var v any
	usual := "id,name"
	switch t, found := s.templates.byID(id); {
	case found:
		v, usual = t, "id,name,language,category,status,parameter_format,components"
	case id == s.cfg.PhoneNumberID:
		v, usual = s.phoneNumber(), "id,verified_name,display_phone_number,quality_rating,throughput"
	case id == s.cfg.WABAID:
		v, usual = s.waba(), "id,name,currency,timezone_id"
	case id == s.cfg.PortfolioID:
		v = map[string]string{"id": id, "name": s.cfg.VerifiedName, "verification_status": "verified"}
	case id == s.cfg.AppID:
		v = map[string]string{"id": id, "name": "Arauto sandbox"}
	}
	if v == nil || r.Method != http.MethodGet {
		s.writeError(w, nothing(r.Method, id))
		return
	}
	out, e := project(v, cmp.Or(r.URL.Query().Get("fields"), usual))
	if e != nil {
		s.writeError(w, e)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// edge is everything at /{id}/{edge} but sending.
func (s *Sandbox) edge(w http.ResponseWriter, r *http.Request, id, edge string) {
	waba, get := id == s.cfg.WABAID, r.Method == http.MethodGet
	switch {
	case waba && get && edge == "message_templates":
		s.getTemplates(w, r)
	case waba && get && edge == "phone_numbers":
		fields := cmp.Or(r.URL.Query().Get("fields"), "id,verified_name,display_phone_number,quality_rating,throughput")
		out, e := project(s.phoneNumber(), fields)
		if e != nil {
			s.writeError(w, e)
			return
		}
		writeJSON(w, http.StatusOK, list{Data: []any{out}})
	case waba && edge == "subscribed_apps" && get:
		app := map[string]any{"whatsapp_business_api_data": map[string]string{"id": s.cfg.AppID, "name": "Arauto sandbox"}}
		writeJSON(w, http.StatusOK, list{Data: []any{app}})
	case waba && edge == "subscribed_apps" && r.Method == http.MethodPost:
		writeJSON(w, http.StatusOK, map[string]bool{"success": true})
	case id == s.cfg.PhoneNumberID && edge == "media" && r.Method == http.MethodPost:
		s.postMedia(w, r)
	default:
		s.writeError(w, nothing(r.Method, id+"/"+edge))
	}
}

func nothing(method, what string) *graphError {
	e := refuse(100, "%s %s: it does not exist, or this token may not see it, or it does not support this", method, clip(what, 80))
	e.kind = "GraphMethodException"
	return e
}

// postMedia takes any upload and keeps nothing of it but an id.
func (s *Sandbox) postMedia(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxMedia))
	if err != nil || n == 0 {
		s.writeError(w, refuse(131053, "the upload is empty, cut off or above 100 MB"))
		return
	}
	id := 100200300400500 + s.media.Add(1)
	writeJSON(w, http.StatusOK, map[string]string{"id": strconv.FormatInt(id, 10)})
}

func (s *Sandbox) phoneNumber() map[string]any {
	level := "STANDARD"
	if s.cfg.MessagesPerSecond > 80 {
		level = "HIGH"
	}
	return map[string]any{
		"id": s.cfg.PhoneNumberID, "display_phone_number": s.cfg.DisplayPhone, "verified_name": s.cfg.VerifiedName,
		"quality_rating": "GREEN", "throughput": map[string]string{"level": level},
		"whatsapp_business_manager_messaging_limit": s.cfg.Tier,
		"code_verification_status":                  "VERIFIED", "name_status": "APPROVED", "status": "CONNECTED",
		"platform_type": "CLOUD_API", "account_mode": "LIVE", "is_official_business_account": false,
	}
}

func (s *Sandbox) waba() map[string]any {
	return map[string]any{
		"id": s.cfg.WABAID, "name": s.cfg.VerifiedName, "currency": "BRL", "timezone_id": "25", "country": "BR",
		"account_review_status": "APPROVED", "business_verification_status": "verified", "status": "ACTIVE",
		"marketing_messages_onboarding_status": "ONBOARDED",
		"owner_business_info":                  map[string]string{"id": s.cfg.PortfolioID, "name": s.cfg.VerifiedName},
	}
}

// list is how Graph answers with several objects.
type list struct {
	Data   []any   `json:"data"`
	Paging *paging `json:"paging,omitempty"`
}

type paging struct {
	Cursors struct {
		Before string `json:"before"`
		After  string `json:"after"`
	} `json:"cursors"`
	Next string `json:"next,omitempty"`
}

// getTemplates is GET /{waba}/message_templates, with the filters name, language,
// status and category. `next` is absolute and, unlike Meta's, holds no token.
func (s *Sandbox) getTemplates(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "25"))
	if err != nil || limit < 1 || limit > 1000 {
		s.writeError(w, refuse(100, "limit is 1 to 1000"))
		return
	}
	from, ok := uncursor(q.Get("after"))
	if !ok {
		s.writeError(w, refuse(100, "after is not a cursor"))
		return
	}
	fields := cmp.Or(q.Get("fields"), "id,name,language,category,status,parameter_format,components")
	found := s.templates.after(from, -1)
	page := list{Data: []any{}, Paging: &paging{}}
	for _, t := range found {
		if !selected(t, q.Get) {
			continue
		}
		if len(page.Data) == limit {
			q.Set("after", page.Paging.Cursors.After)
			page.Paging.Next = origin(r) + r.URL.Path + "?" + q.Encode()
			break
		}
		out, e := project(t, fields)
		if e != nil {
			s.writeError(w, e)
			return
		}
		page.Data = append(page.Data, out)
		page.Paging.Cursors.After = cursor(t.ID)
		page.Paging.Cursors.Before = cmp.Or(page.Paging.Cursors.Before, cursor(t.ID))
	}
	if len(page.Data) == 0 {
		page.Paging = nil
	}
	writeJSON(w, http.StatusOK, page)
}

func selected(t Template, filter func(string) string) bool {
	for name, value := range map[string]string{"name": t.Name, "language": t.Language, "status": t.Status, "category": t.Category} {
		if want := filter(name); want != "" && !strings.EqualFold(want, value) {
			return false
		}
	}
	return true
}

func cursor(id string) string { return base64.RawURLEncoding.EncodeToString([]byte("t" + id)) }

func uncursor(c string) (id int64, ok bool) {
	if c == "" {
		return 0, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || len(raw) < 2 || raw[0] != 't' {
		return 0, false
	}
	id, err = strconv.ParseInt(string(raw[1:]), 10, 64)
	return id, err == nil
}

func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// project keeps the named fields of v, and always its id. A selection inside a
// field, as in owner_business_info{id}, is accepted and gives the whole field.
func project(v any, fields string) (map[string]json.RawMessage, *graphError) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, refuse(1, "the object cannot be written")
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, refuse(1, "the object cannot be read")
	}
	out := map[string]json.RawMessage{"id": all["id"]}
	for _, name := range splitFields(fields) {
		value, ok := all[name]
		if !ok {
			return nil, refuse(100, "there is no field %q here", clip(name, 80))
		}
		out[name] = value
	}
	return out, nil
}

// splitFields cuts at the commas outside braces and drops what the braces hold.
func splitFields(fields string) []string {
	var flat strings.Builder
	depth := 0
	for _, c := range fields {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth == 0 && c != ' ':
			flat.WriteRune(c)
		}
	}
	return strings.FieldsFunc(flat.String(), func(c rune) bool { return c == ',' })
}
