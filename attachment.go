package arauto

import (
	"mime"
	"slices"
	"strings"
	"time"
)

// An Attachment is a file of a conversation: one that a person sent, fetched once, or one that is sent to them.
//
//	waiting ──fetched──▶ here
//	waiting ──refused──▶ refused
//	waiting ──gone──▶ gone
//	here ──forgotten──▶ gone
type Attachment struct {
	ID           int64
	UUID         string
	Account      int64
	Conversation int64 // 0 = none yet
	Message      int64 // 0 = not sent yet
	Sender       int64 // with whose token it is fetched

	Source  AttachmentSource
	Address string // the provider's id, or a public address; "" for uploads

	Kind     string // image, video, audio, document, sticker
	Name     string // the file's, as the sender calls it
	SaidType string // as the provider or the uploader says
	Type     string // as its bytes say; "" until it is here
	Size     int64
	SHA256   string
	Blob     string // where its bytes are
	State    AttachmentState
	Detail   string // why it is not here
	Tries    int

	DueAt     time.Time
	CreatedAt time.Time
	FetchedAt time.Time
}

// AttachmentSource is where a file comes from.
type AttachmentSource string

const (
	AttachmentMedia  AttachmentSource = "media"  // the provider's media API, by id
	AttachmentLink   AttachmentSource = "link"   // a public address, such as an ad's picture
	AttachmentUpload AttachmentSource = "upload" // our own users
)

// AttachmentState is whether a file is here.
type AttachmentState string

const (
	AttachmentWaiting AttachmentState = "waiting"
	AttachmentHere    AttachmentState = "here"
	AttachmentRefused AttachmentState = "refused" // too large, or not what it says
	AttachmentGone    AttachmentState = "gone"    // nobody has it any more, or it could not be had
)

// AttachmentStates lists every state.
func AttachmentStates() []AttachmentState {
	return []AttachmentState{AttachmentWaiting, AttachmentHere, AttachmentRefused, AttachmentGone}
}

// AttachmentEvent is what became of fetching one.
type AttachmentEvent string

const (
	AttachmentFetch  AttachmentEvent = "fetched"
	AttachmentRefuse AttachmentEvent = "refused"
	AttachmentLose   AttachmentEvent = "gone"
	AttachmentRetry  AttachmentEvent = "retried"   // not now: later
	AttachmentForget AttachmentEvent = "forgotten" // its time is over
)

// AttachmentEvents lists every event.
func AttachmentEvents() []AttachmentEvent {
	return []AttachmentEvent{AttachmentFetch, AttachmentRefuse, AttachmentLose, AttachmentRetry, AttachmentForget}
}

// Apply returns the state after e. What waits is decided by the first who fetched it; what is here may be forgotten.
func (s AttachmentState) Apply(e AttachmentEvent) AttachmentState {
	if s == AttachmentHere && e == AttachmentForget {
		return AttachmentGone
	}
	if s != AttachmentWaiting {
		return s
	}
	switch e {
	case AttachmentFetch:
		return AttachmentHere
	case AttachmentRefuse:
		return AttachmentRefused
	case AttachmentLose:
		return AttachmentGone
	}
	return s
}

const (
	// AttachmentTries is how often a file is asked for: with Backoff between them about a day, less than Meta
	// keeps its own.
	AttachmentTries = 12
	// MaxCaption is how long a text under a file may be.
	//
	// Vendor: MD/messages/image-messages and its siblings.
	MaxCaption = 1024
)

// Retry is when a file that could not be had is asked for again.
func (a Attachment) Retry(now time.Time) time.Time {
	return now.Add(min(4*time.Hour, 5*time.Second<<min(a.Tries, 12)))
}

