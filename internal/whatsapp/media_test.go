package whatsapp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"arauto"
	"arauto/internal/whatsapp"
)

// TestMedia goes both ways through a Graph that hands out addresses of its own and of others.
func TestMedia(t *testing.T) {
	var elsewhere, uploaded string
	mux := http.NewServeMux()
	graph := httptest.NewServer(mux)
	defer graph.Close()
	mux.HandleFunc("GET /v25.0/{id}", func(w http.ResponseWriter, r *http.Request) {
		address := map[string]string{"1": graph.URL + "/file", "2": elsewhere, "3": graph.URL + "/gone"}[r.PathValue("id")]
		if address == "" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":{"message":"Unsupported get request","code":100,"error_subcode":33}}`)
			return
		}
		_, _ = io.WriteString(w, `{"url":"`+address+`","mime_type":"audio/ogg"}`)
	})
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer EAAG" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, "OggS")
	})
	mux.HandleFunc("GET /gone", http.NotFound)
	mux.HandleFunc("POST /v25.0/600/media", func(w http.ResponseWriter, r *http.Request) {
		file, head, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		body, _ := io.ReadAll(file)
		uploaded = r.FormValue("messaging_product") + " " + r.FormValue("type") + " " + head.Filename + " " + string(body)
		_, _ = io.WriteString(w, `{"id":"99"}`)
	})
	c := whatsapp.New(whatsapp.Config{})
	sender := arauto.Sender{PhoneNumberID: "600", Token: "EAAG", GraphURL: graph.URL, GraphVersion: "v25.0"}

	body, said, err := c.Media(t.Context(), sender, "1")
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || string(bytes) != "OggS" || said != "audio/ogg" {
		t.Errorf("%q, %q, %v", bytes, said, err)
	}
	for _, elsewhere = range []string{"http://169.254.169.254/latest", "https://evil.example/f", "https://lookaside.fbsbx.com.evil.example/f", "https://x@lookaside.fbsbx.com/f", "https://lookaside.fbsbx.com:8443/f", "http://lookaside.fbsbx.com/f", "file:///etc/passwd"} {
		if _, _, err := c.Media(t.Context(), sender, "2"); err == nil {
			t.Errorf("%s was fetched, with the token", elsewhere)
		}
	}
	if _, _, err := c.Media(t.Context(), sender, "3"); arauto.KindOf(err) != arauto.KindNotFound {
		t.Errorf("gone: %v", err)
	}
	if _, _, err := c.Media(t.Context(), sender, "4"); arauto.KindOf(err) != arauto.KindInvalid {
		t.Errorf("never there: %v", err)
	}
	id, err := c.Upload(t.Context(), sender, "application/pdf", `bo"leto.pdf`, strings.NewReader("%PDF-"))
	if err != nil || id != "99" || uploaded != "whatsapp application/pdf bo_leto.pdf %PDF-" {
		t.Errorf("%q, %q, %v", id, uploaded, err)
	}
}
