package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"arauto/internal/sandbox"
)

// The files of somebody who will be forgotten, and what an ad showed them, which is the advertiser's.
const (
	gonePhoto    = "\xff\xd8\xff" + goneWords
	goneVoice    = "OggS\x00\x02" + goneWords
	goneBill     = "%PDF-1.7 " + goneField
	goneBillName = "../../../" + goneName + " \u202efdp.exe"
	adPicture    = "\x89PNG\r\n\x1a\nanúncio"
)

// upload puts a file where Meta has it, and returns its id.
func (o *office) upload(t *testing.T, fileType, data string) string {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	_ = form.WriteField("messaging_product", "whatsapp")
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="f"`}, "Content-Type": {fileType}})
	if err == nil {
		_, err = io.WriteString(part, data)
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	status, text, _ := exchange(t, http.MethodPost, o.graph+"/v25.0/"+o.business.meta.PhoneNumberID+"/media", as{"Content-Type": form.FormDataContentType(), "Authorization": "Bearer sandbox"}, &b)
	var made struct{ ID string }
	if err := json.Unmarshal(text, &made); err != nil || made.ID == "" {
		t.Fatalf("%d %s: %v", status, text, err)
	}
	return made.ID
}

// sendFiles has a person send a photo that an ad brought, a voice note, a bill with an ugly name and something that Meta
// does not have any more; an agent has a file ready for them. All that can be had is fetched when it returns.
func (o *office) sendFiles(t *testing.T, who sandbox.Entry) {
	t.Helper()
	ads := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, adPicture) }))
	t.Cleanup(ads.Close)
	o.write(t, who, "wamid.her-photo", object{
		"type": "image", "image": object{"id": o.upload(t, "image/jpeg", gonePhoto), "mime_type": "image/jpeg"},
		"referral": object{"source_type": "ad", "source_id": "120", "source_url": "https://fb.me/1", "media_type": "image", "image_url": ads.URL + "/1.png"},
	})
	o.write(t, who, "wamid.her-voice", object{"type": "audio", "audio": object{"id": o.upload(t, "audio/ogg", goneVoice), "mime_type": "audio/ogg; codecs=opus", "voice": true}})
	o.write(t, who, "wamid.her-bill", object{"type": "document", "document": object{"id": o.upload(t, "application/pdf", goneBill), "mime_type": "application/pdf", "filename": goneBillName}})
	o.write(t, who, "wamid.her-lost", object{"type": "image", "image": object{"id": "999", "mime_type": "image/jpeg"}})
	var talks struct{ Data []struct{ UUID string } }
	o.api.do(t, "GET", "/api/v1/conversations?phone=%2B"+gonePhone, nil, &talks)
	o.api.do(t, "POST", "/api/v1/conversations/"+talks.Data[0].UUID+"/attachments?name=boleto.pdf", goneBill, nil)
	until(t, 20*time.Second, "the files are here", func() bool {
		states := map[string]int{}
		for _, f := range o.filesAtOnce(t) {
			states[f.State]++
		}
		return states["here"] == 5 && states["gone"] == 1
	})
}

// personFileLine is a file as a person's document has it.
type personFileLine struct {
	Direction, Kind, State, URL string
	Name, Type, File, At        string
	LeftOut                     string `json:"left_out"`
	Size                        int64
	Message                     int64 `json:"message_id"`
}

func (o *office) filesAtOnce(t *testing.T) []personFileLine {
	t.Helper()
	var document struct{ Files []personFileLine }
	o.api.do(t, "GET", "/api/v1/people/%2B"+gonePhone+"/export", nil, &document)
	return document.Files
}

// filesInArchive holds a person's archive against what they sent and were sent.
func filesInArchive(t *testing.T, o *office, archive *zip.Reader) {
	t.Helper()
	read := func(name string) []byte {
		f, err := archive.Open(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer f.Close()
		text, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var document struct {
		Files    []personFileLine
		Timeline []struct {
			Kind string
			ID   int64
		}
	}
	if err := json.Unmarshal(read("person.json"), &document); err != nil {
		t.Fatal(err)
	}
	written := map[int64]bool{}
	for _, h := range document.Timeline {
		written[h.ID] = written[h.ID] || h.Kind == "message_in"
	}
	got := map[string]string{}
	for _, f := range document.Files {
		what := fmt.Sprintf("%s %s %s", f.Direction, f.Kind, f.Type)
		if f.File == "" {
			got[what] = f.LeftOut
			continue
		}
		text := read(f.File)
		if got[what] = string(text); f.Size != int64(len(text)) || f.At == "" || strings.Contains(f.File, "..") || (f.Direction == "in") != written[f.Message] {
			t.Errorf("%+v", f)
		}
		if status, served := o.api.ask(t, "GET", f.URL, nil); status != http.StatusOK || !bytes.Equal(served, text) {
			t.Errorf("%s: %d, %d bytes", f.URL, status, len(served))
		}
	}
	want := map[string]string{
		"in image image/jpeg": gonePhoto, "in audio audio/ogg": goneVoice, "in document application/pdf": goneBill, "out document application/pdf": goneBill, "ad image image/png": adPicture,
		"in image ": "not_here",
	}
	if d := cmp.Diff(want, got); d != "" || len(archive.File) != 6 {
		t.Errorf("%d parts (-want +got):\n%s", len(archive.File), d)
	}
}
