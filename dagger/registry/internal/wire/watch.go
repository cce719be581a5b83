// Package wire is the way to a registry: an HTTP client that counts, limits, retries and keeps credentials where they belong.
package wire

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"runner-images/registry/internal/failure"
)

// Limits of one run of the program. Zero is no limit.
type Limits struct {
	// The longest time in which no byte is transferred.
	Silence time.Duration
	// Of everything, waiting and repeating included.
	Total time.Duration
}

// Watch counts what is transferred, and notices when nothing is.
type Watch struct {
	limits   Limits
	start    time.Time
	last     atomic.Int64
	waiting  atomic.Int32
	sent     atomic.Int64
	received atomic.Int64
}

// NewWatch starts to count.
func NewWatch(limits Limits) *Watch {
	w := &Watch{limits: limits, start: time.Now()}
	w.Touch()
	return w
}

// Touch says that there is progress.
func (w *Watch) Touch() { w.last.Store(time.Now().UnixNano()) }

// Traffic is what was sent and received so far, in bytes.
func (w *Watch) Traffic() (sent, received int64) { return w.sent.Load(), w.received.Load() }

// Remaining is the time until the total limit; ok is false without one.
func (w *Watch) Remaining() (left time.Duration, ok bool) {
	if w.limits.Total == 0 {
		return 0, false
	}
	return w.limits.Total - time.Since(w.start), true
}

// Sleep waits on purpose, which is no silence.
func (w *Watch) Sleep(ctx context.Context, duration time.Duration) error {
	w.waiting.Add(1)
	defer func() {
		w.Touch()
		w.waiting.Add(-1)
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

// Exceeded waits until a limit is reached or the context ends.
func (w *Watch) Exceeded(ctx context.Context) *failure.Error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if left, limited := w.Remaining(); limited && left <= 0 {
			return limit(failure.Total, w.limits.Total, "it did not finish within %v seconds")
		}
		silent := time.Since(time.Unix(0, w.last.Load()))
		if w.limits.Silence > 0 && w.waiting.Load() == 0 && silent >= w.limits.Silence {
			return limit(failure.Silence, w.limits.Silence, "nothing was transferred for %v seconds")
		}
	}
}

func limit(kind failure.Kind, after time.Duration, text string) *failure.Error {
	err := failure.New(kind, text, after.Seconds())
	err.Seconds = after.Seconds()
	return err
}

// dial opens connections whose bytes are counted.
func (w *Watch) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &counted{Conn: conn, watch: w}, nil
}

type counted struct {
	net.Conn
	watch *Watch
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.watch.moved(&c.watch.received, n)
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.watch.moved(&c.watch.sent, n)
	return n, err
}

func (w *Watch) moved(counter *atomic.Int64, n int) {
	if n > 0 {
		counter.Add(int64(n))
		w.Touch()
	}
}
