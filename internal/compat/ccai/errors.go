package ccai

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"arauto"
	"arauto/internal/compat/wire"
)

// WriteError answers err in this API's envelope, {"message":"…"}. A status that err names itself (HTTPStatus) counts;
// headers that go with it are set before, but for WWW-Authenticate: clients of this vendor know Basic alone.
func WriteError(w http.ResponseWriter, err error) {
	status, message := statusOf(err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="arauto"`)
	}
	if status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "1")
	}
	body := wire.AppendString([]byte(`{"message":`), message)
	writeBody(w, status, append(body, '}'))
}

// statuses is where each kind of error goes.
var statuses = map[arauto.Kind]int{
	arauto.KindInvalid:      http.StatusBadRequest,
	arauto.KindNotFound:     http.StatusNotFound,
	arauto.KindConflict:     http.StatusConflict,
	arauto.KindUnauthorized: http.StatusUnauthorized,
	arauto.KindForbidden:    http.StatusForbidden,
	arauto.KindLimited:      http.StatusTooManyRequests,
}

// statusOf is what err is to a client. What is our own fault is said without its insides.
func statusOf(err error) (status int, message string) {
	said, forPeople := errors.AsType[*arauto.Error](err)
	if named, ok := errors.AsType[interface {
		error
		HTTPStatus() int
	}](err); ok {
		return named.HTTPStatus(), named.Error()
	}
	if status, known := statuses[arauto.KindOf(err)]; known && forPeople {
		return status, said.Error()
	}
	return http.StatusInternalServerError, "Arauto met a fault of its own and logged it: try again, then ask whoever runs it"
}

// fail answers with what err says, and logs what a human must look at.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status, _ := statusOf(err); status >= http.StatusInternalServerError {
		a.logFault(r, err)
	}
	WriteError(w, err)
}

// logFault logs a fault; a client that hung up in the middle is none.
func (a *API) logFault(r *http.Request, err error) {
	level := slog.LevelError
	if errors.Is(r.Context().Err(), context.Canceled) {
		level = slog.LevelDebug
	}
	a.Logger.Log(r.Context(), level, "request met an internal error", "path", r.URL.Path, "err", err)
}

// A refusal is an answer that only HTTP has a word for.
type refusal struct {
	status  int
	message string
}

func (e refusal) Error() string   { return e.message }
func (e refusal) HTTPStatus() int { return e.status }

func tooLargeFor(limit int64) error {
	return refusal{http.StatusRequestEntityTooLarge, "the body is larger than " + strconv.FormatInt(limit, 10) + " bytes: nothing was done, send it in parts"}
}

func invalid(key, format string, args ...any) error {
	return arauto.Errorf(arauto.KindInvalid, key, format, args...)
}

func notFound(format string, args ...any) error {
	return arauto.Errorf(arauto.KindNotFound, "", format, args...)
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	startBody(w, status)
	written(w, body)
}

// startBody keeps answers out of caches: they are about people.
func startBody(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}
