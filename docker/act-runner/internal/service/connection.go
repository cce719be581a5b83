package service

import (
	"context"
	"crypto/rsa"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/configuration"
)

// AcceptedVersion is the version that the services are told: they refuse old versions of GitHub's runner, and the version of the
// library says nothing in that order.
const AcceptedVersion = "3.0.0"

// ErrRegistrationGone means that the server knows no such runner, or no such key.
var ErrRegistrationGone = errors.New("the runner is not registered")

// ErrClockSkew means that this machine's clock and the server's are too far apart.
var ErrClockSkew = errors.New("the local machine's clock may be out of sync with the server time")

// margin is the time before the end of an access token when a new one is requested.
const margin = time.Minute

// Connection speaks to the services as a registered runner.
type Connection struct {
	client *http.Client
	agent  *protocol.TaskAgent
	key    *rsa.PrivateKey
	hide   func(secret string)

	mutex sync.Mutex
	token string
	until time.Time
}

// NewConnection is the connection of the runner with these credentials. Access tokens are passed to hide.
func NewConnection(settings configuration.Settings, credentials configuration.Credentials, key *rsa.PrivateKey,
	hide func(secret string),
) *Connection {
	agent := &protocol.TaskAgent{
		ID:   int64(settings.AgentID),
		Name: settings.AgentName,
		Authorization: protocol.TaskAgentAuthorization{
			ClientID:         credentials.Data.ClientID,
			AuthorizationURL: credentials.Data.AuthorizationURL,
		},
		Version:        AcceptedVersion,
		OSDescription:  OSDescription(),
		MaxParallelism: 1,
		Ephemeral:      bool(settings.Ephemeral),
		DisableUpdate:  bool(settings.DisableUpdate),
	}
	if credentials.Data.RequireFips {
		agent.Properties = protocol.PropertiesCollection{"RequireFipsCryptography": {Type: "System.Boolean", Value: true}}
	}
	return &Connection{client: NewClient(), agent: agent, key: key, hide: hide}
}

// Agent is the runner as a session describes it.
func (c *Connection) Agent() protocol.TaskAgent { return *c.agent }

// Key is the runner's.
func (c *Connection) Key() *rsa.PrivateKey { return c.key }

// Do does something with an authorized connection to a service. If the service does not accept the access token, it is done once
// more with a new one.
func (c *Connection) Do(ctx context.Context, address string, work func(vss *protocol.VssConnection) error) error {
	for attempt := 1; ; attempt++ {
		token, err := c.accessToken(ctx)
		if err != nil {
			return err
		}
		err = work(&protocol.VssConnection{Client: c.client, TenantURL: strings.TrimSuffix(address, "/"), Token: token})
		if StatusOf(err) != http.StatusUnauthorized || attempt == 2 {
			return err
		}
		c.Forget()
	}
}

// Forget requests a new access token for the next request.
func (c *Connection) Forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.token = ""
}

// Authorize checks that the server still knows the runner.
func (c *Connection) Authorize(ctx context.Context) error {
	_, err := c.accessToken(ctx)
	return err
}

func (c *Connection) accessToken(ctx context.Context) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.token != "" && time.Now().Before(c.until) {
		return c.token, nil
	}
	// The library makes text of what goes wrong, so it gets the answer as it is.
	plain := &http.Client{Timeout: timeout, Transport: cancelled{ctx, NewTransport()}}
	response, err := c.agent.Authorize(plain, c.key)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		switch text := err.Error(); {
		case strings.Contains(text, "Current server time is"):
			return "", ErrClockSkew
		case strings.Contains(text, "invalid_client"):
			return "", ErrRegistrationGone
		}
		return "", err
	}
	c.hide(response.AccessToken)
	c.token = response.AccessToken
	c.until = time.Now().Add(time.Duration(response.ExpiresIn)*time.Second - margin)
	return c.token, nil
}

// cancelled ends requests of a library that takes no context.
type cancelled struct {
	ctx  context.Context
	next http.RoundTripper
}

func (c cancelled) RoundTrip(request *http.Request) (*http.Response, error) {
	return c.next.RoundTrip(request.WithContext(c.ctx))
}