// fileKinds are the kinds of files that people send each other, the largest of each and the types that its bytes
// may have.
//
// Vendor: MD/business-phone-numbers/media, supported media types.
var fileKinds = map[string]struct {
	size  int64
	types []string
}{
	"image":    {5 << 20, []string{"image/jpeg", "image/png"}},
	"sticker":  {500 << 10, []string{"image/webp"}},
	"audio":    {16 << 20, []string{"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}},
	"video":    {16 << 20, []string{"video/mp4", "video/3gpp"}},
	"document": {100 << 20, nil}, // any but those that a browser would run
}

// active types are those that a browser may run in its own page: never kept, whatever they say they are.
var activeTypes = []string{
	"text/html", "application/xhtml+xml", "image/svg+xml", "text/javascript", "application/javascript", "application/x-msdownload", "application/x-executable",
	"application/x-mach-binary", "application/x-sh",
}

// FileLimit is the size that a file of that kind may have; 0 = there is no such kind.
func FileLimit(kind string) int64 { return fileKinds[kind].size }

// FileKind is the kind under which a file of that type is sent.
func FileKind(fileType string) string {
	for _, kind := range []string{"image", "audio", "video"} {
		if slices.Contains(fileKinds[kind].types, fileType) {
			return kind
		}
	}
	return "document"
}

// CheckFile is nil for a file of that kind whose bytes are of that type.
func CheckFile(kind, fileType string, size int64) error {
	rule, known := fileKinds[kind]
	bare, _, _ := mime.ParseMediaType(fileType)
	switch {
	case !known:
		return Errorf(KindInvalid, "kind", "%q is no kind of file; use image, video, audio, document or sticker", kind)
	case size > rule.size:
		return Errorf(KindInvalid, "file", "the file is too large: %s takes at most %d MB", kind, max(1, rule.size>>20))
	case size == 0:
		return Errorf(KindInvalid, "file", "the file is empty")
	case slices.Contains(activeTypes, bare):
		return Errorf(KindInvalid, "file", "files of the type %s are not taken: a browser might run them", bare)
	case len(rule.types) > 0 && !slices.Contains(rule.types, bare):
		return Errorf(KindInvalid, "file", "%s is not what %s may be: %s", bare, kind, strings.Join(rule.types, ", "))
	}
	return nil
}

// SniffFile says what a file is by its first bytes, 512 of them if there are as many. What a message's kind and
// name say decides only between what looks alike. A zip, say, may be a spreadsheet.
func SniffFile(head []byte) string {
	has := func(at int, mark string) bool {
		return len(head) >= at+len(mark) && string(head[at:at+len(mark)]) == mark
	}
	switch {
	case has(0, "\xff\xd8\xff"):
		return "image/jpeg"
	case has(0, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case has(0, "RIFF") && has(8, "WEBP"):
		return "image/webp"
	case has(0, "GIF87a"), has(0, "GIF89a"):
		return "image/gif"
	case has(0, "OggS"):
		return "audio/ogg"
	case has(0, "#!AMR"):
		return "audio/amr"
	case has(0, "ID3"), len(head) > 1 && head[0] == 0xff && head[1]&0xe6 == 0xe2:
		return "audio/mpeg"
	case len(head) > 1 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return "audio/aac"
	case has(4, "ftyp3g"):
		return "video/3gpp"
	case has(4, "ftypM4A"):
		return "audio/mp4"
	case has(4, "ftyp"):
		return "video/mp4"
	case has(0, "%PDF-"):
		return "application/pdf"
	case has(0, "PK\x03\x04"):
		return "application/zip"
	case has(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return "application/x-ole-storage"
	case has(0, "MZ"):
		return "application/x-msdownload"
	case has(0, "\x7fELF"):
		return "application/x-executable"
	case has(0, "\xcf\xfa\xed\xfe"), has(0, "\xfe\xed\xfa\xcf"), has(0, "\xca\xfe\xba\xbe"):
		return "application/x-mach-binary"
	case has(0, "#!"):
		return "application/x-sh"
	}
	return sniffText(head)
}

// sniffText tells text from bytes, and markup that a browser would run from plain text.
func sniffText(head []byte) string {
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b {
			return "application/octet-stream"
		}
	}
	text := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
	for _, mark := range []string{"<!doctype html", "<html", "<head", "<body", "<script", "<iframe", "<!--"} {
		if strings.HasPrefix(text, mark) {
			return "text/html"
		}
	}
	if strings.HasPrefix(text, "<svg") || strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg") {
		return "image/svg+xml"
	}
	return "text/plain"
}

// FileType is what a file is: what its first bytes say, made finer by kind and said type where several look alike.
func FileType(head []byte, kind, said string) string {
	is := SniffFile(head)
	bare, _, _ := mime.ParseMediaType(said)
	switch {
	case is == "application/zip" && strings.HasPrefix(bare, "application/vnd.openxmlformats-officedocument."),
		is == "application/x-ole-storage" && (bare == "application/msword" || bare == "application/vnd.ms-excel" || bare == "application/vnd.ms-powerpoint"),
		is == "video/mp4" && bare == "audio/mp4" && kind != "video",
		is == "text/plain" && bare == "text/csv":
		return bare
	}
	return is
}
