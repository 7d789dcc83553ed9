package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"arauto"
)

const storeTimeout = time.Minute

// resume says how far an import is. Its rows up to From are done with. Those behind, up to Row, are a window that was
// begun: stored up to Stored, with the rejects up to Written in their file. What is between the two may not be there
// yet, which cannot be part of the same transaction. Everything to write it again is here: who was a duplicate of whom is
// not in the file.
type resume struct {
	From       int            `json:"from"`
	Row        int            `json:"row"`
	Ordered    bool           `json:"ordered,omitempty"` // the window, by person
	Stored     *place         `json:"stored,omitempty"`  // nil = all of the window
	Written    place          `json:"written,omitzero"`
	Rejects    int64          `json:"rejects"`              // bytes of the file of rejects up to Written
	Duplicates map[int]int64  `json:"duplicates,omitempty"` // by row behind Written: the contact that was there
	Elsewhere  map[int]int64  `json:"elsewhere,omitempty"`  // of these: the other campaign it is in
	Earlier    map[int]int    `json:"earlier,omitempty"`    // by row behind Written: the earlier row that says the same person
	Refused    map[int]string `json:"refused,omitempty"`    // by row behind Written: why the campaign does not take it
	Staged     int64          `json:"staged,omitempty"`     // rows that wait for the others
	Published  bool           `json:"published,omitempty"`  // they are in the campaign
}

// note keeps what became of a row that says somebody who is there.
func (r *resume) note(row int, a arauto.Added) {
	if a.Row > 0 {
		r.Earlier[row] = a.Row
		return
	}
	r.Duplicates[row] = a.ID
	if a.Campaign > 0 {
		r.Elsewhere[row] = a.Campaign
	}
}

// found is what note kept of a row.
func (r *resume) found(row int) (a arauto.Added, twice bool) {
	if earlier, ok := r.Earlier[row]; ok {
		return arauto.Added{Duplicate: true, Row: earlier}, true
	}
	id, ok := r.Duplicates[row]
	return arauto.Added{ID: id, Duplicate: ok, Campaign: r.Elsewhere[row]}, ok
}

// Work implements the worker of import jobs: it reads the file from where j got to, adds what its rows say chunk by
// chunk, contacts to the campaign or entries to the do-not-contact list, and writes what it could not add to the
// file of rejects. What must go in whole or not at all is staged first, and then published in one step.
//
// The error is invalid for a file that cannot be read as such a list, or that was to go in whole and cannot; a conflict
// once the campaign takes no more contacts. Anything else may pass: call Work again with the job as it is stored.
func (i *Imports) Work(ctx context.Context, l arauto.Lease, j arauto.Job, _ func(arauto.Job) error) (arauto.Job, error) {
	p, err := parseParams(j)
	if err != nil {
		return j, err
	}
	file, err := i.Blobs.Open(ctx, p.Upload)
	if err != nil {
		return j, err
	}
	defer file.Close()
	list, err := i.open(p, file, j.Total)
	if err != nil {
		return j, err
	}
	defer list.close()
	if j.Kind == arauto.JobSuppressions {
		entries, err := i.entries(p, list)
		if err != nil {
			return j, err
		}
		r := &run[arauto.Suppression]{Imports: i, list: list, lease: l, job: j, params: p, parse: entries.entry}
		r.add = func(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, _ []int, list []arauto.Suppression, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error) {
			return i.Store.SuppressChunk(ctx, now, l, j, list, update)
		}
		return r.work(ctx)
	}
	r := &run[arauto.Contact]{Imports: i, list: list, lease: l, job: j, account: j.Account, campaign: j.Campaign, params: p, twice: p.Intake.alreadyThere}
	in := p.Intake.noun()
	if in.Staged() {
		return i.workStaged(ctx, r, in)
	}
	r.parse = r.contact
	byPerson(r)
	r.add = func(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, _ []int, list []arauto.Contact, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error) {
		return i.Store.ImportChunk(ctx, now, l, j, in, list, update)
	}
	return r.work(ctx)
}

// work does the rest of an import.
func (r *run[T]) work(ctx context.Context) (arauto.Job, error) {
	j := r.job
	if err := r.goOn(); err != nil {
		return j, err
	}
	if err := r.all(ctx); err != nil {
		return r.job, err
	}
	r.job.Done = r.job.Total
	return r.job, nil
}

