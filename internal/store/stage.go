package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"arauto"
)

// stagedContact is a contact as import_row keeps it: what a list can say of one.
type stagedContact struct {
	External string       `json:"external,omitempty"`
	Name     string       `json:"name,omitempty"`
	PhoneRaw string       `json:"phone_raw"`
	Phone    arauto.Phone `json:"phone"`
	Key      string       `json:"key"`
	Fields   stagedFields `json:"fields,omitempty"`
	Email    string       `json:"email,omitempty"`
	Outbound string       `json:"outbound,omitempty"`
	Priority int          `json:"priority,omitempty"`

	UserID arauto.UserID `json:"user_id,omitempty"`
}

// stagedFields keep their order as JSON.
type stagedFields arauto.Fields

func (f stagedFields) MarshalJSON() ([]byte, error) { return arauto.Fields(f).AppendJSON(nil), nil }

func (f *stagedFields) UnmarshalJSON(text []byte) error {
	fields, err := arauto.StoredFields(string(text))
	*f = stagedFields(fields)
	return err
}

func stage(c arauto.Contact) (string, error) {
	text, err := json.Marshal(stagedContact{
		External: c.External, Name: c.Name, PhoneRaw: c.PhoneRaw, Phone: c.Phone, Key: c.PersonKey, Fields: stagedFields(c.Fields),
		Email: c.Email, Outbound: c.Outbound, Priority: c.Priority, UserID: c.UserID,
	})
	return string(text), err
}

func unstage(account, campaign int64, text string) (arauto.Contact, error) {
	var c stagedContact
	err := fromJSON(text, &c)
	return arauto.Contact{
		Account: account, Campaign: campaign, External: c.External, Name: c.Name, PhoneRaw: c.PhoneRaw, Phone: c.Phone, PersonKey: c.Key,
		Fields: arauto.Fields(c.Fields), Email: c.Email, Outbound: c.Outbound, Priority: c.Priority, UserID: c.UserID,
	}, err
}

// StageChunk keeps rows of a list, whose numbers are rows, until Publish puts all of them into the job's campaign; with
// the job's progress, as ImportChunk. It answers for each: a duplicate is in the campaign already, or in another as in
// has it, or came in an earlier row, and is not kept. Under DuplicatesUpdate who is in the campaign is kept all the
// same, and a later row takes the place of an earlier one.
func (s *Store) StageChunk(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, numbers []int, list []arauto.Contact,
	update func(added []arauto.Added, j *arauto.Job),
) ([]arauto.Added, arauto.Job, error) {
	var added []arauto.Added
	var after arauto.Job
	err := s.db.bulk(ctx, func(t querier) error {
		stored, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		c, err := s.addingTo(ctx, t, j.Account, j.Campaign)
		if err != nil {
			return err
		}
		if added, err = s.stageRows(ctx, t, now, c, j, in, numbers, list); err != nil {
			return err
		}
		after = j
		after.State = stored.State
		update(added, &after)
		tell(t).jobMoved(now, stored, after)
		return saveProgress(ctx, t, after)
	})
	if err != nil {
		return nil, j, doing("stage a chunk of contacts", err)
	}
	return added, after, nil
}

