package report

import (
	"context"
	"strings"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"
	"github.com/ChristopherHX/github-act-runner/protocol/results"

	"runner-images/act-runner/internal/service"
)

// sendTimeout bounds one part of a report.
const sendTimeout = time.Minute

// flush sends what there is to be sent, and keeps what could not be sent for the next time.
//
// It returns whether everything was sent.
func (j *Job) flush() bool {
	done := true
	for _, record := range j.all() {
		j.sendFeed(record)
		if err := j.sendLog(record); err != nil {
			j.trace("the log of %q cannot be sent: %s", record.timeline.Name, service.Words(err))
			done = false
		}
	}
	if err := j.sendSummaries(); err != nil {
		j.trace("a summary cannot be sent: %s", service.Words(err))
		done = false
	}
	if err := j.sendTimeline(); err != nil {
		j.trace("the steps cannot be sent: %s", service.Words(err))
		done = false
	}
	return done
}

// all are the records whose logs are sent. The job's comes last: it ends with the others.
func (j *Job) all() []*Record {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return append(append([]*Record{}, j.records...), j.job)
}

// sendFeed passes lines on to the live view.
func (j *Job) sendFeed(record *Record) {
	j.mutex.Lock()
	lines, from := record.log.fed, record.log.fedFrom
	record.log.fed, record.log.fedFrom = nil, from+int64(len(lines))
	id := record.timeline.ID
	j.mutex.Unlock()
	if len(lines) == 0 {
		return
	}
	j.feed.send(&protocol.TimelineRecordFeedLinesWrapper{Count: int64(len(lines)), Value: lines, StepID: id, StartLine: &from})
}

func (j *Job) sendLog(record *Record) error {
	j.mutex.Lock()
	log := record.log
	final := log.ended
	if log.sent || !final && (log.pending.Len() < block || j.results == nil) {
		j.mutex.Unlock()
		return nil
	}
	text, lines, first := log.pending.String(), log.lines, !log.begun
	log.pending.Reset()
	j.mutex.Unlock()

	err := j.upload(record, text, lines, first, final)

	j.mutex.Lock()
	defer j.mutex.Unlock()
	if err != nil {
		// Before what was written meanwhile.
		text += log.pending.String()
		log.pending.Reset()
		log.pending.WriteString(text)
		return err
	}
	log.begun, log.sent = true, final
	return nil
}

func (j *Job) upload(record *Record, text string, lines int64, first, final bool) error {
	if j.results == nil {
		if text == "" {
			return nil
		}
		id, err := j.vss.UploadLogFile(j.request.Timeline.ID, j.request, text)
		if err == nil {
			j.mutex.Lock()
			record.timeline.Log = &protocol.TaskLogReference{ID: id}
			j.changed = true
			j.mutex.Unlock()
		}
		return err
	}
	if first && final && text == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	plan, job, size := j.request.Plan.PlanID, j.request.JobID, int64(len(text))
	if record == j.job {
		return j.results.UploadResultsJobLogAsync(ctx, plan, job, strings.NewReader(text), size, final, first, lines)
	}
	return j.results.UploadResultsStepLogAsync(ctx, plan, job, record.timeline.ID, strings.NewReader(text), size, final, first, lines)
}

func (j *Job) sendSummaries() error {
	if j.results == nil {
		return nil
	}
	for {
		record, text := j.takeSummary()
		if record == nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
		err := j.results.UploadResultsStepSummaryAsync(ctx, j.request.Plan.PlanID, j.request.JobID, record.timeline.ID,
			strings.NewReader(text), int64(len(text)))
		cancel()
		if err != nil {
			j.Summary(record, text)
			return err
		}
	}
}

func (j *Job) takeSummary() (*Record, string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for record, text := range j.summaries {
		delete(j.summaries, record)
		return record, text
	}
	return nil, ""
}

func (j *Job) sendTimeline() error {
	j.mutex.Lock()
	changed := j.changed
	j.changed = false
	j.change++
	change, job := j.change, j.job.timeline
	j.mutex.Unlock()
	if !changed {
		return nil
	}
	records := j.timeline()
	var err error
	if j.results != nil {
		update := &results.StepsUpdateRequest{
			ChangeOrder: change, WorkflowRunBackendID: j.request.Plan.PlanID, WorkflowJobRunBackendID: j.request.JobID,
			Steps: make([]results.Step, len(records)),
		}
		for index, record := range records {
			update.Steps[index] = results.ConvertTimelineRecordToStep(record)
		}
		ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
		defer cancel()
		err = j.results.UpdateWorkflowStepsAsync(ctx, update)
	}
	if err == nil && !j.runService {
		all := append([]*protocol.TimelineRecord{&job}, records...)
		err = j.vss.UpdateTimeLine(j.request.Timeline.ID, j.request, &protocol.TimelineRecordWrapper{Count: int64(len(all)), Value: all})
	}
	if err != nil {
		j.mutex.Lock()
		j.changed = true
		j.mutex.Unlock()
	}
	return err
}
