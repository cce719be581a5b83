// Package service speaks to GitHub's services, in the words that GitHub's runner has for what goes wrong there.
package service

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

// StatusError is an answer that is not a success.
type StatusError struct {
	Method, URL, RequestID, Body string
	Status                       int
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("Response status code does not indicate success: %d (%s).", e.Status, http.StatusText(e.Status))
}

// Line is what GitHub's runner says about such an answer. This project's start-up program looks for it.
func (e *StatusError) Line() string {
	name := strings.NewReplacer(" ", "", "-", "", "'", "").Replace(http.StatusText(e.Status))
	return fmt.Sprintf("Http response code: %s from '%s %s' (Request Id: %s)", name, e.Method, e.URL, e.RequestID)
}

// Problem is what a service says about its refusal.
type Problem struct {
	// Kind is RunnerNotFound, for example; only the broker has kinds.
	Kind    string
	Message string
}

// Problem reads the answer's body.
func (e *StatusError) Problem() Problem {
	var body struct{ ErrorKind, ErrorMessage, Message string }
	_ = json.Unmarshal([]byte(e.Body), &body)
	message := body.ErrorMessage
	if message == "" {
		message = body.Message
	}
	if message == "" {
		message = e.Error()
	}
	return Problem{Kind: body.ErrorKind, Message: message}
}

// StatusOf is the status of an answer that caused an error; 0 if there was no answer.
func StatusOf(err error) int {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Status
	}
	return 0
}

const (
	// timeout is that of GitHub's runner. A question for a message is open for less than a minute.
	timeout = 100 * time.Second
	// bodyLimit bounds what is kept of a refusal.
	bodyLimit = 64 * 1024
)

// NewClient is a client whose requests fail with a StatusError if the answer is not a success. Proxies and authorities come from
// the environment: HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE.
func NewClient() *http.Client {
	return &http.Client{Timeout: timeout, Transport: refusals{NewTransport()}}
}

// NoVerify makes the runner accept every certificate.
const NoVerify = "GITHUB_ACTIONS_RUNNER_TLS_NO_VERIFY"

// NewTransport is how all connections of the runner are made.
func NewTransport() http.RoundTripper {
	own := http.DefaultTransport.(*http.Transport).Clone()
	if value := os.Getenv(NoVerify); value == "1" || strings.EqualFold(value, "true") {
		own.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	// A connection that was idle for long may be one that a proxy or a firewall closed without a word.
	own.IdleConnTimeout = 10 * time.Second
	return own
}

// refusals makes errors of answers. The library for the protocol would make text of them.
type refusals struct{ next http.RoundTripper }

func (r refusals) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	address := *request.URL
	address.User, address.RawQuery = nil, ""
	return nil, &StatusError{
		Method:    request.Method,
		URL:       address.String(),
		RequestID: response.Header.Get("x-github-request-id"),
		Body:      string(body),
		Status:    response.StatusCode,
	}
}

// words are those of GitHub's runner, whose library has others than Go's.
var words = []struct {
	pattern *regexp.Regexp
	text    string
}{
	{regexp.MustCompile(`connection refused`), "Connection refused"},
	{regexp.MustCompile(`no route to host`), "No route to host"},
	{regexp.MustCompile(`network is unreachable`), "Network is unreachable"},
	{regexp.MustCompile(`no such host`), "Name or service not known"},
	{regexp.MustCompile(`server misbehaving|Temporary failure in name resolution`), "Temporary failure in name resolution"},
	{regexp.MustCompile(`x509: |tls: `), "The SSL connection could not be established, see inner exception."},
	{regexp.MustCompile(`connection reset|broken pipe|\bEOF\b|closed network connection|server closed`),
		"An error occurred while sending the request. The response ended prematurely."},
	{regexp.MustCompile(`Client\.Timeout|i/o timeout|deadline exceeded|handshake timeout|connection timed out`),
		"The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing."},
}

var address = regexp.MustCompile(`"https?://([^/"?]+)`)

// Words says why a request failed.
func Words(err error) string {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Problem().Message
	}
	text := err.Error()
	for _, each := range words {
		if !each.pattern.MatchString(text) {
			continue
		}
		said := each.text
		if each.text == words[5].text {
			// Which certificate it is about, nobody could guess.
			said += " " + text[strings.LastIndex(text, "\": ")+1:]
		}
		if host := address.FindStringSubmatch(text); host != nil {
			return fmt.Sprintf("%s (%s)", said, host[1])
		}
		return said
	}
	return text
}
