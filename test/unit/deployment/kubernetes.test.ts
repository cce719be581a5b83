import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { AGENT_FOLDERS, RUNNER_FOLDERS } from "../../../dagger/src/core/variants/runner-user.js"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { knownNames } from "../../../docker/runtime/src/configuration/settings.js"
import { namesOf, VARIABLES } from "../../../docker/runtime/src/configuration/variables.js"
import { stopTimes } from "../../../docker/runtime/src/supervisor/runner-parts.js"
import { hostWith } from "../../runtime/configuration/host.js"
import { brokerManifests, kubernetesExamples, manifest, type PodSpec, scaleSetValues } from "./kubernetes-manifest.js"

const FILES = kubernetesExamples()

interface Pod {
  file: string
  spec: PodSpec
  /** Volumes that come from elsewhere than the pod. */
  claims: string[]
}

const PODS: Pod[] = FILES.flatMap(({ name: file, documents }) => {
  if (file.startsWith("arc-")) {
    const [values] = documents.map((document) => scaleSetValues.parse(document))
    return values ? [{ file, spec: values.template.spec, claims: [] }] : []
  }
  if (file === "broker.yaml") return []
  return documents
    .map((document) => manifest.parse(document))
    .flatMap((object): Pod[] => {
      if (object.kind !== "Deployment" && object.kind !== "StatefulSet") return []
      const claims = object.kind === "StatefulSet" ? object.spec.volumeClaimTemplates : []
      return [{ file, spec: object.spec.template.spec, claims: claims.map(({ metadata }) => metadata.name) }]
    })
})

/** What is in the Secrets, and where certificates are mounted. */
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
const SECRETS: Readonly<Record<string, string>> = {
  "github token": "ghp_example",
  "runner-broker tls.key": KEY,
  "runner-broker-client tls.key": KEY,
}
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
const MOUNTED = { "/run/certificates/ca.crt": CERTIFICATE, "/run/certificates/tls.crt": CERTIFICATE }

/** What a variable's value would be in a pod. */
function environmentOf({ containers: [{ env }] }: { containers: [Pick<PodSpec["containers"][0], "env">] }) {
  return Object.fromEntries(
    env.map((variable): [string, string] => {
      if ("value" in variable) return [variable.name, variable.value]
      if ("fieldRef" in variable.valueFrom) return [variable.name, "runner-7c9d8f6b5-abcde"]
      const { name, key } = variable.valueFrom.secretKeyRef
      return [variable.name, SECRETS[`${name} ${key}`] ?? `there is no ${name} ${key}`]
    }),
  )
}

const [, , { spec: brokers }, service, policy] = brokerManifests.parse(
  FILES.find(({ name }) => name === "broker.yaml")?.documents,
)
const BROKER = brokers.template.spec

it("are what they are meant to be", () => {
  expect(FILES.map(({ name, documents }) => `${name}: ${documents.length}`)).toMatchInlineSnapshot(`
    [
      "arc-scale-set-docker.yaml: 1",
      "arc-scale-set-supervised.yaml: 1",
      "arc-scale-set.yaml: 1",
      "broker.yaml: 5",
      "ephemeral-runners.yaml: 1",
      "persistent-runners.yaml: 2",
    ]
  `)
})

