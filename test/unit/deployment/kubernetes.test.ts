import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { RUNNER_FOLDERS } from "../../../dagger/src/core/definitions.js"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { knownNames } from "../../../docker/runtime/src/configuration/settings.js"
import { stopTimes } from "../../../docker/runtime/src/supervisor/runner-parts.js"
import { hostWith } from "../runtime/configuration/host.js"
import { kubernetesExamples, manifest, type PodSpec, scaleSetValues } from "./kubernetes-manifest.js"

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
  return documents
    .map((document) => manifest.parse(document))
    .flatMap((object): Pod[] => {
      if (object.kind !== "Deployment" && object.kind !== "StatefulSet") return []
      const claims = object.kind === "StatefulSet" ? object.spec.volumeClaimTemplates : []
      return [{ file, spec: object.spec.template.spec, claims: claims.map(({ metadata }) => metadata.name) }]
    })
})

/** What a variable's value would be in a pod. */
function environmentOf({ containers: [runner] }: PodSpec): Record<string, string> {
  return Object.fromEntries(
    runner.env.map((variable) => {
      if ("value" in variable) return [variable.name, variable.value]
      return [variable.name, "secretKeyRef" in variable.valueFrom ? "ghp_example" : "runner-7c9d8f6b5-abcde"]
    }),
  )
}

it("are what they are meant to be", () => {
  expect(FILES.map(({ name, documents }) => `${name}: ${documents.length}`)).toMatchInlineSnapshot(`
    [
      "arc-scale-set-docker.yaml: 1",
      "arc-scale-set-supervised.yaml: 1",
      "arc-scale-set.yaml: 1",
      "ephemeral-runners.yaml: 2",
      "persistent-runners.yaml: 2",
    ]
  `)
})

describe.each(PODS)("$file", ({ spec, claims }) => {
  const [runner] = spec.containers

  it("gives the image what it knows, and no mistake", () => {
    expect(runner.env.map(({ name }) => name).filter((name) => !knownNames().includes(name))).toEqual([])
    const jit = runner.env.some(({ name }) => name === "ACCESS_TOKEN") ? {} : { ACTIONS_RUNNER_INPUT_JITCONFIG: "e30=" }
    const { configuration, warnings } = readConfiguration({ ...environmentOf(spec), ...jit }, hostWith())
    const { target, authentication, name, ephemeral, workFolder } = configuration
    expect(warnings).toEqual([])
    expect({ target: target?.url, by: authentication.kind, name, ephemeral, workFolder }).toMatchSnapshot()
  })

  it("gives no secret as a file, which jobs could read", () => {
    expect(runner.env.map(({ name }) => name).filter((name) => name.endsWith("_FILE"))).toEqual([])
  })

  it("mounts what it has, where the image has folders of the user", () => {
    const volumes = [...spec.volumes.map(({ name }) => name), ...claims].sort()
    expect(runner.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes)
    const folders = runner.volumeMounts.map(({ mountPath }) => mountPath)
    expect(folders.filter((path) => path !== "/tmp" && !(RUNNER_FOLDERS as readonly string[]).includes(path))).toEqual(
      [],
    )
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

it("objects of a file find each other", () => {
  for (const { name, documents } of FILES.filter((file) => !file.name.startsWith("arc-"))) {
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
