package registration

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"strings"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/arguments"
	"runner-images/act-runner/internal/configuration"
	"runner-images/act-runner/internal/seconds"
	"runner-images/act-runner/internal/service"
	"runner-images/act-runner/internal/terminal"
)

// GitHub's limits.
const (
	longestName  = 64
	longestLabel = 256
	keyBits      = 2048
)

// Context is what both commands work with.
type Context struct {
	Store    configuration.Store
	Terminal *terminal.Terminal
	Seconds  seconds.Seconds
	// Version is what the runner calls itself.
	Version string
}

// Configure registers the runner, and records what it is registered as.
func Configure(ctx context.Context, given arguments.Arguments, c Context) error {
	if c.Store.IsConfigured() {
		return errors.New("Cannot configure the runner because it is already configured. To reconfigure the runner, run './config.sh remove' first.")
	}
	target, err := readURL(given.Value("url"))
	if err != nil {
		return err
	}
	token := given.Value("token")
	if token == "" {
		return errors.New("--token is missing: a registration token from the repository's settings.")
	}
	c.Terminal.Hide(token)
	name := given.Value("name")
	if name == "" {
		if name, err = os.Hostname(); err != nil {
			return err
		}
	}
	if len(name) > longestName {
		return fmt.Errorf("--name has %d characters; %d are allowed.", len(name), longestName)
	}
	labels, err := readLabels(given.Value("labels"), given.Flag("no-default-labels"))
	if err != nil {
		return err
	}

	c.Terminal.Line("github-act-runner %s, an unofficial runner.", c.Version)
	api := &api{target: target, token: token, client: service.NewClient(), terminal: c.Terminal, seconds: c.Seconds}
	c.Terminal.Section("Authentication")
	var connection struct {
		URL   string `json:"url"`
		Token string `json:"token"`
		V2    bool   `json:"use_v2_flow"`
	}
	if err := api.ask(ctx, "POST", "actions/runner-registration", event(target, "register"), &connection); err != nil {
		return err
	}
	c.Terminal.Hide(connection.Token)
	c.Terminal.Line("")
	c.Terminal.Success("Connected to GitHub")

	c.Terminal.Section("Runner Registration")
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	wanted := request{
		name: name, group: given.Value("runnergroup"), labels: labels, key: &key.PublicKey,
		replace: given.Flag("replace"), ephemeral: given.Flag("ephemeral"), disableUpdate: given.Flag("disableupdate"),
	}
	server := registrar(&admin{api})
	if !connection.V2 {
		server = newPool(api, connection.URL, connection.Token)
	}
	added, err := register(ctx, server, wanted, c.Terminal)
	if err != nil {
		return err
	}

	c.Terminal.Section("Runner settings")
	settings := configuration.Settings{
		AgentID:            configuration.Number(added.id),
		AgentName:          added.name,
		PoolID:             configuration.Number(added.group.id),
		PoolName:           added.group.name,
		DisableUpdate:      configuration.Bool(wanted.disableUpdate),
		Ephemeral:          configuration.Bool(wanted.ephemeral),
		ServerURL:          connection.URL,
		GitHubURL:          target.String(),
		WorkFolder:         given.Value("work"),
		UseV2Flow:          configuration.Bool(added.serverURL != ""),
		UseRunnerAdminFlow: configuration.Bool(connection.V2),
		ServerURLV2:        added.serverURL,
	}
	if settings.WorkFolder == "" {
		settings.WorkFolder = "_work"
	}
	credentials := configuration.Credentials{Scheme: "OAuth", Data: configuration.CredentialsData{
		ClientID: added.clientID, AuthorizationURL: added.authorizationURL, RequireFips: configuration.Bool(added.requireFips),
	}}
	if err := c.Store.Write(settings, credentials, key); err != nil {
		return err
	}
	c.Terminal.Line("")
	c.Terminal.Success("Settings Saved.")
	c.Terminal.Line("")
	return nil
}

// register finds the group and a runner of the same name, and adds or replaces the runner.
func register(ctx context.Context, server registrar, wanted request, terminal *terminal.Terminal) (registered, error) {
	groups, err := server.groups(ctx)
	if err != nil {
		return registered{}, err
	}
	chosen, err := choose(groups, wanted.group)
	if err != nil {
		return registered{}, err
	}
	existing, err := server.find(ctx, chosen, wanted.name)
	if err != nil {
		return registered{}, err
	}
	if existing != 0 {
		terminal.Line("A runner exists with the same name")
		if !wanted.replace {
			return registered{}, fmt.Errorf("A runner exists with the same name %s.", wanted.name)
		}
	}
	added, err := server.add(ctx, chosen, existing, wanted)
	if err != nil {
		return registered{}, err
	}
	if existing == 0 {
		terminal.Success("Runner successfully added")
	} else {
		terminal.Success("Successfully replaced the runner")
	}
	return added, nil
}

func choose(groups []group, wanted string) (group, error) {
	for _, each := range groups {
		if wanted == "" && each.usual || wanted != "" && strings.EqualFold(each.name, wanted) {
			return each, nil
		}
	}
	if wanted == "" {
		return group{}, errors.New("Could not find any self-hosted runner groups. Contact support.")
	}
	return group{}, fmt.Errorf("Could not find any self-hosted runner group named %q.", wanted)
}

