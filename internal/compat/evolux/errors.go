package evolux

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"arauto"
	"arauto/internal/compat/wire"
)

// WriteError answers with this vendor's envelope, {"message":"…","status":N}. A 401 gets its WWW-Authenticate and a 429
// its Retry-After when the caller set none; a 405 needs its Allow set before.
func WriteError(w http.ResponseWriter, status int, message string) {
	h := w.Header()
	switch {
	case status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "":
		h.Set("WWW-Authenticate", `Bearer realm="arauto"`)
	case status == http.StatusTooManyRequests && h.Get("Retry-After") == "":
		h.Set("Retry-After", "1")
	}
	body := append([]byte(nil), `{"message":`...)
	body = wire.AppendString(body, message)
	body = append(body, `,"status":`...)
	body = strconv.AppendInt(body, int64(status), 10)
	writeBody(w, status, append(body, '}'))
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	startBody(w, status)
	_, _ = w.Write(body) // the client has gone: there is nobody left to tell
}

// startBody keeps answers out of caches: they are about people.
func startBody(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
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

// fail answers with what err says to people. What is our own fault is logged and said without its insides.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if e, ok := errors.AsType[refusal](err); ok {
		WriteError(w, e.status, e.message)
		return
	}
	status, known := statuses[arauto.KindOf(err)]
	if e, ok := errors.AsType[*arauto.Error](err); ok && known {
		WriteError(w, status, e.Error())
		return
	}
	a.logFault(r, err)
	WriteError(w, http.StatusInternalServerError, "Arauto met a fault of its own and logged it: try again, then ask whoever runs it")
}

// logFault logs what a human must look at; a client that hung up in the middle is not such a thing.
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

func (e refusal) Error() string { return e.message }

func invalid(key, format string, args ...any) error {
	return arauto.Errorf(arauto.KindInvalid, key, format, args...)
}
