package listener

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/configuration"
	"runner-images/act-runner/internal/exitcode"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
	"runner-images/act-runner/internal/terminal"
)

const (
	deleted = "Failed to create a session. The runner registration has been deleted from the server, please re-configure. " +
		"Runner registrations are automatically deleted for runners that have not connected to the service recently."
	skewed = "The local machine's clock may be out of sync with the server time by more than five minutes. " +
		"Please sync your clock with your domain or internet time and try again."
)

// Resources of the pipelines service, by their identifiers.
const (
	sessionsResource = "134e239e-2df3-4794-a6f6-24f1f19ec8dc"
	messagesResource = "c3a054f6-7a8a-49c0-944e-3a8e5d7adfd7"
	jobResource      = "25adab70-1379-4186-be8e-b643061ebe3a"
	requestResource  = "fc825784-c92a-4299-9221-998a02d1b54f"
)

// closing bounds the end of a session. That the server does not answer does not matter: the session expires by itself.
const closing = 10 * time.Second

// Session is the runner's connection to the server, in which it gets messages: at the broker (the flow V2), or at the pipelines
// service, which may send it on to the broker.
type Session struct {
	settings   configuration.Settings
	connection *service.Connection
	terminal   *terminal.Terminal
	seconds    seconds.Seconds

	broker       string
	session      *protocol.TaskAgentSession
	disconnected bool
}

// NewSession is a session that is not open yet.
func NewSession(settings configuration.Settings, connection *service.Connection, terminal *terminal.Terminal, seconds seconds.Seconds) *Session {
	return &Session{settings: settings, connection: connection, terminal: terminal, seconds: seconds}
}

// Open opens it, however long that takes. The end of another process's session is waited for, for a limited time.
func (s *Session) Open(ctx context.Context) error {
	since := time.Now()
	for {
		err := s.connection.Authorize(ctx)
		if err == nil {
			if !s.disconnected {
				s.terminal.Line("")
				s.terminal.Success("Connected to GitHub")
				s.terminal.Line("")
			}
			err = s.create(ctx)
		}
		switch status := service.StatusOf(err); {
		case err == nil:
			s.reconnected()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, service.ErrRegistrationGone):
			return &Ending{Code: exitcode.Terminated, Message: deleted, Unregistered: true}
		case errors.Is(err, service.ErrClockSkew):
			return &Ending{Code: exitcode.Terminated, Message: skewed}
		case status == http.StatusConflict:
			s.terminal.Error("A session for this runner already exists.")
			if time.Since(since) >= s.seconds.Conflict {
				s.terminal.Error("Stop retry on SessionConflictException after retried for %v seconds.", s.seconds.Conflict.Seconds())
				return &Ending{Code: exitcode.SessionConflict, Message: "Failed to create session. " + service.Words(err)}
			}
		case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
			return &Ending{
				Code: exitcode.Terminated, Message: "Failed to create session. " + service.Words(err),
				Unregistered: problemOf(err).Kind == "RunnerNotFound",
			}
		default:
			s.trouble(err)
		}
		if err := sleep(ctx, s.seconds.Retry); err != nil {
			return err
		}
	}
}

func (s *Session) create(ctx context.Context) error {
	host, _ := os.Hostname()
	session := &protocol.TaskAgentSession{OwnerName: fmt.Sprintf("%s (PID: %d)", host, os.Getpid()), Agent: s.connection.Agent()}
	s.broker = ""
	if s.settings.UseV2Flow {
		s.broker = s.settings.ServerURLV2
	}
	if s.broker == "" {
		path := map[string]string{"poolId": fmt.Sprint(s.settings.PoolID)}
		if err := s.pipelines(ctx, "POST", sessionsResource, "5.1-preview", path, nil, session, session); err != nil {
			return err
		}
		if session.BrokerMigrationMessage == nil {
			s.session = session
			return nil
		}
		s.broker = session.BrokerMigrationMessage.BrokerBaseURL
	}
	if err := s.ask(ctx, "POST", "session", nil, session, session); err != nil {
		return err
	}
	s.session = session
	return nil
}

// Next is the next message, however long that takes.
func (s *Session) Next(ctx context.Context, status string) (*protocol.TaskAgentMessage, error) {
	for {
		message, err := s.message(ctx, status)
		switch problem := problemOf(err); {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			s.reconnected()
			if message != nil {
				return message, nil
			}
		case errors.Is(err, service.ErrRegistrationGone), problem.Kind == "RunnerNotFound",
			strings.Contains(problem.Message, "TaskAgentNotFoundException"):
			return nil, &Ending{
				Code:         exitcode.Success,
				Message:      "The runner no longer exists on the server. Cleaning up local configuration.",
				Unregistered: true,
			}
		case problem.Kind == "RunnerVersionTooOld":
			code := exitcode.Terminated
			if os.Getenv("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE") != "" {
				code = exitcode.VersionRefused
			}
			return nil, &Ending{Code: code, Message: "An error occurred: " + problem.Message}
		case problem.Kind == "RunnerSessionInvalid", strings.Contains(problem.Message, "TaskAgentSessionExpiredException"):
			if err := s.Open(ctx); err != nil {
				return nil, err
			}
		default:
			s.trouble(err)
			if err := sleep(ctx, s.seconds.Retry); err != nil {
				return nil, err
			}
		}
	}
}

