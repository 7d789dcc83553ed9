package arauto

import "time"

// A PersonFile is a file among what is kept of a person: they sent it, or were sent it, or an ad that brought them
// showed it.
type PersonFile struct {
	Attachment
	At        time.Time // of its message, or of the click; when it was uploaded where it was never sent
	Direction FileDirection
	Talk      string // the conversation's UUID

	Archived string  // its name in the archive that was written for them; "" = it is not in there
	Left     LeftOut // why it is not; "" = it is, or no archive was written
}

// FileDirection is which way a file went.
type FileDirection string

const (
	FileIn  FileDirection = "in"  // the person sent it
	FileOut FileDirection = "out" // it was sent to them, or lies ready for it
	FileAd  FileDirection = "ad"  // the picture or the film of an ad or a post
)

// Direction is which way a goes: files come by the provider's media, go out from uploads, and ads' have links.
func (a Attachment) Direction() FileDirection {
	switch a.Source {
	case AttachmentLink:
		return FileAd
	case AttachmentUpload:
		return FileOut
	}
	return FileIn
}

// LeftOut is why a file is not in a person's archive.
type LeftOut string

const (
	LeftNotHere LeftOut = "not_here" // nobody has it: its state says why
	LeftRemoved LeftOut = "removed"  // it was removed while the archive was written
	LeftLate    LeftOut = "late"     // it came while the archive was written
	LeftEarlier LeftOut = "earlier"  // an earlier archive has it: this one was asked for from a file on
	LeftFull    LeftOut = "full"     // the archive has as much as one may have
)
