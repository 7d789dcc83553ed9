// Package api is our own API, /api/v1: everything an operator or an integrator can do, described by OpenAPI
// 3.1. The console and the command line are clients of it and of nothing else.
//
// It translates HTTP and JSON to nouns and back. It may not know SQL, Meta or a file's format: what it
// needs of others are the interfaces it declares, one group per noun. Who is calling is the server's
// business; a handler is given the caller as a parameter.
package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// Store is what the API asks of the store, group by group. Everything is scoped by account: what belongs
// to another account is not found.
type Store interface {
	Accounts
	Tokens
	Users
	Sessions
	Audits
	Answers
	Apps
	WABAs
	Portfolios
	Senders
	Templates
	Campaigns
	Gaps
	Counters
	Contacts
	Dialled
	Why
	Diagnostics
	Stops
	Rulebook
	Jobs
	Suppressions
	Conversations
	Clicks
	Conversions
	Sayings
	Talks
	Queues
	Agents
	Seats
	Routing
	RoutingRules
	ActivityCodes
	CannedReplies
	Persons
	Erasures
	Timelines
	Costs
	Unknowns
	Reports
	Searching
	Webhooks
	Endpoints
	Notices
}

// Config is everything the API needs. What is not marked optional must be set.
type Config struct {
	Store     Store
	Templates TemplateSync
	Numbers   NumberSync
	Imports   Imports
	Decisions Decisions
	Audiences Audiences
	Edits     Edits
	Exports   Exports
	Floor     Floor
	Desk      Desk
	Blobs     FileStore
	TestSends TestSends
	Pinger    Pinger
	Phones    Phones
	Codes     Codes
	Passwords Passwords
	Now       func() time.Time
	Random    io.Reader // draws token values
	Logger    *slog.Logger
	// Remember gives the client a session's cookie, or, with "", takes it away.
	Remember func(w http.ResponseWriter, r *http.Request, value string)

	Forget      func(token int64) // optional: called when a token was revoked, or, below zero, what a user may do has changed
	ImportLimit int64             // optional: bytes of one uploaded file; 0 = 100 MB
	Version     string            // optional: shown in the OpenAPI document
	// AllowPrivateGraph lets a sender's graph_url be plain http, on this machine or in a private network: a
	// sandbox. Optional.
	AllowPrivateGraph bool
	// AllowPrivateWebhooks is the same for the addresses of endpoints. Optional.
	AllowPrivateWebhooks bool
}

// Phones reads numbers as people of a country write them.
type Phones interface {
	// Parse reads one number; the error is invalid.
	Parse(country, raw string) (arauto.Phone, error)
	// Search lists every phone that raw may mean; none when it cannot be a number.
	Search(country, raw string) []arauto.Phone
}

// An API is mounted and answers.
type API struct {
	Config
	huma huma.API
}

// New hangs every operation on door.
func New(door Door, cfg Config) *API {
	if cfg.ImportLimit == 0 {
		cfg.ImportLimit = 100 << 20
	}
	a := &API{Config: cfg}
	a.huma = huma.NewAPI(describe(cfg.Version), &adapter{door: door, answers: cfg.Store, logger: cfg.Logger, now: cfg.Now})

	a.accounts()
	a.tokens()
	a.users()
	a.sessions()
	a.audit()
	a.apps()
	a.wabas()
	a.portfolios()
	a.senders()
	a.templates()
	a.campaigns()
	a.actions()
	a.trials()
	a.contacts()
	a.voices()
	a.why()
	a.diagnostics()
	a.errors()
	a.rules()
	a.imports()
	a.jobs()
	a.suppressions()
	a.conversations()
	a.clicks()
	a.conversions()
	a.callbacks()
	a.queues()
	a.agents()
	a.desk()
	a.routing()
	a.activityCodes()
	a.cannedReplies()
	a.persons()
	a.erasures()
	a.timelines()
	a.costs()
	a.unknowns()
	a.audiences()
	a.edits()
	a.searching()
	a.exports()
	a.reports()
	a.webhooks()
	a.endpoints()
	a.events()

	a.docs(door)
	return a
}

