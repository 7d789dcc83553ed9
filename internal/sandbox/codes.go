package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A Code is one of Graph's errors.
type Code struct {
	Code   int    `json:"code"`
	Status int    `json:"status"` // HTTP, when it is the answer to a request
	Title  string `json:"title"`
}

// Codes returns every code that the sandbox has words for, in order. Those from 201 to
// 298 are like 200 and not listed.
func Codes() []Code {
	var all []Code
	for _, code := range slices.Sorted(maps.Keys(titles)) {
		all = append(all, Code{code, titles[code].status, titles[code].text})
	}
	return all
}

// A CodeFate is what a number that carries a code does with it.
type CodeFate int

// The fates, in the order of the digit that chooses them.
const (
	CodeRefused CodeFate = iota + 1 // the answer says so, always
	CodeFailed                      // accepted; a webhook says so later
	CodeOnce                        // the first request is refused so, the next is delivered
	CodeBoth                        // the answer says so, and the message is taken all the same: a webhook says so again
)

// codePrefix begins what follows the area code in a number that carries a code: the
// digits 9755, 9756 and 9757 are for codes of three sizes.
const codePrefix = "975"

// CodeNumber returns the E.164 number whose owner meets code in that way, or "" if
// there is none: +55 11 9755M-YYYY for the code 13YYYY, +55 11 9756M-YYYY for YYYY
// and +55 11 9757M-YYYY for 8YYYY, where M is the fate. Any Brazilian area code will
// do in the place of 11.
func CodeNumber(code int, fate CodeFate) string {
	if _, known := titled(code); !known || fate < CodeRefused || fate > CodeBoth {
		return ""
	}
	size := 6
	switch {
	case code >= 130000:
		size = 5
	case code >= 80000:
		size = 7
	}
	return fmt.Sprintf("+5511%s%d%d%04d", codePrefix, size, fate, code%10000)
}

// codeOf reads a canonical number that carries a code.
func codeOf(number string) (Story, bool) {
	if len(number) != 13 || !strings.HasPrefix(number, "55") || !strings.HasPrefix(number[4:], codePrefix) {
		return Story{}, false
	}
	base, sized := map[byte]int{'5': 130000, '6': 0, '7': 80000}[number[7]]
	last, err := strconv.Atoi(number[9:])
	code := base + last
	if _, known := titled(code); !sized || !known || err != nil {
		return Story{}, false
	}
	if code == 0 {
		code = codeZero
	}
	switch CodeFate(number[8] - '0') {
	case CodeRefused:
		return Story{SyncCode: code}, true
	case CodeFailed:
		return Story{FailedCode: code}, true
	case CodeOnce:
		return Story{SyncCode: code, Refusals: 1, Sent: true, Delivered: true}, true
	case CodeBoth:
		return Story{FailedCode: code, Answer: AnswerError}, true
	}
	return Story{}, false
}

// codeZero stands for Graph's code 0 where 0 is no error.
const codeZero = -1

// title is a code's short name and the HTTP status it comes with.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
type title struct {
	status int
	text   string
}

var titles = map[int]title{
	0:      {http.StatusUnauthorized, "Authentication failed"},
	1:      {http.StatusInternalServerError, "Unknown API error"},
	2:      {http.StatusServiceUnavailable, "Service temporarily down"},
	3:      {http.StatusInternalServerError, "Capability or permission missing"},
	4:      {http.StatusTooManyRequests, "Application request limit reached"},
	10:     {http.StatusForbidden, "Permission denied"},
	100:    {http.StatusBadRequest, "Invalid parameter"},
	190:    {http.StatusUnauthorized, "Access token invalid or expired"},
	200:    {http.StatusForbidden, "Permission not granted or removed"},
	299:    {http.StatusForbidden, "Permission not granted or removed"},
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
	131037: {http.StatusBadRequest, "Display name not approved"},
	131042: {http.StatusBadRequest, "Business eligibility payment issue"},
	131045: {http.StatusInternalServerError, "Incorrect certificate"},
	131047: {http.StatusBadRequest, "Re-engagement message"},
	131048: {http.StatusTooManyRequests, "Spam rate limit hit"},
	131049: {http.StatusBadRequest, "Message not delivered for ecosystem health"},
	131050: {http.StatusBadRequest, "User stopped marketing messages"},
	131051: {http.StatusBadRequest, "Message type not supported"},
	131052: {http.StatusBadRequest, "Media download error"},
	131053: {http.StatusBadRequest, "Media upload error"},
	131055: {http.StatusBadRequest, "Method not allowed"},
	131056: {http.StatusTooManyRequests, "Pair rate limit hit"},
	131057: {http.StatusInternalServerError, "Account in maintenance mode"},
	131062: {http.StatusBadRequest, "Recipient id not supported"},
	131063: {http.StatusBadRequest, "Marketing disabled on this API"},
	131064: {http.StatusForbidden, "Template classification limit"},
	132000: {http.StatusBadRequest, "Template param count mismatch"},
	132001: {http.StatusNotFound, "Template does not exist"},
	132005: {http.StatusBadRequest, "Template hydrated text too long"},
	132007: {http.StatusBadRequest, "Template format character policy violated"},
	132008: {http.StatusBadRequest, "Template parameter value not valid"},
	132012: {http.StatusBadRequest, "Template parameter format mismatch"},
	132015: {http.StatusBadRequest, "Template is paused"},
	132016: {http.StatusBadRequest, "Template is disabled"},
	132018: {http.StatusBadRequest, "Template parameters have an issue"},
	132068: {http.StatusBadRequest, "Flow is blocked"},
	132069: {http.StatusBadRequest, "Flow is throttled"},
	133004: {http.StatusServiceUnavailable, "Server temporarily unavailable"},
	133010: {http.StatusBadRequest, "Phone number not registered"},
	133016: {http.StatusBadRequest, "Account register rate limit exceeded"},
	134100: {http.StatusBadRequest, "Only marketing messages supported"},
	134101: {http.StatusBadRequest, "Template is still being synchronized"},
	134102: {http.StatusBadRequest, "Template is not available here"},
	135000: {http.StatusBadRequest, "Generic user error"},
	137000: {http.StatusBadRequest, "Recipient's identity key does not match"},
}

// titled knows a code. All from 200 to 299 are one.
func titled(code int) (t title, known bool) {
	if code > 200 && code < 299 {
		code = 200
	}
	t, known = titles[code]
	return t, known
}

func titleOf(code int) title {
	if t, known := titled(code); known {
		return t
	}
	return title{http.StatusBadRequest, "Unheard-of error"}
}

// written is a code as Graph writes it.
func written(code int) int { return max(code, 0) }
