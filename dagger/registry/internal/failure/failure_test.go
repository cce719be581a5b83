package failure

import (
	"strings"
	"testing"
)

func TestSaid(t *testing.T) {
	for body, expected := range map[string]string{
		`{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`:        "manifest unknown",
		`{"errors":[{"code":"DENIED","message":"not yours"},{"code":"UNAUTHORIZED"}]}`: "denied: not yours; unauthorized",
		`{"errors":[{"message":"of another form"}]}`:                                   "of another form",
		`{"details":"incorrect username or password"}`:                                 "incorrect username or password",
		`{"message":"no"}`:                      "no",
		`{}`:                                    "",
		"":                                      "",
		"Too many\n\x1b[31mrequests\x1b[0m\r\n": "Too many [31mrequests [0m",
		"<html><body>A page</body></html>":      "",
		"\xff\xfe":                              "",
		strings.Repeat("x", 1000):               strings.Repeat("x", longest) + "…",
		`{"errors":[{"code":"X","message":"a\u001b]0;title\u0007b"}]}`: "x: a ]0;title b",
	} {
		if found := Said([]byte(body)); found != expected {
			t.Errorf("%q: %q, not %q", body, found, expected)
		}
	}
}
