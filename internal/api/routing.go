package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Routing is what the API asks of the store about the doors that conversations come in by.
type Routing interface {
	CreateRoutingPoint(ctx context.Context, actor arauto.Actor, now time.Time, p arauto.RoutingPoint) (arauto.RoutingPoint, error)
	RoutingPoints(ctx context.Context, account, after int64, limit int) ([]arauto.RoutingPoint, error)
	RoutingPoint(ctx context.Context, account, id int64) (arauto.RoutingPoint, error)
	RoutingPointByUUID(ctx context.Context, account int64, uuid string) (arauto.RoutingPoint, error)
	ChangeRoutingPoint(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.RoutingPoint) (arauto.RoutingPoint, error)) (arauto.RoutingPoint, error)
}

// RoutingRules is what the API asks of the store about what leads where.
type RoutingRules interface {
	// AddRoutingRule is a conflict when another rule says where that leads.
	AddRoutingRule(ctx context.Context, actor arauto.Actor, now time.Time, r arauto.RoutingRule) (arauto.RoutingRule, error)
	RoutingRules(ctx context.Context, account, after int64, limit int) ([]arauto.RoutingRule, error)
	DeleteRoutingRule(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error
	// Reroute applies the rules to what none fitted so far, from after; 0 = there is no more.
	Reroute(ctx context.Context, now time.Time, account, after int64, limit int) (next int64, routed int, err error)
}

// WireRoutingPoint is a door.
type WireRoutingPoint struct {
	ID        int64      `json:"id"`
	UUID      string     `json:"uuid"`
	Name      string     `json:"name"`
	QueueID   int64      `json:"queue_id"`
	CreatedAt *time.Time `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

func wordPoint(p arauto.RoutingPoint) WireRoutingPoint {
	return WireRoutingPoint{ID: p.ID, UUID: p.UUID, Name: p.Name, QueueID: p.Queue, CreatedAt: at(p.CreatedAt), UpdatedAt: at(p.UpdatedAt)}
}

type pointChange struct {
	Name    *string `json:"name,omitempty" minLength:"1" maxLength:"120"`
	QueueID *int64  `json:"queue_id,omitempty" minimum:"1"`
}

func (w pointChange) apply(p *arauto.RoutingPoint) {
	set(&p.Name, w.Name)
	set(&p.Queue, w.QueueID)
}

type wireRoute struct {
	ID             int64      `json:"id"`
	RoutingPointID int64      `json:"routing_point_id"`
	Kind           string     `json:"kind" enum:"button,source,campaign,keyword,sender,default"`
	Value          string     `json:"value" doc:"As it is compared: words without case and accents"`
	CreatedAt      *time.Time `json:"created_at"`
}

func wordRoute(r arauto.RoutingRule) wireRoute {
	return wireRoute{ID: r.ID, RoutingPointID: r.Point, Kind: string(r.Kind), Value: r.Value, CreatedAt: at(r.CreatedAt)}
}

type newRoute struct {
	RoutingPointID int64  `json:"routing_point_id" minimum:"1"`
	Kind           string `json:"kind" enum:"button,source,campaign,keyword,sender,default" doc:"button: its label or payload; source: an ad's or a post's id; campaign, sender: a number; keyword: words in the first message; default: everything else"`
	Value          string `json:"value,omitempty" maxLength:"256"`
}

type wireRerouted struct {
	Routed int `json:"routed" doc:"Conversations that a rule fitted now"`
}

func (a *API) routing() {
	const tag = "routing"
	handle(a, op{method: http.MethodPost, path: "/routing-points", scope: arauto.TokenAdmin, tag: tag, summary: "Make a routing point: a door that leads to a queue", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct{ Body pointChange }) (*WireRoutingPoint, error) {
			p := arauto.RoutingPoint{Account: c.Account.ID}
			in.Body.apply(&p)
			p, err := a.Store.CreateRoutingPoint(ctx, actor(c), a.Now(), p)
			return answerPoint(p, inBody(err, "queue_id"))
		})
	handle(a, op{method: http.MethodGet, path: "/routing-points", scope: arauto.TokenRead, tag: tag, summary: "List routing points, oldest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireRoutingPoint], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.RoutingPoints(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(p arauto.RoutingPoint) int64 { return p.ID }, wordPoint), err
		})
	handle(a, op{method: http.MethodGet, path: "/routing-points/{id}", scope: arauto.TokenRead, tag: tag, summary: "A routing point"},
		func(ctx context.Context, c Caller, in *ByRef) (*WireRoutingPoint, error) {
			return answerPoint(a.point(ctx, c, in))
		})
	handle(a, op{
		method: http.MethodPatch, path: "/routing-points/{id}", scope: arauto.TokenAdmin, tag: tag, summary: "Change a routing point's name or queue",
		more: "What came in by it before stays where it is.",
	}, func(ctx context.Context, c Caller, in *struct {
		ByRef
		Body pointChange
	},
	) (*WireRoutingPoint, error) {
		p, err := a.point(ctx, c, &in.ByRef)
		if err != nil {
			return nil, err
		}
		p, err = a.Store.ChangeRoutingPoint(ctx, actor(c), a.Now(), c.Account.ID, p.ID, func(p arauto.RoutingPoint) (arauto.RoutingPoint, error) {
			in.Body.apply(&p)
			return p, nil
		})
		return answerPoint(p, inBody(err, "queue_id"))
	})
	handle(a, op{
		method: http.MethodPost, path: "/routing-rules", scope: arauto.TokenAdmin, tag: tag, summary: "Say what leads to a routing point", status: http.StatusCreated,
		more: "Asked in this order: button, source, campaign, keyword (the longest first), sender, default. What none fits stays unrouted.",
	}, func(ctx context.Context, c Caller, in *struct{ Body newRoute }) (*wireRoute, error) {
		r, err := a.Store.AddRoutingRule(ctx, actor(c), a.Now(), arauto.RoutingRule{Account: c.Account.ID, Point: in.Body.RoutingPointID, Kind: arauto.RuleKind(in.Body.Kind), Value: in.Body.Value})
		out := wordRoute(r)
		return &out, inBody(err, "routing_point_id")
	})
	handle(a, op{method: http.MethodGet, path: "/routing-rules", scope: arauto.TokenRead, tag: tag, summary: "List routing rules, oldest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireRoute], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.RoutingRules(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(r arauto.RoutingRule) int64 { return r.ID }, wordRoute), err
		})
	handle(a, op{method: http.MethodDelete, path: "/routing-rules/{id}", scope: arauto.TokenAdmin, tag: tag, summary: "Forget a routing rule", status: http.StatusNoContent},
		func(ctx context.Context, c Caller, in *ByNumber) (*nothing, error) {
			return nil, a.Store.DeleteRoutingRule(ctx, actor(c), a.Now(), c.Account.ID, in.ID)
		})
	handle(a, op{
		method: http.MethodPost, path: "/routing-rules/apply", scope: arauto.TokenAdmin, tag: tag, summary: "Apply the rules to conversations that none fitted so far",
		more: "A new conversation is routed as it is opened; this is for those that were opened before there was a rule for them.",
	}, a.reroute)
}

// rerouteAtOnce is how many conversations one transaction looks at.
const rerouteAtOnce = 200

func (a *API) reroute(ctx context.Context, c Caller, _ *struct{}) (*wireRerouted, error) {
	out := &wireRerouted{}
	for after := int64(0); ; {
		next, n, err := a.Store.Reroute(ctx, a.Now(), c.Account.ID, after, rerouteAtOnce)
		if out.Routed += n; err != nil || next == 0 {
			return out, err
		}
		after = next
	}
}

func (a *API) point(ctx context.Context, c Caller, in *ByRef) (arauto.RoutingPoint, error) {
	return find(ctx, ref(in.ID), "routing point", c.Account.ID, a.Store.RoutingPoint, a.Store.RoutingPointByUUID)
}

func answerPoint(p arauto.RoutingPoint, err error) (*WireRoutingPoint, error) {
	out := wordPoint(p)
	return &out, err
}
