package arauto

import "time"

// A Click is an ad or a post that brought a person: what Meta's referral says of it, on the message that they wrote
// first after it. Every message that carries a referral leaves one, whatever its type; the person's first is marked,
// so that first touch and every touch can both be told. It opened a conversation, or joined the one that was open.
type Click struct {
	ID int64

	Account      int64
	Conversation int64
	Message      int64
	Sender       int64
	Person       int64
	Contact      int64 // the contact that the message answers; 0 = none
	Campaign     int64

	Referral Referral
	First    bool  // nothing brought this person before
	Opened   bool  // its message opened the conversation
	Media    int64 // the attachment that is our own copy of the picture or the film; 0 = there is none

	At time.Time // when the person wrote, by the provider's clock
}

// A Referral is what the provider says of an ad or a post. What it left out is nil where that is told apart from
// what it left empty: which ad it was and which click it was are never guessed from one another.
type Referral struct {
	SourceType   SourceType
	SourceID     *string // the ad's or the post's id
	SourceURL    string
	Headline     string
	Body         string
	MediaType    string // image, video or ""
	ImageURL     string
	VideoURL     string
	ThumbnailURL string
	Welcome      string  // the greeting in the ad
	Clid         *string // ctwa_clid, which names this one click; nil for placements in Status
	Raw          string  // the whole of it, as it came
}

// SourceType is what was clicked: Meta's word, which may be one that we do not know.
type SourceType string

const (
	SourceAd   SourceType = "ad"
	SourcePost SourceType = "post"
)

// Empty reports whether there was no referral.
func (r Referral) Empty() bool { return r.Raw == "" }

// MediaURL is where Meta has the picture or the film; such links end after a while.
func (r Referral) MediaURL() string {
	if r.ImageURL != "" {
		return r.ImageURL
	}
	return r.VideoURL
}

// AdID is the ad that was clicked; nil when it was none, or none was named.
func (r Referral) AdID() *string { return r.sourceIf(SourceAd) }

// PostID is the post that was clicked; nil when it was none, or none was named.
func (r Referral) PostID() *string { return r.sourceIf(SourcePost) }

func (r Referral) sourceIf(t SourceType) *string {
	if r.SourceType != t {
		return nil
	}
	return r.SourceID
}

// Width is how many bytes the members take that a report of clicks repeats: what bounds such a report before it is
// written.
func (r Referral) Width() int {
	n := len(r.SourceURL) + len(r.SourceType) + len(r.MediaType) + len(r.MediaURL())
	if r.SourceID != nil {
		n += len(*r.SourceID)
	}
	return n
}

// A ClickRow is a click as reports show it, with what became of its conversation.
type ClickRow struct {
	Click
	ConversationUUID string
	RoutingPoint     int64  // where the conversation entered; 0 = not routed
	Queue            int64  // 0 = none
	Agent            int64  // the last who had it; 0 = nobody ever did
	Activity         string // code of how it ended; "" = it has not, or without one
	PersonKey        string
	State            ConversationState
	CopyUUID         string // of our own copy, once it is here
}

// A ClickSpan is what a report over a stretch of time will hold. Ids ascend in the order of commit, so the clicks
// up to UpTo are the same ones whenever they are read.
type ClickSpan struct {
	Count int64 // at most what was asked for
	UpTo  int64 // the newest click's id
	Width int64 // sum of Referral.Width
}

// A ClickFilter chooses clicks. Its zero value chooses all.
type ClickFilter struct {
	From, To time.Time // inclusive; zero = no bound
	Source   string    // id of an ad or a post
	Person   int64
}

// A ClickKey is a place in the order of clicks: by moment, then by id.
type ClickKey struct {
	At time.Time
	ID int64
}

// ClickTotals is how many clicks of each kind were taken by an agent, and how many never were.
type ClickTotals struct {
	AdsTaken, AdsLeft, PostsTaken, PostsLeft, OthersTaken, OthersLeft int64
}

// Of is the count of what was clicked.
func (t *ClickTotals) Of(source SourceType, taken bool) *int64 {
	pair := [...]*int64{&t.OthersLeft, &t.OthersTaken}
	switch source {
	case SourceAd:
		pair = [...]*int64{&t.AdsLeft, &t.AdsTaken}
	case SourcePost:
		pair = [...]*int64{&t.PostsLeft, &t.PostsTaken}
	}
	if taken {
		return pair[1]
	}
	return pair[0]
}
