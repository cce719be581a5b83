package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/regclient/regclient/types/errs"

	"runner-images/registry/internal/failure"
)

const (
	// documents is the largest manifest, list or token that is read.
	documents = 8 << 20
	// replayed is the largest body that is kept for another try.
	replayed = 4 << 20
	// tries of one request, the first included.
	tries = 4
	// redirects that are followed.
	redirects = 10
)

// Client is an HTTP client for the library.
type Client struct {
	// Ends requests for tokens, which the library makes without a context.
	life  context.Context
	watch *Watch
	base  http.RoundTripper
	// Before the second try; doubled before each further one.
	backOff time.Duration
	mu      sync.Mutex
	token   *failure.Error
}

// NewClient trusts the authorities of the system, or of SSL_CERT_FILE.
func NewClient(life context.Context, watch *Watch, backOff time.Duration) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = watch.dial
	// Several connections upload faster than one, and a broken one breaks one request.
	transport.ForceAttemptHTTP2 = false
	transport.MaxIdleConnsPerHost = 8
	return &Client{life: life, watch: watch, base: transport, backOff: backOff}
}

// HTTP is the client that the library uses.
func (c *Client) HTTP() *http.Client {
	return &http.Client{Transport: c, CheckRedirect: checkRedirect}
}

// checkRedirect keeps credentials from every other host. Go compares hosts without their ports, and would also give them to subdomains.
func checkRedirect(request *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	if len(via) >= redirects {
		return failure.New(failure.Redirect, "the registry redirects more than %d times", redirects)
	}
	if last.URL.Scheme == "https" && request.URL.Scheme != "https" {
		return errs.ErrHTTPRedirectRefused
	}
	if request.URL.Host == first.URL.Host && request.URL.Scheme == first.URL.Scheme {
		return nil
	}
	request.Header.Del("Authorization")
	request.Header.Del("Cookie")
	request.Header.Del("Referer")
	// A token is asked for with the credentials in the body, too.
	if traceOf(request.Context()) == nil && request.Method != http.MethodGet && request.Method != http.MethodHead {
		return failure.New(failure.Redirect, "the token server redirects to another host")
	}
	return nil
}

// RoundTrip sends a request, again if that may help, and limits the answer. The library's own repetitions are switched off: they lose the
// reason, ignore 503, and know no total limit.
func (c *Client) RoundTrip(request *http.Request) (*http.Response, error) {
	trace := traceOf(request.Context())
	if trace == nil {
		request = request.WithContext(c.life)
	}
	body, whole, err := kept(request)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		response, err := c.base.RoundTrip(renewed(request, body, whole))
		delay, again := c.delay(response, err, try)
		if err == nil && response.StatusCode < 400 {
			trace.answered(request.Method, response.StatusCode, nil, 0)
			if trace == nil {
				c.setToken(nil)
			}
			return limited(response, trace), nil
		}
		var said []byte
		if err == nil {
			said = c.refused(response, trace, delay)
			if trace == nil {
				c.setToken(failure.OfStatus(response.StatusCode, said, "the registry's token server"))
			}
		}
		left, hasTotal := c.watch.Remaining()
		if !again || !whole || (hasTotal && delay >= left) {
			if again && whole || try >= tries {
				trace.gaveUp()
			}
			if err != nil {
				if trace == nil {
					c.setToken(tokenUnreachable(err))
				}
				return nil, err
			}
			// The library would wait once more.
			response.Header.Del("Retry-After")
			response.Body = io.NopCloser(bytes.NewReader(said))
			return response, nil
		}
		if err := c.watch.Sleep(request.Context(), delay); err != nil {
			return nil, err
		}
	}
}

// kept is the request's body if it can be sent again.
func kept(request *http.Request) (body []byte, whole bool, err error) {
	if request.Body == nil || request.Body == http.NoBody {
		return nil, true, nil
	}
	// A part of a blob may have arrived, so it takes a new upload.
	if request.ContentLength < 0 || request.ContentLength > replayed || request.Header.Get("Content-Type") == "application/octet-stream" {
		return nil, false, nil
	}
	defer request.Body.Close()
	body, err = io.ReadAll(io.LimitReader(request.Body, replayed))
	return body, true, err
}

func renewed(request *http.Request, body []byte, whole bool) *http.Request {
	if !whole || body == nil {
		return request
	}
	clone := request.Clone(request.Context())
	clone.Body = io.NopCloser(bytes.NewReader(body))
	clone.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return clone
}

// delay is how long to wait before another try, if there should be one.
func (c *Client) delay(response *http.Response, err error, try int) (time.Duration, bool) {
	backOff := c.backOff << (try - 1)
	backOff += time.Duration(rand.Int64N(int64(backOff)/4 + 1))
	if err != nil {
		return backOff, try < tries && transient(err)
	}
	after := retryAfter(response.Header.Get("Retry-After"))
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		return max(after, backOff), try < tries
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return max(after, backOff), try < tries
	default:
		return 0, false
	}
}

// retryAfter reads the header's seconds or date.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1<<31)) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(date))
	}
	return 0
}

// refused reads why the registry did not do what it was asked, for the trace.
func (c *Client) refused(response *http.Response, trace *Trace, delay time.Duration) []byte {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	response.Body.Close()
	trace.answered(response.Request.Method, response.StatusCode, body, delay)
	return body
}

// limited is an answer of which no more than expected can be read.
func limited(response *http.Response, trace *Trace) *http.Response {
	limit := int64(documents)
	if trace != nil && trace.limit > 0 {
		limit = trace.limit
	}
	response.Body = &limitedBody{ReadCloser: response.Body, left: limit, limit: limit}
	return response
}

type limitedBody struct {
	io.ReadCloser
	left, limit int64
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, failure.New(failure.TooLarge, "the registry's answer has more than %d bytes", b.limit)
	}
	return n, err
}

func transient(err error) bool {
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return !lookup.IsNotFound
	}
	var dialed *net.OpError
	return isBroken(err) || errors.As(err, &dialed) && ofTransport(err) == nil
}

func isBroken(err error) bool {
	var timeout net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) || errors.Is(err, errs.ErrShortRead) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

func tokenUnreachable(err error) *failure.Error {
	found := ofTransport(err)
	if found == nil {
		found = ofNetwork(err)
	}
	if found == nil {
		return nil
	}
	found.Message = "the registry's token server: " + found.Message
	return found
}

func (c *Client) setToken(token *failure.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

func (c *Client) tokenFailure() *failure.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}
