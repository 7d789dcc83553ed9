package courier

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"arauto"
)

// getTimeout is how long a file may take.
const getTimeout = 3 * time.Minute

// maxRedirects is how often a file may be elsewhere. Each place is looked at as the first one is.
const maxRedirects = 3

// Get opens a file at a public address, and says what type it is told to be. The caller closes it, and reads no more
// of it than it can use. The error is not found, or invalid, when asking again will not help.
func (c *Courier) Get(ctx context.Context, address string) (body io.ReadCloser, saidType string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !c.private) {
		return nil, "", arauto.Errorf(arauto.KindInvalid, "address", "a file is fetched from an https address only")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", arauto.Errorf(arauto.KindInvalid, "address", "this is no address")
	}
	req.Header.Set("User-Agent", c.agent)
	files := &http.Client{Transport: c.client.Transport, Timeout: getTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects || r.URL.Scheme != "https" && !c.private {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := files.Do(req)
	if err != nil {
		if errors.As(err, new(*privateAddress)) {
			return nil, "", arauto.Errorf(arauto.KindInvalid, "address", "%s", explain(err))
		}
		return nil, "", arauto.Errorf(arauto.KindConflict, "", "the file could not be fetched: %s", explain(err))
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, resp.Header.Get("Content-Type"), nil
	}
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500:
		return nil, "", arauto.Errorf(arauto.KindConflict, "", "the file could not be fetched: answered %s", resp.Status)
	}
	return nil, "", arauto.Errorf(arauto.KindNotFound, "", "the file is not there any more: answered %s", resp.Status)
}
