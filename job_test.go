package arauto_test

import (
	"testing"

	"arauto"

	"pgregory.net/rapid"
)

// jobLife lists what each state may become; every other pair is refused.
var jobLife = map[arauto.JobState][]arauto.JobState{
	"queued":    {"running", "failed", "cancelled"},
	"running":   {"running", "completed", "failed", "cancelled"},
	"completed": {},
	"failed":    {},
	"cancelled": {},
}

func TestJob_EveryPairIsDecided(t *testing.T) {
	if len(jobLife) != len(arauto.JobStates()) {
		t.Errorf("the test knows %d states, the code %d", len(jobLife), len(arauto.JobStates()))
	}
	for _, from := range arauto.JobStates() {
		allowed, decided := jobLife[from]
		if !decided {
			t.Errorf("nobody decided what a job that is %s may become", from)
		}
		may := map[arauto.JobState]bool{}
		for _, s := range allowed {
			may[s] = true
		}
		for _, to := range arauto.JobStates() {
			before := arauto.Job{ID: 4, State: from}
			got, err := before.Move(to, base)
			switch {
			case may[to] && (err != nil || got.State != to):
				t.Errorf("%s to %s: %s, %v", from, to, got.State, err)
			case !may[to] && (arauto.KindOf(err) != arauto.KindConflict || got != before):
				t.Errorf("%s to %s: %s, %v; want a conflict and the job unchanged", from, to, got.State, err)
			}
		}
	}
}

func TestJob_RandomLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := arauto.Job{State: arauto.JobQueued}
		for i := range rapid.IntRange(1, 12).Draw(t, "moves") {
			before := j
			j, _ = j.Move(rapid.SampledFrom(arauto.JobStates()).Draw(t, "next"), after(i))
			if before.State.Ended() && j != before {
				t.Fatalf("%s became %s after its end", before.State, j.State)
			}
			if j.State.Ended() == j.FinishedAt.IsZero() {
				t.Fatalf("%s finished at %s", j.State, j.FinishedAt)
			}
			if j.State == arauto.JobRunning && j.StartedAt.IsZero() || !before.StartedAt.IsZero() && !j.StartedAt.Equal(before.StartedAt) {
				t.Fatalf("%s started at %s, before that %s", j.State, j.StartedAt, before.StartedAt)
			}
		}
	})
}
