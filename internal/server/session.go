package server

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"arauto"
)

// A session's cookie. Over TLS it has the prefix that makes a browser refuse it from anybody but this very
// host, in plain or from a sibling.
const (
	plainCookie  = "arauto_session"
	secureCookie = "__Host-arauto_session"
)

// Remember gives the client of r a session's cookie, or, with "", takes it away. Scripts do not see it, and
// other sites' requests do not carry it, except for following a link here.
func (s *Server) Remember(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{Name: s.cookieName(r), Value: value, Path: "/", MaxAge: int(arauto.SessionLife / time.Second), HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) cookieName(r *http.Request) string {
	if s.secure(r) {
		return secureCookie
	}
	return plainCookie
}

// secure reports whether the client's own connection is encrypted: here, or at a proxy that is believed.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && s.trusts(peer.Addr().Unmap()) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// cookie is the session that r comes with; "" = none.
func (s *Server) cookie(r *http.Request) string {
	if s.cfg.Sessions == nil {
		return ""
	}
	c, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// showsToken reports whether r names its caller in a header. What was said on purpose goes before what the
// browser sends along.
func showsToken(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.Header.Get("wolkvox-token") != ""
}

// guardedSession is the caller that a cookie stands for, unless another site's page sends it.
func (s *Server) guardedSession(r *http.Request, value string) (Caller, error) {
	if err := s.crossSite(r); err != nil {
		return Caller{}, err
	}
	ended := arauto.Errorf(arauto.KindUnauthorized, "", "the session has ended: log in again")
	caller, err := s.known(r, arauto.HashToken(value), s.sessionCaller)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return Caller{}, ended
	}
	if err != nil {
		return Caller{}, err
	}
	if err := caller.Session.Usable(s.cfg.Now()); err != nil {
		return Caller{}, err
	}
	if !caller.User.Active() {
		return Caller{}, ended
	}
	return caller, nil
}

// sessionCaller looks a session up. That it is in use is written down here: a look-up comes at least every
// ten seconds, as long as it is.
func (s *Server) sessionCaller(ctx context.Context, hash string) (Caller, error) {
	session, user, err := s.cfg.Sessions.SessionByHash(ctx, hash)
	if err != nil {
		return Caller{}, err
	}
	account, err := s.cfg.Tokens.Account(ctx, session.Account)
	if err != nil {
		return Caller{}, err
	}
	now := s.cfg.Now()
	if session.Usable(now) == nil && now.Sub(session.SeenAt) >= arauto.SessionSeen {
		if err := s.cfg.Sessions.SeeSession(ctx, now, session.Account, session.ID); err != nil {
			return Caller{}, err
		}
		session.SeenAt = now
	}
	return Caller{Token: user.Pass(), Account: account, User: user, Session: session}, nil
}

// crossSite is forbidden for a request that would change something and comes from another site's page. Every
// browser of the last years says where a request comes from (Sec-Fetch-Site, before that Origin), and no
// page can make it lie; programs say neither, and no browser's cookie travels with them.
func (s *Server) crossSite(r *http.Request) error {
	if s.origins.Check(r) == nil {
		return nil
	}
	return arauto.Errorf(arauto.KindForbidden, "", "this request comes from another site's page: it may not act for you here")
}

// network is what of an address counts as one place.
func network(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
