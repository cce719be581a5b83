import { readdirSync, readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import * as z from "zod"
import { AGENT_USER } from "../../../dagger/src/core/variants/runner-user.js"

/** What a container may do under the pod security standard `restricted`, and with a root file system that nobody writes to. */
const containerSecurity = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true).optional(),
  capabilities: z.strictObject({ drop: z.tuple([z.literal("ALL")]) }),
})

const podSecurityOf = (id: number) =>
  z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.literal(id),
    runAsGroup: z.literal(id),
    fsGroup: z.literal(id),
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

const IMAGE = z.literal("ghcr.io/OWNER/github-runner:latest")

const resources = z.strictObject({
  requests: z.record(z.string(), z.string()),
  limits: z.record(z.string(), z.string()),
})

const volumeMount = z.strictObject({
  name: z.string(),
  mountPath: z.string().startsWith("/"),
  readOnly: z.literal(true).optional(),
})

/** A secret's certificates as files. A key is never among them. */
const certificates = z.strictObject({
  name: z.literal("certificates"),
  secret: z.strictObject({
    secretName: z.string(),
    items: z.tuple([
      z.strictObject({ key: z.literal("ca.crt"), path: z.literal("ca.crt") }),
      z.strictObject({ key: z.literal("tls.crt"), path: z.literal("tls.crt") }),
    ]),
  }),
})

const container = z.strictObject({
  name: z.literal("runner"),
  image: IMAGE,
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(variable).default([]),
  ports: z.array(z.strictObject({ name: z.literal("metrics"), containerPort: z.literal(9091) })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  securityContext: containerSecurity.optional(),
  resources: resources.optional(),
  volumeMounts: z.array(volumeMount).default([]),
})

const podSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false).optional(),
  enableServiceLinks: z.literal(false).optional(),
  terminationGracePeriodSeconds: z.int().optional(),
  securityContext: podSecurityOf(1001).optional(),
  containers: z.tuple([container]),
  volumes: z
    .array(
      z.union([
        z.strictObject({ name: z.string(), emptyDir: z.strictObject({ sizeLimit: z.string().optional() }) }),
        certificates,
      ]),
    )
    .default([]),
})

/** A command is no danger where there are no jobs. */
const healthCommand = z.strictObject({
  exec: z.strictObject({ command: z.tuple([z.literal("/entrypoint.sh"), z.literal("health")]) }),
  periodSeconds: z.int(),
  timeoutSeconds: z.int(),
  failureThreshold: z.int().optional(),
})

const brokerPodSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.int(),
  securityContext: podSecurityOf(AGENT_USER.uid),
  containers: z.tuple([
    z.strictObject({
      name: z.literal("broker"),
      image: IMAGE,
      args: z.tuple([z.literal("broker")]),
      env: z.array(variable),
      ports: z.tuple([z.strictObject({ name: z.literal("broker"), containerPort: z.int() })]),
      startupProbe: healthCommand,
      livenessProbe: healthCommand,
      securityContext: containerSecurity.required(),
      resources,
      volumeMounts: z.array(volumeMount),
    }),
  ]),
  volumes: z.tuple([
    certificates,
    z.strictObject({
      name: z.literal("leases"),
      persistentVolumeClaim: z.strictObject({ claimName: z.literal("runner-broker") }),
    }),
  ]),
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

const port = z.strictObject({ protocol: z.enum(["TCP", "UDP"]), port: z.int() })

/** What broker.yaml has, in this order. */
export const brokerManifests = z.tuple([
  z.strictObject({ apiVersion: z.literal("v1"), kind: z.literal("Namespace"), metadata }),
  z.strictObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("PersistentVolumeClaim"),
    metadata,
    spec: z.strictObject({
      accessModes: z.tuple([z.literal("ReadWriteOnce")]),
      resources: z.strictObject({ requests: z.strictObject({ storage: z.string() }) }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal("apps/v1"),
    kind: z.literal("Deployment"),
    metadata,
    spec: z.strictObject({
      replicas: z.literal(1),
      // Two at a time would have the volume and the runners in common.
      strategy: z.strictObject({ type: z.literal("Recreate") }),
      selector: z.strictObject({ matchLabels: labels }),
      template: z.strictObject({ metadata: z.strictObject({ labels }), spec: brokerPodSpec }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Service"),
    metadata,
    spec: z.strictObject({
      selector: labels,
      ports: z.tuple([z.strictObject({ name: z.literal("broker"), port: z.int() })]),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal("networking.k8s.io/v1"),
    kind: z.literal("NetworkPolicy"),
    metadata,
    spec: z.strictObject({
      podSelector: z.strictObject({ matchLabels: labels }),
      policyTypes: z.tuple([z.literal("Ingress"), z.literal("Egress")]),
      ingress: z.tuple([
        z.strictObject({
          from: z.tuple([
            z.strictObject({
              podSelector: z.strictObject({
                matchExpressions: z.tuple([
                  z.strictObject({
                    key: z.literal("app.kubernetes.io/name"),
                    operator: z.literal("In"),
                    values: z.array(z.string()),
                  }),
                ]),
              }),
            }),
          ]),
          ports: z.tuple([port]),
        }),
      ]),
      egress: z.array(z.strictObject({ ports: z.array(port) })),
    }),
  }),
])

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
