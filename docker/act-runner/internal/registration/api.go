// Package registration registers the runner with GitHub, and removes it.
package registration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
	"runner-images/act-runner/internal/terminal"
)

// tries of one request.
const tries = 3

// api asks GitHub's API, with a registration or removal token.
type api struct {
	target   *url.URL
	token    string
	client   *http.Client
	terminal *terminal.Terminal
	seconds  seconds.Seconds
}

var hosted = regexp.MustCompile(`^((www\.)?github\.com|github\.localhost|.*\.ghe\.(com|localhost))$`)

// base is where the API of the target's server is: https://api.github.com, or https://HOST/api/v3.
func base(target *url.URL) string {
	if hosted.MatchString(strings.ToLower(target.Hostname())) && os.Getenv("GITHUB_ACTIONS_RUNNER_FORCE_GHES") != "1" {
		return fmt.Sprintf("%s://api.%s", target.Scheme, strings.TrimPrefix(target.Host, "www."))
	}
	return fmt.Sprintf("%s://%s/api/v3", target.Scheme, target.Host)
}

// scope is the target's part of the API: repos/octo/example.
func scope(target *url.URL) string {
	parts := strings.Split(strings.Trim(target.Path, "/"), "/")
	switch {
	case len(parts) == 1:
		return "orgs/" + parts[0]
	case strings.EqualFold(parts[0], "enterprises"):
		return strings.Join(parts, "/")
	default:
		return "repos/" + strings.Join(parts, "/")
	}
}

// ask asks for something below the API's address.
func (a *api) ask(ctx context.Context, method, path string, body, into any) error {
	return a.try(ctx, func() error { return a.once(ctx, method, base(a.target)+"/"+path, body, into) })
}

// try asks up to three times, and says each time what was wrong. No answer to a 404 changes that soon.
func (a *api) try(ctx context.Context, once func() error) error {
	for attempt := 1; ; attempt++ {
		err := once()
		if err == nil {
			return nil
		}
		var status *service.StatusError
		if errors.As(err, &status) {
			a.terminal.Error("%s", status.Line())
			a.terminal.Error("%s", status.Body)
			err = errors.New(status.Error())
		} else {
			err = errors.New(service.Words(err))
		}
		if attempt == tries || status != nil && status.Status == http.StatusNotFound {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(a.seconds.Configure):
		}
	}
}

func (a *api) once(ctx context.Context, method, address string, body, into any) error {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, address, &text)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "RemoteAuth "+a.token)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "github-act-runner")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}
