// Package worker does one job. act runs the steps; this package translates GitHub's messages for it, gives it the folders and the
// processes that GitHub's runner would have, and reports.
package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/configuration"
	"runner-images/act-runner/internal/exitcode"
	"runner-images/act-runner/internal/frames"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/terminal"
)

// Main does the job that the listener sends on standard input.
//
// It returns the exit code, which stands for the job's result.
func Main(root string, args []string) int {
	if len(args) != 1 || args[0] != "spawnclient" {
		fmt.Fprintln(os.Stderr, "Runner.Worker is started by Runner.Listener only.")
		return exitcode.Terminated
	}
	// A signal to the whole group is for the listener, which then says what is to be done.
	// Received and dropped: what is ignored would be ignored by steps as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	output := os.Stdout
	// Libraries print there what is not the job's.
	os.Stdout = os.Stderr
	log := terminal.NewLog(root, "Worker")
	trace := func(format string, values ...any) { log.Write("INFO", "Worker", fmt.Sprintf(format, values...)) }

	kind, body, err := frames.Read(os.Stdin)
	if err != nil || kind != frames.NewJob {
		trace("there is no job: %v", err)
		return exitcode.Terminated
	}
	request := &protocol.AgentJobRequestMessage{}
	settings, err := configuration.Store{Root: root}.Settings()
	if err == nil {
		err = json.Unmarshal(body, request)
	}
	if err != nil {
		trace("the job cannot be read: %s", err)
		return exitcode.Terminated
	}
	job, err := newJob(request, settings, root, seconds.Take(), trace, func(line string) { fmt.Fprintln(output, line) })
	if err != nil {
		trace("the job cannot be begun: %s", err)
		return exitcode.Terminated
	}
	go follow(job)
	trace("job %s: %s", request.JobID, request.JobDisplayName)
	result := run(job, trace)
	trace("job result: %s", result)
	return exitcode.OfResult(result)
}

// run makes a failed job of a fault of this program.
func run(job *job, trace func(format string, values ...any)) (result string) {
	defer func() {
		if fault := recover(); fault != nil {
			trace("%v\n%s", fault, debug.Stack())
			result = job.fail(fmt.Sprintf("The worker failed: %v", fault))
		}
	}()
	return job.run()
}

// follow does what the listener says further. Without a listener, nobody wants the job any more.
func follow(job *job) {
	for {
		kind, _, err := frames.Read(os.Stdin)
		if err != nil {
			kind = frames.Shutdown
		}
		job.cancel(kind)
		if err != nil {
			return
		}
	}
}

// cancellation is two contexts: one ends what a cancelled job does not do, the other ends everything.
type cancellation struct {
	job, all       context.Context
	endJob, endAll context.CancelFunc
}

func newCancellation() *cancellation {
	c := &cancellation{}
	c.all, c.endAll = context.WithCancel(context.Background())
	c.job, c.endJob = context.WithCancel(c.all)
	return c
}
