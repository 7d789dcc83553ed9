package wolkvox

import (
	"net/http"
	"strconv"
)

// A form is how a family of answers writes its code.
type form bool

const (
	texts   form = false // "code":"200", as reports do
	numbers form = true  // "code":201, as campaigns do
)

// A refusal is an answer without data. Its status is also the body's code.
type refusal struct {
	status int
	msg    string
}

func (e refusal) Error() string { return e.msg }

// words are what the vendor calls a status.
var words = map[int]string{
	http.StatusBadRequest:          "BAD REQUEST",
	http.StatusUnauthorized:        "UNAUTHORIZED",
	http.StatusForbidden:           "FORBIDDEN",
	http.StatusMethodNotAllowed:    "METHOD NOT ALLOWED",
	http.StatusInternalServerError: "INTERNAL SERVER ERROR",
}

var (
	errNoToken      = refusal{http.StatusUnauthorized, "PLEASE ENTER THE WOLKVOX-TOKEN"}
	errWrongToken   = refusal{http.StatusForbidden, "PLEASE VALIDATE TOKEN"}
	errOverDaily    = refusal{http.StatusForbidden, "TOKEN LIMIT EXCEEDED"}
	errOverTogether = refusal{http.StatusForbidden, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}
	errNoAPI        = refusal{http.StatusBadRequest, "THE API YOU WANT TO CONSULT DOES NOT EXIST"}
	errNoParameters = refusal{http.StatusBadRequest, "SOME PARAMETERS ARE REQUIRED"}
	errBadDate      = refusal{http.StatusBadRequest, "THE DATES MUST HAVE THE FORMAT YYYYMMDDHHMMSS"}
	errBackwards    = refusal{http.StatusBadRequest, "THE START DATE MUST NOT BE LATER THAN THE END DATE"}
	errTooFar       = refusal{http.StatusBadRequest, "THE DATE RANGE MUST NOT EXCEED 31 DAYS"}
	errTooMany      = refusal{http.StatusBadRequest, "THE ANSWER EXCEEDS 60,000 RECORDS: CONSULT A SMALLER DATE RANGE"}
	errTooLarge     = refusal{http.StatusBadRequest, "THE ANSWER EXCEEDS 256 MB: CONSULT A SMALLER DATE RANGE"}
	errMethod       = refusal{http.StatusMethodNotAllowed, "THE METHOD IS NOT ALLOWED FOR THIS API"}
	errInternal     = refusal{http.StatusInternalServerError, "THE REQUEST COULD NOT BE PROCESSED: TRY AGAIN LATER"}

	errNotRecords  = refusal{http.StatusBadRequest, "THE BODY MUST BE A JSON ARRAY OF RECORDS"}
	errUploadMany  = refusal{http.StatusBadRequest, "THE REQUEST EXCEEDS 10,000 RECORDS: SEND THEM IN SEVERAL REQUESTS"}
	errUploadLarge = refusal{http.StatusBadRequest, "THE REQUEST IS TOO LARGE: SEND THE RECORDS IN SEVERAL REQUESTS"}
	errNoRecords   = refusal{http.StatusBadRequest, "THE REQUEST HAS NO RECORDS"}
	errNoCampaign  = refusal{http.StatusBadRequest, "THE CAMPAIGN DOES NOT EXIST"}
	errEnded       = refusal{http.StatusBadRequest, "THE CAMPAIGN DOES NOT ACCEPT RECORDS"}
)

// A Denied request is one that the server does not let in, for a reason that it knows alone.
type Denied int

// Why a request is denied.
const (
	NoToken    Denied = iota // none was shown
	WrongToken               // it is unknown, has expired, or may not do this
	NoMethod                 // the path has no such method
	NoPath                   // there is no such path
	TooLarge                 // its body is larger than any upload
	Fault                    // whether the token is right could not be found out
)

// WriteDenied answers a request that does not come as far as the API.
func WriteDenied(w http.ResponseWriter, r *http.Request, why Denied) {
	f := texts
	if r.URL.Path == CampaignPath {
		f = numbers
	}
	writeError(w, f, [...]refusal{NoToken: errNoToken, WrongToken: errWrongToken, NoMethod: errMethod, NoPath: errNoAPI, TooLarge: errUploadLarge, Fault: errInternal}[why])
}

func writeError(w http.ResponseWriter, f form, e refusal) {
	body := appendHead(nil, f, e.status, words[e.status], e.msg)
	startBody(w, e.status)
	_, _ = w.Write(append(body, `]}`...)) // the client has gone: there is nobody left to tell
}

// startBody keeps answers out of caches: they are about people.
func startBody(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

// appendHead is an answer up to its first row; failure is null when it is "".
func appendHead(dst []byte, f form, status int, failure, msg string) []byte {
	dst = append(dst, `{"code":`...)
	if f == texts {
		dst = append(dst, '"')
	}
	dst = strconv.AppendInt(dst, int64(status), 10)
	if f == texts {
		dst = append(dst, '"')
	}
	dst = append(dst, `,"error":`...)
	if failure == "" {
		dst = append(dst, `null`...)
	} else {
		dst = appendString(dst, failure)
	}
	dst = append(dst, `,"msg":`...)
	dst = appendString(dst, msg)
	return append(dst, `,"data":[`...)
}

// found is the message of every report.
func found(n int64) string { return strconv.FormatInt(n, 10) + " records were found" }
