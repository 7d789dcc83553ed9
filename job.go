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
	Rows      int64 // rows that were looked at; 0 where Kind does not count them
	Pace      int64 // of Done, a second, over the last seconds of work; 0 = not known
	Resume    string

	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
}

// RowPace is how many rows a second a running job looks at, lately; 0 = not known.
func (j Job) RowPace() float64 {
	if j.State != JobRunning || j.Done == 0 {
		return 0
	}
	return float64(j.Pace) * float64(j.Rows) / float64(j.Done)
}

// Left is how long a running job will take yet if it goes on as it did lately; ok is false where that is not known.
func (j Job) Left() (left time.Duration, ok bool) {
	if j.State != JobRunning || j.Pace <= 0 || j.Total <= 0 {
		return 0, false
	}
	return time.Duration(float64(max(0, j.Total-j.Done)) / float64(j.Pace) * float64(time.Second)), true
}

// JobKind is what a job does.
type JobKind string

const (
	JobImport        JobKind = "import"
	JobTemplateSync  JobKind = "template_sync"
	JobSettle        JobKind = "settle_unknown" // a person's decision on every message of a campaign whose fate is unknown
	JobRetry         JobKind = "retry_failed"   // tries contacts of a campaign again that failed
	JobAudience      JobKind = "audience"       // puts the people of one campaign into another
	JobEdit          JobKind = "contact_edit"   // removes, holds back, releases or queues again contacts of a campaign
	JobExport        JobKind = "export"         // writes contacts into files
	JobSuppressions  JobKind = "suppression_import"
	JobErase         JobKind = "erase"          // forgets a person
	JobPersonExport  JobKind = "person_export"  // writes everything that is kept of a person into a file
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
