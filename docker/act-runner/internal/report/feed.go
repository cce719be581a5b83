package report

import (
	"net/http"

	"github.com/ChristopherHX/github-act-runner/protocol"
	"github.com/ChristopherHX/github-act-runner/protocol/logger"
)

// feedTries of reaching the live view: a proxy may not let it through.
const feedTries = 3

// feed sends lines to the live view of the log: over a WebSocket, or to the pipelines service.
type feed struct {
	socket    *logger.WebsocketLivelogger
	pipelines logger.LiveLogger
	connected bool
	failures  int
}

func newFeed(request *protocol.AgentJobRequestMessage, vss *protocol.VssConnection, address string, runService bool) *feed {
	f := &feed{}
	if address != "" {
		connection := *vss
		// A time limit for requests would end the connection.
		connection.Client = &http.Client{Transport: http.DefaultTransport}
		f.socket = &logger.WebsocketLivelogger{JobRequest: request, Connection: &connection, FeedStreamURL: address}
	}
	if !runService {
		f.pipelines = &logger.VssLiveLogger{JobRequest: request, Connection: vss}
	}
	return f
}

func (f *feed) send(lines *protocol.TimelineRecordFeedLinesWrapper) error {
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

func (f *feed) close() {
	if f.socket != nil {
		_ = f.socket.Close()
	}
}
