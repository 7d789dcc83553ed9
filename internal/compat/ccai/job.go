package ccai

import (
	"context"
	"net/http"
	"strconv"

	"arauto"
	"arauto/internal/compat/wire"
)

// The vendor's names of what a job is and of how one fails, docs/api/ccai.md#jobs.
const (
	typeParent   = "Jobs::Bulk::Campaign::ParentJob"
	typeStart    = "Jobs::Bulk::Campaign::StartImport"
	duplicates   = "NativePowerDial::ContactService::DuplicateContactPhoneOnCampaign"
	internal     = "Internal Error"
	badFile      = "Arauto::Import::InvalidFile"
	cancelledJob = "Arauto::Import::Cancelled"
)

// jobStates is every state of ours in the vendor's words.
var jobStates = map[arauto.JobState]string{
	arauto.JobQueued:    "in_progress",
	arauto.JobRunning:   "in_progress",
	arauto.JobCompleted: "completed",
	arauto.JobFailed:    "failed",
	arauto.JobCancelled: "failed",
}

// job answers GET /campaigns/{id}/contacts/jobs/{job}: 200 for an import of this campaign, however it ended.
func (a *API) job(w http.ResponseWriter, q asked) error {
	text := q.PathValue("job")
	id, ok := parseID(text)
	if !ok {
		return notFound("there is no job %.50q: its id is a number", text)
	}
	ctx, cancel := context.WithTimeout(q.Context(), storeTimeout)
	defer cancel()
	j, err := a.Jobs.Job(ctx, q.Account.ID, id)
	if err != nil {
		return err
	}
	if j.Campaign != q.campaign.ID || j.Kind != arauto.JobImport {
		return notFound("campaign %d has no import job %d", q.campaign.ID, id)
	}
	writeBody(w, http.StatusOK, appendJob(nil, j))
	return nil
}

func appendJob(dst []byte, j arauto.Job) []byte {
	kind := typeParent
	dst = append(dst, '{')
	if jobStates[j.State] == "failed" {
		kind = typeStart
		details, message := explain(j)
		dst = append(dst, `"error_details":`...)
		dst = wire.AppendString(dst, details)
		dst = append(dst, `,"error_message":`...)
		dst = wire.AppendString(dst, message)
		dst = append(dst, ',')
	}
	dst = append(dst, `"id":`...)
	dst = strconv.AppendInt(dst, j.ID, 10)
	dst = append(dst, `,"status":`...)
	dst = wire.AppendString(dst, jobStates[j.State])
	dst = append(dst, `,"type":`...)
	dst = wire.AppendString(dst, kind)
	return append(dst, '}')
}

// explain is the vendor's own pair for what its page shows, a phone that is there twice; for the rest our words.
func explain(j arauto.Job) (details, message string) {
	switch {
	case j.State == arauto.JobCancelled:
		return cancelledJob, "the import was cancelled"
	case j.Duplicate > 0:
		return duplicates, internal
	}
	return badFile, j.Error
}
