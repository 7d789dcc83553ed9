package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A file is one upload, or what a person sent.
type file struct {
	id     string
	mime   string
	data   []byte
	sha256 string
}

// attic keeps files in memory, the newest up to a number of bytes.
type attic struct {
	mu    sync.Mutex
	files map[string]*file
	order []string
	size  int64
	most  int64
	next  int64
}

const firstMediaID = 100200300400501

func newAttic(most int64) *attic {
	a := &attic{most: most}
	a.clear()
	return a
}

func (a *attic) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files, a.order, a.size, a.next = map[string]*file{}, nil, 0, firstMediaID
}

func (a *attic) add(kind string, data []byte) *file {
	sum := sha256.Sum256(data)
	a.mu.Lock()
	defer a.mu.Unlock()
	f := &file{id: strconv.FormatInt(a.next, 10), mime: kind, data: data, sha256: hex.EncodeToString(sum[:])}
	a.next++
	a.files[f.id] = f
	a.order = append(a.order, f.id)
	a.size += int64(len(data))
	for a.size > a.most && len(a.order) > 1 {
		a.drop(a.order[0])
	}
	return f
}

// drop is called with mu held.
func (a *attic) drop(id string) {
	if f, ok := a.files[id]; ok {
		a.size -= int64(len(f.data))
		delete(a.files, id)
	}
	a.order = slices.DeleteFunc(a.order, func(o string) bool { return o == id })
}

func (a *attic) find(id string) (*file, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f, ok := a.files[id]
	return f, ok
}

func (a *attic) remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop(id)
}

// mediaKind is what messages call a file, and how large it may be.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
type mediaKind struct {
	name string
	most int
}

const maxMedia = 100 << 20

func kindOf(mimeType string) (mediaKind, bool) {
	switch mimeType {
	case "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg":
		return mediaKind{"audio", 16 << 20}, true
	case "image/jpeg", "image/png":
		return mediaKind{"image", 5 << 20}, true
	case "video/mp4", "video/3gpp", "video/3gp":
		return mediaKind{"video", 16 << 20}, true
	case "image/webp":
		return mediaKind{"sticker", 500 << 10}, true
	case "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation":
		return mediaKind{"document", maxMedia}, true
	}
	return mediaKind{}, false
}

// postMedia is POST /{phone-number-id}/media: a multipart form with
// messaging_product, file and, if the file does not say, type.
func (s *Sandbox) postMedia(w http.ResponseWriter, r *http.Request) {
	f, e := s.readUpload(w, r)
	if e != nil {
		s.writeError(w, e)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": f.id})
}

func (s *Sandbox) readUpload(w http.ResponseWriter, r *http.Request) (*file, *graphError) {
	r.Body = http.MaxBytesReader(w, r.Body, maxMedia+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, refuse(100, "the body must be a multipart form with messaging_product, type and file")
	}
	var product, declared, sent string
	var data []byte
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(131053, "the upload was cut off or is above 100 MB")
		}
		content, err := io.ReadAll(io.LimitReader(part, maxMedia+1))
		if err != nil {
			return nil, refuse(131053, "the upload was cut off or is above 100 MB")
		}
		switch part.FormName() {
		case "messaging_product":
			product = string(content)
		case "type":
			declared = string(content)
		case "file":
			sent, data = part.Header.Get("Content-Type"), content
		}
	}
	if product != "whatsapp" {
		return nil, refuse(100, "messaging_product must be whatsapp")
	}
	return s.keep(declared, sent, data)
}

func (s *Sandbox) keep(declared, sent string, data []byte) (*file, *graphError) {
	if declared == "" || strings.Contains(sent, "/") && sent != "application/octet-stream" {
		declared = sent
	}
	mimeType, _, err := mime.ParseMediaType(declared)
	kind, known := kindOf(mimeType)
	switch {
	case len(data) == 0:
		return nil, refuse(100, "file is required")
	case err != nil || !known:
		return nil, refuse(100, "file: %q is not a type that is accepted", clip(declared, 80))
	case len(data) > kind.most:
		return nil, refuse(131053, "a file of kind %s has %d bytes at most", kind.name, kind.most)
	}
	return s.media.add(mimeType, data), nil
}