func (s *Store) stageRows(ctx context.Context, t querier, now time.Time, c arauto.Campaign, j arauto.Job, in arauto.Intake, numbers []int, list []arauto.Contact) ([]arauto.Added, error) {
	added := make([]arauto.Added, len(list))
	if len(list) == 0 {
		return added, nil
	}
	if c.Channel == arauto.ChannelVoice {
		list = slices.Clone(list)
		for i := range list {
			dialled, err := c.Voice.Dialable(list[i], now)
			list[i].PersonKey, added[i].Err = dialled.PersonKey, err
		}
	}
	list, err := s.underCurrentKeys(ctx, t, j.Account, list)
	if err != nil {
		return nil, err
	}
	if err := s.nameElsewhere(ctx, t, j.Account, j.Campaign, in.Across, list, added); err != nil {
		return nil, err
	}
	keys := keysOfContacts(list)
	if in.Duplicates != arauto.DuplicatesUpdate {
		there, err := s.inCampaign(ctx, t, j.Account, j.Campaign, keys)
		if err != nil {
			return nil, err
		}
		for i, key := range keys {
			if p, ok := there[key]; ok && !added[i].Duplicate && added[i].Err == nil {
				added[i] = arauto.Added{ID: p.id, Duplicate: true}
			}
		}
	}
	earlier, err := s.stagedRows(ctx, t, j, keys)
	if err != nil {
		return nil, err
	}
	var fresh, newer [][]any
	places := map[int]int{} // row → its place in fresh
	for i, key := range keys {
		if added[i].Duplicate || added[i].Err != nil {
			continue
		}
		text, err := stage(list[i])
		if err != nil {
			return nil, err
		}
		row := []any{j.Account, j.ID, int64(numbers[i]), key, text}
		before, twice := earlier[key]
		if !twice {
			earlier[key], places[numbers[i]] = numbers[i], len(fresh)
			fresh = append(fresh, row)
			continue
		}
		added[i] = arauto.Added{Duplicate: true, Row: before}
		if in.Duplicates != arauto.DuplicatesUpdate {
			continue
		}
		row[2] = int64(before)
		if at, here := places[before]; here {
			fresh[at] = row
		} else {
			newer = append(newer, row)
		}
	}
	if _, err := s.run(ctx, t, insertStaged, fresh); err != nil {
		return nil, err
	}
	_, err = t.each(ctx, `UPDATE import_row SET contact = $5, person_key = $4 WHERE account_id = $1 AND job_id = $2 AND n = $3`, newer)
	return added, err
}

var insertStaged = hot{
	each: `INSERT INTO import_row (account_id, job_id, n, person_key, contact) VALUES ($1, $2, $3, $4, $5)`,
	set: `INSERT INTO import_row (account_id, job_id, n, person_key, contact)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])`,
	silent: true,
}

// stagedRows is in which row each of those people is staged already.
func (s *Store) stagedRows(ctx context.Context, q querier, j arauto.Job, keys []string) (map[string]int, error) {
	list, err := all(ctx, q, scanNamed, `SELECT person_key, n FROM import_row WHERE `+s.db.keyed("person_key", "$1", "$2")+` AND job_id = $3`,
		j.Account, s.db.list(keys), j.ID)
	m := make(map[string]int, len(list))
	for _, r := range list {
		m[r.name] = int(r.id)
	}
	return m, err
}

const (
	publishPage = 2000
	// conflictsAtMost bounds what is told of at once: whoever asks removes them and asks again.
	conflictsAtMost = 1000
)

