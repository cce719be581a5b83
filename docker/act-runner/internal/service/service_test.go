package service

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/configuration"
)

func TestRefusals(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("x-github-request-id", "ABC:1")
		response.WriteHeader(http.StatusNotFound)
		fmt.Fprint(response, `{"source":"actions-broker-listener","errorKind":"RunnerNotFound","errorMessage":"gone"}`)
	}))
	defer server.Close()
	_, err := NewClient().Get(server.URL + "/a?token=secret")
	var status *StatusError
	if !errors.As(err, &status) {
		t.Fatal(err)
	}
	if line := status.Line(); line != "Http response code: NotFound from 'GET "+server.URL+"/a' (Request Id: ABC:1)" {
		t.Error(line)
	}
	if status.Error() != "Response status code does not indicate success: 404 (Not Found)." || StatusOf(err) != 404 {
		t.Error(status.Error())
	}
	if status.Problem() != (Problem{Kind: "RunnerNotFound", Message: "gone"}) {
		t.Errorf("%+v", status.Problem())
	}
}

func TestNoVerify(t *testing.T) {
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	for value, accepted := range map[string]bool{"1": true, "True": true, "0": false, "": false} {
		t.Setenv(NoVerify, value)
		_, err := NewClient().Get(secure.URL)
		if StatusOf(err) == http.StatusNotFound != accepted {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestWords(t *testing.T) {
	refused := httptest.NewServer(nil)
	refused.Close()
	_, err := NewClient().Get(refused.URL)
	host := strings.TrimPrefix(refused.URL, "http://")
	if got := Words(err); got != "Connection refused ("+host+")" {
		t.Error(got)
	}
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	_, err = NewClient().Get(secure.URL)
	if got := Words(err); !strings.HasPrefix(got, "The SSL connection could not be established, see inner exception.") ||
		!strings.Contains(got, "x509: ") || strings.Contains(got, "https://") {
		t.Error(got)
	}
	closing := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		connection, _, _ := http.NewResponseController(response).Hijack()
		connection.Close()
	}))
	defer closing.Close()
	_, err = NewClient().Get(closing.URL)
	if got := Words(err); !strings.Contains(got, "response ended prematurely. (127.0.0.1:") {
		t.Error(got)
	}
	if got := Words(errors.New("something else")); got != "something else" {
		t.Error(got)
	}
}

func TestConnection(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	answer, asked := `{"access_token":"one","expires_in":3600}`, 0
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		asked++
		if strings.Contains(answer, `"error"`) {
			response.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(response, answer)
	}))
	defer server.Close()
	var hidden []string
	credentials := configuration.Credentials{Data: configuration.CredentialsData{ClientID: "c", AuthorizationURL: server.URL}}
	connection := NewConnection(configuration.Settings{}, credentials, key, func(secret string) { hidden = append(hidden, secret) })
	tokens := []string{}
	use := func(vss *protocol.VssConnection) error {
		tokens = append(tokens, vss.Token)
		if vss.Token == "one" {
			answer = `{"access_token":"two","expires_in":3600}`
			return &StatusError{Status: http.StatusUnauthorized}
		}
		return nil
	}
	for range 2 {
		if err := connection.Do(context.Background(), "http://service/", use); err != nil {
			t.Error(err)
		}
	}
	if fmt.Sprint(tokens, hidden, asked) != "[one two two] [one two] 2" {
		t.Error(tokens, hidden, asked)
	}
	for text, want := range map[string]error{
		`{"error":"invalid_client"}`: ErrRegistrationGone,
		`{"error":"invalid_grant","error_description":"The bearer token expired on x. Current server time is y."}`: ErrClockSkew,
	} {
		answer = text
		connection.Forget()
		if err := connection.Authorize(context.Background()); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	server.Close()
	if err := connection.Authorize(context.Background()); err == nil || !strings.HasPrefix(Words(err), "Connection refused") {
		t.Error(err)
	}
}
