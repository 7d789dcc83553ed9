// Package bulk does one thing to many contacts of a campaign, as jobs: a person's decision on outcomes that are
// unknown, another try for those that failed, the people of one campaign put into another.
//
// Every job walks its contacts once, by ascending id, in chunks that are one transaction each: what was done and
// how far the job got are stored together, so a crash repeats and skips nobody. What is to be done is decided by
// the nouns; this package may not know how contacts are stored, what is sent, or who asks.
package bulk

import (
	"encoding/json"
	"fmt"
	"time"

	"arauto"
)

const (
	// chunkSize is how many contacts one transaction looks at.
	chunkSize    = 1000
	storeTimeout = time.Minute
)

// resume says how far a job is: nobody up to After is looked at again.
type resume struct {
	After int64 `json:"after"`
	End   bool  `json:"end,omitempty"` // everybody was looked at
}

func (r resume) text() string { return text(r) }

// resumed is where j got to.
func resumed(j arauto.Job) (r resume, err error) {
	if j.Resume == "" {
		return r, nil
	}
	if err := json.Unmarshal([]byte(j.Resume), &r); err != nil {
		return r, fmt.Errorf("read where job %d got to: %w", j.ID, err)
	}
	return r, nil
}

// params are what a job of kind T was asked for, as it is stored with it: after a restart it is read alike.
func params[T any](j arauto.Job) (p T, err error) {
	if err := json.Unmarshal([]byte(j.Params), &p); err != nil {
		return p, fmt.Errorf("read the params of job %d: %w", j.ID, err)
	}
	return p, nil
}

// text is v, which is made of texts and numbers, as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("bulk: texts and numbers travel as JSON: " + err.Error())
	}
	return string(b)
}
