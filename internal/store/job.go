package store

import (
	"context"
	"time"

	"arauto"
)

const jobColumns = `account_id, id, uuid, campaign_id, kind, state, params, error, total, done, accepted, duplicate, rejected, resume,
	created_at, started_at, finished_at, rows_read, pace`

// CreateJob queues a job: its kind, campaign, params and total are the caller's.
func (s *Store) CreateJob(ctx context.Context, actor arauto.Actor, now time.Time, j arauto.Job) (arauto.Job, error) {
	err := s.db.write(ctx, func(t querier) (err error) {
		if j, err = s.queue(ctx, t, now, j); err != nil {
			return err
		}
		actor.Account = j.Account
		return s.audit(ctx, t, now, actor, "job.create", subject("job", j.ID), detail("kind", string(j.Kind)))
	})
	return j, doing("create job", err)
}

// queue stores a new job, without audit.
func (s *Store) queue(ctx context.Context, t querier, now time.Time, j arauto.Job) (arauto.Job, error) {
	j = arauto.Job{
		UUID: newUUID(), Account: j.Account, Campaign: j.Campaign, Kind: j.Kind, State: arauto.JobQueued, Params: j.Params, Total: j.Total,
		CreatedAt: moment(ms(now)),
	}
	var err error
	if j.ID, err = nextIDs(ctx, t, j.Account, "job", 1); err != nil {
		return j, err
	}
	_, err = t.exec(ctx, `INSERT INTO job (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, 0, 0, 0, 0, '', $9, 0, 0, 0, 0)`,
		j.Account, j.ID, j.UUID, j.Campaign, j.Kind, j.State, j.Params, j.Total, ms(j.CreatedAt))
	return j, err
}

// Job is the job with that id.
func (s *Store) Job(ctx context.Context, account, id int64) (arauto.Job, error) {
	j, err := readOne(ctx, s, scanJob, `SELECT `+jobColumns+` FROM job WHERE account_id = $1 AND id = $2`, account, id)
	return j, missing(err, "job", id)
}

// JobByUUID is the job with that UUID.
func (s *Store) JobByUUID(ctx context.Context, account int64, uuid string) (arauto.Job, error) {
	j, err := readOne(ctx, s, scanJob, `SELECT `+jobColumns+` FROM job WHERE account_id = $1 AND uuid = $2`, account, uuid)
	return j, missing(err, "job", uuid)
}

// Jobs lists jobs, newest first, below that id (0 = from the newest), of one campaign or, for 0, of all.
func (s *Store) Jobs(ctx context.Context, account, campaign, before int64, limit int) ([]arauto.Job, error) {
	return readAll(ctx, s, scanJob, `SELECT `+jobColumns+` FROM job WHERE account_id = $1 AND id < $2 AND (campaign_id = $3 OR $3 = 0)
		ORDER BY id DESC LIMIT $4`, account, below(before), campaign, limit)
}

// OpenJobs lists jobs of every account that are queued or running, by id, so that each account's oldest
// come first. It tells what there is to do; a lease tells who does it.
func (s *Store) OpenJobs(ctx context.Context, limit int) ([]arauto.Job, error) {
	return readAll(ctx, s, scanJob, `SELECT `+jobColumns+` FROM job WHERE state IN ('queued', 'running') ORDER BY id, account_id LIMIT $1`, limit)
}

