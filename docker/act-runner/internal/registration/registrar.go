package registration

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/ChristopherHX/github-act-runner/protocol"

	"runner-images/act-runner/internal/service"
)

// request is the runner that is wanted.
type request struct {
	name, group                       string
	labels                            []protocol.AgentLabel
	key                               *rsa.PublicKey
	replace, ephemeral, disableUpdate bool
}

type group struct {
	id    int64
	name  string
	usual bool
}

// registered is a runner on the server's list.
type registered struct {
	id                         int64
	name                       string
	group                      group
	clientID, authorizationURL string
	// serverURL is where jobs are asked for, if that is not the pool.
	serverURL   string
	requireFips bool
}

// registrar is a service that has a list of runners.
type registrar interface {
	groups(ctx context.Context) ([]group, error)
	// find is the id of the runner of that name; 0 if there is none.
	find(ctx context.Context, group group, name string) (int64, error)
	// add adds a runner, or replaces the existing one.
	add(ctx context.Context, group group, existing int64, wanted request) (registered, error)
}

// admin is GitHub's API (the flow V2).
type admin struct{ api *api }

func (a *admin) groups(ctx context.Context) ([]group, error) {
	var list protocol.RunnerGroupList
	if err := a.api.ask(ctx, "GET", scope(a.api.target)+"/actions/runner-groups", nil, &list); err != nil {
		return nil, err
	}
	var groups []group
	for _, each := range list.RunnerGroups {
		if !each.IsHosted {
			groups = append(groups, group{id: int64(each.Id), name: each.Name, usual: each.IsDefault})
		}
	}
	return groups, nil
}

func (a *admin) find(ctx context.Context, _ group, name string) (int64, error) {
	var list protocol.ListRunnersResponse
	path := fmt.Sprintf("%s/actions/runners?name=%s", scope(a.api.target), url.QueryEscape(name))
	if err := a.api.ask(ctx, "GET", path, nil, &list); err != nil || len(list.Runners) == 0 {
		return 0, err
	}
	return list.Runners[0].Id, nil
}

func (a *admin) add(ctx context.Context, group group, existing int64, wanted request) (registered, error) {
	body := map[string]any{
		"url":              a.api.target.String(),
		"group_id":         group.id,
		"name":             wanted.name,
		"version":          service.AcceptedVersion,
		"updates_disabled": wanted.disableUpdate,
		"ephemeral":        wanted.ephemeral,
		"labels":           labelsOf(wanted.labels),
		"public_key":       publicXML(wanted.key),
	}
	if existing != 0 {
		body["runner_id"], body["replace"] = existing, true
	}
	var runner protocol.Runner
	if err := a.api.ask(ctx, "POST", "actions/runners/register", body, &runner); err != nil {
		return registered{}, err
	}
	return registered{
		id: runner.Id, name: wanted.name, group: group,
		clientID: runner.Authorization.ClientId, authorizationURL: runner.Authorization.AuthorizationURL,
		serverURL: runner.Authorization.ServerURL,
		// As GitHub's runner does: its services know both ways.
		requireFips: true,
	}, nil
}

// labelsOf has the API's spelling of the names, which the library's type has not.
func labelsOf(labels []protocol.AgentLabel) []map[string]string {
	var result []map[string]string
	for _, label := range labels {
		result = append(result, map[string]string{"name": label.Name, "type": label.Type})
	}
	return result
}

// Resources of the pipelines service, by their identifiers.
const (
	poolsResource  = "a8c47e17-4d56-4a56-92bb-de7ea7dc65be"
	agentsResource = "e298ef32-5878-4cab-993c-043836571f42"
)

// pool is the pipelines service (the flow before V2, which servers of one's own may still have).
type pool struct {
	api *api
	vss *protocol.VssConnection
}

func newPool(api *api, address, token string) *pool {
	return &pool{api: api, vss: &protocol.VssConnection{Client: api.client, TenantURL: address, Token: token}}
}

func (p *pool) groups(ctx context.Context) ([]group, error) {
	var list protocol.TaskAgentPools
	if err := p.ask(ctx, "GET", poolsResource, "5.1-preview.1", nil, nil, nil, &list); err != nil {
		return nil, err
	}
	var groups []group
	for _, each := range list.Value {
		if !each.IsHosted {
			groups = append(groups, group{id: each.ID, name: each.Name, usual: each.IsInternal})
		}
	}
	return groups, nil
}

func (p *pool) find(ctx context.Context, group group, name string) (int64, error) {
	var list protocol.TaskAgents
	path := map[string]string{"poolId": fmt.Sprint(group.id)}
	if err := p.ask(ctx, "GET", agentsResource, "6.0-preview.2", path, map[string]string{"agentName": name}, nil, &list); err != nil ||
		len(list.Value) == 0 {
		return 0, err
	}
	return list.Value[0].ID, nil
}

func (p *pool) add(ctx context.Context, group group, existing int64, wanted request) (registered, error) {
	agent := &protocol.TaskAgent{
		ID:                existing,
		Name:              wanted.name,
		Version:           service.AcceptedVersion,
		OSDescription:     service.OSDescription(),
		Labels:            wanted.labels,
		MaxParallelism:    1,
		ProvisioningState: "Provisioned",
		CreatedOn:         time.Now().UTC().Format(protocol.TimestampOutputFormat),
		Ephemeral:         wanted.ephemeral,
		DisableUpdate:     wanted.disableUpdate,
	}
	agent.Authorization.PublicKey = protocol.TaskAgentPublicKey{
		Modulus:  base64.StdEncoding.EncodeToString(wanted.key.N.Bytes()),
		Exponent: base64.StdEncoding.EncodeToString(big.NewInt(int64(wanted.key.E)).Bytes()),
	}
	method, path := "POST", map[string]string{"poolId": fmt.Sprint(group.id)}
	if existing != 0 {
		method, path["agentId"] = "PUT", fmt.Sprint(existing)
	}
	if err := p.ask(ctx, method, agentsResource, "6.0-preview.2", path, nil, agent, agent); err != nil {
		return registered{}, err
	}
	if wanted.ephemeral && !agent.Ephemeral {
		return registered{}, fmt.Errorf("The GitHub server does not support configuring a self-hosted runner with 'Ephemeral' flag.")
	}
	serverURL, _ := agent.Properties.LookupString("ServerUrlV2")
	if v2, there := agent.Properties.LookupBool("UseV2Flow"); !there || !v2 {
		serverURL = ""
	}
	requireFips, there := agent.Properties.LookupBool("RequireFipsCryptography")
	return registered{
		id: agent.ID, name: agent.Name, group: group,
		clientID: agent.Authorization.ClientID, authorizationURL: agent.Authorization.AuthorizationURL,
		serverURL: serverURL, requireFips: requireFips || !there,
	}, nil
}

func (p *pool) remove(ctx context.Context, group, id int64) error {
	path := map[string]string{"poolId": fmt.Sprint(group), "agentId": fmt.Sprint(id)}
	return p.ask(ctx, "DELETE", agentsResource, "6.0-preview.2", path, nil, nil, nil)
}

func (p *pool) ask(ctx context.Context, method, resource, version string, path, query map[string]string, body, into any) error {
	return p.api.try(ctx, func() error {
		return service.AskResource(ctx, p.vss, method, resource, version, path, query, body, into)
	})
}
