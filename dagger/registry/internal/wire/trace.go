package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/regclient/regclient/types/errs"

	"runner-images/registry/internal/failure"
)

type traceKey struct{}

// Trace remembers how one operation's last request went: the library's errors have the status as text only.
type Trace struct {
	mu         sync.Mutex
	limit      int64
	status     int
	body       []byte
	retryAfter time.Duration
	exhausted  bool
	uploads    bool
	client     *Client
}

// Begin starts an operation with one or more requests.
//
// limit is the largest answer in bytes that is read; 0 for that of documents.
func (c *Client) Begin(ctx context.Context, limit int64) (context.Context, *Trace) {
	trace := &Trace{limit: limit, client: c}
	return context.WithValue(ctx, traceKey{}, trace), trace
}

// BeginUpload starts an operation in which a deletion is only the library's way to give up.
func (c *Client) BeginUpload(ctx context.Context) (context.Context, *Trace) {
	traced, trace := c.Begin(ctx, 0)
	trace.uploads = true
	return traced, trace
}

func traceOf(ctx context.Context) *Trace {
	trace, _ := ctx.Value(traceKey{}).(*Trace)
	return trace
}

func (t *Trace) answered(method string, status int, body []byte, retryAfter time.Duration) {
	if t == nil || (t.uploads && method == http.MethodDelete) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status, t.body, t.retryAfter = status, body, retryAfter
}

func (t *Trace) gaveUp() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exhausted = true
}

// Exhausted says whether a request was already repeated as often as it makes sense.
func (t *Trace) Exhausted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.exhausted
}

// RetryAfter is how long the registry wants to be left alone, or 0.
func (t *Trace) RetryAfter() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.retryAfter
}

// Explain is the reason for an error of the library.
func (t *Trace) Explain(err error) *failure.Error {
	var known *failure.Error
	if errors.As(err, &known) {
		return known
	}
	if found := ofTransport(err); found != nil {
		return found
	}
	t.mu.Lock()
	status, body := t.status, t.body
	t.mu.Unlock()
	if status == http.StatusUnauthorized {
		// The token server's refusal says more than the challenge that led to it.
		if token := t.client.tokenFailure(); token != nil {
			return token
		}
	}
	if status >= 300 {
		return failure.OfStatus(status, body, "the registry")
	}
	if errors.Is(err, errs.ErrDigestMismatch) {
		return failure.New(failure.DigestMismatch, "%w", err)
	}
	if errors.Is(err, context.Canceled) {
		return failure.New(failure.Interrupted, "it was interrupted")
	}
	if found := ofNetwork(err); found != nil {
		return found
	}
	return failure.New(failure.Invalid, "the registry's answer cannot be used: %w", err)
}

// ofTransport finds what can only go wrong in one way.
func ofTransport(err error) *failure.Error {
	var header tls.RecordHeaderError
	if errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &header) {
		return failure.New(failure.NotTLS, "the server does not speak TLS")
	}
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		hostname     x509.HostnameError
	)
	switch {
	case errors.As(err, &authority):
		return failure.New(failure.Certificate, "%w", authority)
	case errors.As(err, &invalid):
		return failure.New(failure.Certificate, "%w", invalid)
	case errors.As(err, &hostname):
		return failure.New(failure.Certificate, "%w", hostname)
	case errors.As(err, &verification):
		return failure.New(failure.Certificate, "%w", verification)
	case errors.Is(err, errs.ErrHTTPRedirectRefused):
		return failure.New(failure.Redirect, "the registry redirects to an address on this machine, or without TLS")
	}
	return nil
}

func ofNetwork(err error) *failure.Error {
	var (
		lookup *net.DNSError
		dialed *net.OpError
	)
	switch {
	case errors.As(err, &lookup):
		return failure.New(failure.Unreachable, "%w", lookup)
	case errors.As(err, &dialed) && dialed.Op == "dial":
		return failure.New(failure.Unreachable, "%w", dialed)
	case isBroken(err):
		return failure.New(failure.Connection, "the connection broke: %w", root(err))
	}
	return nil
}

// root is the innermost error, without the addresses of requests, which may have a signature in them.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