// StartJob says that the lease's holder works on j, which may be running under an earlier holder. It
// returns the job as stored: its Resume says where to go on. It is a conflict when the lease moved on or
// the job has ended.
func (s *Store) StartJob(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job) (arauto.Job, error) {
	var started arauto.Job
	err := s.db.write(ctx, func(t querier) error {
		stored, err := s.leasedJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		if started, err = stored.Move(arauto.JobRunning, moment(ms(now))); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE job SET state = $3, started_at = $4 WHERE account_id = $1 AND id = $2`,
			j.Account, j.ID, started.State, ms(started.StartedAt))
		return err
	})
	return started, doing("start job", err)
}

// Progress stores j's numbers and Resume. It is a conflict when the lease moved on or the job is no
// longer running, as when somebody cancelled it: stop then.
func (s *Store) Progress(ctx context.Context, l arauto.Lease, j arauto.Job) error {
	err := s.db.write(ctx, func(t querier) error {
		stored, err := s.leasedJob(ctx, t, time.Time{}, l, j)
		if err != nil {
			return err
		}
		if stored.State != arauto.JobRunning {
			return arauto.Errorf(arauto.KindConflict, "state", "job %d is %s: stop working on it", j.ID, stored.State)
		}
		return saveProgress(ctx, t, j)
	})
	return doing("store a job's progress", err)
}

// FinishJob stores j's numbers, Resume and Error, and ends it: as cancelled when j says so, as failed when
// it has an Error, else as completed. It is a conflict when the lease moved on or the job has ended.
func (s *Store) FinishJob(ctx context.Context, now time.Time, l arauto.Lease, j arauto.Job) error {
	end := arauto.JobCompleted
	switch {
	case j.State == arauto.JobCancelled:
		end = arauto.JobCancelled
	case j.State == arauto.JobFailed || j.Error != "":
		end = arauto.JobFailed
	}
	err := s.db.write(ctx, func(t querier) error {
		stored, err := s.leasedJob(ctx, t, now, l, j)
		if err != nil {
			return err
		}
		ended, err := stored.Move(end, moment(ms(now)))
		if err != nil {
			return err
		}
		if err := saveProgress(ctx, t, j); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE job SET state = $3, error = $4, finished_at = $5 WHERE account_id = $1 AND id = $2`,
			j.Account, j.ID, ended.State, j.Error, ms(ended.FinishedAt))
		ended.Error, ended.Accepted, ended.Duplicate, ended.Rejected = j.Error, j.Accepted, j.Duplicate, j.Rejected
		tell(t).jobEnded(now, ended)
		return err
	})
	return doing("finish job", err)
}

// leasedJob is the job as stored, kept for this transaction, under a lease of its account that is held.
func (s *Store) leasedJob(ctx context.Context, t querier, now time.Time, l arauto.Lease, j arauto.Job) (arauto.Job, error) {
	if l.Account != j.Account {
		return j, arauto.Errorf(arauto.KindInternal, "", "the lease %s is of account %d, job %d of account %d", l.Line, l.Account, j.ID, j.Account)
	}
	if err := s.fenced(ctx, t, now, l); err != nil {
		return j, err
	}
	stored, err := one(ctx, t, scanJob, `SELECT `+jobColumns+` FROM job WHERE account_id = $1 AND id = $2`+s.db.lock(), j.Account, j.ID)
	return stored, missing(err, "job", j.ID)
}

func saveProgress(ctx context.Context, t querier, j arauto.Job) error {
	_, err := t.exec(ctx, `UPDATE job SET total = $3, done = $4, accepted = $5, duplicate = $6, rejected = $7, resume = $8, rows_read = $9, pace = $10
		WHERE account_id = $1 AND id = $2`, j.Account, j.ID, j.Total, j.Done, j.Accepted, j.Duplicate, j.Rejected, j.Resume, j.Rows, j.Pace)
	return err
}

// CancelJob ends a job that waits or runs; who works on it learns so at its next Progress. It is a
// conflict when the job has ended otherwise; cancelling it again changes nothing.
func (s *Store) CancelJob(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error {
	err := s.db.write(ctx, func(t querier) error {
		j, err := one(ctx, t, scanJob, `SELECT `+jobColumns+` FROM job WHERE account_id = $1 AND id = $2`+s.db.lock(), account, id)
		if err != nil {
			return missing(err, "job", id)
		}
		if j.State == arauto.JobCancelled {
			return nil
		}
		if j, err = j.Move(arauto.JobCancelled, moment(ms(now))); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE job SET state = $3, finished_at = $4 WHERE account_id = $1 AND id = $2`, account, id, j.State, ms(j.FinishedAt)); err != nil {
			return err
		}
		tell(t).jobEnded(now, j)
		actor.Account = account
		return s.audit(ctx, t, now, actor, "job.cancel", subject("job", id), detail("kind", string(j.Kind)))
	})
	return doing("cancel job", err)
}

func scanJob(r rows) (arauto.Job, error) {
	var j arauto.Job
	var created, started, finished int64
	err := r.Scan(&j.Account, &j.ID, &j.UUID, &j.Campaign, &j.Kind, &j.State, &j.Params, &j.Error, &j.Total, &j.Done, &j.Accepted, &j.Duplicate, &j.Rejected,
		&j.Resume, &created, &started, &finished, &j.Rows, &j.Pace)
	j.CreatedAt, j.StartedAt, j.FinishedAt = moment(created), moment(started), moment(finished)
	return j, err
}
