package sandbox

import (
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The samples of templates' media headers come by Meta's resumable upload: a session,
// then its bytes, then a handle for example.header_handle.
// https://developers.facebook.com/docs/graph-api/guides/upload

const uploadPrefix = "upload:"

// postUpload is POST /{app-id}/uploads.
func (s *Sandbox) postUpload(w http.ResponseWriter, r *http.Request) {
	length, err := strconv.ParseInt(r.FormValue("file_length"), 10, 64)
	kind := r.FormValue("file_type")
	if _, known := kindOf(kind); err != nil || length < 1 || length > maxMedia || !known {
		s.writeError(w, refuse(100, "file_length (up to 100 MB) and a file_type that messages can carry are required"))
		return
	}
	session := base64.RawURLEncoding.EncodeToString([]byte(kind + " " + strconv.FormatInt(length, 10)))
	writeJSON(w, http.StatusOK, map[string]string{"id": uploadPrefix + session})
}

// uploadSession is POST /upload:{session}. Everything must come at once: no one has
// samples so large that they need to resume.
func (s *Sandbox) uploadSession(w http.ResponseWriter, r *http.Request, id string) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(id, uploadPrefix))
	kind, length, found := strings.Cut(string(raw), " ")
	if err != nil || !found {
		s.writeError(w, nothing(r.Method, id))
		return
	}
	n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxMedia))
	if err != nil || strconv.FormatInt(n, 10) != length {
		s.writeError(w, refuse(100, "%d bytes came, the session is for %s", n, length))
		return
	}
	handle := "4::" + base64.StdEncoding.EncodeToString([]byte(kind)) + ":" + strings.TrimPrefix(id, uploadPrefix)
	writeJSON(w, http.StatusOK, map[string]string{"h": handle})
}