describe.each(PODS)("$file", ({ file, spec, claims }) => {
  const [runner] = spec.containers

  it("gives the image what it knows, and no error", () => {
    expect(runner.env.map(({ name }) => name).filter((name) => !knownNames().includes(name))).toEqual([])
    const jit = runner.env.some(({ name }) => name === "BROKER_URL") ? {} : { ACTIONS_RUNNER_INPUT_JITCONFIG: "e30=" }
    const { configuration, warnings } = readConfiguration({ ...environmentOf(spec), ...jit }, hostWith(MOUNTED))
    const { target, authentication, name, ephemeral, workFolder } = configuration
    expect(warnings).toEqual([])
    expect({ target: target?.url, by: authentication.kind, name, ephemeral, workFolder }).toMatchSnapshot()
  })

  it("gives no secret as a file, which jobs could read", () => {
    const files = runner.env.map(({ name }) => name).filter((name) => name.endsWith("_FILE"))
    expect(files.filter((name) => name !== "BROKER_CA_FILE" && name !== "BROKER_CERT_FILE")).toEqual([])
  })

  it("has nothing of GitHub's credential, and no secret but its certificate's key", () => {
    const authentication = VARIABLES.filter(({ group }) => group === "authentication").flatMap(namesOf)
    expect(runner.env.map(({ name }) => name).filter((name) => authentication.includes(name))).toEqual([])
    const secrets = runner.env.flatMap((variable) =>
      "valueFrom" in variable && "secretKeyRef" in variable.valueFrom
        ? [`${variable.name}: ${variable.valueFrom.secretKeyRef.name} ${variable.valueFrom.secretKeyRef.key}`]
        : [],
    )
    expect(secrets).toEqual(file.startsWith("arc-") ? [] : ["BROKER_KEY: runner-broker-client tls.key"])
  })

  it("mounts what it has, where the image has folders of the user", () => {
    const volumes = [...spec.volumes.map(({ name }) => name), ...claims].sort()
    expect(runner.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes)
    const folders = runner.volumeMounts.map(({ mountPath }) => mountPath)
    expect(
      folders.filter(
        (path) =>
          path !== "/tmp" && path !== "/run/certificates" && !(RUNNER_FOLDERS as readonly string[]).includes(path),
      ),
    ).toEqual([])
    if (runner.securityContext?.readOnlyRootFilesystem) {
      expect(folders).toContain("/tmp")
      expect(folders).toContain(environmentOf(spec).RUNNER_WORKDIR)
    }
  })

  it("has GitHub's run.sh, which knows nothing of probes, or probes and time to stop", () => {
    if (runner.command?.[0] === "/home/runner/run.sh") {
      expect([runner.ports, runner.livenessProbe, runner.securityContext?.readOnlyRootFilesystem]).toEqual([
        [],
        undefined,
        undefined,
      ])
      return
    }
    expect(runner.livenessProbe?.httpGet.path).toBe("/health")
    const { grace, interrupt, terminate, removal } = stopTimes(Number(environmentOf(spec).RUNNER_GRACEFUL_STOP_TIMEOUT))
    expect((spec.terminationGracePeriodSeconds ?? 30) * 1000).toBeGreaterThanOrEqual(
      // Leaving is tried before the listener ends, and again after.
      grace + removal + interrupt + terminate + removal,
    )
  })
})

