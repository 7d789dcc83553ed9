package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"arauto"
)

// wireProblem is every error's body: RFC 9457, with the fields at fault and the request's id.
type wireProblem struct {
	Type      string      `json:"type" example:"about:blank"`
	Title     string      `json:"title" example:"Unprocessable Entity"`
	Status    int         `json:"status" example:"422"`
	Detail    string      `json:"detail" doc:"What is wrong and what to do about it, for a person"`
	Errors    []wireFault `json:"errors,omitempty" nullable:"false" doc:"The fields at fault"`
	RequestID string      `json:"request_id,omitempty" doc:"Also in the header X-Request-Id: name it when you ask for help"`
	header    http.Header // set beside it
}

type wireFault struct {
	Location string `json:"location" example:"body.name"`
	Message  string `json:"message"`
}

func (p *wireProblem) Error() string           { return p.Detail }
func (p *wireProblem) GetStatus() int          { return p.Status }
func (p *wireProblem) GetHeaders() http.Header { return p.header }

// ContentType is huma's question.
func (p *wireProblem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// Fail writes err as a problem. It is the API's envelope for whoever lets callers in.
func Fail(w http.ResponseWriter, _ *http.Request, err error) {
	p := problemOf(err, w.Header().Get(requestIDHeader))
	for key, values := range p.header {
		if w.Header().Get(key) == "" {
			w.Header()[key] = values
		}
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p *wireProblem) {
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // the client has gone: there is nobody left to tell
}

// kindStatus is the status of each kind of error.
var kindStatus = map[arauto.Kind]int{
	arauto.KindInvalid:      http.StatusUnprocessableEntity,
	arauto.KindNotFound:     http.StatusNotFound,
	arauto.KindConflict:     http.StatusConflict,
	arauto.KindUnauthorized: http.StatusUnauthorized,
	arauto.KindForbidden:    http.StatusForbidden,
	arauto.KindLimited:      http.StatusTooManyRequests,
	arauto.KindInternal:     http.StatusInternalServerError,
}

// problemOf is the only place where an error becomes a status and words. An error of ours that names no
// kind says nothing about itself to the outside.
func problemOf(err error, requestID string) *wireProblem {
	if refusal, ok := errors.AsType[*arauto.SendError](err); ok {
		err = refused(refusal)
	}
	status := kindStatus[arauto.KindOf(err)]
	var big *http.MaxBytesError
	var named interface{ HTTPStatus() int }
	switch {
	case errors.As(err, &named):
		status = named.HTTPStatus()
	case errors.As(err, &big):
		status = http.StatusRequestEntityTooLarge
		err = arauto.Errorf(arauto.KindInvalid, "", "the request's body is larger than %d bytes: send it in parts", big.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusServiceUnavailable
		err = arauto.Errorf(arauto.KindLimited, "", "this took too long: try again in a moment")
	}
	p := &wireProblem{Type: "about:blank", Title: http.StatusText(status), Status: status, RequestID: requestID, header: http.Header{}}
	e, known := errors.AsType[*arauto.Error](err)
	if !known || status == http.StatusInternalServerError {
		p.Detail = "Something broke on our side. Tell your operator the request's id."
		return p
	}
	p.Detail = e.Message
	if e.Field != "" {
		p.Errors = []wireFault{{Location: e.Field, Message: e.Message}}
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		p.header.Set("Retry-After", "1")
	}
	if soon, ok := errors.AsType[tooSoon](err); ok {
		p.header.Set("Retry-After", soon.retryAfter())
	}
	return p
}

// refused is what a provider's refusal means for the one who asked to send.
func refused(e *arauto.SendError) error {
	words := e.Reason.Words(arauto.English)
	if e.Detail != "" {
		words += " (" + e.Detail + ")"
	}
	if e.Code != 0 {
		words += ", code " + strconv.Itoa(e.Code)
	}
	return arauto.Errorf(arauto.KindConflict, "", "%s", words)
}

// asProblem words huma's own findings (a field missing, a type wrong) as ours; values are not repeated.
func asProblem(hc huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &wireProblem{Type: "about:blank", Title: http.StatusText(model.Status), Status: model.Status, Detail: model.Detail}
	if x, ok := hc.Context().Value(exchangeKey{}).(*exchange); ok {
		p.RequestID = x.id
	}
	var words []string
	for _, e := range model.Errors {
		p.Errors = append(p.Errors, wireFault{Location: e.Location, Message: e.Message})
		words = append(words, strings.TrimPrefix(e.Location+": "+e.Message, ": "))
	}
	if len(words) > 0 && len(words) <= 3 {
		p.Detail = strings.Join(words, "; ")
	}
	return p, nil
}

// aliasProblem makes the document show our problem where huma would show its own.
func aliasProblem(schemas huma.Registry) {
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[wireProblem]())
}

// schemaName is a wire type's name without what only tells it apart from the noun.
func schemaName(t reflect.Type, hint string) string {
	return strings.ReplaceAll(huma.DefaultSchemaNamer(t, hint), "Wire", "")
}
