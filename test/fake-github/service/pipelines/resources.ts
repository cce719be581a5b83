/**
 * Resources of the pipelines service: identifiers by which runners ask where they are, and their paths.
 *
 * https://github.com/actions/runner, `TaskResourceIds.cs`
 */
export const RESOURCES = {
  agents: ["e298ef32-5878-4cab-993c-043836571f42", "distributedtask/pools/{poolId}/agents/{agentId}"],
  pools: ["a8c47e17-4d56-4a56-92bb-de7ea7dc65be", "distributedtask/pools/{poolId}"],
  sessions: ["134e239e-2df3-4794-a6f6-24f1f19ec8dc", "distributedtask/pools/{poolId}/sessions/{sessionId}"],
  messages: ["c3a054f6-7a8a-49c0-944e-3a8e5d7adfd7", "distributedtask/pools/{poolId}/messages/{messageId}"],
  jobrequests: ["fc825784-c92a-4299-9221-998a02d1b54f", "distributedtask/pools/{poolId}/jobrequests/{requestId}"],
  events: [
    "557624af-b29e-4c20-8ab0-0399d2204f3f",
    "{scopeIdentifier}/distributedtask/hubs/{hubName}/plans/{planId}/events",
  ],
  records: [
    "8893bc5b-35b2-4be7-83cb-99e683551db4",
    "{scopeIdentifier}/distributedtask/hubs/{hubName}/plans/{planId}/timelines/{timelineId}/records/{recordId}",
  ],
  feeds: [
    "858983e4-19bd-4c5e-864c-507b59b58b12",
    "{scopeIdentifier}/distributedtask/hubs/{hubName}/plans/{planId}/timelines/{timelineId}/records/{recordId}/feed",
  ],
  logs: [
    "46f5667d-263a-4684-91b1-dff7fdcf64e2",
    "{scopeIdentifier}/distributedtask/hubs/{hubName}/plans/{planId}/logs/{logId}",
  ],
  actiondownloadinfo: [
    "27d7f831-88c1-4719-8ca1-6a061dad90eb",
    "{scopeIdentifier}/distributedtask/hubs/{hubName}/plans/{planId}/actiondownloadinfo",
  ],
} as const

const APIS = "_apis/"

/** What the service answers to a runner that asks where everything is. */
export function connectionData(): object {
  return {
    instanceId: "00000000-0000-0000-0000-000000000001",
    deploymentType: "hosted",
    locationServiceData: {
      serviceOwner: "00000000-0000-0000-0000-000000000002",
      defaultAccessMappingMoniker: "PublicAccessMapping",
      lastChangeId: 1,
      lastChangeId64: 1,
      serviceDefinitions: Object.entries(RESOURCES).map(([name, [identifier, path]]) => ({
        identifier,
        serviceType: "distributedtask",
        displayName: name,
        relativeToSetting: "fullyQualified",
        relativePath: `/${APIS}${path}`,
        minVersion: "1.0",
        maxVersion: "6.0",
        releasedVersion: "0.0",
        resourceVersion: 1,
      })),
    },
  }
}

/** A resource's path as a route: `/_services/tenant/_apis/distributedtask/pools/:poolId/agents`. */
export function routePath(name: keyof typeof RESOURCES, last = true): string {
  const path = RESOURCES[name][1].replace(/\{(\w+)\}/g, ":$1")
  return `/_services/tenant/${APIS}${last ? path : path.replace(/\/:\w+$/, "")}`
}