describe("broker.yaml", () => {
  const { configuration, warnings } = readConfiguration(environmentOf(BROKER), hostWith(MOUNTED), "broker")

  it("gives the image what it knows, and no error", () => {
    const names = BROKER.containers[0].env.map(({ name }) => name)
    expect(names.filter((name) => !knownNames().includes(name))).toEqual([])
    const { target, authentication, broker } = configuration
    expect(warnings).toEqual([])
    expect([target?.url, authentication.kind, broker?.address]).toEqual([
      "https://github.com/OWNER/REPOSITORY",
      "token",
      { kind: "tls", host: "0.0.0.0", port: 8443 },
    ])
  })

  it("mounts what it has, where the image has a folder of the broker's user", () => {
    const [certificates, leases] = BROKER.containers[0].volumeMounts
    expect([certificates?.name, certificates?.readOnly]).toEqual(["certificates", true])
    expect(AGENT_FOLDERS).toContain(leases?.mountPath)
    expect(BROKER.containers[0].volumeMounts).toHaveLength(BROKER.volumes.length)
  })

  it("is reached by the pods of runners, and reaches names and HTTPS", () => {
    expect(brokers.template.metadata.labels).toEqual(brokers.selector.matchLabels)
    expect(service.spec.selector).toEqual(brokers.selector.matchLabels)
    expect(policy.spec.podSelector.matchLabels).toEqual(brokers.selector.matchLabels)
    const [{ containerPort }] = BROKER.containers[0].ports
    const [{ from, ports }] = policy.spec.ingress
    expect([service.spec.ports[0].port, ports[0].port, containerPort]).toEqual([8443, 8443, 8443])
    const runners = FILES.filter(({ name }) => /^(ephemeral|persistent)-runners/.test(name))
      .flatMap(({ documents }) => documents.map((document) => manifest.parse(document)))
      .flatMap((object) =>
        object.kind === "Deployment" || object.kind === "StatefulSet"
          ? [object.spec.template.metadata.labels["app.kubernetes.io/name"]]
          : [],
      )
    expect(from[0].podSelector.matchExpressions[0].values).toEqual(runners)
    expect(policy.spec.egress.flatMap(({ ports }) => ports.map(({ protocol, port }) => `${protocol} ${port}`))).toEqual(
      ["UDP 53", "TCP 53", "TCP 443"],
    )
  })

  it("allows the runners' labels, and is found by the name that they have for it", () => {
    for (const { file, spec } of PODS.filter(({ file }) => !file.startsWith("arc-"))) {
      const { configuration: runner } = readConfiguration(environmentOf(spec), hostWith(MOUNTED))
      expect(
        runner.labels.filter((label) => !configuration.labels.includes(label)),
        file,
      ).toEqual([])
      const { metadata } = service
      expect(runner.authentication, file).toMatchObject({
        endpoint: {
          address: { kind: "tls", host: `${metadata.name}.${metadata.namespace ?? ""}.svc`, port: 8443 },
          tls: { ca: CERTIFICATE, certificate: CERTIFICATE, key: KEY.trim() },
        },
      })
    }
  })
})

it("objects of a file find each other", () => {
  for (const { name, documents } of FILES.filter(({ name }) => !name.startsWith("arc-") && name !== "broker.yaml")) {
    const objects = documents.map((document) => manifest.parse(document))
    for (const object of objects) {
      if (object.kind !== "Namespace") expect(object.metadata.namespace, name).toBe("github-runners")
      if (object.kind === "Deployment" || object.kind === "StatefulSet")
        expect(object.spec.template.metadata.labels).toEqual(object.spec.selector.matchLabels)
      if (object.kind === "StatefulSet") {
        const service = objects.find(
          ({ kind, metadata }) => kind === "Service" && metadata.name === object.spec.serviceName,
        )
        expect(service?.kind === "Service" && service.spec.selector).toEqual(object.spec.selector.matchLabels)
      }
    }
  }
})

it("an ephemeral runner's container starts without anything of the job before", () => {
  const runner = PODS.find(({ file }) => file === "ephemeral-runners.yaml")?.spec.containers[0]
  const [shell = "", ...options] = runner?.command ?? []
  const root = mkdtempSync(join(tmpdir(), "runner-pod-"))
  try {
    const folders = ["tmp", "home/runner/_work", "opt/hostedtoolcache", "dev/shm"].map((folder) => join(root, folder))
    for (const folder of folders) {
      const closed = join(folder, ".hidden/closed")
      mkdirSync(closed, { recursive: true })
      writeFileSync(join(closed, "left"), "by a job")
      chmodSync(closed, 0o000)
    }
    writeFileSync(join(root, "entrypoint.sh"), "#!/bin/sh\necho started\n", { mode: 0o755 })
    const script = (runner?.args?.[0] ?? "").replaceAll(/(?<= )\/(?=tmp|home|opt|dev|entrypoint)/g, `${root}/`)
    const { stdout, stderr } = spawnSync(shell, [...options, script], { encoding: "utf8" })
    expect([stdout, stderr]).toEqual(["started\n", ""])
    expect(folders.flatMap((folder) => readdirSync(folder))).toEqual([])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
