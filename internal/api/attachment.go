package api

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"arauto"
)

// FileStore keeps the bytes of files.
type FileStore interface {
	// Keep stores what an attachment is made of, and returns it with its type and size. The error is invalid when it
	// is too large, or not what may be sent.
	Keep(ctx context.Context, a arauto.Attachment, said string, body io.Reader) (arauto.Attachment, error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
}

type wireAttachment struct {
	UUID   string  `json:"uuid"`
	Kind   string  `json:"kind" enum:"image,video,audio,document,sticker"`
	Name   *string `json:"name"`
	Type   *string `json:"type" doc:"As its bytes say"`
	Size   int64   `json:"size"`
	SHA256 *string `json:"sha256"`
	State  string  `json:"state" enum:"waiting,here,refused,gone" doc:"waiting: being fetched from Meta"`
	Detail *string `json:"detail" doc:"Why it is not here"`
}

func wordAttachment(v arauto.Attachment) *wireAttachment {
	return &wireAttachment{UUID: v.UUID, Kind: v.Kind, Name: text(v.Name), Type: text(v.Type), Size: v.Size, SHA256: text(v.SHA256), State: string(v.State), Detail: text(v.Detail)}
}

// maxUpload is the largest file that anybody may send, and what a form adds to it.
const maxUpload = 100<<20 + 1<<20

func (a *API) conversationFiles(s surface) {
	o := op{
		method: http.MethodPost, path: s.prefix + "/conversations/{uuid}/attachments", scope: s.write, tag: s.tag, summary: "Upload a file to send in a conversation", status: http.StatusCreated,
		more: "As multipart with the part `file`, or as the raw file. What it is, its bytes decide: 5 MB of image, 16 MB of audio or video, 100 MB of document.", maxBody: maxUpload, streams: true,
	}
	handle(a, o, func(ctx context.Context, c Caller, in *struct {
		TalkRef
		Name string `query:"name" maxLength:"200" doc:"The file's name, where a raw body has none"`
	},
	) (*wireAttachment, error) {
		v, _, err := a.own(ctx, c, s, in.UUID)
		if err != nil {
			return nil, err
		}
		name, file, err := a.uploaded(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		kept, err := a.Blobs.Keep(ctx, arauto.Attachment{
			Account: c.Account.ID, UUID: id.String(), Conversation: v.ID, Sender: v.Sender, Source: arauto.AttachmentUpload, Name: name,
		}, mime.TypeByExtension(extension(name)), file)
		if err != nil {
			return nil, err
		}
		kept, err = a.Store.Attach(ctx, actor(c), a.Now(), kept)
		return wordAttachment(kept), err
	})
	a.takesFile(o.path)
	stream(a, op{
		method: http.MethodGet, path: s.prefix + "/conversations/{uuid}/attachments/{file}", scope: s.read, tag: s.tag, summary: "The bytes of a file of a conversation",
		more: "Always as a download, or as the picture, sound or film that its bytes are.",
	}, "application/octet-stream", &huma.Schema{Type: huma.TypeString, Format: "binary"}, func(ctx context.Context, c Caller, in *struct {
		TalkRef
		File string `path:"file" format:"uuid"`
	},
	) (func(http.ResponseWriter), error) {
		return a.attachment(ctx, c, s, in.UUID, in.File)
	})
}

// extension is a file name's, with its dot; "" = none.
func extension(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return strings.ToLower(name[i:])
	}
	return ""
}

// attachment serves a file to who may see its conversation.
func (a *API) attachment(ctx context.Context, c Caller, s surface, talk, file string) (func(http.ResponseWriter), error) {
	v, _, err := a.talk(ctx, c, s, talk)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.Attachment(ctx, c.Account.ID, file)
	if err == nil && f.Conversation != v.ID {
		err = arauto.Errorf(arauto.KindNotFound, "", "there is no attachment %s in this conversation", file)
	}
	if err != nil {
		return nil, err
	}
	if f.State != arauto.AttachmentHere {
		return nil, arauto.Errorf(arauto.KindConflict, "state", "the file is not here: it is %s", f.State)
	}
	body, err := a.Blobs.Open(ctx, f.Blob)
	if err != nil {
		return nil, err
	}
	r := exchangeOf(ctx).request
	return func(w http.ResponseWriter) {
		defer body.Close()
		head := w.Header()
		head.Set("Content-Type", servedType(f))
		head.Set("Content-Disposition", mime.FormatMediaType(disposition(f), map[string]string{"filename": fileName(f)}))
		// Whatever it is, no browser is to make a page of it.
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		head.Set("Cache-Control", "private, max-age=3600")
		http.ServeContent(w, r, "", time.Time{}, body)
	}, nil
}

// servedType is the type under which a file is served: those that are shown as they are, or bytes.
func servedType(f arauto.Attachment) string {
	if disposition(f) == "inline" || f.Type == "application/pdf" || f.Type == "text/plain" {
		return f.Type
	}
	return "application/octet-stream"
}

func disposition(f arauto.Attachment) string {
	for _, kind := range []string{"image/", "audio/", "video/"} {
		if strings.HasPrefix(f.Type, kind) && f.Type != "image/svg+xml" {
			return "inline"
		}
	}
	return "attachment"
}

// fileName is what a downloaded file is called.
func fileName(f arauto.Attachment) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\"<>|:*?`, r) {
			return '_'
		}
		return r
	}, f.Name)
	if name == "" {
		return f.Kind + "-" + strconv.FormatInt(f.ID, 10)
	}
	return name
}
