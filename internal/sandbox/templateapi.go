package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

// templateRequest is the body of a creation and of an edit.
type templateRequest struct {
	Name            string      `json:"name"`
	Language        string      `json:"language"`
	Category        string      `json:"category"`
	ParameterFormat string      `json:"parameter_format"`
	Components      []Component `json:"components"`
}

// maxTemplates is what a verified business may have, each language counted.
const maxTemplates = 6000

var categories = []string{"MARKETING", "UTILITY", "AUTHENTICATION"}

// postTemplates is POST /{waba}/message_templates: what is made waits for review.
func (s *Sandbox) postTemplates(w http.ResponseWriter, r *http.Request) {
	var in templateRequest
	if !s.readGraph(w, r, &in) {
		return
	}
	t := Template{
		Name: in.Name, Language: in.Language, Category: strings.ToUpper(in.Category), Status: "PENDING",
		ParameterFormat: in.ParameterFormat, Components: upper(in.Components),
	}
	switch {
	case !templateName.MatchString(t.Name):
		s.writeError(w, refuse(100, "name: lowercase letters, digits and underscores, up to 512"))
		return
	case t.Language == "" || !slices.Contains(categories, t.Category):
		s.writeError(w, refuse(100, "language and category (%s) are required", strings.Join(categories, ", ")))
		return
	}
	if e := t.faults(); e != nil {
		s.writeError(w, e)
		return
	}
	if s.templates.size() >= maxTemplates {
		s.writeError(w, rejection(2388019, "Too many templates", fmt.Sprintf("A WABA has %d templates at most.", maxTemplates)))
		return
	}
	t, err := s.templates.add(t)
	if err != nil {
		s.writeError(w, rejection(2388024, "The name is taken", err.Error()))
		return
	}
	s.review(t)
	writeJSON(w, http.StatusOK, map[string]string{"id": t.ID, "status": t.Status, "category": t.Category})
}

