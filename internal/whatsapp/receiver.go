package whatsapp

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"arauto"
)

// MaxWebhook is the largest body Meta sends.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
const MaxWebhook = 3 << 20

// Apps finds the app that a webhook's path names; a not-found error when there is none.
type Apps interface {
	AppByUUID(ctx context.Context, uuid string) (arauto.App, error)
}

// Inbox makes a webhook durable; when it returns nil the webhook is acknowledged.
type Inbox interface {
	Receive(ctx context.Context, app arauto.App, body []byte) error
}

// Receiver answers Meta at /webhooks/whatsapp/{app}: the subscription handshake on GET, signed webhooks
// on POST. It is public: what lets a request in is the verify token or the signature.
type Receiver struct {
	Apps   Apps
	Inbox  Inbox
	Logger *slog.Logger
}

func (h *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app, err := h.Apps.AppByUUID(r.Context(), r.PathValue("app"))
	if err != nil {
		if arauto.KindOf(err) != arauto.KindNotFound {
			h.fail(w, http.StatusInternalServerError, "the app could not be looked up: try again", err)
			return
		}
		h.fail(w, http.StatusNotFound, "no app has this address: copy it from the app's webhook_path", nil)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.handshake(w, r, app)
	case http.MethodPost:
		h.receive(w, r, app)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		h.fail(w, http.StatusMethodNotAllowed, "only GET and POST are answered here", nil)
	}
}

// handshake answers Meta's subscription: the challenge goes back raw when the verify token is the app's.
func (h *Receiver) handshake(w http.ResponseWriter, r *http.Request, app arauto.App) {
	q := r.URL.Query()
	given := []byte(q.Get("hub.verify_token"))
	if q.Get("hub.mode") != "subscribe" || app.VerifyToken == "" || subtle.ConstantTimeCompare(given, []byte(app.VerifyToken)) != 1 {
		h.fail(w, http.StatusForbidden, "hub.mode must be subscribe and hub.verify_token the app's own", nil)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(w, q.Get("hub.challenge"))
}

func (h *Receiver) receive(w http.ResponseWriter, r *http.Request, app arauto.App) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxWebhook))
	if err != nil {
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			h.fail(w, http.StatusRequestEntityTooLarge, "a webhook has at most 3 MB", nil)
			return
		}
		h.fail(w, http.StatusBadRequest, "the body ended early", nil)
		return
	}
	if !Verify(string(app.Secret), body, r.Header.Get("X-Hub-Signature-256")) {
		h.fail(w, http.StatusUnauthorized, "X-Hub-Signature-256 does not match: check the app secret", nil)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 15*time.Second)
	defer cancel()
	if err := h.Inbox.Receive(ctx, app, body); err != nil {
		status := http.StatusInternalServerError
		if arauto.KindOf(err) == arauto.KindLimited {
			status = http.StatusServiceUnavailable
		}
		h.fail(w, status, "the webhook was not stored: send it again", err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (h *Receiver) fail(w http.ResponseWriter, status int, words string, err error) {
	if err != nil {
		h.Logger.Error("webhook was not taken", "status", status, "err", err)
	}
	http.Error(w, words, status)
}
