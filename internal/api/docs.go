package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// docs serves the OpenAPI document and a page made of it. Both are made once, here, and the page loads
// nothing from anywhere: the machine it runs on may have no internet.
func (a *API) docs(door Door) {
	doc := a.huma.OpenAPI()
	for _, o := range operations(doc) {
		if r := o.Responses["204"]; r != nil {
			r.Content = nil
		}
		if o.Method == http.MethodPost {
			o.Parameters = append(o.Parameters, idempotencyParam())
		}
	}
	delete(doc.Components.Schemas.Map(), "Nothing")
	spec, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Errorf("api: write the OpenAPI document: %w", err)) // our own types: a mistake in the program
	}
	page, policy := render(doc)
	door.Public("GET "+Prefix+"/openapi.json", serve("application/openapi+json", "", spec))
	door.Public("GET "+Prefix+"/docs", serve("text/html; charset=utf-8", policy, page))
}

func serve(contentType, policy string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "public, max-age=300")
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		_, _ = w.Write(body)
	})
}

func idempotencyParam() *huma.Param {
	most := maxKey
	return &huma.Param{
		Name: keyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most},
		Description: "Any text of yours: a repetition with the same key and body is given the first answer again, with " + replayHeader + ": true",
	}
}

func operations(doc *huma.OpenAPI) []*huma.Operation {
	var list []*huma.Operation
	for _, item := range doc.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Put, item.Delete} {
			if o != nil {
				list = append(list, o)
			}
		}
	}
	slices.SortFunc(list, func(a, b *huma.Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return list
}

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// render is the page, and the policy that lets it have its one style and nothing else.
func render(doc *huma.OpenAPI) (page []byte, policy string) {
	style := sha256.Sum256([]byte(docsStyle))
	policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) + "'"
	var out bytes.Buffer
	t := template.Must(template.New("docs").Parse(docsPage))
	view := map[string]any{
		"Title": doc.Info.Title, "Version": doc.Info.Version, "Words": doc.Info.Description, "Prefix": Prefix,
		"Style": template.CSS(docsStyle), "Groups": groups(doc), "Schemas": schemas(doc),
	}
	if err := t.Execute(&out, view); err != nil {
		panic(fmt.Errorf("api: write the page of the API: %w", err)) // our own types: a mistake in the program
	}
	return out.Bytes(), policy
}

type docGroup struct {
	Name       string
	Operations []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary, Words string
	Parameters                       []docField
	Body, Answer                     []docType
}

type docType struct{ Kind, Text, Link string }

type docField struct {
	Name, Where, Type, Link, Words string
	Required                       bool
}

type docSchema struct {
	Name   string
	Fields []docField
}

func groups(doc *huma.OpenAPI) []docGroup {
	byTag := map[string]*docGroup{}
	var list []*docGroup
	for _, o := range operations(doc) {
		g := byTag[o.Tags[0]]
		if g == nil {
			g = &docGroup{Name: o.Tags[0]}
			byTag[g.Name] = g
			list = append(list, g)
		}
		g.Operations = append(g.Operations, wordOperation(o))
	}
	out := make([]docGroup, len(list))
	for i, g := range list {
		out[i] = *g
	}
	slices.SortFunc(out, func(a, b docGroup) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func wordOperation(o *huma.Operation) docOperation {
	out := docOperation{ID: o.OperationID, Method: o.Method, Path: o.Path, Summary: o.Summary, Words: o.Description}
	for _, p := range o.Parameters {
		kind, link := typeOf(p.Schema)
		words := p.Description
		if words == "" && p.Schema != nil {
			words = p.Schema.Description
		}
		out.Parameters = append(out.Parameters, docField{Name: p.Name, Where: p.In, Type: kind, Link: link, Words: words, Required: p.Required})
	}
	if o.RequestBody != nil {
		out.Body = contents("", o.RequestBody.Content)
	}
	for _, status := range sorted(o.Responses) {
		if status == "default" {
			continue // every operation's problems are alike: said once at the top
		}
		if list := contents(status+" ", o.Responses[status].Content); len(list) > 0 {
			out.Answer = append(out.Answer, list...)
		} else {
			out.Answer = append(out.Answer, docType{Kind: status, Text: "no body"})
		}
	}
	return out
}

func contents(before string, content map[string]*huma.MediaType) []docType {
	var out []docType
	for _, kind := range sorted(content) {
		words, link := typeOf(content[kind].Schema)
		out = append(out, docType{Kind: before + kind, Text: words, Link: link})
	}
	return out
}

func schemas(doc *huma.OpenAPI) []docSchema {
	all := doc.Components.Schemas.Map()
	var out []docSchema
	for _, name := range sorted(all) {
		s := docSchema{Name: name}
		for _, field := range sorted(all[name].Properties) {
			p := all[name].Properties[field]
			kind, link := typeOf(p)
			words := p.Description
			if p.WriteOnly {
				words = strings.TrimSpace("Never shown again. " + words)
			}
			s.Fields = append(s.Fields, docField{Name: field, Type: kind, Link: link, Words: words, Required: slices.Contains(all[name].Required, field)})
		}
		out = append(out, s)
	}
	return out
}

// typeOf is a schema in a few words, and the schema they link to.
func typeOf(s *huma.Schema) (words, link string) {
	switch {
	case s == nil:
		return "any", ""
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return name, name
	case s.Type == huma.TypeArray:
		words, link = typeOf(s.Items)
		words = "list of " + words
	case len(s.OneOf) > 0:
		var each []string
		for _, one := range s.OneOf {
			kind, _ := typeOf(one)
			each = append(each, kind)
		}
		words = strings.Join(each, " or ")
	case len(s.Enum) > 0:
		var each []string
		for _, v := range s.Enum {
			each = append(each, fmt.Sprint(v))
		}
		words = strings.Join(each, " | ")
	case s.Type == "":
		words = "any"
	default:
		words = s.Type
		if inner, ok := s.AdditionalProperties.(*huma.Schema); ok {
			words, link = typeOf(inner)
			words = "object of " + words
		}
		if s.Format != "" {
			words += " (" + s.Format + ")"
		}
	}
	if s.Nullable {
		words += ", or null"
	}
	return words, link
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
