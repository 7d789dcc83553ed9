package exporter

import (
	"fmt"
	"mime"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"arauto"
)

// archived is what a file is called in an archive: its number, which no other has, then what is harmless of the name that
// its sender gave it, and the extension of what its bytes are. Whatever a person calls a file, it is unpacked where the
// archive is, and opened as what it is.
func archived(a arauto.Attachment) string {
	name := tame(strings.TrimSuffix(a.Name, path.Ext(a.Name)))
	if name == "" {
		name = a.Kind
	}
	return fmt.Sprintf("files/%06d-%s.%s", a.ID, name, extension(a.Type))
}

// longestName is in bytes: with its number and extension a name fits everywhere.
const longestName = 100

// tame keeps letters and digits of every script, and what stands between words.
func tame(name string) string {
	var b strings.Builder
	for _, c := range name {
		switch {
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_', unicode.IsMark(c) && b.Len() > 0:
		case strings.HasSuffix(b.String(), "_"):
			continue
		default:
			c = '_'
		}
		if b.Len()+utf8.RuneLen(c) > longestName {
			break
		}
		b.WriteRune(c)
	}
	return strings.Trim(b.String(), "_-")
}

// extension is that of a type that a file may have; what is not known by its type is bytes.
func extension(fileType string) string {
	bare, _, err := mime.ParseMediaType(fileType)
	if ext := extensions[bare]; err == nil && ext != "" {
		return ext
	}
	return "bin"
}

var extensions = map[string]string{
	"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif",
	"audio/aac": "aac", "audio/amr": "amr", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/ogg": "ogg", "video/mp4": "mp4", "video/3gpp": "3gp",
	"application/pdf": "pdf", "application/zip": "zip", "text/plain": "txt", "text/csv": "csv",
	"application/msword": "doc", "application/vnd.ms-excel": "xls", "application/vnd.ms-powerpoint": "ppt",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
}
