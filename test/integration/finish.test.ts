import { connection, dag } from "@dagger.io/dagger"
import { beforeAll, describe, expect, it } from "vitest"
import { readLayout } from "../../dagger/src/core/oci/layout.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Compression } from "../../dagger/src/core/request/compression.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { layoutOf } from "../../dagger/src/pipeline/oci/finish.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { BOTH, FINISH, LAYERS, finishSmall } from "./images.js"
import { hostUploads } from "../../src/session/host-uploads.js"

/** What an independent tool finds in a layout, and what the images do when they run. */
async function examine(platforms: readonly PlatformName[], compression: Compression) {
  const engineHost = await openEngineHost(hostUploads())
  const image = await finishSmall(engineHost, platforms, { compression })
  const { index, platforms: finished } = image
  const layout = layoutOf(image, engineHost)
  const client = engineHost.toolbox.withMountedDirectory("/layout", layout)
  const run = (...command: string[]) => client.withExec(command).stdout()
  const archive = client
    .withExec(["tar", "--create", "--file", "/image.tar", "--directory", "/layout", "."])
    .file("/image.tar")
  return {
    index,
    finished,
    documents: await readLayout((path) => layout.file(path).contents()),
    entries: await layout.entries(),
    listed: await run("skopeo", "inspect", "--raw", "oci:/layout"),
    // skopeo checks every digest on the way, those of the layers too.
    copied: await run("sh", "-c", "skopeo copy --all --preserve-digests oci:/layout dir:/copy >&2 && ls /copy"),
    unusual: await run("find", "/layout", "-type", "f", "!", "-perm", "644"),
    blobs: (await layout.directory("blobs/sha256").entries()).length,
    machines: await Promise.all(
      platforms.map((platform) =>
        dag
          .container({ platform: asPlatform(platform) })
          .import_(archive)
          .withExec(["uname", "-m"])
          .stdout(),
      ),
    ),
  }
}

describe.each([
  { platforms: BOTH, compression: "gzip", machines: ["x86_64\n", "aarch64\n"] },
  { platforms: BOTH, compression: "zstd", machines: ["x86_64\n", "aarch64\n"] },
  { platforms: ["linux/arm64"], compression: "gzip", machines: ["aarch64\n"] },
] as const)("an image for $platforms, finished with $compression", ({ platforms, compression, machines }) => {
  let found: Awaited<ReturnType<typeof examine>>

  beforeAll(async () => {
    await connection(async () => {
      found = await examine(platforms, compression)
    })
  })

  it("is a layout in which skopeo sees one index with exactly these platforms", () => {
    const index = JSON.parse(found.listed) as { manifests: { platform: { os: string; architecture: string } }[] }
    expect(index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual(platforms)
    expect(found.entries.map((entry) => entry.replace(/\/$/, ""))).toEqual(["blobs", "index.json", "oci-layout"])
    expect(found.unusual).toBe("")
  })

  it("has every blob that is named, and no other", () => {
    const named = found.documents.images.flatMap(({ digest, manifest }) => [
      digest,
      manifest.config.digest,
      ...manifest.layers.map((layer) => layer.digest),
    ])
    expect(found.blobs).toBe(new Set([found.index, ...named]).size)
    expect(found.documents.index?.digest).toBe(found.index)
    expect(found.copied.trim().split("\n").length).toBeGreaterThan(named.length)
  })

  it("reports each platform's digest, its layers and their size", () => {
    expect([...found.finished]).toEqual(
      found.documents.images.map(({ digest, manifest, config }, place) => [
        platforms[place],
        {
          digest,
          compressedBytes: manifest.layers.reduce((sum, { size }) => sum + size, 0),
          layers: manifest.layers.map((layer, level) => ({
            ...layer,
            diffId: config.rootfs.diff_ids[level],
            bytes: expect.any(Number) as number,
          })),
        },
      ]),
    )
  })

  it("has what the engine drops, and nothing of what it adds", () => {
    for (const { config, manifest } of found.documents.images) {
      expect(config.created).toBe(FINISH.created)
      expect(config.config).toMatchObject({
        Healthcheck: { Test: ["CMD", "true"], Interval: 30e9, Timeout: 5e9, StartPeriod: 10e9, Retries: 3 },
        Labels: { "org.example.label": "kept" },
        Entrypoint: ["cat", "/machine"],
      })
      expect(config.history).toEqual(LAYERS.map((name) => ({ created: FINISH.created, created_by: name })))
      expect(manifest.annotations).toEqual(FINISH.annotations)
    }
  })

  it("has layers of the compression that was asked for", () => {
    const types = found.documents.images.flatMap(({ manifest }) => manifest.layers.map(({ mediaType }) => mediaType))
    expect(new Set(types)).toEqual(new Set([`application/vnd.oci.image.layer.v1.tar+${compression}`]))
  })

  it("runs on its platform when it is read back", () => {
    expect(found.machines).toEqual(machines)
  })
})

it("the same images give the same digests from another export of the engine, in another session", async () => {
  const digests = async (platforms: readonly PlatformName[]) => {
    let index = ""
    await connection(async () => {
      index = (await finishSmall(await openEngineHost(hostUploads()), platforms)).index
    })
    return index
  }
  const first = await digests(BOTH)
  expect(first).toMatch(/^sha256:/)
  // The other order makes another archive, with other dates in it.
  expect(await digests(BOTH.toReversed())).toBe(first)
})
