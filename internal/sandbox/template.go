package sandbox

import (
	"regexp"
	"slices"
	"strings"
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

// key is what a template is known by: names repeat across languages.
func (t Template) key() [2]string { return [2]string{t.Name, t.Language} }

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
