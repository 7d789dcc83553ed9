package whatsapp

import (
	"context"
	"net/http"
	"net/url"

	"arauto"
)

// get reads an object or an edge of Graph into v, at most limit bytes of it. The error is an *arauto.Error for
// the person who manages the sender.
func (c *Client) get(ctx context.Context, s arauto.Sender, id, edge string, query url.Values, limit int64, v any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	token, err := tokenOf(s)
	if err != nil {
		return err
	}
	address, err := addressOf(s, id, edge)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return arauto.Errorf(arauto.KindInvalid, "graph_url", "%q cannot be asked: use %s", s.GraphURL, arauto.DefaultGraphURL)
	}
	authorize(req, token)
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return unreachable(s, conceal(err.Error(), token))
	}
	body, err := readAnswer(resp, limit)
	if err != nil {
		return unreachable(s, "the answer broke off: "+err.Error())
	}
	return readGraph(s, id, resp.StatusCode, body, token, v)
}

func readGraph(s arauto.Sender, id string, status int, body []byte, token string, v any) error {
	var failed struct {
		Error *graphError `json:"error"`
	}
	if err := unmarshal(body, &failed); err != nil {
		return unreachable(s, noAnswer(status, "the answer is not what Meta writes").Detail)
	}
	if failed.Error != nil && failed.Error.Code.known {
		return failed.Error.manage(s, id, token)
	}
	if status != http.StatusOK {
		return unreachable(s, noAnswer(status, "the answer is not what Meta writes").Detail)
	}
	return unmarshal(body, v)
}

func unreachable(s arauto.Sender, why string) error {
	return arauto.Errorf(arauto.KindConflict, "", "Meta could not be asked about sender %q: try again in a moment (%s)", s.Name, why)
}

// manage says e to the person who manages s; id is the object that was asked for.
func (e *graphError) manage(s arauto.Sender, id, token string) error {
	code, words := e.Code.value, clip(e.words(token))
	switch v, _ := verdictOf(code); {
	case code == 190 || code == 102 || code == 0:
		return arauto.Errorf(arauto.KindInvalid, "token", "Meta refuses the access token of sender %q: make a new system-user token (%s)", s.Name, words)
	case e.missingObject() || code == 803:
		return arauto.Errorf(arauto.KindInvalid, "", "Meta shows no object %s to the access token of sender %q: check the id, and that the token's system user was given it (%s)", id, s.Name, words)
	case v.Reason == arauto.ReasonSenderTrouble:
		return arauto.Errorf(arauto.KindInvalid, "token", "the access token of sender %q may not do this: give its system user whatsapp_business_management and whatsapp_business_messaging, and the account as an asset (%s)", s.Name, words)
	case v.Reason == arauto.ReasonTooFast:
		return arauto.Errorf(arauto.KindLimited, "", "Meta allows sender %q no more calls for now: try again in an hour (%s)", s.Name, words)
	case v.Action == arauto.ActionRetry:
		return unreachable(s, words)
	}
	return arauto.Errorf(arauto.KindConflict, "", "Meta refuses the request for sender %q with code %d: %s", s.Name, code, words)
}
