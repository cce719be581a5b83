// Package report tells GitHub's services about a job while it is done: which step it is at, its log, and how it ended.
package report

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"
	"github.com/ChristopherHX/github-act-runner/protocol/results"
	"github.com/ChristopherHX/github-act-runner/protocol/run"

	"runner-images/act-runner/internal/service"
)

const (
	// interval is the time between two reports.
	interval = 500 * time.Millisecond
	// block is the size from which a log is sent before its step ends.
	block = 1 << 20
	// lastTries of what is still to be sent at the end, and of the end itself.
	lastTries = 10
	// issueLimit of a step: GitHub shows no more of each kind.
	issueLimit = 10
)

// Record is a line in GitHub's list of a job's steps.
type Record struct {
	timeline protocol.TimelineRecord
	log      *log
}

// log is a text that grows.
type log struct {
	pending bytes.Buffer
	// lines that were ever written.
	lines int64
	// fed are those lines that are not in the live view yet.
	fed     []string
	fedFrom int64
	// begun: the service has a part of it already.
	begun, ended, sent bool
}

// Job is the report on a job.
type Job struct {
	request *protocol.AgentJobRequestMessage
	vss     *protocol.VssConnection
	// results is where steps and logs are sent; nil if the server has no such service.
	results *results.ResultsService
	// runService: the job came from the run service, and not from the pipelines service.
	runService bool
	feed       *feed
	retry      time.Duration
	trace      func(format string, values ...any)
	echo       func(line string)

	mutex     sync.Mutex
	job       *Record
	records   []*Record
	summaries map[*Record]string
	changed   bool
	change    int64
	stop      chan struct{}
	stopped   chan struct{}
}

// Options are what a report needs besides the job.
type Options struct {
	// Retry is the time before a service that did not answer is asked again.
	Retry time.Duration
	// Trace gets what goes wrong.
	Trace func(format string, values ...any)
	// Echo gets each line of the log.
	Echo func(line string)
}

// New begins a report.
func New(request *protocol.AgentJobRequestMessage, options Options) (*Job, error) {
	vss, data, err := request.GetConnection("SystemVssConnection")
	if err != nil {
		return nil, err
	}
	if request.Plan == nil {
		return nil, fmt.Errorf("the job has no plan")
	}
	vss.Client = service.NewClient()
	j := &Job{
		request: request, vss: vss, runService: strings.EqualFold(request.MessageType, "RunnerJobRequest"),
		retry: options.Retry, trace: options.Trace, echo: options.Echo, summaries: map[*Record]string{},
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if endpoint, there := request.Variables["system.github.results_endpoint"]; there && endpoint.Value != "" {
		connection := *vss
		connection.TenantURL = endpoint.Value
		j.results = &results.ResultsService{Connection: &connection}
	}
	j.feed = newFeed(request, vss, data["FeedStreamUrl"], j.runService, options.Trace)
	j.job = newRecord("", request.JobName, request.JobDisplayName)
	j.job.timeline.ID, j.job.timeline.Type = request.JobID, "Job"
	j.job.timeline.Start()
	go j.loop()
	return j, nil
}

func newRecord(parent, reference, name string) *Record {
	return &Record{timeline: protocol.CreateTimelineEntry(parent, reference, name), log: &log{fedFrom: 1}}
}

// Plan adds a step to the end of the list. Its id is the server's, or empty.
func (j *Job) Plan(id, reference, name string) *Record {
	return j.Insert(nil, id, reference, name)
}

// Insert adds a step before another one.
func (j *Job) Insert(before *Record, id, reference, name string) *Record {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	record := newRecord(j.request.JobID, reference, name)
	if id != "" {
		record.timeline.ID = id
	}
	position := len(j.records)
	for index, other := range j.records {
		if other == before {
			position = index
		}
	}
	j.records = append(j.records[:position], append([]*Record{record}, j.records[position:]...)...)
	j.changed = true
	return record
}

// Start begins a step.
func (j *Job) Start(record *Record, name string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if name != "" {
		record.timeline.Name = name
	}
	record.timeline.Start()
	j.changed = true
}

// Complete ends a step. Its log ends as well.
func (j *Job) Complete(record *Record, result string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if record.timeline.State == "Completed" {
		return
	}
	if record.timeline.StartTime == "" {
		record.timeline.Start()
	}
	record.timeline.Complete(result)
	record.log.ended = true
	j.changed = true
}

// IsPending tells whether a step did not begin.
func (j *Job) IsPending(record *Record) bool {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return record.timeline.State == "Pending"
}

// Log adds lines to a step's log and to the job's.
func (j *Job) Log(record *Record, text string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	now := time.Now().UTC().Format(protocol.TimestampOutputFormat)
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		// What overwrites a line on a terminal is a line of its own.
		for _, part := range strings.Split(line, "\r") {
			full := now + " " + part + "\n"
			record.log.pending.WriteString(full)
			record.log.lines++
			record.log.fed = append(record.log.fed, part)
			j.job.log.pending.WriteString(full)
			j.job.log.lines++
			j.echo(part)
		}
	}
}