// Publish puts every staged row of a job, of which there are to be so many, into its campaign, with what update makes of the job, in one step: either all
// of them are there or none. Where people are there already, who were not when they were staged, it changes nothing and
// returns who, a bounded number; under DuplicatesUpdate it changes them instead. inserted and twice, which update is
// given, count those who went in and those who were there.
func (s *Store) Publish(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, in arauto.Intake, rows int64,
	update func(inserted, twice int64, j *arauto.Job),
) (conflicts []arauto.Conflict, after arauto.Job, err error) {
	err = s.db.write(ctx, func(t querier) error {
		conflicts = nil
		stored, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		var inserted, twice int64
		for last := int64(0); ; {
			page, err := all(ctx, t, scanNumbered, `SELECT n, contact FROM import_row WHERE account_id = $1 AND job_id = $2 AND n > $3 ORDER BY n LIMIT $4`,
				j.Account, j.ID, last, publishPage)
			if err != nil {
				return err
			}
			list := make([]arauto.Contact, len(page))
			for i, r := range page {
				if list[i], err = unstage(j.Account, j.Campaign, r.name); err != nil {
					return err
				}
				last = r.id
			}
			added, err := s.addToCampaign(ctx, t, now, j.Account, j.Campaign, in, list)
			if err != nil {
				return err
			}
			for i, a := range added {
				switch {
				case a.Err != nil:
					return a.Err // what the campaign takes was changed since the row was staged
				case !a.Duplicate:
					inserted++
				case in.Duplicates == arauto.DuplicatesUpdate && a.Campaign == 0:
					twice++
				default:
					conflicts = append(conflicts, arauto.Conflict{Row: int(page[i].id), Added: a})
				}
			}
			if len(conflicts) >= conflictsAtMost {
				return errConflicts
			}
			if len(page) < publishPage {
				break
			}
		}
		if len(conflicts) > 0 {
			return errConflicts
		}
		if inserted+twice != rows {
			return arauto.Errorf(arauto.KindInternal, "", "%d rows are staged, not %d: part of them was lost", inserted+twice, rows)
		}
		after = j
		after.State = stored.State
		update(inserted, twice, &after)
		return saveProgress(ctx, t, after)
	})
	if len(conflicts) > 0 && err == errConflicts { //nolint:errorlint // it is ours, and travels as it is
		return conflicts, j, nil
	}
	if err != nil {
		return nil, j, doing("publish staged contacts", err)
	}
	return nil, after, nil
}

var errConflicts = arauto.Errorf(arauto.KindConflict, "", "people came in meanwhile")

func scanNumbered(r rows) (n idNamed, err error) { return n, r.Scan(&n.id, &n.name) }

type idNamed struct {
	id   int64
	name string
}

// Unstage gives up rows of a list that was staged, with the job's progress.
func (s *Store) Unstage(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job, numbers []int, update func(j *arauto.Job)) (after arauto.Job, err error) {
	err = s.db.write(ctx, func(t querier) error {
		stored, err := s.runningJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		args := make([][]any, len(numbers))
		for i, n := range numbers {
			args[i] = []any{j.Account, j.ID, int64(n)}
		}
		if _, err := t.each(ctx, `DELETE FROM import_row WHERE account_id = $1 AND job_id = $2 AND n = $3`, args); err != nil {
			return err
		}
		after = j
		after.State = stored.State
		update(&after)
		return saveProgress(ctx, t, after)
	})
	return after, doing("give up staged contacts", err)
}

const sweepChunk = 5000

// SweepStaged removes, a bounded number per call, staged rows of an account's jobs that have ended, and of the job spent
// in any case; it reports whether there is more.
func (s *Store) SweepStaged(ctx context.Context, account, spent int64) (more bool, err error) {
	for job := int64(0); !more; {
		job, err = readOne(ctx, s, scanInt, `SELECT job_id FROM import_row WHERE account_id = $1 AND job_id > $2 ORDER BY job_id LIMIT 1`, account, job)
		if errors.Is(err, errNoRow) {
			return false, nil
		}
		if err != nil {
			return false, doing("look for staged contacts", err)
		}
		err := s.db.write(ctx, func(t querier) error {
			n, err := t.exec(ctx, `DELETE FROM import_row WHERE account_id = $1 AND job_id = $2 AND n IN
				(SELECT n FROM import_row WHERE account_id = $1 AND job_id = $2 ORDER BY n LIMIT $3)
				AND NOT EXISTS (SELECT 1 FROM job WHERE account_id = $1 AND id = $2 AND id <> $4 AND state IN ('queued', 'running'))`, account, job, sweepChunk, spent)
			more = n == sweepChunk
			return err
		})
		if err != nil {
			return false, doing("sweep staged contacts", err)
		}
	}
	return true, nil
}

// Staged is how many rows of an account's imports wait.
func (s *Store) Staged(ctx context.Context, account int64) (int64, error) {
	return readOne(ctx, s, scanInt, `SELECT count(*) FROM import_row WHERE account_id = $1`, account)
}
