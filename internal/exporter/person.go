package exporter

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"arauto"
)

// personParams is what such a job is about. An erasure takes the key out of jobs that have ended.
type personParams struct {
	Key string
}

// StartPerson queues the export of everything that is kept of a person.
func (e *Exports) StartPerson(ctx context.Context, actor arauto.Actor, account int64, key string) (arauto.Job, error) {
	j := arauto.Job{Account: account, Kind: arauto.JobPersonExport, Params: text(personParams{key})}
	j, err := e.Store.QueueBulk(ctx, actor, e.Now(), j, text(map[string]any{"format": "zip"}))
	if err == nil {
		e.Wake()
	}
	return j, err
}

// writePerson writes an archive with the document: an archive that speaks of somebody who is erased goes as a whole.
func (e *Exports) writePerson(ctx context.Context, out io.Writer, j *arauto.Job, progress func(arauto.Job) error) error {
	var p personParams
	if err := json.Unmarshal([]byte(j.Params), &p); err != nil {
		return fmt.Errorf("read the params of job %d: %w", j.ID, err)
	}
	if p.Key == "" {
		return arauto.Errorf(arauto.KindNotFound, "", "the person of job %d was erased", j.ID)
	}
	archive := zip.NewWriter(out)
	document, err := archive.Create("person.json")
	if err != nil {
		return err
	}
	told := e.Now()
	err = e.Document(ctx, j.Account, p.Key, document, func(rows int64) error {
		j.Done, j.Accepted = rows, rows
		if now := e.Now(); now.Sub(told) >= reportEvery {
			told = now
			return progress(*j)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return archive.Close()
}
