package ccai

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"arauto"
)

const file = `[{"name":"Maria","phone_number":"+1 111-111-1111"}]`

func form(t *testing.T, content []byte, names ...string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, name := range names {
		part, err := m.CreateFormFile(name, "contatos.json")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(content)
	}
	m.Close()
	return m.FormDataContentType(), b.Bytes()
}

func upload(t *testing.T, w *world, contentType string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, AppsPrefix+"campaigns/6/contacts/import", body)
	r.SetBasicAuth("exemplo", "TOKEN")
	r.Header.Set("Content-Type", contentType)
	answer := httptest.NewRecorder()
	w.serve(t).ServeHTTP(answer, r)
	return answer
}

func TestImport_HandsTheFileOn(t *testing.T) {
	for _, names := range [][]string{{"file"}, {"arquivo"}, {"whatever"}, {""}, {"note", "file"}, {"file", "note"}} {
		w := given()
		contentType, body := form(t, []byte(file), names...)
		answer := upload(t, w, contentType, bytes.NewReader(body))
		if answer.Code != http.StatusAccepted || answer.Body.Len() != 0 || answer.Header().Get("X-Job-Id") != "540" {
			t.Errorf("%q: %d %s", names, answer.Code, answer.Body)
		}
		if w.imported != file || w.filename != "contatos.json" || w.actor != (arauto.Actor{Account: 7, Token: 3, Name: "crm"}) {
			t.Errorf("%q: handed on %q as %q by %+v", names, w.imported, w.filename, w.actor)
		}
	}
}

// TestImport_ABetterPartReplacesAnother: what was kept of a part that turned out to be no file is not left in it.
func TestImport_ABetterPartReplacesAnother(t *testing.T) {
	w := given()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, _ := m.CreateFormField("note")
	part.Write(bytes.Repeat([]byte("x"), 10_000))
	part, _ = m.CreateFormFile("file", "contatos.json")
	part.Write([]byte(file))
	m.Close()
	if answer := upload(t, w, m.FormDataContentType(), &b); answer.Code != http.StatusAccepted || w.imported != file {
		t.Errorf("%d, handed on %.100q", answer.Code, w.imported)
	}
}

func TestImport_IsAllOrNothing(t *testing.T) {
	limit := int(given().api(t).ImportLimit)
	large := bytes.Repeat([]byte("x"), limit+1)
	largeType, largeForm := form(t, large, "file")
	around, aroundForm := form(t, bytes.Repeat([]byte("x"), limit/2), "note", "note", "note", "note", "note")
	formType, whole := form(t, []byte(file), "file")
	for name, c := range map[string]struct {
		contentType string
		body        io.Reader
		status      int
	}{
		"too large":                 {largeType, bytes.NewReader(largeForm), 413},
		"too large as it comes":     {largeType, io.MultiReader(bytes.NewReader(largeForm)), 413},
		"too large around":          {around, io.MultiReader(bytes.NewReader(aroundForm)), 413},
		"a part that breaks off":    {formType, bytes.NewReader(whole[:len(whole)-20]), 400},
		"a file that breaks off":    {formType, bytes.NewReader(whole[:len(whole)-80]), 400},
		"a line that breaks":        {formType, io.MultiReader(bytes.NewReader(whole[:100]), broken{}), 400},
		"no form at all":            {"application/json", strings.NewReader(file), 415},
		"a form without boundary":   {"multipart/form-data", bytes.NewReader(whole), 400},
		"an empty form":             {formType, strings.NewReader(""), 400},
		"another form than it says": {"multipart/form-data; boundary=else", bytes.NewReader(whole), 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := given()
			if answer := upload(t, w, c.contentType, c.body); answer.Code != c.status {
				t.Errorf("%d %s, want %d", answer.Code, answer.Body, c.status)
			}
			if w.imported != "" {
				t.Errorf("%d bytes were handed on", len(w.imported))
			}
		})
	}
	t.Run("the largest file there may be", func(t *testing.T) {
		w := given()
		contentType, body := form(t, large[:limit], "file")
		if answer := upload(t, w, contentType, bytes.NewReader(body)); answer.Code != http.StatusAccepted || len(w.imported) != limit {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line broke") }

func TestImport_LeavesNoFileBehind(t *testing.T) {
	a := given().api(t)
	contentType, body := form(t, []byte(file), "file")
	for _, b := range [][]byte{body, body[:50]} {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(b))
		r.Header.Set("Content-Type", contentType)
		q := asked{Request: r, Caller: Caller{Account: brazil}, campaign: given().campaignList[0]}
		_ = a.importFile(httptest.NewRecorder(), q)
	}
	left, err := os.ReadDir(a.TempDir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
