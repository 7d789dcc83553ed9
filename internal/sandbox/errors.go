package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
)

// A graphError is a refusal as Graph words it.
type graphError struct {
	code    int
	details string // error_data.details; "" leaves error_data out
	kind    string // "" is OAuthException
}

func refuse(code int, format string, args ...any) *graphError {
	return &graphError{code: code, details: fmt.Sprintf(format, args...)}
}

// title is a code's short name and the HTTP status it comes with.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
type title struct {
	status int
	text   string
}

var titles = map[int]title{
	1:      {http.StatusInternalServerError, "Unknown API error"},
	4:      {http.StatusTooManyRequests, "Application request limit reached"},
	10:     {http.StatusForbidden, "Permission denied"},
	100:    {http.StatusBadRequest, "Invalid parameter"},
	190:    {http.StatusUnauthorized, "Access token invalid or expired"},
	368:    {http.StatusForbidden, "Temporarily blocked for policy violations"},
	2500:   {http.StatusBadRequest, "Unknown path components"},
	80007:  {http.StatusTooManyRequests, "Rate limit issues"},
	130403: {http.StatusBadRequest, "Business blocked by user"},
	130429: {http.StatusTooManyRequests, "Rate limit hit"},
	130472: {http.StatusBadRequest, "User's number is part of an experiment"},
	130497: {http.StatusForbidden, "Business account restricted in this country"},
	131000: {http.StatusInternalServerError, "Something went wrong"},
	131005: {http.StatusForbidden, "Access denied"},
	131008: {http.StatusBadRequest, "Required parameter is missing"},
	131009: {http.StatusBadRequest, "Parameter value is not valid"},
	131016: {http.StatusServiceUnavailable, "Service unavailable"},
	131021: {http.StatusBadRequest, "Recipient cannot be sender"},
	131026: {http.StatusBadRequest, "Message undeliverable"},
	131030: {http.StatusBadRequest, "Recipient not in allowed list"},
	131031: {http.StatusForbidden, "Account has been locked"},
	131042: {http.StatusBadRequest, "Business eligibility payment issue"},
	131045: {http.StatusInternalServerError, "Incorrect certificate"},
	131047: {http.StatusBadRequest, "Re-engagement message"},
	131048: {http.StatusTooManyRequests, "Spam rate limit hit"},
	131049: {http.StatusBadRequest, "Message not delivered for ecosystem health"},
	131050: {http.StatusBadRequest, "User stopped marketing messages"},
	131053: {http.StatusBadRequest, "Media upload error"},
	131056: {http.StatusTooManyRequests, "Pair rate limit hit"},
	131057: {http.StatusInternalServerError, "Account in maintenance mode"},
	131062: {http.StatusBadRequest, "Recipient id not supported"},
	131063: {http.StatusBadRequest, "Marketing disabled on this API"},
	131064: {http.StatusForbidden, "Template classification limit"},
	132000: {http.StatusBadRequest, "Template param count mismatch"},
	132001: {http.StatusNotFound, "Template does not exist"},
	132005: {http.StatusBadRequest, "Template hydrated text too long"},
	132007: {http.StatusBadRequest, "Template format character policy violated"},
	132012: {http.StatusBadRequest, "Template parameter format mismatch"},
	132015: {http.StatusBadRequest, "Template is paused"},
	132016: {http.StatusBadRequest, "Template is disabled"},
	132018: {http.StatusBadRequest, "Template parameters have an issue"},
	133010: {http.StatusBadRequest, "Phone number not registered"},
	134100: {http.StatusBadRequest, "Only marketing messages supported"},
	135000: {http.StatusBadRequest, "Generic user error"},
}

func titleOf(code int) title {
	if t, ok := titles[code]; ok {
		return t
	}
	return title{http.StatusBadRequest, "Unheard-of error"}
}

type errorBody struct {
	Error struct {
		Message string     `json:"message"`
		Type    string     `json:"type"`
		Code    int        `json:"code"`
		Data    *errorData `json:"error_data,omitempty"`
		Trace   string     `json:"fbtrace_id"`
	} `json:"error"`
}

type errorData struct {
	Product string `json:"messaging_product,omitempty"`
	Details string `json:"details"`
}

func (s *Sandbox) writeError(w http.ResponseWriter, e *graphError) {
	t := titleOf(e.code)
	var b errorBody
	b.Error.Message = fmt.Sprintf("(#%d) %s", e.code, t.text)
	b.Error.Type = "OAuthException"
	if e.kind != "" {
		b.Error.Type = e.kind
	}
	b.Error.Code = e.code
	if e.details != "" {
		b.Error.Data = &errorData{Product: "whatsapp", Details: e.details}
	}
	b.Error.Trace = s.trace()
	writeJSON(w, t.status, b)
}

func (s *Sandbox) trace() string {
	d := roll(s.cfg.Seed, "trace")
	raw := binary.BigEndian.AppendUint64(nil, d.next()+uint64(s.traces.Add(1)))
	return "A" + base64.RawURLEncoding.EncodeToString(append(raw, raw...))
}

// writeJSON answers with v. What cannot be written has nobody left to read it.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
