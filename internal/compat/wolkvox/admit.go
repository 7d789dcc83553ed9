package wolkvox

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"arauto"
)

// An ask is one request that was let in.
type ask struct {
	w       http.ResponseWriter
	r       *http.Request
	query   url.Values
	caller  arauto.Token
	account arauto.Account
	zone    *time.Location
	now     time.Time
	form    form
}

// A handler answers one api. An error that it returns was met before the first byte of its answer.
type handler func(ctx context.Context, q *ask) error

const (
	// hold is how long a place is kept for a request of which nothing was heard: its node is dead.
	hold = 6 * time.Second
	// renewed is how often a request says that it is still there.
	renewed = hold / 3
)

// admitted answers in the vendor's order: quota, places, api; what is wrong with parameters the handler finds. Token and
// method were looked at before. Whatever becomes of the request, its place is free afterwards.
func (a *API) admitted(w http.ResponseWriter, r *http.Request, f form, caller arauto.Token, account arauto.Account, apis map[string]handler) {
	ctx, cancel := context.WithTimeout(r.Context(), a.Limits.Time)
	defer cancel()
	q := &ask{w: w, r: r, query: r.URL.Query(), caller: caller, now: a.Now(), form: f}
	admission, err := a.admit(ctx, q, account.ID)
	if err != nil {
		a.fail(ctx, q, err)
		return
	}
	defer a.leave(r.Context(), admission)
	defer a.stay(r.Context(), admission)()
	// A client that takes nothing any more is cut off at that moment as well.
	stop := context.AfterFunc(ctx, func() { _ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	handle, known := apis[q.query.Get("api")]
	if !known {
		a.fail(ctx, q, errNoAPI)
		return
	}
	if err := handle(ctx, q); err != nil {
		a.fail(ctx, q, err)
	}
}

// admit counts the request and takes a place for it. It asks for the account anew: how much it may is decided on one
// value by all nodes.
func (a *API) admit(ctx context.Context, q *ask, account int64) (arauto.Admission, error) {
	var err error
	if q.account, err = a.Doorman.Account(ctx, account); err != nil {
		return arauto.Admission{}, err
	}
	if q.zone, err = time.LoadLocation(q.account.TimeZone); err != nil {
		return arauto.Admission{}, err
	}
	admission, err := a.Doorman.Admit(ctx, q.now, account, q.caller.ID, arauto.Allowance{
		Day: arauto.DayNumber(q.now, q.zone), Daily: q.account.Rules.DailyRequests(), Together: a.Limits.Together, Hold: hold,
	})
	switch {
	case err != nil:
		return admission, err
	case admission.Verdict == arauto.OverDaily:
		return admission, errOverDaily
	case admission.Verdict == arauto.OverTogether:
		return admission, errOverTogether
	}
	return admission, nil
}

// stay keeps the place, until the function that it returns is called.
func (a *API) stay(ctx context.Context, admission arauto.Admission) (ended func()) {
	ctx, ended = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		tick := time.NewTicker(renewed)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := a.Doorman.Stay(ctx, a.Now(), admission, hold); err != nil && ctx.Err() == nil {
				a.Logger.WarnContext(ctx, "a request's place was not kept", "token", admission.Token, "err", err)
			}
		}
	}()
	return ended
}

// leave frees the place also when the client has gone, or the program stops.
func (a *API) leave(ctx context.Context, admission arauto.Admission) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := a.Doorman.Leave(ctx, admission); err != nil {
		a.Logger.WarnContext(ctx, "a request's place is free only when its time is over", "token", admission.Token, "err", err)
	}
}

// fail answers with what err says. What took too long, or whose client has gone, is cut off.
func (a *API) fail(ctx context.Context, q *ask, err error) {
	if e, ok := errors.AsType[refusal](err); ok {
		writeError(q.w, q.form, e)
		return
	}
	a.logFault(ctx, q, err)
	if ctx.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	writeError(q.w, q.form, errInternal)
}

// abort cuts an answer off that has begun: a short one must not look whole.
func (a *API) abort(ctx context.Context, q *ask, err error) {
	a.logFault(ctx, q, err)
	panic(http.ErrAbortHandler)
}

// logFault logs what a human must look at; a client that hung up in the middle is not such a thing.
func (a *API) logFault(ctx context.Context, q *ask, err error) {
	if errors.Is(q.r.Context().Err(), context.Canceled) {
		return
	}
	a.Logger.ErrorContext(ctx, "request met an internal error", "path", q.r.URL.Path, "account", q.account.ID, "err", err)
}
