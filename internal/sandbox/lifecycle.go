package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A TemplateChange is what Meta does to a template. Empty fields change nothing.
type TemplateChange struct {
	Name     string `json:"name"`
	Language string `json:"language"`
	Status   string `json:"status"`   // APPROVED, REJECTED, PAUSED, DISABLED, …; told by message_template_status_update
	Reason   string `json:"reason"`   // of REJECTED
	Quality  string `json:"quality"`  // GREEN, YELLOW, RED, UNKNOWN; told by message_template_quality_update
	Category string `json:"category"` // told by template_category_update

	// Pause is Meta's ladder: 3 hours the first time, 6 the second, DISABLED the third.
	// Unpause ends a pause early. They are in place of Status.
	Pause   bool `json:"pause"`
	Unpause bool `json:"unpause"`
}

// pauseOf is how long the nth pause lasts.
var pauseOf = [...]time.Duration{0, 3 * time.Hour, 6 * time.Hour}

// ChangeTemplate changes a template and tells it by webhook. It returns an error if
// there is no such template or nothing to change.
func (s *Sandbox) ChangeTemplate(c TemplateChange) error {
	t, found, _ := s.templates.find(c.Name, c.Language)
	switch {
	case !found:
		return fmt.Errorf("template %q does not exist in %q", c.Name, c.Language)
	case c == TemplateChange{Name: c.Name, Language: c.Language}:
		return errors.New("say what changes: status, quality, category, pause or unpause")
	case c.Quality != "" && !slices.Contains([]string{"GREEN", "YELLOW", "RED", "UNKNOWN"}, c.Quality):
		return fmt.Errorf("quality %q is not GREEN, YELLOW, RED or UNKNOWN", c.Quality)
	}
	if c.Quality != "" {
		s.setQuality(t, c.Quality)
	}
	if c.Category != "" {
		s.setCategory(t, c.Category)
	}
	switch {
	case c.Pause:
		s.pauseTemplate(t)
	case c.Unpause:
		s.setStatus(t, "APPROVED", "", &otherInfo{"UNPAUSE", "The pause has ended."})
	case c.Status != "":
		s.setStatus(t, strings.ToUpper(c.Status), c.Reason, nil)
	}
	return nil
}

// pauseTemplate takes the next step of the ladder; what is paused for hours comes
// back by itself.
func (s *Sandbox) pauseTemplate(t Template) {
	nth := s.templates.paused(t.ID)
	if nth >= len(pauseOf) {
		s.setStatus(t, "DISABLED", "", &otherInfo{"DISABLED", "Paused too often for its quality."})
		return
	}
	title := [...]string{1: "FIRST_PAUSE", 2: "SECOND_PAUSE"}[nth]
	s.setStatus(t, "PAUSED", "", &otherInfo{title, fmt.Sprintf("Paused for %s for its quality.", pauseOf[nth])})
	s.queue.plan(time.Now().Add(pauseOf[nth]), false, func() {
		if now, found := s.templates.byID(t.ID); found && now.Status == "PAUSED" {
			s.setStatus(t, "APPROVED", "", &otherInfo{"UNPAUSE", "The pause has ended."})
		}
	})
}

type otherInfo struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type templateStatusValue struct {
	Event    string         `json:"event"`
	ID       int64          `json:"message_template_id"`
	Name     string         `json:"message_template_name"`
	Language string         `json:"message_template_language"`
	Category string         `json:"message_template_category"`
	Reason   *string        `json:"reason"`
	Disable  *disableInfo   `json:"disable_info,omitempty"`
	Other    *otherInfo     `json:"other_info,omitempty"`
	Rejected *rejectionInfo `json:"rejection_info,omitempty"`
}

type disableInfo struct {
	Date string `json:"disable_date"`
}

type rejectionInfo struct {
	Reason         string `json:"reason"`
	Recommendation string `json:"recommendation"`
}

func (s *Sandbox) setStatus(t Template, status, reason string, other *otherInfo) {
	_, t, ok := s.templates.change(t.Name, t.Language, func(t *Template) {
		t.Status, t.RejectedReason = status, "NONE"
		if status == "REJECTED" {
			t.RejectedReason = cmp.Or(reason, "INVALID_FORMAT")
		}
	})
	if !ok {
		return
	}
	s.announce("message_template_status_update", statusValueOf(t, status, other, time.Now()))
}

func statusValueOf(t Template, event string, other *otherInfo, now time.Time) templateStatusValue {
	v := templateStatusValue{Event: event, ID: t.number(), Name: t.Name, Language: t.Language, Category: t.Category, Other: other}
	switch event {
	case "REJECTED":
		v.Reason = &t.RejectedReason
		v.Rejected = &rejectionInfo{t.RejectedReason, "Change it and send it for review again."}
	case "DISABLED":
		v.Disable = &disableInfo{now.UTC().Format(time.DateOnly)}
	}
	return v
}

type templateQualityValue struct {
	Before   string `json:"previous_quality_score"`
	After    string `json:"new_quality_score"`
	ID       int64  `json:"message_template_id"`
	Name     string `json:"message_template_name"`
	Language string `json:"message_template_language"`
}

func (s *Sandbox) setQuality(t Template, score string) {
	before, after, ok := s.templates.change(t.Name, t.Language, func(t *Template) { t.QualityScore.Score = score })
	if ok {
		s.announce("message_template_quality_update", templateQualityValue{
			before.QualityScore.Score, score, after.number(), after.Name, after.Language,
		})
	}
}

type templateCategoryValue struct {
	ID       int64  `json:"message_template_id"`
	Name     string `json:"message_template_name"`
	Language string `json:"message_template_language"`
	Before   string `json:"previous_category"`
	After    string `json:"new_category"`
}

func (s *Sandbox) setCategory(t Template, category string) {
	category = strings.ToUpper(category)
	before, after, ok := s.templates.change(t.Name, t.Language, func(t *Template) { t.Category = category })
	if ok {
		s.announce("template_category_update", templateCategoryValue{
			after.number(), after.Name, after.Language, before.Category, category,
		})
	}
}

// rejectPrefix begins the name of a template that the review rejects.
const rejectPrefix = "reject_"

// review judges a template that waits for it, after Config.Review.
func (s *Sandbox) review(t Template) {
	if s.cfg.Review < 0 {
		return
	}
	s.queue.plan(time.Now().Add(s.cfg.Review), true, func() {
		now, found := s.templates.byID(t.ID)
		switch {
		case !found || now.Status != "PENDING":
		case strings.HasPrefix(now.Name, rejectPrefix):
			s.setStatus(now, "REJECTED", "INVALID_FORMAT", nil)
		default:
			s.setStatus(now, "APPROVED", "", nil)
		}
	})
}

// number is the id as webhooks write it.
func (t Template) number() int64 {
	id, _ := strconv.ParseInt(t.ID, 10, 64)
	return id
}