// message is nil if there was none while the question was open.
func (s *Session) message(ctx context.Context, status string) (*protocol.TaskAgentMessage, error) {
	message := &protocol.TaskAgentMessage{}
	var err error
	if s.broker != "" {
		err = s.ask(ctx, "GET", "message", s.query(status), nil, message)
	} else {
		path := map[string]string{"poolId": fmt.Sprint(s.settings.PoolID)}
		query := map[string]string{"sessionId": s.session.SessionID, "status": status, "runnerVersion": service.AcceptedVersion}
		err = s.pipelines(ctx, "GET", messagesResource, "5.1-preview", path, query, nil, message)
	}
	// No message has no body.
	if errors.Is(err, io.EOF) || err == nil && message.MessageType == "" {
		return nil, nil
	}
	if err != nil || !strings.EqualFold(message.MessageType, "BrokerMigration") {
		return message, err
	}
	return s.migrated(ctx, message, status)
}

// migrated asks the broker, where the pipelines service sends the runner for this message.
func (s *Session) migrated(ctx context.Context, message *protocol.TaskAgentMessage, status string) (*protocol.TaskAgentMessage, error) {
	text, err := s.Text(message)
	if err != nil {
		return nil, err
	}
	var to protocol.BrokerMigration
	if err := json.Unmarshal(text, &to); err != nil {
		return nil, err
	}
	next := &protocol.TaskAgentMessage{}
	address := fmt.Sprintf("%s/message?%s", strings.TrimSuffix(to.BrokerBaseURL, "/"), s.query(status).Encode())
	err = s.connection.Do(ctx, to.BrokerBaseURL, func(vss *protocol.VssConnection) error {
		return vss.RequestWithContext2(ctx, "GET", address, "", nil, next)
	})
	if errors.Is(err, io.EOF) || err == nil && next.MessageType == "" {
		return nil, nil
	}
	return next, err
}

// Text is a message's body, decrypted if the service encrypts.
func (s *Session) Text(message *protocol.TaskAgentMessage) ([]byte, error) {
	return message.Decrypt(&protocol.AgentMessageConnection{
		VssConnection: &protocol.VssConnection{Key: s.connection.Key()}, TaskAgentSession: s.session,
	})
}

// Acknowledge tells the broker that a job's message arrived.
func (s *Session) Acknowledge(ctx context.Context, requestID string) error {
	return s.ask(ctx, "POST", "acknowledge", s.query("Online"), map[string]string{"runnerRequestId": requestID}, nil)
}

// Delete removes a message from the pipelines service's queue. The broker has none.
func (s *Session) Delete(ctx context.Context, message *protocol.TaskAgentMessage) {
	if s.broker != "" || message.MessageID == 0 {
		return
	}
	path := map[string]string{"poolId": fmt.Sprint(s.settings.PoolID), "messageId": fmt.Sprint(message.MessageID)}
	query := map[string]string{"sessionId": s.session.SessionID}
	if err := s.pipelines(ctx, "DELETE", messagesResource, "5.1-preview", path, query, nil, nil); err != nil {
		s.terminal.Trace("MessageListener", "the message %d cannot be deleted: %s", message.MessageID, service.Words(err))
	}
}

// Close closes it.
func (s *Session) Close() {
	if s.session == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	var err error
	if s.broker != "" {
		err = s.ask(ctx, "DELETE", "session", nil, nil, nil)
	} else {
		path := map[string]string{"poolId": fmt.Sprint(s.settings.PoolID), "sessionId": s.session.SessionID}
		err = s.pipelines(ctx, "DELETE", sessionsResource, "5.1-preview", path, nil, nil, nil)
	}
	if err != nil {
		s.terminal.Trace("MessageListener", "the session cannot be closed: %s", service.Words(err))
	}
	s.session = nil
}

func (s *Session) query(status string) url.Values {
	return url.Values{
		"sessionId": {s.session.SessionID}, "status": {status}, "runnerVersion": {service.AcceptedVersion},
		"os": {"Linux"}, "architecture": {service.Architecture()}, "disableUpdate": {fmt.Sprint(s.settings.DisableUpdate)},
	}
}

func (s *Session) ask(ctx context.Context, method, path string, query url.Values, body, into any) error {
	return s.connection.Do(ctx, s.broker, func(vss *protocol.VssConnection) error {
		address := vss.TenantURL + "/" + path
		if len(query) > 0 {
			address += "?" + query.Encode()
		}
		return vss.RequestWithContext2(ctx, method, address, "", body, into)
	})
}

func (s *Session) pipelines(ctx context.Context, method, resource, version string, path, query map[string]string, body, into any) error {
	return s.connection.Do(ctx, s.settings.ServerURL, func(vss *protocol.VssConnection) error {
		return service.AskResource(ctx, vss, method, resource, version, path, query, body, into)
	})
}

// trouble says once that the server does not answer as it should.
func (s *Session) trouble(err error) {
	if s.disconnected {
		s.terminal.Trace("MessageListener", "%s", service.Words(err))
		return
	}
	s.disconnected = true
	s.terminal.Error("%s: Runner connect error: %s. Retrying until reconnected.", terminal.Timestamp(),
		strings.TrimSuffix(service.Words(err), "."))
}

func (s *Session) reconnected() {
	if s.disconnected {
		s.disconnected = false
		s.terminal.Event("Runner reconnected.")
	}
}

func problemOf(err error) service.Problem {
	var status *service.StatusError
	if errors.As(err, &status) {
		return status.Problem()
	}
	return service.Problem{}
}

func sleep(ctx context.Context, time_ time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time_):
		return nil
	}
}