// A run is one import being done, of a file whose rows each say a T.
type run[T any] struct {
	*Imports
	list
	lease  arauto.Lease
	job    arauto.Job
	params params
	resume resume
	speed  speed
	// account and campaign are the job's own, for those who read rows while chunks are stored: job moves on with each.
	account, campaign int64

	// parse reads one row; the error is what is wrong with it. Several rows are read at once.
	parse func(Row) (T, error)
	// sorted is by whom a long list is stored; nil = as the file has it. due says when whoever is stored so was read.
	sorted func(*T) string
	due    func(*T, time.Time)
	// add stores what rows said, with what update makes of the job, both or neither.
	add func(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, rows []int, list []T, update func([]arauto.Added, *arauto.Job)) ([]arauto.Added, arauto.Job, error)
	// twice is why a row that was there already is refused; nil, or its being nil, when that is no fault.
	twice func(arauto.Added) error
	// staged says that nothing is in before all is.
	staged bool

	rejects rejects
	pending bytes.Buffer // what rejects wrote and the blob does not have
	written int64        // bytes of the file of rejects
}

// goOn continues where the job got to.
func (r *run[T]) goOn() (err error) {
	if r.job.Resume != "" {
		if err := json.Unmarshal([]byte(r.job.Resume), &r.resume); err != nil {
			return fmt.Errorf("read where job %d got to: %w", r.job.ID, err)
		}
	}
	if r.rejects, err = r.newRejects(&r.pending); err != nil {
		return err
	}
	if r.written = r.resume.Rejects; r.written > 0 { // the header is there
		if err := r.rejects.Flush(); err != nil {
			return err
		}
		r.pending.Reset()
	}
	return nil
}

