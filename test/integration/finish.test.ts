import { connection, dag } from "@dagger.io/dagger"
import { randomUUID } from "node:crypto"
import { beforeAll, describe, expect, it } from "vitest"
import { LAYER_MEDIA_TYPE } from "../../dagger/src/core/oci/documents.js"
import { readLayout } from "../../dagger/src/core/oci/layout.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Compression } from "../../dagger/src/core/request/compression.js"
import { openEngineHost, withCacheBuster, type EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { finishLayers, layoutOf, type FinishedLayers } from "../../dagger/src/pipeline/oci/finish.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { BOTH, FINISH, LAYERS, finishSmall, hostTrust } from "./images.js"
import { hostUploads } from "../../src/session/host-uploads.js"

/** What an independent tool finds in a layout, and what the images do when they run. */
async function examine(platforms: readonly PlatformName[], compression: Compression) {
  const engineHost = await openEngineHost(hostUploads(), hostTrust())
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
  { platforms: BOTH, compression: "estargz", machines: ["x86_64\n", "aarch64\n"] },
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
          layers: manifest.layers.map(({ annotations, ...layer }, level) => ({
            ...layer,
            diffId: config.rootfs.diff_ids[level],
            bytes: expect.any(Number) as number,
            ...(annotations && {
              estargz: {
                tocDigest: annotations["containerd.io/snapshot/stargz/toc.digest"],
                bytes: Number(annotations["io.containers.estargz.uncompressed-size"]),
              },
            }),
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
    expect(new Set(types)).toEqual(new Set([LAYER_MEDIA_TYPE[compression]]))
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

describe("layers depend on their contents alone", () => {
  /** A layer from a command, above the base; its files have the time at which the command runs. */
  const made = (engineHost: EngineHost, command: string) => ({
    platform: engineHost.platform,
    // Without the cache, so that every run has another time.
    container: withCacheBuster(engineHost.root(engineHost.platform), randomUUID()).withExec(["sh", "-ec", command]),
  })
  const finished = (engineHost: EngineHost, command: string, known?: FinishedLayers) =>
    finishLayers([made(engineHost, command)], { created: FINISH.created, known }, engineHost)
  const inEngine = async <T>(work: (engineHost: EngineHost) => Promise<T>): Promise<T> => {
    const results: T[] = []
    await connection(async () => {
      results.push(await work(await openEngineHost(hostUploads())))
    })
    return results[0] as T
  }
  const ONE =
    "mkdir -p /made/b && echo 1 > /made/a && echo 2 > /made/b/c && ln /made/a /made/z && touch -d 2001-02-03 /made/b/c"
  const OTHER =
    "mkdir -p /made/b && echo 2 > /made/b/c && echo 1 > /made/z && ln /made/z /made/a && touch -d 2001-02-03 /made/b/c"

  it("whatever the time is, and in whatever order files and links were made", async () => {
    const [one, other, different] = await inEngine((engineHost) =>
      Promise.all(
        [ONE, OTHER, `${ONE} && chmod 0600 /made/a`].map(
          async (command) => (await finished(engineHost, command)).images,
        ),
      ),
    )
    expect(one?.[0]?.layers).toEqual(other?.[0]?.layers)
    expect(different?.[0]?.layers.at(-1)?.digest).not.toBe(one?.[0]?.layers.at(-1)?.digest)
  })

  it("and have no time after the image's, no names of owners, and what extended attributes the files have", async () => {
    const capable = `${ONE} && echo 3 > /made/true && setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 /made/true`
    const listed = await inEngine(async (engineHost) => {
      const image = {
        platform: engineHost.platform,
        container: engineHost.toolbox.withExec(["sh", "-ec", capable]),
      }
      const { folder, images } = await finishLayers([image], { created: FINISH.created }, engineHost)
      const layer = images[0]?.layers.at(-1)?.digest.replace("sha256:", "") ?? ""
      return engineHost.toolbox
        .withMountedFile("/layer", folder.file(`layout/blobs/sha256/${layer}`))
        .withExec(["sh", "-ec", "tar --full-time --numeric-owner --xattrs --xattrs-include='*' -tzvvf /layer"])
        .stdout()
    })
    expect(listed).toMatchInlineSnapshot(`
      "drwxr-xr-x  0/0               0 2026-01-02 03:04:05 made/
      -rw-r--r--  0/0               2 2026-01-02 03:04:05 made/a
      drwxr-xr-x  0/0               0 2026-01-02 03:04:05 made/b/
      -rw-r--r--  0/0               2 2001-02-03 00:00:00 made/b/c
      -rw-r--r--* 0/0               2 2026-01-02 03:04:05 made/true
        x: 20 security.capability
      hrw-r--r--  0/0               0 2026-01-02 03:04:05 made/z link to made/a
      "
    `)
  })

  it("and one that was made before is not made again", async () => {
    const same = await inEngine(async (engineHost) => {
      const first = await finished(engineHost, ONE)
      const again = await finished(engineHost, ONE, first)
      const names = await again.folder.directory("layout/blobs/sha256").entries()
      return { layers: [first.images, again.images].map((images) => images[0]?.layers), names }
    })
    expect(same.layers[1]).toEqual(same.layers[0])
    expect(same.names.toSorted()).toEqual(same.layers[0]?.map(({ digest }) => digest.replace("sha256:", "")).toSorted())
  })
})
