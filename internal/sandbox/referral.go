package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Ad is what a person clicked before they wrote: the sandbox makes Meta's referral
// of it.
type Ad struct {
	ID       string `json:"id,omitempty"`     // "" is one of five, by the person
	Media    string `json:"media,omitempty"`  // "image" (the usual), "video" or "none"
	Source   string `json:"source,omitempty"` // "ad" (the usual) or "post"
	Headline string `json:"headline,omitempty"`
	Body     string `json:"body,omitempty"`
	Welcome  string `json:"welcome,omitempty"` // text of the greeting in the ad

	// Clid is "" for a ctwa_clid that is the person's own, "omit" for none, as with
	// Status placements, and "empty" for one that is there and empty, as was seen.
	Clid   string `json:"clid,omitempty"`
	Status bool   `json:"status,omitempty"` // a Status placement: Clid is omitted
}

type referralValue struct {
	SourceURL    string          `json:"source_url"`
	SourceID     string          `json:"source_id"`
	SourceType   string          `json:"source_type"`
	Body         string          `json:"body"`
	Headline     string          `json:"headline"`
	MediaType    string          `json:"media_type,omitempty"`
	ImageURL     string          `json:"image_url,omitempty"`
	VideoURL     string          `json:"video_url,omitempty"`
	ThumbnailURL string          `json:"thumbnail_url,omitempty"`
	Clid         *string         `json:"ctwa_clid,omitempty"`
	Welcome      *welcomeMessage `json:"welcome_message,omitempty"`
}

type welcomeMessage struct {
	Text string `json:"text"`
}

func (s *Sandbox) referralOf(in Inbound, who string) (json.RawMessage, error) {
	if in.Ad == nil {
		return in.Referral, nil
	}
	v, err := in.Ad.referral(s.seed.Load(), who, s.pictures())
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// pictures is where those of ads are.
func (s *Sandbox) pictures() string {
	if s.cfg.AdsURL == "" {
		return "https://scontent.example"
	}
	return s.cfg.AdsURL + "/" + adsPath
}

// referral is a function of the seed, the person and the ad.
func (a Ad) referral(seed int64, who, pictures string) (referralValue, error) {
	d := roll(seed, "ad", who)
	id := a.ID
	if id == "" {
		id = strconv.FormatUint(120_200_000_000_000_000+d.next()%5, 10)
	}
	v := referralValue{
		SourceURL: "https://fb.me/" + strconv.FormatUint(roll(seed, "fb.me", id).next()%1e9, 36), SourceID: id,
		SourceType: "ad", Body: "Fale com a gente no WhatsApp", Headline: "Loja Arauto",
	}
	if a.Body != "" {
		v.Body = a.Body
	}
	if a.Headline != "" {
		v.Headline = a.Headline
	}
	if a.Source != "" {
		v.SourceType = a.Source
	}
	if a.Welcome != "" {
		v.Welcome = &welcomeMessage{a.Welcome}
	}
	address := pictures + "/" + id
	switch a.Media {
	case "", "image":
		v.MediaType, v.ImageURL = "image", address+".jpg"
	case "video":
		v.MediaType, v.VideoURL, v.ThumbnailURL = "video", address+".mp4", address+".thumb.jpg"
	case "none":
	default:
		return v, fmt.Errorf("ad: media %q is not image, video or none", a.Media)
	}
	clid := "AR" + strconv.FormatUint(d.next(), 36) + strconv.FormatUint(d.next(), 36)
	switch {
	case a.Clid == "omit", a.Status && a.Clid == "":
	case a.Clid == "empty":
		v.Clid = new(string)
	case a.Clid == "":
		v.Clid = &clid
	default:
		return v, fmt.Errorf("ad: clid is absent, \"omit\" or \"empty\"")
	}
	return v, nil
}

// adsPath is where pictures and films of ads are, which ask for no token.
const adsPath = "ads"

// adFile serves one: the same picture, or film, for every ad.
func (s *Sandbox) adFile(w http.ResponseWriter, r *http.Request, name string) {
	file := usual["image"]
	if strings.HasSuffix(name, ".mp4") {
		file = usual["video"]
	}
	w.Header().Set("Content-Type", file.mime)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(file.data))
}