// postTemplate is POST /{template-id}, an edit: the template waits for review again.
func (s *Sandbox) postTemplate(w http.ResponseWriter, r *http.Request, t Template) {
	var in templateRequest
	if !s.readGraph(w, r, &in) {
		return
	}
	if !slices.Contains([]string{"APPROVED", "REJECTED", "PAUSED"}, t.Status) {
		s.writeError(w, refuse(100, "a template that is %s cannot be edited", t.Status))
		return
	}
	edited := t
	edited.Status = "PENDING"
	if in.Components != nil {
		edited.Components = upper(in.Components)
	}
	if in.Category != "" {
		edited.Category = strings.ToUpper(in.Category)
	}
	if !slices.Contains(categories, edited.Category) {
		s.writeError(w, refuse(100, "category is one of %s", strings.Join(categories, ", ")))
		return
	}
	if e := edited.faults(); e != nil {
		s.writeError(w, e)
		return
	}
	if _, _, ok := s.templates.change(t.Name, t.Language, func(now *Template) { *now = edited }); ok {
		s.review(edited)
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

// unpause is POST /{template-id}/unpause.
func (s *Sandbox) unpause(w http.ResponseWriter, t Template) {
	if t.Status != "PAUSED" {
		s.writeError(w, refuse(100, "the template is %s, not paused", t.Status))
		return
	}
	s.setStatus(t, "APPROVED", "", &otherInfo{"UNPAUSE", "Unpaused by the business."})
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

// deleteTemplates is DELETE /{waba}/message_templates by name (every language), by
// name and hsm_id, or by hsm_ids.
func (s *Sandbox) deleteTemplates(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	name, id := q.Get("name"), q.Get("hsm_id")
	var ids []string
	if list := q.Get("hsm_ids"); list != "" {
		ids = strings.FieldsFunc(list, func(c rune) bool { return c < '0' || c > '9' })
	}
	switch {
	case name == "" && len(ids) == 0:
		s.writeError(w, refuse(100, "give name, name and hsm_id, or hsm_ids"))
		return
	case len(ids) > 100:
		s.writeError(w, refuse(100, "hsm_ids are 100 at most"))
		return
	}
	gone := s.templates.remove(func(t Template) bool {
		if len(ids) > 0 {
			return slices.Contains(ids, t.ID)
		}
		return t.Name == name && (id == "" || id == t.ID)
	})
	if len(gone) == 0 {
		s.writeError(w, rejection(2593002, "Message template not found", "There is no such template."))
		return
	}
	for _, t := range gone {
		s.announce("message_template_status_update", statusValueOf(t, "PENDING_DELETION", nil, time.Now()))
		s.announce("message_template_status_update", statusValueOf(t, "DELETED", nil, time.Now()))
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
}

// readGraph decodes the body of a request, or answers that it cannot.
func (s *Sandbox) readGraph(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(into)
	if err != nil {
		s.writeError(w, refuse(100, "the body is not the JSON of a template: %v", err))
	}
	return err == nil
}

func upper(components []Component) []Component {
	out := slices.Clone(components)
	for i := range out {
		out[i].Type, out[i].Format = strings.ToUpper(out[i].Type), strings.ToUpper(out[i].Format)
		out[i].Buttons = slices.Clone(out[i].Buttons)
		for j := range out[i].Buttons {
			out[i].Buttons[j].Type = strings.ToUpper(out[i].Buttons[j].Type)
		}
	}
	return out
}

// rejection is how the template endpoints refuse what is written.
func rejection(subcode int, title, message string) *graphError {
	return &graphError{code: 100, details: message, subcode: subcode, userTitle: title, userMessage: message}
}

var (
	edges    = regexp.MustCompile(`^\s*\{\{[^{}]*\}\}|\{\{[^{}]*\}\}\s*$`)
	adjacent = regexp.MustCompile(`\}\}\s*\{\{`)
)

// faults returns why Meta would not even review t.
func (t Template) faults() *graphError {
	body := t.part("BODY")
	names := variables(body.Text)
	words := len(strings.Fields(placeholder.ReplaceAllString(body.Text, " ")))
	switch {
	case strings.TrimSpace(body.Text) == "":
		return refuse(100, "components: a BODY with text is required")
	case len(body.Text) > 1024*4 || len([]rune(body.Text)) > 1024:
		return refuse(100, "components: a BODY has 1,024 characters at most")
	case edges.MatchString(body.Text):
		return rejection(2388299, "Variable at an end", "The body may not begin or end with a variable.")
	case adjacent.MatchString(body.Text) || words < 2*len(names)+1:
		return rejection(2388293, "Too many variables", "There are too many variables for so few words.")
	case len(names) > 0 && !body.Example.fits(names, t.ParameterFormat):
		return rejection(2388043, "Example is missing", "Give one sample for each variable of the body.")
	}
	switch header := t.part("HEADER"); header.Format {
	case "", "TEXT", "LOCATION", "IMAGE", "VIDEO", "DOCUMENT":
		media := slices.Contains([]string{"IMAGE", "VIDEO", "DOCUMENT"}, header.Format)
		if media && (header.Example == nil || len(header.Example.HeaderHandle) == 0) {
			return rejection(2388273, "Sample is missing", "Give the handle of an uploaded sample for the header.")
		}
	default:
		return refuse(100, "components: a HEADER's format is TEXT, IMAGE, VIDEO, DOCUMENT or LOCATION")
	}
	if len(t.part("BUTTONS").Buttons) > 10 {
		return refuse(100, "components: ten BUTTONS at most")
	}
	return nil
}

// fits reports whether there is a sample for each variable of a body.
func (e *Example) fits(names []string, format string) bool {
	switch {
	case e == nil:
		return false
	case strings.EqualFold(format, "NAMED"):
		for _, name := range names {
			if !slices.ContainsFunc(e.BodyNamed, func(v NamedValue) bool { return v.Name == name && v.Value != "" }) {
				return false
			}
		}
		return true
	}
	return len(e.BodyText) > 0 && len(e.BodyText[0]) == len(names)
}
