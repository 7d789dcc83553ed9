package whatsapp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"arauto"
)

// Dataset is the dataset that a WABA's conversions go to; Meta makes it when there is none. The error is an *arauto.SendError.
//
// Vendor: Conversions API for business messaging.
func (c *Client) Dataset(ctx context.Context, s arauto.Sender, waba string) (string, error) {
	body, err := c.postGraph(ctx, s, waba, "/dataset", nil)
	if err != nil {
		return "", err
	}
	var answer struct {
		ID wireText `json:"id"`
	}
	if err := unmarshal(body, &answer); err != nil || !graphID.MatchString(string(answer.ID)) {
		return "", noAnswer(http.StatusOK, "Meta named no dataset")
	}
	return string(answer.ID), nil
}

// wireConversion is one event, in Meta's shape.
type wireConversion struct {
	Name    string `json:"event_name"`
	Time    int64  `json:"event_time"`
	ID      string `json:"event_id"`
	Source  string `json:"action_source"`
	Channel string `json:"messaging_channel"`
	User    struct {
		WABA string `json:"whatsapp_business_account_id"`
		Clid string `json:"ctwa_clid"` // raw, not hashed
	} `json:"user_data"`
	Custom *wireWorth `json:"custom_data,omitempty"`
}

type wireWorth struct {
	Currency string      `json:"currency"`
	Value    json.Number `json:"value"`
}

// Convert tells Meta what a click led to, once. The error is an *arauto.SendError, as of Send: its action is retry or
// pause only where Meta certainly did not take the event.
//
// Vendor: Conversions API for business messaging.
func (c *Client) Convert(ctx context.Context, s arauto.Sender, waba, dataset string, v arauto.Conversion) error {
	e := wireConversion{Name: v.Event, Time: v.At.Unix(), ID: "conversion." + strconv.FormatInt(v.Account, 10) + "." + strconv.FormatInt(v.ID, 10), Source: "business_messaging", Channel: "whatsapp"}
	e.User.WABA, e.User.Clid = waba, v.Clid
	if v.Value != (arauto.Money{}) {
		e.Custom = &wireWorth{string(v.Value.Currency), json.Number(arauto.FormatMicros(v.Value.Micros))}
	}
	payload, err := json.Marshal(map[string]any{"data": []wireConversion{e}, "partner_agent": userAgent})
	if err != nil {
		return misconfigured(err)
	}
	body, err := c.postGraph(ctx, s, dataset, "/events", payload)
	if err != nil {
		return err
	}
	var answer struct {
		Received wireInt `json:"events_received"`
	}
	if err := unmarshal(body, &answer); err != nil || answer.Received.value != 1 {
		return noAnswer(http.StatusOK, "the answer does not say that the event was received")
	}
	return nil
}

// postGraph posts to an edge of Graph and returns the answer of a request that was taken.
func (c *Client) postGraph(ctx context.Context, s arauto.Sender, id, edge string, payload []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, unsent(err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	token, err := tokenOf(s)
	if err != nil {
		return nil, misconfigured(err)
	}
	address, err := addressOf(s, id, edge)
	if err != nil {
		return nil, misconfigured(err)
	}
	var seen watch
	req, err := http.NewRequestWithContext(seen.trace(ctx), http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return nil, misconfigured(err)
	}
	req.GetBody = nil // no transport sends it a second time behind our back
	authorize(req, token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, seen.judge(err, token)
	}
	body, err := readAnswer(resp, maxAnswer)
	if err != nil {
		return nil, noAnswer(resp.StatusCode, "the answer broke off: "+err.Error())
	}
	var failed struct {
		Error *graphError `json:"error"`
	}
	switch err := unmarshal(body, &failed); {
	case err != nil:
		return nil, noAnswer(resp.StatusCode, "the answer is not what Meta writes")
	case failed.Error != nil && failed.Error.Code.known:
		return nil, failed.Error.classify(resp.StatusCode, token)
	case resp.StatusCode/100 != 2:
		return nil, noAnswer(resp.StatusCode, "the answer is not what Meta writes")
	}
	return body, nil
}
