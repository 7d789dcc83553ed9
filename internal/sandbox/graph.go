package sandbox

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

var versionSegment = regexp.MustCompile(`^v\d+\.\d+$`)

// ServeHTTP answers as graph.facebook.com would, and as the control API below
// /_sandbox/. Some magic numbers and rules make it panic with http.ErrAbortHandler,
// which closes the connection under net/http and fails the request under InProcess.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.control(w, r)
		return
	}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(path) == 2 && path[0] == adsPath && r.Method == http.MethodGet {
		s.adFile(w, r, path[1])
		return
	}
	if versionSegment.MatchString(path[0]) {
		path = path[1:]
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
	if !sending && s.spoilt(w, r, path) {
		return
	}
	var from *number
	ours := false
	if len(path) > 0 && path[0] != "" {
		from, ours = s.number(path[0])
	}
	switch {
	case len(path) == 0 || len(path) > 2:
		s.writeError(w, refuse(2500, "there is nothing at this path"))
	case sending && ours:
		s.postMessage(w, r, from, edge == "marketing_messages")
	case path[0] == "whatsapp_business" && edge == "attachments":
		s.download(w, r)
	case edge == "uploads" && r.Method == http.MethodPost && path[0] == s.cfg.AppID:
		s.postUpload(w, r)
	case edge == "" && r.Method == http.MethodPost && strings.HasPrefix(path[0], uploadPrefix):
		s.uploadSession(w, r, path[0])
	case edge == "":
		s.object(w, r, path[0])
	default:
		s.edge(w, r, path[0], edge)
	}
}

// spoilt lets the script decide about a request that sends nothing, and reports
// whether that was its end.
func (s *Sandbox) spoilt(w http.ResponseWriter, r *http.Request, path []string) bool {
	sc := s.script.Load()
	if sc == nil {
		return false
	}
	a := asked{call: CallAny, read: r.Method == http.MethodGet, at: time.Now()}
	switch last := path[max(0, len(path)-1):]; {
	case len(last) == 0:
	case last[0] == "message_templates" || last[0] == "unpause":
		a.call = CallTemplates
	case last[0] == "media" || last[0] == "attachments":
		a.call = CallMedia
	default:
		if _, found := s.templates.byID(last[0]); found {
			a.call = CallTemplates
		} else if _, found := s.media.find(last[0]); found {
			a.call = CallMedia
		}
	}
	f := sc.unread(a.call)
	if f == nil {
		f = sc.judge(a)
	}
	switch {
	case f == nil:
		return false
	case !f.decides():
		wait(r.Context(), f.delay)
		return false
	}
	s.ruin(w, r, f)
	return true
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

// object is everything at /{id}.
func (s *Sandbox) object(w http.ResponseWriter, r *http.Request, id string) {
	var v any
	usual := "id,name"
	n, isNumber := s.number(id)
	switch t, found := s.templates.byID(id); {
	case found && r.Method == http.MethodPost:
		s.postTemplate(w, r, t)
		return
	case found:
		v, usual = t, "id,name,language,category,status,parameter_format,components"
	case isNumber && id != "":
		v, usual = s.numberObject(n), numberFields
	case id == s.cfg.WABAID:
		v, usual = s.waba(), "id,name,currency,timezone_id"
	case id == s.cfg.PortfolioID:
		v = map[string]string{"id": id, "name": s.cfg.VerifiedName, "verification_status": "verified"}
	case id == s.cfg.AppID:
		v = map[string]string{"id": id, "name": "Arauto sandbox"}
	default:
		if f, found := s.media.find(id); found {
			s.mediaObject(w, r, f)
			return
		}
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

const numberFields = "id,verified_name,display_phone_number,quality_rating,throughput"

// edge is everything at /{id}/{edge} but sending.
func (s *Sandbox) edge(w http.ResponseWriter, r *http.Request, id, edge string) {
	if t, found := s.templates.byID(id); found && edge == "unpause" && r.Method == http.MethodPost {
		s.unpause(w, t)
		return
	}
	if _, ours := s.number(id); ours && edge == "media" && r.Method == http.MethodPost {
		s.postMedia(w, r)
		return
	}
	if id == s.dataset() && edge == "events" && r.Method == http.MethodPost {
		s.postEvents(w, r)
		return
	}
	if id != s.cfg.WABAID {
		s.writeError(w, nothing(r.Method, id+"/"+edge))
		return
	}
	switch r.Method + " " + edge {
	case "GET dataset", "POST dataset":
		writeJSON(w, http.StatusOK, map[string]string{"id": s.dataset()})
	case "GET message_templates":
		s.getTemplates(w, r)
	case "POST message_templates":
		s.postTemplates(w, r)
	case "DELETE message_templates":
		s.deleteTemplates(w, r)
	case "GET phone_numbers":
		s.getNumbers(w, r)
	case "GET subscribed_apps":
		app := map[string]any{"whatsapp_business_api_data": map[string]string{"id": s.cfg.AppID, "name": "Arauto sandbox"}}
		writeJSON(w, http.StatusOK, list{Data: []any{app}})
	case "POST subscribed_apps":
		writeJSON(w, http.StatusOK, map[string]bool{"success": true})
	default:
		s.writeError(w, nothing(r.Method, id+"/"+edge))
	}
}

func (s *Sandbox) getNumbers(w http.ResponseWriter, r *http.Request) {
	all := list{Data: []any{}}
	for _, n := range s.numbers {
		out, e := project(s.numberObject(n), cmp.Or(r.URL.Query().Get("fields"), numberFields))
		if e != nil {
			s.writeError(w, e)
			return
		}
		all.Data = append(all.Data, out)
	}
	writeJSON(w, http.StatusOK, all)
}

func nothing(method, what string) *graphError {
	e := refuse(100, "%s %s: it does not exist, or this token may not see it, or it does not support this", method, clip(what, 80))
	e.kind = "GraphMethodException"
	return e
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
