package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/ChristopherHX/github-act-runner/protocol"
)

// AskResource asks for a resource of the pipelines service, which says where it has which. The library does so as well, but waits
// for a service that does not answer for as long as it takes.
func AskResource(ctx context.Context, vss *protocol.VssConnection, method, resource, version string,
	path, query map[string]string, body, into any,
) error {
	var data protocol.ConnectionData
	address := strings.TrimSuffix(vss.TenantURL, "/") + "/_apis/connectionData?connectOptions=1&lastChangeId=-1&lastChangeId64=-1"
	if err := vss.RequestWithContext2(ctx, "GET", address, "1.0", nil, &data); err != nil {
		return err
	}
	definition := data.GetServiceDefinition(resource)
	if definition == nil {
		return fmt.Errorf("the service %s has no resource %s", vss.TenantURL, resource)
	}
	parameters := map[string]string{"area": definition.ServiceType, "resource": definition.DisplayName}
	for name, value := range path {
		parameters[name] = value
	}
	address, err := vss.BuildURL(definition.RelativePath, parameters, query)
	if err != nil {
		return err
	}
	return vss.RequestWithContext2(ctx, method, address, version, body, into)
}
