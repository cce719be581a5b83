package listener

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"
	"github.com/ChristopherHX/github-act-runner/protocol/run"
	"github.com/google/uuid"

	"runner-images/act-runner/internal/exitcode"
	"runner-images/act-runner/internal/frames"
	"runner-images/act-runner/internal/lines"
	"runner-images/act-runner/internal/orphans"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
	"runner-images/act-runner/internal/terminal"
)

// afterExit is how long a worker's output is waited for after its end.
const afterExit = time.Second

// Job is a job that the server gave to this runner.
type Job struct {
	protocol.AgentJobRequestMessage
	// Raw is the message as it came: the library does not know all of it.
	Raw []byte
	// RunServiceURL is where the job came from; empty for the pipelines service.
	RunServiceURL string
}

// Dispatcher has a job done by a worker, a process of its own without the runner's credentials, and tells the server meanwhile that
// it is worked on.
type Dispatcher struct {
	root       string
	job        *Job
	poolID     int64
	serverURL  string
	connection *service.Connection
	terminal   *terminal.Terminal
	seconds    seconds.Seconds
	tracking   string

	mutex     sync.Mutex
	worker    *exec.Cmd
	input     io.WriteCloser
	cancelled frames.Kind
	lost      bool
}

// Run does the job to its end.
func (d *Dispatcher) Run(ctx context.Context) {
	name := d.job.JobDisplayName
	d.terminal.Event("Running job: %s", name)
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		d.renew(renewing)
	}()
	code, err := d.work()
	stop()
	<-renewed
	result, finished := d.resultOf(code)
	if err != nil {
		d.terminal.Error("The worker cannot be started: %s", err)
	}
	d.terminal.Event("Job %s completed with result: %s", name, result)
	if !finished {
		d.complete(result)
	}
}

// Cancel ends the job before it is done.
func (d *Dispatcher) Cancel(reason frames.Kind, timeout time.Duration) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.cancelled >= reason {
		return
	}
	d.cancelled = reason
	d.tellCancelled()
	time.AfterFunc(timeout, d.kill)
}

// resultOf is the job's result by the worker's exit code, and whether the worker told the server of it.
//
// A worker that did knows better than a cancellation: the server no longer knows a job that has just ended, so that renewing it at that
// moment fails as if the job were given up.
func (d *Dispatcher) resultOf(code int) (string, bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	result, finished := exitcode.ResultOf(code)
	if !finished && d.cancelled != 0 {
		result = "Canceled"
	}
	if finished && result != "Canceled" {
		d.lost = false
	}
	return result, finished
}

// isLost tells whether the server no longer counts on this runner for the job.
func (d *Dispatcher) isLost() bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.lost
}

// tellCancelled needs the mutex. A worker that has ended meanwhile cannot be told.
func (d *Dispatcher) tellCancelled() {
	if d.input != nil && d.cancelled != 0 {
		_ = frames.Write(d.input, d.cancelled, nil)
	}
}

// kill ends a worker that does not end, with everything that the job started.
func (d *Dispatcher) kill() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.worker == nil {
		return
	}
	d.terminal.Trace("JobDispatcher", "the worker did not end in time")
	_ = d.worker.Process.Kill()
	orphans.Kill(d.tracking)
}

func (d *Dispatcher) work() (int, error) {
	d.tracking = "github_" + uuid.NewString()
	worker := exec.Command(filepath.Join(d.root, "bin", "Runner.Worker"), "spawnclient")
	worker.Dir = filepath.Join(d.root, "bin")
	worker.Env = append(os.Environ(), orphans.Variable+"="+d.tracking)
	worker.WaitDelay = afterExit
	logs := &lines.Writer{Each: d.log}
	traces := &lines.Writer{Each: func(line string) { d.terminal.Trace("Worker", "%s", line) }}
	worker.Stdout, worker.Stderr = logs, traces
	input, err := worker.StdinPipe()
	if err == nil {
		err = worker.Start()
	}
	if err != nil {
		return -1, err
	}
	if err := frames.Write(input, frames.NewJob, d.job.Raw); err != nil {
		d.terminal.Trace("JobDispatcher", "the worker cannot be told its job: %s", err)
	}
	d.mutex.Lock()
	d.worker, d.input = worker, input
	d.tellCancelled()
	d.mutex.Unlock()
	err = worker.Wait()
	d.mutex.Lock()
	d.worker, d.input = nil, nil
	d.mutex.Unlock()
	logs.End()
	traces.End()
	if err != nil {
		d.terminal.Trace("JobDispatcher", "the worker ended: %s", err)
	}
	return worker.ProcessState.ExitCode(), nil
}

