package listener

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/arguments"
	"runner-images/act-runner/internal/configuration"
	"runner-images/act-runner/internal/exitcode"
	"runner-images/act-runner/internal/frames"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
	"runner-images/act-runner/internal/terminal"
)

// cancelTimeout is how long a cancelled job may take to end, if the server says nothing else.
const cancelTimeout = 5 * time.Minute

// acquireTries of getting a job's message.
const acquireTries = 5

// Listener is a configured runner that runs.
type Listener struct {
	store      configuration.Store
	settings   configuration.Settings
	connection *service.Connection
	session    *Session
	terminal   *terminal.Terminal
	seconds    seconds.Seconds
	takesOne   bool
	current    *current
}

// current is the job that is being done.
type current struct {
	id         string
	dispatcher *Dispatcher
	ended      chan struct{}
}

// Run runs the configured runner: it takes jobs until it is told to stop, or has done the only one.
//
// It returns the exit code.
func Run(given arguments.Arguments, store configuration.Store, terminal *terminal.Terminal, times seconds.Seconds, version string) (int, error) {
	terminal.Line("github-act-runner %s, an unofficial runner.", version)
	loadDotEnv(store.Root)
	if encoded := given.Value("jitconfig"); encoded != "" {
		if err := store.WriteJustInTime(encoded); err != nil {
			return exitcode.Terminated, err
		}
	}
	settings, err := store.Settings()
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("This runner is not configured. Configure it with ./config.sh, then run it again.")
	}
	if err != nil {
		return exitcode.Terminated, err
	}
	credentials, key, err := store.Credentials()
	if err != nil {
		return exitcode.Terminated, err
	}
	if given.Flag("once") {
		terminal.Line("Warning: '--once' is going to be deprecated in the future, please consider using '--ephemeral' during runner registration.")
	}
	work := settings.WorkFolder
	if !filepath.IsAbs(work) {
		work = filepath.Join(store.Root, work)
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return exitcode.Terminated, fmt.Errorf("Fail to create and validate runner's work directory '%s'.", work)
	}
	connection := service.NewConnection(settings, credentials, key, terminal.Hide)
	listener := &Listener{
		store: store, settings: settings, connection: connection, terminal: terminal, seconds: times,
		session:  NewSession(settings, connection, terminal, times),
		takesOne: given.Flag("once") || bool(settings.Ephemeral),
	}
	ctx, stop := stopSignal(terminal)
	defer stop()
	return listener.run(ctx, version)
}

func (l *Listener) run(ctx context.Context, version string) (int, error) {
	defer l.session.Close()
	err := l.session.Open(ctx)
	if err == nil {
		l.terminal.Line("Current runner version: '%s'", version)
		l.terminal.Event("Listening for Jobs")
		err = l.takeJobs(ctx)
	}
	var ending *Ending
	switch {
	case ctx.Err() != nil:
		// What was cancelled does not count as done, so the configuration stays.
		return exitcode.Success, nil
	case errors.As(err, &ending):
		l.terminal.Error("%s", ending.Message)
		if ending.Unregistered {
			l.forget()
		}
		return ending.Code, nil
	case err != nil:
		return exitcode.Retry, err
	}
	if l.settings.Ephemeral {
		l.forget()
	}
	return exitcode.Success, nil
}

// takeJobs reads messages and does what they want. The server is asked on while a job runs: it may be cancelled. It returns without
// an error when the only job is done.
func (l *Listener) takeJobs(ctx context.Context) error {
	defer func() {
		if l.current == nil {
			return
		}
		if ctx.Err() != nil {
			l.current.dispatcher.Cancel(frames.Shutdown, l.seconds.Shutdown)
		}
		<-l.current.ended
	}()
	for {
		message, err := l.next(ctx)
		if l.current != nil {
			select {
			case <-l.current.ended:
				l.current = nil
				if l.takesOne {
					return nil
				}
			default:
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, context.Canceled) {
			continue
		}
		if err != nil {
			return l.orOnlyJob(ctx, err)
		}
		if l.handle(ctx, message) {
			l.session.Delete(ctx, message)
		}
	}
}

// orOnlyJob waits for the only job if it is being done while the registration is over: that ends with the job, and the server may know of
// the job's end before this process does.
func (l *Listener) orOnlyJob(ctx context.Context, err error) error {
	var ending *Ending
	if l.current == nil || !bool(l.settings.Ephemeral) || !errors.As(err, &ending) || !ending.Unregistered {
		return err
	}
	select {
	case <-l.current.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.current.dispatcher.isLost() {
		return err
	}
	return nil
}

// next is the next message. The question for it ends when the current job does: the server is told then that the runner is free.
func (l *Listener) next(ctx context.Context) (*protocol.TaskAgentMessage, error) {
	if l.current == nil {
		return l.session.Next(ctx, "Online")
	}
	busy, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.current.ended:
			cancel()
		case <-busy.Done():
		}
	}()
	return l.session.Next(busy, "Busy")
}

