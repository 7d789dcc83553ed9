package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Template is one message template in one language, in Graph's own shape.
type Template struct {
	ID              string       `json:"id"`
	Name            string       `json:"name"`
	Language        string       `json:"language"`         // "pt_BR"
	Category        string       `json:"category"`         // MARKETING, UTILITY, AUTHENTICATION
	Status          string       `json:"status"`           // only APPROVED can be sent
	ParameterFormat string       `json:"parameter_format"` // POSITIONAL or NAMED
	QualityScore    QualityScore `json:"quality_score"`
	RejectedReason  string       `json:"rejected_reason"` // "NONE" unless REJECTED
	Components      []Component  `json:"components"`
}

// QualityScore is GREEN, YELLOW, RED or UNKNOWN.
type QualityScore struct {
	Score string `json:"score"`
}

// A Component is one part of a template. Type is HEADER, BODY, FOOTER or BUTTONS;
// Format (of a header) is TEXT, IMAGE, VIDEO, DOCUMENT or LOCATION.
type Component struct {
	Type    string   `json:"type"`
	Format  string   `json:"format,omitempty"`
	Text    string   `json:"text,omitempty"`
	Example *Example `json:"example,omitempty"`
	Buttons []Button `json:"buttons,omitempty"`
}

// An Example holds the sample values a template was approved with.
type Example struct {
	HeaderText   []string     `json:"header_text,omitempty"`
	HeaderNamed  []NamedValue `json:"header_text_named_params,omitempty"`
	HeaderHandle []string     `json:"header_handle,omitempty"`
	BodyText     [][]string   `json:"body_text,omitempty"`
	BodyNamed    []NamedValue `json:"body_text_named_params,omitempty"`
}

// A NamedValue is a sample of a named parameter.
type NamedValue struct {
	Name  string `json:"param_name"`
	Value string `json:"example"`
}

// A Button is a template's button. Type is QUICK_REPLY, URL, PHONE_NUMBER or COPY_CODE.
type Button struct {
	Type    string   `json:"type"`
	Text    string   `json:"text"`
	URL     string   `json:"url,omitempty"`
	Phone   string   `json:"phone_number,omitempty"`
	Example []string `json:"example,omitempty"`
}

// optsOut reports whether tapping b asks for no more marketing. Meta marks such
// buttons in no way that Graph shows, so their words decide.
func (b Button) optsOut() bool {
	text := strings.ToLower(b.Text)
	return b.Type == "QUICK_REPLY" && slices.ContainsFunc(
		[]string{"parar", "sair", "stop", "cancelar inscri", "no recibir", "dejar de", "darme de baja"},
		func(word string) bool { return strings.Contains(text, word) })
}

var (
	templateName = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	placeholder  = regexp.MustCompile(`\{\{\s*([a-z0-9_]+)\s*\}\}`)
)

// part returns the component of that type, or an empty one.
func (t Template) part(kind string) Component {
	for _, c := range t.Components {
		if c.Type == kind {
			return c
		}
	}
	return Component{}
}

// variables returns the names in text, each once, in order of appearance.
func variables(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// shelf is the WABA's templates, sorted by id. Templates on it are never changed in
// place, so readers may keep what they were given.
type shelf struct {
	mu     sync.RWMutex
	sorted []Template
	byName map[[2]string]int // (name, language) to its place in sorted
	next   int64
}

const firstTemplateID = 800100200300401

func newShelf(initial []Template) *shelf {
	sh := &shelf{byName: map[[2]string]int{}, next: firstTemplateID}
	for _, t := range initial {
		if err := sh.add(t); err != nil {
			panic("sandbox: shipped template: " + err.Error())
		}
	}
	return sh
}

func (sh *shelf) add(t Template) error {
	switch {
	case !templateName.MatchString(t.Name):
		return fmt.Errorf("template %q: use lowercase letters, digits and underscores", t.Name)
	case t.Language == "":
		return fmt.Errorf("template %s: give it a language, like pt_BR", t.Name)
	case t.part("BODY").Text == "":
		return fmt.Errorf("template %s: give it a BODY", t.Name)
	}
	t.Status = cmp.Or(t.Status, "APPROVED")
	t.ParameterFormat = cmp.Or(strings.ToUpper(t.ParameterFormat), "POSITIONAL")
	t.QualityScore.Score = cmp.Or(t.QualityScore.Score, "UNKNOWN")
	t.RejectedReason = cmp.Or(t.RejectedReason, "NONE")

	sh.mu.Lock()
	defer sh.mu.Unlock()
	if _, taken := sh.byName[[2]string{t.Name, t.Language}]; taken {
		return fmt.Errorf("template %s: it already exists in %s", t.Name, t.Language)
	}
	if t.ID == "" {
		t.ID = strconv.FormatInt(sh.next, 10)
	}
	id, err := strconv.ParseInt(t.ID, 10, 64)
	if err != nil || id < sh.next {
		return errors.New("template " + t.Name + ": its id must be a number above those that exist")
	}
	sh.next = id + 1
	sh.byName[[2]string{t.Name, t.Language}] = len(sh.sorted)
	sh.sorted = append(sh.sorted, t)
	return nil
}

// find returns the template of that name and language, and whether the name exists
// in any language.
func (sh *shelf) find(name, language string) (t Template, found, known bool) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if i, ok := sh.byName[[2]string{name, language}]; ok {
		return sh.sorted[i], true, true
	}
	known = slices.ContainsFunc(sh.sorted, func(t Template) bool { return t.Name == name })
	return Template{}, false, known
}

// byID returns the template with that id.
func (sh *shelf) byID(id string) (Template, bool) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, t := range sh.sorted {
		if t.ID == id {
			return t, true
		}
	}
	return Template{}, false
}

// after returns up to limit templates with an id above id; a negative limit is all.
func (sh *shelf) after(id int64, limit int) []Template {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var out []Template
	for _, t := range sh.sorted {
		if n, _ := strconv.ParseInt(t.ID, 10, 64); n > id && limit != len(out) {
			out = append(out, t)
		}
	}
	return out
}

// setStatus changes a template's status and returns it as it is now.
func (sh *shelf) setStatus(name, language, status string) (Template, bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	i, ok := sh.byName[[2]string{name, language}]
	if !ok {
		return Template{}, false
	}
	sh.sorted[i].Status = status
	return sh.sorted[i], true
}
