import { readdirSync, readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import * as z from "zod"

/** What a container may do under the pod security standard `restricted`, and with a root file system that nobody writes to. */
const containerSecurity = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true).optional(),
  capabilities: z.strictObject({ drop: z.tuple([z.literal("ALL")]) }),
})

const podSecurity = z.strictObject({
  runAsNonRoot: z.literal(true),
  runAsUser: z.literal(1001),
  runAsGroup: z.literal(1001),
  fsGroup: z.literal(1001),
  fsGroupChangePolicy: z.literal("OnRootMismatch").optional(),
  seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
})

const variable = z.union([
  z.strictObject({ name: z.string(), value: z.string() }),
  z.strictObject({
    name: z.string(),
    valueFrom: z.union([
      z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
      z.strictObject({ fieldRef: z.strictObject({ fieldPath: z.literal("metadata.name") }) }),
    ]),
  }),
])

const probe = z.strictObject({
  // Not exec: that would start with the container's environment, where a job can read it.
  httpGet: z.strictObject({ path: z.enum(["/health", "/ready"]), port: z.literal("metrics") }),
  initialDelaySeconds: z.int().optional(),
  periodSeconds: z.int(),
  timeoutSeconds: z.int().optional(),
  failureThreshold: z.int().optional(),
})

const container = z.strictObject({
  name: z.literal("runner"),
  image: z.literal("ghcr.io/OWNER/github-runner:latest"),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(variable).default([]),
  ports: z.array(z.strictObject({ name: z.literal("metrics"), containerPort: z.literal(9091) })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  securityContext: containerSecurity.optional(),
  resources: z
    .strictObject({ requests: z.record(z.string(), z.string()), limits: z.record(z.string(), z.string()) })
    .optional(),
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string().startsWith("/") })).default([]),
})

const podSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false).optional(),
  enableServiceLinks: z.literal(false).optional(),
  terminationGracePeriodSeconds: z.int().optional(),
  securityContext: podSecurity.optional(),
  containers: z.tuple([container]),
  volumes: z
    .array(z.strictObject({ name: z.string(), emptyDir: z.strictObject({ sizeLimit: z.string().optional() }) }))
    .default([]),
})

export type PodSpec = z.infer<typeof podSpec>

/** Values of GitHub's chart gha-runner-scale-set, as far as they are used here. */
export const scaleSetValues = z.strictObject({
  githubConfigUrl: z.literal("https://github.com/OWNER/REPOSITORY"),
  githubConfigSecret: z.string(),
  minRunners: z.int(),
  maxRunners: z.int(),
  containerMode: z.strictObject({ type: z.literal("dind") }).optional(),
  template: z.strictObject({ spec: podSpec }),
})

const labels = z.record(z.string(), z.string())
const metadata = z.strictObject({ name: z.string(), namespace: z.string().optional(), labels: labels.optional() })
const workload = {
  replicas: z.int(),
  selector: z.strictObject({ matchLabels: labels }),
  template: z.strictObject({ metadata: z.strictObject({ labels }), spec: podSpec }),
}

export const manifest = z.discriminatedUnion("kind", [
  z.strictObject({ apiVersion: z.literal("v1"), kind: z.literal("Namespace"), metadata }),
  z.strictObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Service"),
    metadata,
    spec: z.strictObject({
      clusterIP: z.literal("None"),
      publishNotReadyAddresses: z.literal(true),
      selector: labels,
      ports: z.array(z.strictObject({ name: z.string(), port: z.int() })),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal("apps/v1"),
    kind: z.literal("Deployment"),
    metadata,
    spec: z.strictObject(workload),
  }),
  z.strictObject({
    apiVersion: z.literal("apps/v1"),
    kind: z.literal("StatefulSet"),
    metadata,
    spec: z.strictObject({
      ...workload,
      serviceName: z.string(),
      podManagementPolicy: z.literal("Parallel"),
      volumeClaimTemplates: z.array(
        z.strictObject({
          metadata: z.strictObject({ name: z.string() }),
          spec: z.strictObject({
            accessModes: z.tuple([z.literal("ReadWriteOnce")]),
            resources: z.strictObject({ requests: z.strictObject({ storage: z.string() }) }),
          }),
        }),
      ),
    }),
  }),
])

const FOLDER = "examples/kubernetes"

/** A file's documents, as they are written. */
export function kubernetesExamples(): { name: string; documents: unknown[] }[] {
  return readdirSync(FOLDER).map((name) => ({
    name,
    documents: parseAllDocuments(readFileSync(`${FOLDER}/${name}`, "utf8")).map((document) => {
      if (document.errors[0]) throw document.errors[0]
      return document.toJS() as unknown
    }),
  }))
}