// log passes on a line of the job's log, if that was asked for.
func (d *Dispatcher) log(line string) {
	if value := os.Getenv("ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT"); value == "1" || strings.EqualFold(value, "true") {
		d.terminal.Line("[WORKER %s INFO Job] %s", terminal.Timestamp(), line)
	}
}

// renew tells the server every minute that the job is worked on. If the server no longer counts on this runner, the job is cancelled.
func (d *Dispatcher) renew(ctx context.Context) {
	for {
		err := d.renewOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			d.terminal.Trace("JobDispatcher", "the job cannot be renewed: %s", service.Words(err))
			if status := service.StatusOf(err); status == http.StatusNotFound || status == http.StatusGone {
				d.mutex.Lock()
				d.lost = true
				d.mutex.Unlock()
				d.Cancel(frames.Cancel, d.seconds.Shutdown)
				return
			}
		}
		if sleep(ctx, d.seconds.Renew) != nil {
			return
		}
	}
}

func (d *Dispatcher) renewOnce(ctx context.Context) error {
	if d.job.RunServiceURL == "" {
		path := map[string]string{"poolId": fmt.Sprint(d.poolID), "requestId": fmt.Sprint(d.job.RequestID)}
		query := map[string]string{"lockToken": uuid.Nil.String()}
		return d.connection.Do(ctx, d.serverURL, func(vss *protocol.VssConnection) error {
			return service.AskResource(ctx, vss, "PATCH", requestResource, "5.1-preview", path, query,
				&protocol.RenewAgent{RequestID: d.job.RequestID}, nil)
		})
	}
	vss, err := d.jobConnection()
	if err != nil {
		return err
	}
	body := run.RenewJobRequest{PlanID: d.job.Plan.PlanID, JobID: d.job.JobID}
	return vss.RequestWithContext2(ctx, "POST", address(d.job.RunServiceURL, "renewjob"), "", body, nil)
}

// complete tells the server how a job ended whose worker could not.
func (d *Dispatcher) complete(result string) {
	if d.isLost() {
		return
	}
	vss, err := d.jobConnection()
	if err != nil {
		d.terminal.Trace("JobDispatcher", "%s", err)
		return
	}
	for attempt := range completeTries {
		if attempt > 0 {
			time.Sleep(d.seconds.Retry)
		}
		if d.job.RunServiceURL == "" {
			err = vss.FinishJob(&protocol.JobEvent{
				Name: "JobCompleted", JobID: d.job.JobID, RequestID: d.job.RequestID, Result: result,
			}, d.job.Plan)
		} else {
			err = vss.RequestWithContext2(context.Background(), "POST", address(d.job.RunServiceURL, "completejob"), "",
				run.CompleteJobRequest{PlanID: d.job.Plan.PlanID, JobID: d.job.JobID, Conclusion: strings.ToLower(result)}, nil)
		}
		if err == nil || service.StatusOf(err) != 0 && service.StatusOf(err) < http.StatusInternalServerError {
			return
		}
		d.terminal.Trace("JobDispatcher", "the server cannot be told how the job ended: %s", service.Words(err))
	}
}

const completeTries = 10

func (d *Dispatcher) jobConnection() (*protocol.VssConnection, error) {
	vss, _, err := d.job.GetConnection("SystemVssConnection")
	if err != nil {
		return nil, err
	}
	if d.job.Plan == nil {
		return nil, errors.New("the job has no plan")
	}
	vss.Client = service.NewClient()
	return vss, nil
}

func address(service, path string) string { return strings.TrimSuffix(service, "/") + "/" + path }

// parseJob reads a job's message.
func parseJob(raw []byte, runServiceURL string) (*Job, error) {
	job := &Job{Raw: raw, RunServiceURL: runServiceURL}
	if err := json.Unmarshal(raw, &job.AgentJobRequestMessage); err != nil {
		return nil, err
	}
	if job.JobID == "" {
		return nil, errors.New("the message contains no job")
	}
	return job, nil
}