// all goes through the file window by window. The first may be stored in part.
func (r *run[T]) all(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	windows, ended := r.windows(ctx)
	defer func() { cancel(); <-ended }()
	for w := range windows {
		err := r.storeWindow(ctx, w)
		w.close()
		if err == nil {
			err = w.err
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (r *run[T]) storeWindow(ctx context.Context, w *window) error {
	if w.broken != nil {
		panic(w.broken)
	}
	ctx, cancel := context.WithCancel(ctx)
	pieces, ended := r.pieces(ctx, w)
	defer func() { cancel(); <-ended }()
	for p := range pieces {
		switch {
		case p.broken != nil:
			panic(p.broken)
		case p.err != nil:
			return p.err
		case !p.stored:
			if err := r.store(ctx, w, p); err != nil {
				return err
			}
		}
		if err := r.reject(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// contact reads one row; the error is what is wrong with it.
func (r *run[T]) contact(row Row) (arauto.Contact, error) {
	e, c, err := r.person(row)
	if err != nil && (!r.params.Malformed || e.Phone == "") {
		return arauto.Contact{}, err
	}
	c.Account, c.Campaign, c.Name, c.Fields, c.External = r.account, r.campaign, e.Name, e.Fields, e.Others[targetExternal]
	if !r.params.Dialled {
		return c, nil
	}
	c.Email, c.Outbound = e.Others[targetEmail], e.Others[targetOutbound]
	if text := e.Others[targetPriority]; text != "" {
		if c.Priority, err = strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(text, ".0"), ",0")); err != nil {
			return c, rowErrorf(row, r.column(targetPriority), "%q is no priority: write a whole number, such as 5, or leave it empty", shorten(text))
		}
	}
	return c, nil
}

// column is what the file calls the column of a target.
func (l list) column(target string) string {
	if i, ok := l.columns.Others[target]; ok && i < len(l.header) {
		return clean(l.header[i])
	}
	return target
}

// person is a row, and whom it names: the contact has nothing else. Where the phone alone is wrong, the entry has it as
// it is written.
func (l list) person(row Row) (e Entry, who arauto.Contact, err error) {
	if e, err = l.columns.Entry(row); err != nil {
		return e, who, err
	}
	if id := e.Others[targetUserID]; id != "" {
		if who.UserID, err = arauto.ParseUserID(id); err != nil {
			return e, who, inColumn(err, l.column(targetUserID))
		}
		who.PersonKey = who.UserID.PersonKey()
	}
	if who.PhoneRaw = e.Phone; e.Phone == "" {
		return e, who, nil
	}
	who.Phone, err = l.phones.Parse(e.Phone)
	who.PersonKey = who.Phone.PersonKey()
	if err != nil {
		err = inColumn(err, clean(l.header[l.columns.Phone]))
	}
	return e, who, err
}

// inColumn is err about a column, named as the file does.
func inColumn(err error, column string) error {
	if bad, ok := errors.AsType[*arauto.Error](err); ok {
		return &arauto.Error{Kind: bad.Kind, Field: column, Message: bad.Message}
	}
	return err
}

// store adds what the piece says, with where the import then stands.
func (r *run[T]) store(ctx context.Context, w *window, c *piece[T]) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	said := make([]T, 0, len(c.lines))
	rows := make([]int, 0, len(c.lines)) // of said
	for _, l := range c.lines {
		if l.err == nil {
			said, rows = append(said, l.says), append(rows, l.row.Number)
		}
	}
	var next resume
	done := max(r.job.Done, min(w.begun+int64(c.share*float64(w.done-w.begun)), r.job.Total))
	pace := r.speed.of(r.Now(), done)
	_, job, err := r.add(ctx, r.Now(), r.lease, r.job, rows, said, func(added []arauto.Added, j *arauto.Job) {
		next = resume{
			From: w.from, Row: w.till, Ordered: w.ordered, Written: r.resume.Written, Rejects: r.written, Staged: r.resume.Staged,
			Duplicates: map[int]int64{}, Elsewhere: map[int]int64{}, Earlier: map[int]int{}, Refused: map[int]string{},
		}
		if !c.end {
			next.Stored = &c.last
		}
		twice, refused := int64(0), int64(0)
		for n, a := range added {
			switch {
			case a.Err != nil:
				next.Refused[rows[n]] = plainReason(a.Err)
				refused++
			case a.Duplicate:
				next.note(rows[n], a)
				twice++
			}
		}
		j.Duplicate += twice
		if r.staged {
			next.Staged += int64(len(said)) - twice - refused
		} else {
			j.Accepted += int64(len(said)) - twice - refused
		}
		j.Rejected += int64(len(c.lines)-len(said)) + refused
		j.Rows += int64(len(c.lines))
		j.Done, j.Pace = done, pace
		j.Resume = next.text()
	})
	if err != nil {
		return err
	}
	r.job, r.resume = job, next
	return nil
}

func (r resume) text() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic("importer: numbers travel as JSON: " + err.Error())
	}
	return string(text)
}

// reject writes those rows of a stored piece that say nothing. Doing it again writes the same.
func (r *run[T]) reject(ctx context.Context, p *piece[T]) error {
	refused := false
	for _, l := range p.lines {
		why := l.err
		if a, twice := r.resume.found(l.row.Number); twice && why == nil && r.twice != nil {
			why = r.twice(a)
		}
		if words, refused := r.resume.Refused[l.row.Number]; refused {
			why = errors.New(words)
		}
		if why == nil {
			continue
		}
		refused = true
		if err := r.rejects.Write(l.row, why); err != nil {
			return err
		}
	}
	if r.resume.Written = p.last; p.end {
		r.resume.From, r.resume.Written = r.resume.Row, place{}
	}
	if !refused {
		return nil
	}
	return r.append(ctx)
}

// append brings what was rejected into the file of rejects.
func (r *run[T]) append(ctx context.Context) error {
	if err := r.rejects.Flush(); err != nil {
		return err
	}
	if err := r.Blobs.Append(ctx, r.params.Rejects, r.written, r.pending.Bytes()); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	r.written += int64(r.pending.Len())
	r.pending.Reset()
	return nil
}

// alreadyThere is why somebody who is there already is refused; nil where that is no fault.
func (p intakeParams) alreadyThere(a arauto.Added) error {
	switch {
	case a.Campaign > 0:
		return arauto.Errorf(arauto.KindConflict, "", "already in campaign %d (contact %d)", a.Campaign, a.ID)
	case p.Duplicates == arauto.DuplicatesUpdate:
		return nil
	case a.Row > 0:
		return arauto.Errorf(arauto.KindConflict, "", "the same person as in row %d", a.Row)
	}
	return arauto.Errorf(arauto.KindConflict, "", "already in this campaign (contact %d)", a.ID)
}

// speed is how fast a count grows, over the last few looks.
type speed struct {
	at   []time.Time
	seen []int64
}

const (
	speedLooks = 30
	speedSpan  = 10 * time.Second
)

// of is how much a second n grows.
func (s *speed) of(now time.Time, n int64) int64 {
	s.at, s.seen = append(s.at, now), append(s.seen, n)
	for len(s.at) > 2 && (len(s.at) > speedLooks || now.Sub(s.at[0]) > speedSpan) {
		s.at, s.seen = slices.Delete(s.at, 0, 1), slices.Delete(s.seen, 0, 1)
	}
	span := now.Sub(s.at[0]).Seconds()
	if span <= 0 {
		return 0
	}
	return int64(float64(n-s.seen[0]) / span)
}
