package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// shelf is the WABA's templates, sorted by id. Templates on it are never changed in
// place, so readers may keep what they were given.
type shelf struct {
	mu     sync.RWMutex
	sorted []Template
	byName map[[2]string]int // (name, language) to its place in sorted
	next   int64
	pauses map[string]int // how often a template was paused, by id
}

const firstTemplateID = 800100200300401

func newShelf() *shelf { return &shelf{} }

// begin puts the shipped templates on an emptied shelf.
func (sh *shelf) begin(initial []Template) {
	sh.mu.Lock()
	sh.sorted, sh.byName, sh.next, sh.pauses = nil, map[[2]string]int{}, firstTemplateID, map[string]int{}
	sh.mu.Unlock()
	for _, t := range initial {
		if _, err := sh.add(t); err != nil {
			panic("sandbox: shipped template: " + err.Error())
		}
	}
}

// add completes t and puts it on the shelf.
func (sh *shelf) add(t Template) (Template, error) {
	switch {
	case !templateName.MatchString(t.Name):
		return t, fmt.Errorf("template %q: use lowercase letters, digits and underscores", t.Name)
	case t.Language == "":
		return t, fmt.Errorf("template %s: give it a language, like pt_BR", t.Name)
	case t.part("BODY").Text == "":
		return t, fmt.Errorf("template %s: give it a BODY", t.Name)
	}
	t.Status = cmp.Or(t.Status, "APPROVED")
	t.ParameterFormat = cmp.Or(strings.ToUpper(t.ParameterFormat), "POSITIONAL")
	t.QualityScore.Score = cmp.Or(t.QualityScore.Score, "UNKNOWN")
	t.RejectedReason = cmp.Or(t.RejectedReason, "NONE")

	sh.mu.Lock()
	defer sh.mu.Unlock()
	if _, taken := sh.byName[t.key()]; taken {
		return t, fmt.Errorf("template %s: it already exists in %s", t.Name, t.Language)
	}
	if t.ID == "" {
		t.ID = strconv.FormatInt(sh.next, 10)
	}
	id, err := strconv.ParseInt(t.ID, 10, 64)
	if err != nil || id < sh.next {
		return t, errors.New("template " + t.Name + ": its id must be a number above those that exist")
	}
	sh.next = id + 1
	sh.byName[t.key()] = len(sh.sorted)
	sh.sorted = append(sh.sorted, t)
	return t, nil
}

// find returns the template of that name and language, and whether the name exists
// in any language.
func (sh *shelf) find(name, language string) (t Template, found, known bool) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if i, ok := sh.byName[[2]string{name, language}]; ok {
		return sh.sorted[i], true, true
	}
	known = slices.ContainsFunc(sh.sorted, func(t Template) bool { return t.Name == name })
	return Template{}, false, known
}

// byID returns the template with that id.
func (sh *shelf) byID(id string) (Template, bool) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, t := range sh.sorted {
		if t.ID == id {
			return t, true
		}
	}
	return Template{}, false
}

func (sh *shelf) size() int {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return len(sh.sorted)
}

// after returns up to limit templates with an id above id; a negative limit is all.
func (sh *shelf) after(id int64, limit int) []Template {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var out []Template
	for _, t := range sh.sorted {
		if n, _ := strconv.ParseInt(t.ID, 10, 64); n > id && limit != len(out) {
			out = append(out, t)
		}
	}
	return out
}

// change applies f to a copy of a template and keeps it; f must leave its key alone.
// It returns the template as it was and as it is.
func (sh *shelf) change(name, language string, f func(*Template)) (before, after Template, ok bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	i, ok := sh.byName[[2]string{name, language}]
	if !ok {
		return Template{}, Template{}, false
	}
	before, after = sh.sorted[i], sh.sorted[i]
	f(&after)
	sh.sorted[i] = after
	return before, after, true
}

// remove takes away the templates that are chosen and returns them.
func (sh *shelf) remove(chosen func(Template) bool) []Template {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	var gone []Template
	sh.sorted = slices.DeleteFunc(slices.Clone(sh.sorted), func(t Template) bool {
		if chosen(t) {
			gone = append(gone, t)
			return true
		}
		return false
	})
	clear(sh.byName)
	for i, t := range sh.sorted {
		sh.byName[t.key()] = i
	}
	return gone
}

// paused counts one more pause of a template and returns which it is.
func (sh *shelf) paused(id string) int {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.pauses[id]++
	return sh.pauses[id]
}