// handle does what a message wants. It returns whether the message is done with.
func (l *Listener) handle(ctx context.Context, message *protocol.TaskAgentMessage) bool {
	text, err := l.session.Text(message)
	if err != nil {
		l.terminal.Trace("Runner", "a message of type %s cannot be read: %s", message.MessageType, err)
		return true
	}
	switch strings.ToLower(message.MessageType) {
	case "pipelineagentjobrequest":
		if l.current != nil {
			// Another runner may take it.
			return false
		}
		job, err := parseJob(text, "")
		l.start(ctx, job, err)
	case "runnerjobrequest":
		if l.current != nil {
			return false
		}
		job, err := l.acquire(ctx, text)
		l.start(ctx, job, err)
	case "jobcancellation":
		var cancel struct{ JobID, Timeout string }
		_ = json.Unmarshal(text, &cancel)
		if l.current != nil && strings.EqualFold(l.current.id, cancel.JobID) {
			l.current.dispatcher.Cancel(frames.Cancel, parseTimeSpan(cancel.Timeout))
		}
	case "forcetokenrefresh":
		l.connection.Forget()
	case "agentrefresh", "runnerrefresh":
		l.terminal.Line("GitHub offers an update of its own runner, which this one is not. It stays as it is.")
	default:
		l.terminal.Trace("Runner", "a message of type %s is ignored", message.MessageType)
	}
	return true
}

func (l *Listener) start(ctx context.Context, job *Job, err error) {
	if err != nil {
		l.terminal.Error("A job cannot be taken: %s", service.Words(err))
		return
	}
	dispatcher := &Dispatcher{
		root: l.store.Root, job: job, poolID: int64(l.settings.PoolID), serverURL: l.settings.ServerURL,
		connection: l.connection, terminal: l.terminal, seconds: l.seconds,
	}
	started := &current{id: job.JobID, dispatcher: dispatcher, ended: make(chan struct{})}
	l.current = started
	go func() {
		defer close(started.ended)
		dispatcher.Run(ctx)
	}()
}

// acquire gets the job that a message only names.
func (l *Listener) acquire(ctx context.Context, text []byte) (*Job, error) {
	var reference struct {
		RunnerRequestID   string `json:"runner_request_id"`
		RunServiceURL     string `json:"run_service_url"`
		BillingOwnerID    string `json:"billing_owner_id"`
		ShouldAcknowledge bool   `json:"should_acknowledge"`
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		return nil, err
	}
	if reference.ShouldAcknowledge {
		if err := l.session.Acknowledge(ctx, reference.RunnerRequestID); err != nil {
			l.terminal.Trace("Runner", "the job's message cannot be acknowledged: %s", service.Words(err))
		}
	}
	body := map[string]string{"jobMessageId": reference.RunnerRequestID, "runnerOS": "Linux"}
	if reference.BillingOwnerID != "" {
		body["billingOwnerId"] = reference.BillingOwnerID
	}
	for attempt := 1; ; attempt++ {
		var raw []byte
		var err error
		if reference.RunServiceURL == "" {
			err = l.session.pipelines(ctx, "GET", jobResource, "6.0-preview", map[string]string{"messageId": reference.RunnerRequestID}, nil, nil, &raw)
		} else {
			err = l.connection.Do(ctx, reference.RunServiceURL, func(vss *protocol.VssConnection) error {
				return vss.RequestWithContext2(ctx, "POST", vss.TenantURL+"/acquirejob", "", body, &raw)
			})
		}
		if err == nil {
			return parseJob(raw, reference.RunServiceURL)
		}
		switch service.StatusOf(err) {
		case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
			return nil, err
		}
		if attempt == acquireTries {
			return nil, err
		}
		if err := sleep(ctx, l.seconds.Retry); err != nil {
			return nil, err
		}
	}
}

func (l *Listener) forget() {
	if found, err := l.store.Remove(); err != nil {
		l.terminal.Error("%s", err)
	} else if found {
		l.terminal.Success("Removed %s", configuration.CredentialsFile)
		l.terminal.Success("Removed %s", configuration.SettingsFile)
	}
}

// stopSignal ends the context when the runner is to stop. Its job is cancelled then.
func stopSignal(terminal *terminal.Terminal) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for range signals {
			if ctx.Err() == nil {
				terminal.Line("Exiting...")
			}
			cancel()
		}
	}()
	return ctx, cancel
}

// loadDotEnv adds the variables in the file .env to the environment, for jobs: NAME=value in each line.
func loadDotEnv(root string) {
	text, err := os.ReadFile(filepath.Join(root, ".env"))
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(text), "\n") {
		if name, value, found := strings.Cut(line, "="); found && name != "" {
			_ = os.Setenv(name, value)
		}
	}
}

// parseTimeSpan reads [-][d.]hh:mm:ss[.fff], which is how the server writes a time.
func parseTimeSpan(text string) time.Duration {
	var days, hours, minutes int
	var seconds float64
	if _, err := fmt.Sscanf(text, "%d.%d:%d:%f", &days, &hours, &minutes, &seconds); err != nil {
		days = 0
		if _, err := fmt.Sscanf(text, "%d:%d:%f", &hours, &minutes, &seconds); err != nil {
			return cancelTimeout
		}
	}
	total := time.Duration(days*24+hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds*float64(time.Second))
	if total <= 0 {
		return cancelTimeout
	}
	return total
}
