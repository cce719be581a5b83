package report

import (
	"net/http"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"
	"github.com/ChristopherHX/github-act-runner/protocol/logger"

	"runner-images/act-runner/internal/service"
)

const (
	// feedTries of reaching the live view: a proxy may not let it through.
	feedTries = 3
	// feedQueue is how many reports wait for the live view. What does not fit is left out: the whole log is sent as well.
	feedQueue = 1000
	// feedEnd is how long the live view is waited for when the job is done.
	feedEnd = 3 * time.Second
)

// feed sends lines to the live view of the log: over a WebSocket, or to the pipelines service. Nothing waits for it.
type feed struct {
	socket    *logger.WebsocketLivelogger
	pipelines logger.LiveLogger
	trace     func(format string, values ...any)
	connected bool
	failures  int
	queue     chan *protocol.TimelineRecordFeedLinesWrapper
	ended     chan struct{}
}

func newFeed(request *protocol.AgentJobRequestMessage, vss *protocol.VssConnection, address string, runService bool,
	trace func(format string, values ...any),
) *feed {
	f := &feed{trace: trace, queue: make(chan *protocol.TimelineRecordFeedLinesWrapper, feedQueue), ended: make(chan struct{})}
	if address != "" {
		connection := *vss
		// A time limit for requests would end the connection.
		connection.Client = &http.Client{Transport: service.NewTransport()}
		f.socket = &logger.WebsocketLivelogger{JobRequest: request, Connection: &connection, FeedStreamURL: address}
	}
	if !runService {
		connection := *vss
		f.pipelines = &logger.VssLiveLogger{JobRequest: request, Connection: &connection}
	}
	go f.run()
	return f
}

func (f *feed) send(lines *protocol.TimelineRecordFeedLinesWrapper) {
	select {
	case f.queue <- lines:
	default:
	}
}

func (f *feed) run() {
	defer close(f.ended)
	for lines := range f.queue {
		if err := f.sendNow(lines); err != nil {
			f.trace("the live log cannot be sent: %s", service.Words(err))
		}
	}
	if f.socket != nil {
		_ = f.socket.Close()
	}
}

func (f *feed) sendNow(lines *protocol.TimelineRecordFeedLinesWrapper) error {
	var err error
	for f.socket != nil && f.failures < feedTries {
		if !f.connected {
			err = f.socket.Connect()
		}
		if err == nil {
			f.connected = true
			err = f.socket.SendLog(lines)
		}
		if err == nil {
			return nil
		}
		f.connected = false
		f.failures++
	}
	if f.pipelines != nil {
		return f.pipelines.SendLog(lines)
	}
	return err
}

// close ends it, for a limited time with what still waits.
func (f *feed) close() {
	close(f.queue)
	select {
	case <-f.ended:
	case <-time.After(feedEnd):
	}
}
