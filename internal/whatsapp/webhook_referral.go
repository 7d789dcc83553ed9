package whatsapp

import (
	"bytes"
	"encoding/json"
	"strings"

	"arauto"
)

// referral is what a message of any type says of the ad or the post that brought its author. The id of the click is
// left out for placements in Status, and has been seen empty; which of the two it was is kept apart.
//
// Vendor: MD/webhooks/reference/messages.
type referral struct {
	SourceURL    string    `json:"source_url"`
	SourceID     *wireText `json:"source_id"`
	SourceType   string    `json:"source_type"`
	Headline     string    `json:"headline"`
	Body         string    `json:"body"`
	MediaType    string    `json:"media_type"`
	ImageURL     string    `json:"image_url"`
	VideoURL     string    `json:"video_url"`
	ThumbnailURL string    `json:"thumbnail_url"`
	Clid         *string   `json:"ctwa_clid"`
	Welcome      struct {
		Text string `json:"text"`
	} `json:"welcome_message"`
}

// maxReferral bounds what is kept of one referral as it came; its members are kept whatever its size.
const maxReferral = 64 << 10

// readReferral is empty for what is no object: a message counts without its referral.
func readReferral(raw json.RawMessage) arauto.Referral {
	var v referral
	if len(raw) == 0 || raw[0] != '{' || unmarshal(raw, &v) != nil {
		return arauto.Referral{}
	}
	r := arauto.Referral{
		SourceType: arauto.SourceType(short(v.SourceType)), SourceURL: v.SourceURL, Headline: v.Headline, Body: v.Body, MediaType: short(v.MediaType),
		ImageURL: v.ImageURL, VideoURL: v.VideoURL, ThumbnailURL: v.ThumbnailURL, Welcome: v.Welcome.Text, Clid: v.Clid, Raw: compact(raw),
	}
	if v.SourceID != nil {
		id := string(*v.SourceID)
		r.SourceID = &id
	}
	return r
}

// short keeps a word of Meta's, which may be one that we do not know, from being a novel.
func short(word string) string { return strings.ToValidUTF8(word[:min(len(word), 64)], "") }

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || b.Len() > maxReferral {
		return `{"too_long":true}`
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}
