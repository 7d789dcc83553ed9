package sandbox

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
)

// A graphError is a refusal as Graph words it.
type graphError struct {
	code    int
	status  int    // HTTP; 0 is the code's own
	details string // error_data.details; "" leaves error_data out
	kind    string // "" is OAuthException

	// The template endpoints' own.
	subcode     int
	userTitle   string
	userMessage string
}

func refuse(code int, format string, args ...any) *graphError {
	return &graphError{code: code, details: fmt.Sprintf(format, args...)}
}

type errorBody struct {
	Error struct {
		Message string     `json:"message"`
		Type    string     `json:"type"`
		Code    int        `json:"code"`
		Subcode int        `json:"error_subcode,omitempty"`
		Title   string     `json:"error_user_title,omitempty"`
		User    string     `json:"error_user_msg,omitempty"`
		Data    *errorData `json:"error_data,omitempty"`
		Trace   string     `json:"fbtrace_id"`
	} `json:"error"`
}

type errorData struct {
	Product string `json:"messaging_product,omitempty"`
	Details string `json:"details"`
}

func (s *Sandbox) writeError(w http.ResponseWriter, e *graphError) {
	code := written(e.code)
	t := titleOf(code)
	var b errorBody
	b.Error.Message = fmt.Sprintf("(#%d) %s", code, t.text)
	b.Error.Type = "OAuthException"
	if e.kind != "" {
		b.Error.Type = e.kind
	}
	b.Error.Code, b.Error.Subcode, b.Error.Title, b.Error.User = code, e.subcode, e.userTitle, e.userMessage
	if e.details != "" {
		b.Error.Data = &errorData{Product: "whatsapp", Details: e.details}
	}
	b.Error.Trace = s.trace()
	writeJSON(w, cmp.Or(e.status, t.status), b)
}

func (s *Sandbox) trace() string {
	d := roll(s.seed.Load(), "trace")
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
