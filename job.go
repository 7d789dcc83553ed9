package arauto

import "time"

// A Job is long work as a leased row: it goes on after a crash, reports progress and can be cancelled.
//
//	queued ──claimed──▶ running ──done──▶ completed
//	  ├──error──▶ failed      ├──error──▶ failed
//	  └──cancel──▶ cancelled  └──cancel──▶ cancelled
type Job struct {
	ID   int64
	UUID string

	Account  int64
	Campaign int64 // 0 when it concerns none

	Kind   JobKind
	State  JobState
	Params string // JSON, read by the engine that does the work
	Error  string // why it failed, in words

	Total     int64 // bytes of the file, or rows, as Kind has it; 0 = not known
	Done      int64
	Accepted  int64 // rows that went in
	Duplicate int64 // rows that were there already
	Rejected  int64 // rows that were refused: see the rejects file
	Resume    string

	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
}

// JobKind is what a job does.
type JobKind string

const (
	JobImport        JobKind = "import"
	JobTemplateSync  JobKind = "template_sync"
	JobSettle        JobKind = "settle_unknown" // a person's decision on every message of a campaign whose fate is unknown
	JobRetry         JobKind = "retry_failed"   // tries contacts of a campaign again that failed
	JobAudience      JobKind = "audience"       // puts the people of one campaign into another
	JobSuppressions  JobKind = "suppression_import"
	JobCampaignDrain JobKind = "campaign_drain" // cancels the pending contacts of a cancelled campaign
)

// JobState is where a job stands.
type JobState string

const (
	JobQueued    JobState = "queued"
	JobRunning   JobState = "running"
	JobCompleted JobState = "completed"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
)

// JobStates lists every state.
func JobStates() []JobState {
	return []JobState{JobQueued, JobRunning, JobCompleted, JobFailed, JobCancelled}
}

// Ended reports whether nothing more will happen.
func (s JobState) Ended() bool {
	return s == JobCompleted || s == JobFailed || s == JobCancelled
}

// jobTransitions is a job's whole life; running to running is a lease that changed hands.
var jobTransitions = map[JobState]map[JobState]bool{
	JobQueued:    {JobRunning: true, JobCancelled: true, JobFailed: true},
	JobRunning:   {JobRunning: true, JobCompleted: true, JobFailed: true, JobCancelled: true},
	JobCompleted: {},
	JobFailed:    {},
	JobCancelled: {},
}

// Move returns j in state next, or a conflict.
func (j Job) Move(next JobState, now time.Time) (Job, error) {
	if !jobTransitions[j.State][next] {
		return j, Errorf(KindConflict, "state", "job %d is %s: it cannot become %s", j.ID, j.State, next)
	}
	j.State = next
	if next == JobRunning && j.StartedAt.IsZero() {
		j.StartedAt = now
	}
	if next.Ended() {
		j.FinishedAt = now
	}
	return j, nil
}