// Issue adds an error, a warning or a notice to a step.
func (j *Job) Issue(record *Record, kind, message string, data map[string]string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	count := 0
	for _, other := range record.timeline.Issues {
		if other.Type == kind {
			count++
		}
	}
	if count >= issueLimit {
		return
	}
	record.timeline.Issues = append(record.timeline.Issues, protocol.Issue{Type: kind, Category: "General", Message: message, Data: data})
	switch kind {
	case "error":
		record.timeline.ErrorCount++
	case "warning":
		record.timeline.WarningCount++
	}
	j.changed = true
}

// Summary has the text that a step wrote for the job's summary.
func (j *Job) Summary(record *Record, text string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.summaries[record] = text
}

// Finish sends what is still to be sent, and how the job ended.
func (j *Job) Finish(result string, outputs map[string]protocol.VariableValue) error {
	j.mutex.Lock()
	j.job.timeline.Complete(result)
	j.job.log.ended = true
	for _, record := range j.records {
		if record.timeline.State != "Completed" {
			record.timeline.Start()
			record.timeline.Complete("Skipped")
		}
		record.log.ended = true
	}
	j.changed = true
	j.mutex.Unlock()
	close(j.stop)
	<-j.stopped
	for attempt := 1; !j.flush() && attempt < lastTries; attempt++ {
		time.Sleep(j.retry)
	}
	j.feed.close()
	var err error
	for attempt := 1; ; attempt++ {
		err = j.complete(result, outputs)
		if status := service.StatusOf(err); err == nil || attempt == lastTries ||
			status != 0 && status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
			return err
		}
		j.trace("the server cannot be told how the job ended: %s", service.Words(err))
		time.Sleep(j.retry)
	}
}

func (j *Job) complete(result string, outputs map[string]protocol.VariableValue) error {
	if !j.runService {
		event := &protocol.JobEvent{Name: "JobCompleted", JobID: j.request.JobID, RequestID: j.request.RequestID, Result: result}
		if outputs != nil {
			event.Outputs = &outputs
		}
		return j.vss.FinishJob(event, j.request.Plan)
	}
	body := run.CompleteJobRequest{
		PlanID: j.request.Plan.PlanID, JobID: j.request.JobID, Conclusion: strings.ToLower(result), Outputs: outputs,
		BillingOwnerID: j.request.BillingOwnerID,
	}
	for _, record := range j.timeline() {
		step := run.TimeLineRecordToStepResult(record)
		for _, issue := range record.Issues {
			step.Annotations = append(step.Annotations, run.IssueToAnnotation(issue))
		}
		body.StepResults = append(body.StepResults, step)
	}
	address := strings.TrimSuffix(j.vss.TenantURL, "/") + "/completejob"
	return j.vss.RequestWithContext2(context.Background(), "POST", address, "", body, nil)
}

// timeline are copies of the steps' records, with their places in the list.
func (j *Job) timeline() []*protocol.TimelineRecord {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	var copies []*protocol.TimelineRecord
	for index, record := range j.records {
		record.timeline.Order = int32(index + 1)
		one := record.timeline
		copies = append(copies, &one)
	}
	return copies
}

func (j *Job) loop() {
	defer close(j.stopped)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-j.stop:
			return
		case <-ticker.C:
			j.flush()
		}
	}
}
