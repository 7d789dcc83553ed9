package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"arauto/internal/sandbox"
)

// upload posts a form with a file of that type.
func (w *world) upload(kind string, data []byte, fields ...string) answer {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			w.Fatal(err)
		}
	}
	if data != nil {
		part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="a"`}, "Content-Type": {kind}})
		if err != nil {
			w.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			w.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.Fatal(err)
	}
	return w.callAs("POST", "/v25.0/"+w.cfg.PhoneNumberID+"/media", body.String(), form.FormDataContentType())
}

// fetch downloads an address that Graph gave, with or without the token.
func (w *world) fetch(address, bearer string) (int, string, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := w.client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(data)
}

func TestMedia_FromUploadToDeletion(t *testing.T) {
	inBubble(t, nil, func(w *world) {
		id, _ := w.upload("image/png", []byte("picture"), "messaging_product", "whatsapp").body["id"].(string)
		if id == "" {
			t.Fatal("no id")
		}
		about := w.call("GET", "/v25.0/"+id, "")
		if about.body["mime_type"] != "image/png" || about.body["file_size"] != 7. || len(fmt.Sprint(about.body["sha256"])) != 64 {
			t.Errorf("object is %s", about.raw)
		}
		address := fmt.Sprint(about.body["url"])
		if status, kind, data := w.fetch(address, token); status != 200 || kind != "image/png" || data != "picture" {
			t.Errorf("downloaded %d %s %q", status, kind, data)
		}
		if status, _, _ := w.fetch(address, "another"); status != 401 {
			t.Errorf("without the token: %d", status)
		}
		if status, _, _ := w.fetch(strings.Replace(address, "mid=1", "mid=2", 1), token); status != 403 {
			t.Errorf("another file's signature: %d", status)
		}
		time.Sleep(5*time.Minute + time.Second)
		if status, _, _ := w.fetch(address, token); status != 404 {
			t.Errorf("after five minutes: %d", status)
		}
		header := func(kind, id string) answer {
			return w.post(`{"messaging_product":"whatsapp","to":"` + reader + `","type":"template","template":{"name":"lancamento_colecao","language":{"code":"pt_BR"},"components":[
				{"type":"header","parameters":[{"type":"image","image":{"id":"` + id + `"}}]},
				{"type":"body","parameters":[{"type":"text","parameter_name":"loja","text":"Centro"},{"type":"text","parameter_name":"nome","text":"Ana"},{"type":"text","parameter_name":"colecao","text":"Outono"}]},
				{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"outono"}]}]}}`)
		}
		if a := header("image", id); a.code() != 0 {
			t.Errorf("header with it: %s", a.raw)
		}
		film, _ := w.upload("video/mp4", []byte("film"), "messaging_product", "whatsapp").body["id"].(string)
		if a := header("image", film); a.code() != 132012 {
			t.Errorf("header with a video: %s", a.raw)
		}
		free := fmt.Sprintf(`{"messaging_product":"whatsapp","to":%q,"type":"video","video":{"id":%q}}`, reader, id)
		if a := w.post(free); a.code() != 132012 {
			t.Errorf("an image sent as video: %s", a.raw)
		}
		if a := w.call("DELETE", "/v25.0/"+id, ""); a.body["success"] != true {
			t.Errorf("deletion answered %s", a.raw)
		}
		if a := header("image", id); a.code() != 131009 {
			t.Errorf("header with what was deleted: %s", a.raw)
		}
		if a := w.call("GET", "/v25.0/"+id, ""); a.code() != 100 {
			t.Errorf("object of what was deleted: %s", a.raw)
		}
	})
}

func TestMedia_Refused(t *testing.T) {
	w := newWorld(t, nil)
	product := []string{"messaging_product", "whatsapp"}
	for name, c := range map[string]struct {
		kind   string
		data   []byte
		fields []string
		code   int
	}{
		"fine":           {"application/pdf", []byte("x"), product, 0},
		"declared":       {"application/octet-stream", []byte("x"), append([]string{"type", "audio/ogg; codecs=opus"}, product...), 0},
		"product":        {"image/png", []byte("x"), nil, 100},
		"no file":        {"image/png", nil, product, 100},
		"empty":          {"image/png", []byte{}, product, 100},
		"type":           {"image/gif", []byte("x"), product, 100},
		"image too big":  {"image/jpeg", make([]byte, 5<<20+1), product, 131053},
		"sticker":        {"image/webp", make([]byte, 500<<10+1), product, 131053},
		"image at limit": {"image/jpeg", make([]byte, 5<<20), product, 0},
	} {
		if a := w.upload(c.kind, c.data, c.fields...); a.code() != c.code || (c.code == 0) != (a.body["id"] != nil) {
			t.Errorf("%s: answered %s, want %d", name, a.raw, c.code)
		}
	}
	if a := w.call("POST", "/v25.0/"+w.cfg.PhoneNumberID+"/media", "bytes"); a.code() != 100 {
		t.Errorf("no form: %s", a.raw)
	}
}

func TestMedia_ForgetsTheOldest(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) { c.MediaBytes = 10 })
	var ids []string
	for range 3 {
		ids = append(ids, fmt.Sprint(w.upload("text/plain", []byte("12345"), "messaging_product", "whatsapp").body["id"]))
	}
	for i, want := range []int{100, 0, 0} {
		if a := w.call("GET", "/v25.0/"+ids[i], ""); a.code() != want {
			t.Errorf("file %d: %s", i, a.raw)
		}
	}
}

func TestMedia_SampleOfATemplate(t *testing.T) {
	w := newWorld(t, nil)
	session := w.call("POST", "/v25.0/"+w.cfg.AppID+"/uploads?file_length=5&file_type=image/png&file_name=a.png", "")
	id := fmt.Sprint(session.body["id"])
	if !strings.HasPrefix(id, "upload:") {
		t.Fatalf("answered %s", session.raw)
	}
	if a := w.call("POST", "/v25.0/"+id, "1234"); a.code() != 100 {
		t.Errorf("too few bytes: %s", a.raw)
	}
	handle := fmt.Sprint(w.call("POST", "/v25.0/"+id, "12345").body["h"])
	a := w.call("POST", "/v25.0/"+w.cfg.WABAID+"/message_templates", `{"name":"foto","language":"pt_BR","category":"MARKETING","components":[
		{"type":"HEADER","format":"IMAGE","example":{"header_handle":["`+handle+`"]}},{"type":"BODY","text":"Veja a foto."}]}`)
	if !strings.HasPrefix(handle, "4::") || a.body["status"] != "PENDING" {
		t.Errorf("handle %s, answered %s", handle, a.raw)
	}
	for path, want := range map[string]int{
		w.cfg.AppID + "/uploads?file_length=5":                       100,
		w.cfg.AppID + "/uploads?file_length=0&file_type=image/png":   100,
		w.cfg.AppID + "/uploads?file_length=5&file_type=image/heic":  100,
		w.cfg.WABAID + "/uploads?file_length=5&file_type=image/jpeg": 100,
		"upload:nothing": 100,
	} {
		if a := w.call("POST", "/v25.0/"+path, ""); a.code() != want {
			t.Errorf("%s answered %s", path, a.raw)
		}
	}
}
