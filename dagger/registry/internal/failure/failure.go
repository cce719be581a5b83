// Package failure says why something with a registry did not work, as data.
package failure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what callers decide by. The texts beside it are for people.
type Kind string

const (
	Unauthorized   Kind = "unauthorized"    // The credentials are wrong or missing.
	Forbidden      Kind = "forbidden"       // The account may not do this.
	NotFound       Kind = "not-found"       // There is no such repository, manifest or blob.
	RateLimited    Kind = "rate-limited"    // Too many requests, and the registry wants to be asked much later.
	Refused        Kind = "refused"         // The registry does not accept what it was sent.
	Unsupported    Kind = "unsupported"     // The registry cannot do this.
	Server         Kind = "server"          // The registry has a problem of its own.
	NotTLS         Kind = "not-tls"         // The registry speaks plain HTTP.
	Certificate    Kind = "certificate"     // The registry's certificate is not trusted.
	Unreachable    Kind = "unreachable"     // No connection: unknown name, refused, no route.
	Connection     Kind = "connection"      // A connection broke.
	Redirect       Kind = "redirect"        // The registry leads to where no request may go.
	TooLarge       Kind = "too-large"       // An answer is larger than anything that is expected.
	DigestMismatch Kind = "digest-mismatch" // What the registry returns is not what was asked for.
	Invalid        Kind = "invalid"         // The registry's answer cannot be understood.
	Silence        Kind = "silence"         // Nothing was transferred for too long.
	Total          Kind = "total"           // It took too long altogether.
	Interrupted    Kind = "interrupted"     // This program was asked to end.
	Local          Kind = "local"           // A file of this machine cannot be read or written, or has the wrong content.
	Usage          Kind = "usage"           // This program was called wrong.
	Unknown        Kind = "unknown"
)

// Error is what the program prints.
type Error struct {
	Kind Kind `json:"kind"`
	// What happened, without what was to be done.
	Message string `json:"message"`
	// HTTP status of the answer that failed, or 0.
	Status int `json:"status,omitempty"`
	// The registry's own words.
	Said string `json:"said,omitempty"`
	// What was to be done.
	Action string `json:"action,omitempty"`
	// A limit that was reached.
	Seconds float64 `json:"seconds,omitempty"`
	cause   error
}

func (e *Error) Error() string {
	if e.Action == "" {
		return e.Message
	}
	return e.Action + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// New is an error that this program finds out by itself.
func New(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), cause: errors.Unwrap(err)}
}

// Is says whether an error is of one of these kinds.
func Is(err error, kinds ...Kind) bool {
	var failure *Error
	if !errors.As(err, &failure) {
		return false
	}
	for _, kind := range kinds {
		if failure.Kind == kind {
			return true
		}
	}
	return false
}

// OfStatus is the error for an answer of a registry, or of its token server.
func OfStatus(status int, body []byte, who string) *Error {
	said := Said(body)
	message := fmt.Sprintf("%s answered %d %s", who, status, http.StatusText(status))
	if said != "" {
		message += ": " + said
	}
	return &Error{Kind: kindOf(status), Message: message, Status: status, Said: said}
}

func kindOf(status int) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return Unauthorized
	case status == http.StatusForbidden:
		return Forbidden
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented:
		return Unsupported
	case status >= 500 || status == http.StatusRequestTimeout:
		return Server
	default:
		return Refused
	}
}

// longest is the number of characters of a registry's message that are shown.
const longest = 400

// Said is a registry's message in a body: the specification's list of errors, or the first line of any other text.
func Said(body []byte) string {
	var listed struct {
		Errors []struct{ Code, Message string } `json:"errors"`
		// Token servers.
		Details string `json:"details"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &listed) == nil {
		texts := []string{}
		for _, each := range listed.Errors {
			// The code is there even where there is no message, and is often the same.
			text := strings.ToLower(strings.ReplaceAll(each.Code, "_", " "))
			if !strings.EqualFold(text, each.Message) {
				text = strings.Trim(text+": "+each.Message, ": ")
			}
			texts = append(texts, text)
		}
		for _, other := range []string{listed.Details, listed.Message} {
			if len(texts) == 0 && other != "" {
				texts = append(texts, other)
			}
		}
		return plain(strings.Join(texts, "; "))
	}
	if strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
		return "" // A page for browsers.
	}
	return plain(string(body))
}

// plain has no character that a terminal obeys, and is not long.
func plain(text string) string {
	if !utf8.ValidString(text) {
		return ""
	}
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	runes := []rune(line)
	if len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return line
}