// Remove removes the runner from the server's list, and its configuration. To do so twice is not an error.
func Remove(ctx context.Context, given arguments.Arguments, c Context) error {
	if given.Flag("local") {
		return c.removeFiles()
	}
	token := given.Value("token")
	if token == "" {
		return errors.New("--token is missing: a removal token, or --local to remove only the files of this machine.")
	}
	c.Terminal.Hide(token)
	c.Terminal.Section("Runner removal")
	settings, err := c.Store.Settings()
	if errors.Is(err, fs.ErrNotExist) {
		c.Terminal.Line("Cannot connect to server, because config files are missing. Skipping removing runner from the server.")
		return c.removeFiles()
	}
	if err != nil {
		return err
	}
	address := settings.GitHubURL
	if address == "" {
		address = settings.ServerURL
	}
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	api := &api{target: target, token: token, client: service.NewClient(), terminal: c.Terminal, seconds: c.Seconds}
	if err := remove(ctx, api, settings); err != nil {
		c.Terminal.Error("Failed: Removing runner from the server")
		if strings.Contains(err.Error(), "422") {
			return fmt.Errorf("Runner %q is still running a job. %w", settings.AgentName, err)
		}
		return err
	}
	c.Terminal.Line("")
	c.Terminal.Success("Runner removed successfully")
	return c.removeFiles()
}

func remove(ctx context.Context, api *api, settings configuration.Settings) error {
	var connection struct {
		URL   string `json:"url"`
		Token string `json:"token"`
	}
	if settings.UseRunnerAdminFlow {
		return api.ask(ctx, "DELETE", fmt.Sprintf("%s/actions/runners/%d", scope(api.target), settings.AgentID), nil, nil)
	}
	if err := api.ask(ctx, "POST", "actions/runner-registration", event(api.target, "remove"), &connection); err != nil {
		return err
	}
	api.terminal.Hide(connection.Token)
	server := newPool(api, connection.URL, connection.Token)
	return server.remove(ctx, int64(settings.PoolID), int64(settings.AgentID))
}

func (c Context) removeFiles() error {
	found, err := c.Store.Remove()
	if err != nil {
		return err
	}
	for _, name := range []string{configuration.CredentialsFile, configuration.SettingsFile} {
		if found {
			c.Terminal.Success("Removed %s", name)
		} else {
			c.Terminal.Line("Does not exist. Skipping Removing %s", name)
		}
	}
	return nil
}

func event(target *url.URL, what string) protocol.RunnerAddRemove {
	return protocol.RunnerAddRemove{URL: target.String(), RunnerEvent: what}
}

func readURL(given string) (*url.URL, error) {
	if given == "" {
		return nil, errors.New("--url is missing: the repository, organisation or enterprise to serve.")
	}
	wrong := func(why string) error {
		return fmt.Errorf("--url %s %s. Give one like https://github.com/OWNER/REPOSITORY or https://github.com/ORGANISATION.", given, why)
	}
	target, err := url.Parse(given)
	if err != nil || target.Host == "" && target.Scheme == "" {
		// What cannot be read may contain a password.
		return nil, errors.New("--url is not a URL. Give one like https://github.com/OWNER/REPOSITORY or https://github.com/ORGANISATION.")
	}
	if target.User != nil {
		return nil, errors.New("--url contains credentials; leave them out.")
	}
	if target.Scheme != "https" && target.Scheme != "http" {
		return nil, wrong("is neither https nor http")
	}
	path := strings.Trim(target.Path, "/")
	if path == "" || strings.Count(path, "/") > 1 {
		return nil, wrong("names no repository, organisation or enterprise")
	}
	target.Path = "/" + path
	return target, nil
}

func readLabels(given string, onlyGiven bool) ([]protocol.AgentLabel, error) {
	var labels []protocol.AgentLabel
	seen := map[string]bool{}
	add := func(name, kind string) {
		if lower := strings.ToLower(name); !seen[lower] {
			seen[lower] = true
			labels = append(labels, protocol.AgentLabel{Name: name, Type: kind})
		}
	}
	if !onlyGiven {
		for _, name := range []string{"self-hosted", "Linux", service.Architecture()} {
			add(name, "System")
		}
	} else if given == "" {
		return nil, errors.New("--no-default-labels needs labels of your own: --labels")
	}
	for _, label := range strings.Split(given, ",") {
		label = strings.TrimSpace(label)
		switch {
		case given == "":
		case label == "":
			return nil, fmt.Errorf("--labels %s has an empty label.", given)
		case len(label) > longestLabel:
			return nil, fmt.Errorf("--labels has a label of more than %d characters.", longestLabel)
		default:
			add(label, "User")
		}
	}
	return labels, nil
}

// publicXML is a public key as the API takes it.
func publicXML(key *rsa.PublicKey) string {
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("<RSAKeyValue><Modulus>%s</Modulus><Exponent>%s</Exponent></RSAKeyValue>",
		text(key.N.Bytes()), text(big.NewInt(int64(key.E)).Bytes()))
}
