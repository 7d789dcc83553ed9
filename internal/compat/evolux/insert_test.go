package evolux

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

const subscribers = "name,phone,parameter1,cpf\nMaria do Carmo,11 99999-0021,R$ 120,000.000.021-40\n"

func post(t *testing.T, w *world, contentType string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/campaign/"+strings.ToUpper(september)+"/subscribers", body)
	r.Header.Set("Authorization", "Bearer TOKEN")
	r.Header.Set("Content-Type", contentType)
	answer := httptest.NewRecorder()
	w.serve(t).ServeHTTP(answer, r)
	return answer
}

func TestInsertHandsTheFileOn(t *testing.T) {
	for name, filename := range map[string]string{"text/csv": "subscribers.csv", "multipart": "contatos.csv"} {
		t.Run(name, func(t *testing.T) {
			w := given()
			contentType, body := "text/csv", []byte(subscribers)
			if name == "multipart" {
				contentType, body = form(t, []byte(subscribers), "file")
			}
			if answer := post(t, w, contentType, bytes.NewReader(body)); answer.Code != http.StatusOK {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
			if w.inserted != subscribers || w.filename != filename {
				t.Errorf("handed on %q as %q", w.inserted, w.filename)
			}
			if want := (arauto.Actor{Account: 7, Token: 3, Name: "bi"}); w.actor != want {
				t.Errorf("in the name of %+v, want %+v", w.actor, want)
			}
		})
	}
}

func form(t *testing.T, file []byte, names ...string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, name := range names {
		part, err := m.CreateFormFile(name, "contatos.csv")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(file)
	}
	m.Close()
	return m.FormDataContentType(), b.Bytes()
}

func TestInsertIsAllOrNothing(t *testing.T) {
	large := bytes.Repeat([]byte("x"), MaxFile+1)
	largeType, largeForm := form(t, large, "file")
	formType, whole := form(t, []byte(subscribers), "file")
	aroundType, around := form(t, append(large, large[:maxEnvelope]...), "note")
	twiceType, twice := form(t, []byte(subscribers), "file", "file")
	for name, c := range map[string]struct {
		contentType string
		body        io.Reader
		status      int
	}{
		"too large by its length":      {"text/csv", bytes.NewReader(large), 413},
		"too large as it comes":        {"text/csv", io.MultiReader(bytes.NewReader(large)), 413},
		"too large a part":             {largeType, bytes.NewReader(largeForm), 413},
		"too large a part as it comes": {largeType, io.MultiReader(bytes.NewReader(largeForm)), 413},
		"too large around the file":    {aroundType, io.MultiReader(bytes.NewReader(around)), 413},
		"a part that breaks off":       {formType, bytes.NewReader(whole[:len(whole)-20]), 400},
		"a body that breaks off":       {"text/csv", io.MultiReader(strings.NewReader(subscribers), broken{}), 400},
		"two files":                    {twiceType, bytes.NewReader(twice), 400},
		"a form without boundary":      {"multipart/form-data", bytes.NewReader(whole), 400},
		"no content type":              {"", strings.NewReader(subscribers), 415},
		"a spreadsheet":                {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", strings.NewReader("PK"), 415},
	} {
		t.Run(name, func(t *testing.T) {
			w := given()
			if answer := post(t, w, c.contentType, c.body); answer.Code != c.status {
				t.Errorf("%d %s, want %d", answer.Code, answer.Body, c.status)
			}
			if w.inserted != "" {
				t.Errorf("%d bytes were handed on", len(w.inserted))
			}
		})
	}
	t.Run("the largest file there may be", func(t *testing.T) {
		w := given()
		if answer := post(t, w, "text/csv", bytes.NewReader(large[:MaxFile])); answer.Code != http.StatusOK || len(w.inserted) != MaxFile {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line broke") }

func TestInsertSaysWhatTheImporterSays(t *testing.T) {
	for name, c := range map[string]struct {
		refuse error
		status int
		says   string
	}{
		"a file it cannot use": {arauto.Errorf(arauto.KindInvalid, "phone", "the file has no such column"), 400, "phone: the file has no such column"},
		"a fault":              {errDisk, 500, "fault"},
	} {
		t.Run(name, func(t *testing.T) {
			w := given()
			w.refuse = c.refuse
			answer := post(t, w, "text/csv", strings.NewReader(subscribers))
			if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.says) {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
		})
	}
}

func TestInsertCountsOnlyWhatHasEnded(t *testing.T) {
	answer := post(t, given(), "text/csv", strings.NewReader(strings.Repeat(subscribers, 6)))
	if want := `{"accepted":null,"duplicate":null,"error":null,"job_uuid":"0191c8f2-7a52-7cc1-8f3e-5f2f86a1d001","rejected":null,"state":"queued"}`; !strings.Contains(answer.Body.String(), want) {
		t.Errorf("got %s, want %s in it", answer.Body, want)
	}
}

func TestInsertLeavesNoFileBehind(t *testing.T) {
	a := given().api(t)
	for _, body := range []string{subscribers, ""} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.SetPathValue("campaign_uuid", september)
		r.Header.Set("Content-Type", "text/csv")
		a.Insert(httptest.NewRecorder(), r, arauto.Token{Scopes: []arauto.TokenScope{arauto.TokenWrite}}, brazil)
	}
	left, err := os.ReadDir(a.TempDir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