func describe(version string) huma.Config {
	if version == "" {
		version = "dev"
	}
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	aliasProblem(schemas)
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Arauto", Version: version,
				Description: "Outreach campaigns over WhatsApp: campaigns, contacts, imports, do-not-contact lists, conversations and reports.",
			},
			Servers: []*huma.Server{{URL: Prefix}},
			Components: &huma.Components{
				Schemas: schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", Description: "Authorization: Bearer arauto_…"},
					"basic":  {Type: "http", Scheme: "basic", Description: "User: the account's slug or the token's name. Password: the token."},
					"cookie": {Type: "apiKey", In: "cookie", Name: "arauto_session", Description: "From POST /sessions; over TLS its name begins with __Host-."},
				},
			},
			Security: []map[string][]string{{"bearer": {}}, {"basic": {}}, {"cookie": {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{asProblem},
	}
}

// op is one operation. Paths are below Prefix.
type op struct {
	method, path string
	scope        arauto.TokenScope
	tag, summary string
	more         string // longer words for the document
	status       int    // of success; 0 = 200
	maxBody      int64  // 0 = 1 MB
	// secret says that the answer must not be kept for a repeated request.
	secret bool
	// streams says that the body is read by the handler as it comes.
	streams bool
	// guest says that nobody is asked who they are.
	guest bool
}

const (
	smallBody = 1 << 20
	// answerIn is how long an operation may take: the longest asks Meta for every template of an account.
	answerIn = time.Minute
)

func (o op) operation() huma.Operation {
	if o.maxBody == 0 {
		o.maxBody = smallBody
	}
	words := o.summary + ". " + o.scopeWords()
	if o.more != "" {
		words += " " + o.more
	}
	return huma.Operation{
		OperationID: operationID(o.method, o.path), Method: o.method, Path: o.path, Summary: o.summary, Description: words,
		Tags: []string{o.tag}, DefaultStatus: o.status, MaxBodyBytes: o.maxBody,
		BodyReadTimeout: -1, // the door has its own
		Metadata:        map[string]any{metaOp: o},
	}
}

func (o op) scopeWords() string {
	switch {
	case o.guest:
		return "For everybody."
	case o.scope == arauto.TokenAny:
		return "Scope: any."
	}
	return "Scope: `" + string(o.scope) + "`."
}

// operationID is "post-campaigns-id-start": stable, and readable in a generated client.
func operationID(method, path string) string {
	clean := strings.NewReplacer("{", "", "}", "", "/", "-", "_", "-", ".", "-").Replace(path)
	return strings.ToLower(method) + clean
}

// answer is how huma wants a body.
type answer[T any] struct{ Body *T }

// nothing is the body of an answer that has none.
type nothing struct{}

// handle registers h: the one adapter between HTTP and what an operation does.
func handle[In, Out any](a *API, o op, h func(ctx context.Context, c Caller, in *In) (*Out, error)) {
	huma.Register(a.huma, o.operation(), func(ctx context.Context, in *In) (*answer[Out], error) {
		x := exchangeOf(ctx)
		if !o.streams {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, answerIn)
			defer cancel()
		}
		out, err := h(ctx, x.caller, in)
		if err != nil {
			return nil, a.refuse(ctx, x, err)
		}
		return &answer[Out]{out}, nil
	})
}

type streamed struct{ Body func(huma.Context) }

// stream registers an h that writes its answer itself, once it has decided that there is one. out is what
// the document says it writes.
func stream[In any](a *API, o op, contentType string, out *huma.Schema, h func(ctx context.Context, c Caller, in *In) (func(w http.ResponseWriter), error)) {
	operation := o.operation()
	operation.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: out}},
	}}
	huma.Register(a.huma, operation, func(ctx context.Context, in *In) (*streamed, error) {
		x := exchangeOf(ctx)
		write, err := h(ctx, x.caller, in)
		if err != nil {
			return nil, a.refuse(ctx, x, err)
		}
		return &streamed{func(hc huma.Context) {
			x.writer.Header().Set("Content-Type", contentType)
			write(x.writer)
		}}, nil
	})
}

// refuse words err for the client. What is our fault is written down here, and told by its request id only.
func (a *API) refuse(ctx context.Context, x *exchange, err error) error {
	p := problemOf(err, x.id)
	if p.Status == http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		a.Logger.ErrorContext(ctx, "request failed", "request", x.id, "account", x.caller.Account.ID, "err", err)
	}
	return p
}

// actor is who an audit entry names.
func actor(c Caller) arauto.Actor {
	a := c.Token.Actor()
	a.Account = c.Account.ID
	return a
}