// urlLasts is how long a file's address works.
const urlLasts = 5 * time.Minute

// mediaObject is GET and DELETE /{media-id}.
func (s *Sandbox) mediaObject(w http.ResponseWriter, r *http.Request, f *file) {
	switch r.Method {
	case http.MethodDelete:
		s.media.remove(f.id)
		writeJSON(w, http.StatusOK, map[string]bool{"success": true})
	case http.MethodGet:
		until := strconv.FormatInt(time.Now().Add(urlLasts).Unix(), 10)
		writeJSON(w, http.StatusOK, map[string]any{
			"messaging_product": "whatsapp", "id": f.id, "mime_type": f.mime, "sha256": f.sha256, "file_size": len(f.data),
			"url": fmt.Sprintf("%s/whatsapp_business/attachments/?mid=%s&ext=%s&hash=%s", origin(r), f.id, until, s.mediaHash(f.id, until)),
		})
	default:
		s.writeError(w, nothing(r.Method, f.id))
	}
}

// mediaHash signs a file's address.
func (s *Sandbox) mediaHash(id, until string) string {
	mac := hmac.New(sha256.New, []byte(s.cfg.AppSecret))
	mac.Write([]byte("media " + id + " " + until))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// download is GET of a file's address. It asks for the token, too.
func (s *Sandbox) download(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id, until := q.Get("mid"), q.Get("ext")
	ends, err := strconv.ParseInt(until, 10, 64)
	f, found := s.media.find(id)
	switch {
	case err != nil || !hmac.Equal([]byte(q.Get("hash")), []byte(s.mediaHash(id, until))):
		http.Error(w, "URL signature mismatch", http.StatusForbidden)
	case time.Now().Unix() >= ends:
		http.Error(w, "URL signature expired", http.StatusNotFound)
	case !found:
		http.Error(w, "not found", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", f.mime)
		_, _ = w.Write(f.data)
	}
}

// checkMedia asks that a free-form message's file exists and is of its type.
func (s *Sandbox) checkMedia(req sendRequest) *graphError {
	contents := map[string]json.RawMessage{
		"image": req.Image, "video": req.Video, "audio": req.Audio, "document": req.Document, "sticker": req.Sticker,
	}
	content, ok := contents[req.Type]
	if !ok {
		return nil
	}
	var ref mediaRef
	if err := json.Unmarshal(content, &ref); err != nil || (ref.ID == "") == (ref.Link == "") {
		return refuse(131008, "%s needs either id or link", req.Type)
	}
	return s.checkRef(req.Type, ref)
}

// checkHeaderMedia asks the same of a template's header.
func (s *Sandbox) checkHeaderMedia(sent *templateContent, format string) *graphError {
	for _, part := range sent.Components {
		if !strings.EqualFold(part.Type, "header") {
			continue
		}
		for _, p := range part.Parameters {
			for _, ref := range []*mediaRef{p.Image, p.Video, p.Document} {
				if ref == nil {
					continue
				}
				if e := s.checkRef(strings.ToLower(format), *ref); e != nil {
					return e
				}
			}
		}
	}
	return nil
}

// checkRef refuses the id of a file that is not here or of another kind. Ids shorter
// than this sandbox's are taken on trust, so that a test need not upload anything.
func (s *Sandbox) checkRef(kind string, ref mediaRef) *graphError {
	if len(ref.ID) < len(strconv.Itoa(firstMediaID)) {
		return nil
	}
	f, found := s.media.find(ref.ID)
	if !found {
		return refuse(131009, "%s: %s is not a file of this business: it was never uploaded, was deleted or has expired", kind, clip(ref.ID, 40))
	}
	if is, _ := kindOf(f.mime); is.name != kind {
		return refuse(132012, "header: Format mismatch, expected %s, received %s", strings.ToUpper(kind), strings.ToUpper(is.name))
	}
	return nil
}
