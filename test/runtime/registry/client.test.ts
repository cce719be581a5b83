import { execa } from "execa"
import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { z } from "zod"
import { blobPath, canonicalJson, digestOf, MEDIA_TYPE } from "../../../dagger/src/core/oci/documents.js"
import { PLAN_FILE, pushPlan } from "../../../dagger/src/core/oci/push-plan.js"
import {
  blobSchema,
  checkSchema,
  doneSchema,
  manifestsSchema,
  pushSchema,
  referrersSchema,
  tagsSchema,
} from "../../../dagger/src/core/oci/registry-answers.js"
import { registryError } from "../../../dagger/src/core/oci/registry-error.js"
import { readRegistryFailure } from "../../../dagger/src/core/oci/registry-failure.js"
import { goToolchain } from "../../../src/engine/bare/artefacts/go-toolchain.js"
import { PROJECT_ROOT } from "../../../src/host/paths.js"
import { GO_ENVIRONMENT } from "../go-module.js"

const MINUTES = 15 * 60_000
const DISTRIBUTION = "docker-registry"
const folder = mkdtempSync(join(tmpdir(), "registry-client-"))
const program = join(folder, "registry")
let registry = ""
let server: ChildProcess | undefined

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** Writes an OCI layout with an index for one platform, and returns the digests of the index and of the manifest. */
function layout(path: string): { index: string; manifest: string } {
  const save = (mediaType: string, content: string) => {
    const digest = digestOf(content)
    const file = join(path, blobPath(digest))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    return { mediaType, digest, size: Buffer.byteLength(content) }
  }
  const config = save(MEDIA_TYPE.config, canonicalJson({ os: "linux", architecture: "arm64" }))
  const layers = [save("application/vnd.oci.image.layer.v1.tar+gzip", "a layer")]
  const mediaType = MEDIA_TYPE.manifest
  const manifest = save(mediaType, canonicalJson({ schemaVersion: 2, mediaType, config, layers }))
  const manifests = [{ ...manifest, platform: { os: "linux", architecture: "arm64" } }]
  const index = save(MEDIA_TYPE.index, canonicalJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }))
  return { index: index.digest, manifest: manifest.digest }
}

// What the pipeline writes for the client, and what it reads of it, without the engine in between.
describe.skipIf(spawnSync(DISTRIBUTION, ["--version"]).error !== undefined)("the registry client", () => {
  beforeAll(async () => {
    const { program: go } = await goToolchain()
    const cwd = join(PROJECT_ROOT, "dagger/registry")
    await execa(go, ["build", "-trimpath", "-o", program, "."], { cwd, env: GO_ENVIRONMENT })
    registry = `127.0.0.1:${String(await freePort())}`
    const config = {
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
      http: { addr: registry },
    }
    // YAML is a superset of JSON.
    writeFileSync(join(folder, "config.yml"), JSON.stringify(config))
    server = spawn(DISTRIBUTION, ["serve", join(folder, "config.yml")], { stdio: "ignore" })
    for (let tries = 100; !(await fetch(`http://${registry}/v2/`).catch(() => undefined))?.ok; tries--) {
      if (tries === 0) throw new Error("the registry does not answer")
      await sleep(100)
    }
  }, MINUTES)
  afterAll(() => {
    server?.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = async <S extends z.ZodType>(schema: S, ...words: string[]): Promise<z.infer<S>> => {
    const { stdout } = await execa(program, ["-registry", registry, "-plain-http", "-total", "60s", ...words])
    return schema.parse(JSON.parse(stdout))
  }
  const refused = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await execa(program, ["-registry", registry, ...words], { reject: false })
    expect(exitCode).toBe(1)
    return registryError("do this", readRegistryFailure(stdout, stderr), { login: false, plainHttp: false })
  }

  it("understands the pipeline's plan, and prints what the pipeline understands", async () => {
    const image = join(folder, "layout")
    const { index, manifest } = layout(image)
    const referrers = [
      {
        subject: manifest,
        artifactType: "application/a",
        mediaType: "application/a",
        annotations: { b: "c" },
        content: "evidence",
      },
    ]
    const images = ["runner", "runner-chrome"].map((name) => ({
      ...{ repository: `${registry}/team/${name}`, layout: image, index, referrers },
    }))
    const plan = join(folder, "plan")
    mkdirSync(plan)
    for (const [name, content] of Object.entries(pushPlan(images, [`${registry}/team/other`])))
      writeFileSync(join(plan, name), content)

    const counts = async () =>
      (await run(pushSchema, "push", join(plan, PLAN_FILE))).repositories.map(
        ({ repository, uploaded, mounted, present, fallbackTags }) => ({
          ...{
            repository,
            uploaded: uploaded.blobs,
            mounted: mounted.blobs,
            present: present.blobs,
            from: mounted.from,
          },
          tags: fallbackTags,
        }),
      )
    const [tags, none] = [[manifest.replace(":", "-")], { uploaded: 0, mounted: 0, from: [] }]
    expect(await counts()).toEqual([
      { repository: "team/runner", uploaded: 4, mounted: 0, present: 0, from: [], tags },
      { repository: "team/runner-chrome", uploaded: 0, mounted: 4, present: 0, from: ["team/runner"], tags },
    ])
    expect(await counts()).toEqual([
      { repository: "team/runner", ...none, present: 4, tags },
      { repository: "team/runner-chrome", ...none, present: 4, tags },
    ])

    await run(doneSchema, "tag", "team/runner", index, "latest")
    expect(await run(checkSchema, "check", "team/runner", "team/runner:latest", "team/runner:absent")).toEqual({
      repositories: [
        {
          repository: "team/runner",
          tags: { latest: { digest: index, mediaType: MEDIA_TYPE.index, platforms: ["linux/arm64"] }, absent: null },
        },
      ],
    })
    const read = await run(manifestsSchema, "-optional", "manifest", "team/runner", ":latest", ":absent")
    expect(read.manifests.map((each) => each && digestOf(each.content))).toEqual([index, null])
    const { referrers: found } = await run(referrersSchema, "referrers", "team/runner", manifest)
    expect(found).toMatchObject([{ artifactType: "application/a", annotations: { b: "c" } }])
    expect(await run(blobSchema, "blob", "team/runner", digestOf("evidence"))).toEqual({ content: "evidence" })
    expect(await run(tagsSchema, "tags", "team/runner")).toEqual({ tags: ["latest", ...tags] })
    await run(doneSchema, "delete-tag", "team/runner", "latest")
    await run(doneSchema, "delete", "team/runner", index)
    expect(await run(tagsSchema, "tags", "team/runner")).toEqual({ tags })
  })

  it("says what the pipeline makes errors of", async () => {
    expect(await refused("check", "team/runner")).toMatchObject({
      code: "REGISTRY_FAILED",
      problem: `Could not start an upload to ${registry}/team/runner: the server does not speak TLS.`,
    })
    expect(await refused("-plain-http", "manifest", "team/runner", ":absent")).toMatchObject({
      code: "REGISTRY_FAILED",
      problem: `Could not read ${registry}/team/runner:absent: the registry answered 404 Not Found: manifest unknown.`,
    })
  })
})
