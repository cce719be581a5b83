import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { EngineImage } from "../../../../dagger/src/core/oci/engine-image.js"
import { finishLayout, type FinishOptions } from "../../../../dagger/src/core/oci/finish.js"
import { readLayout, type Layout } from "../../../../dagger/src/core/oci/layout.js"
import {
  blobPath,
  configSchema,
  digestOf,
  indexSchema,
  LAYER_MEDIA_TYPE,
  MEDIA_TYPE,
  manifestSchema,
  parseDocument,
} from "../../../../dagger/src/core/oci/documents.js"

// What Dagger v0.19.10 wrote, layers left out: debian:trixie-slim with a file and a command over it.
const LAYOUTS = join(import.meta.dirname, "finish-layouts")
const folder = (name: string) => join(LAYOUTS, name)
const readFrom = (path: string) => (file: string) => readFile(join(path, file), "utf8")
const engineLayout = (name: string) => readLayout(readFrom(folder(name)))
/** As if the engine's layers had needed no change. */
const imagesOf = ({ images }: Layout): EngineImage[] =>
  images.map(({ config, manifest }) => ({
    config,
    layers: manifest.layers.map(({ mediaType, digest, size }, place) => ({
      mediaType,
      digest,
      size,
      diffId: config.rootfs.diff_ids[place] ?? "",
      bytes: 3 * size,
    })),
  }))
const engineImages = async (name: string) => imagesOf(await engineLayout(name))

const OPTIONS: FinishOptions = {
  platforms: ["linux/amd64", "linux/arm64"],
  created: "2026-01-02T03:04:05Z",
  annotations: { "org.opencontainers.image.title": "runner", "org.opencontainers.image.base.name": "debian:13" },
  platformAnnotations: { "linux/arm64": { "org.opencontainers.image.base.digest": "sha256:abc" } },
  healthcheck: {
    command: ["/healthcheck"],
    intervalSeconds: 30,
    timeoutSeconds: 5,
    startPeriodSeconds: 10,
    retries: 3,
  },
}

/** The documents that were written, found by walking from index.json as a registry client does. */
function walk(files: ReadonlyMap<string, string>) {
  const text = (path: string) => files.get(path) ?? expect.fail(`no ${path}`)
  const root = parseDocument(indexSchema, text("index.json"), "index.json")
  const entry = root.manifests[0] ?? expect.fail("index.json is empty")
  const index = parseDocument(indexSchema, text(blobPath(entry.digest)), "index")
  const images = index.manifests.map((descriptor) => {
    const manifest = parseDocument(manifestSchema, text(blobPath(descriptor.digest)), "manifest")
    return {
      descriptor,
      manifest,
      config: parseDocument(configSchema, text(blobPath(manifest.config.digest)), "config"),
    }
  })
  return { root, entry, index, images }
}

describe("the finished layout", async () => {
  const built = await engineImages("two-platforms")
  const finished = finishLayout(built, OPTIONS)
  const { root, entry, index, images } = walk(finished.files)

  it("names one index with exactly the platforms, in the order of the platform table", () => {
    expect(root.manifests).toHaveLength(1)
    expect(entry.digest).toBe(finished.index)
    expect(entry.annotations).toEqual({ "org.opencontainers.image.ref.name": "latest" })
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ])
  })

  it("files every blob under its digest, with its size", () => {
    const blobs = [...finished.files].filter(([path]) => path.startsWith("blobs/"))
    expect(blobs).toHaveLength(5)
    for (const [path, text] of blobs) expect(blobPath(digestOf(text))).toBe(path)
    for (const { descriptor, manifest } of images) {
      expect(Buffer.byteLength(finished.files.get(blobPath(descriptor.digest)) ?? "")).toBe(descriptor.size)
      expect(Buffer.byteLength(finished.files.get(blobPath(manifest.config.digest)) ?? "")).toBe(manifest.config.size)
    }
  })

  it("has the finished layers, and says of each what it is", () => {
    for (const [place, { manifest, config }] of images.entries()) {
      const layers = built[place]?.layers ?? []
      expect(manifest.layers).toEqual(layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })))
      expect(config.rootfs.diff_ids).toEqual(layers.map(({ diffId }) => diffId))
      expect([...finished.platforms.values()][place]?.layers).toEqual(layers)
    }
  })

  it("takes a layer's new diff ID, not the engine's", () => {
    const changed = built.map(({ config, layers }) => ({
      config,
      layers: layers.map((layer) => ({ ...layer, diffId: digestOf(layer.diffId) })),
    }))
    const { images: walked } = walk(finishLayout(changed, OPTIONS).files)
    expect(walked.map(({ config }) => config.rootfs.diff_ids)).toEqual(
      built.map(({ layers }) => layers.map(({ diffId }) => digestOf(diffId))),
    )
  })

  it("has the time, the history and the health check that were asked for, and the engine's configuration", () => {
    expect(images[0]?.config).toMatchInlineSnapshot(`
      {
        "architecture": "amd64",
        "config": {
          "Entrypoint": [
            "/bin/sh",
          ],
          "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          ],
          "Healthcheck": {
            "Interval": 30000000000,
            "Retries": 3,
            "StartPeriod": 10000000000,
            "Test": [
              "CMD",
              "/healthcheck",
            ],
            "Timeout": 5000000000,
          },
          "Labels": {
            "a": "b",
          },
        },
        "created": "2026-01-02T03:04:05Z",
        "history": [
          {
            "created": "2026-01-02T03:04:05Z",
            "created_by": "base image",
          },
          {
            "created": "2026-01-02T03:04:05Z",
            "created_by": "layer 2 of 3",
          },
          {
            "created": "2026-01-02T03:04:05Z",
            "created_by": "layer 3 of 3",
          },
        ],
        "os": "linux",
        "rootfs": {
          "diff_ids": [
            "sha256:ea2b21a084ef22aefea1024f4f684350c6bedcf7890ac8a8e3f319dcd3b6f764",
            "sha256:f5ea2257969fcbd042931eb06c9c186421bcdb380309bd74f8bdb1af060d218b",
            "sha256:52b76e256f2d5e50c5be9fa02ccc8e31d468b0240c4d0a6645901647b44ae55f",
          ],
          "type": "layers",
        },
      }
    `)
  })

  it("annotates the index and every manifest, and one platform's manifest with its own", () => {
    expect(index.annotations).toEqual(OPTIONS.annotations)
    expect(images[0]?.manifest.annotations).toEqual(OPTIONS.annotations)
    expect(images[1]?.manifest.annotations).toEqual({
      ...OPTIONS.annotations,
      "org.opencontainers.image.base.digest": "sha256:abc",
    })
  })

  it("says nothing of where or when it was built", () => {
    const traces = /127\.0\.0\.1|localhost|pulled from|buildkit|uname|2026-11/
    const [engine] = built
    expect(JSON.stringify(engine?.config)).toMatch(traces)
    for (const text of finished.files.values()) expect(text).not.toMatch(traces)
  })

  it("gives sizes and digests as the report has them", () => {
    expect([...finished.platforms.keys()]).toEqual(OPTIONS.platforms)
    expect(finished.platforms.get("linux/arm64")).toMatchObject({
      digest: images[1]?.descriptor.digest,
      compressedBytes: 52382362 + 102 + 106,
      layers: [{ size: 52382362 }, { size: 102 }, { size: 106 }],
    })
  })
})

describe("equal content", async () => {
  const two = await engineImages("two-platforms")

  it("gives equal bytes, whatever order platforms and annotations come in", () => {
    const turned: FinishOptions = {
      ...OPTIONS,
      platforms: [...OPTIONS.platforms].reverse(),
      annotations: Object.fromEntries(Object.entries(OPTIONS.annotations).reverse()),
    }
    expect([...finishLayout(two.toReversed(), turned).files]).toEqual([...finishLayout(two, OPTIONS).files])
  })

  it("has the same manifest alone as beside another platform", async () => {
    const one = finishLayout(await engineImages("one-platform"), { ...OPTIONS, platforms: ["linux/arm64"] })
    expect(one.platforms.get("linux/arm64")).toEqual(finishLayout(two, OPTIONS).platforms.get("linux/arm64"))
    expect(walk(one.files).images).toHaveLength(1)
  })

  it("is not changed by finishing it again", async () => {
    const first = finishLayout(two, OPTIONS)
    const again = await readLayout((path) => Promise.resolve(first.files.get(path) ?? expect.fail(`no ${path}`)))
    expect(finishLayout(imagesOf(again), OPTIONS).files).toEqual(first.files)
  })

  it("has no layer of another compression than was asked for, which old clients could not read", () => {
    const zstd = structuredClone(two)
    for (const { layers } of zstd.slice(1)) for (const layer of layers) layer.mediaType = LAYER_MEDIA_TYPE.zstd
    expect(() => finishLayout(zstd, OPTIONS)).toThrow(
      "linux/arm64 has a layer of application/vnd.oci.image.layer.v1.tar+zstd instead of gzip",
    )
    expect(() => finishLayout(two, { ...OPTIONS, compression: "zstd" })).toThrow("instead of zstd")
  })

  describe("of eStargz layers", () => {
    const TOC = digestOf("a table of contents")
    const withTocs = (images: readonly EngineImage[]): EngineImage[] =>
      images.map(({ config, layers }) => ({
        config,
        layers: layers.map((layer) => ({ ...layer, estargz: { tocDigest: TOC, bytes: layer.bytes + 4096 } })),
      }))
    const lazy: FinishOptions = { ...OPTIONS, compression: "estargz" }

    it("tells snapshotters the table of contents of every layer, and how large it is unpacked with it", async () => {
      const { files } = finishLayout(withTocs(two), lazy)
      for (const [place, { descriptor, manifest }] of walk(files).images.entries()) {
        expect(descriptor.annotations).toBeUndefined()
        expect(manifest.layers).toEqual(
          two[place]?.layers.map(({ digest, size, bytes }) => ({
            mediaType: LAYER_MEDIA_TYPE.gzip,
            digest,
            size,
            annotations: {
              "containerd.io/snapshot/stargz/toc.digest": TOC,
              "io.containers.estargz.uncompressed-size": String(bytes + 4096),
            },
          })),
        )
      }
      const read = await readLayout((path) => Promise.resolve(files.get(path) ?? expect.fail(`no ${path}`)))
      expect(read.images.flatMap(({ manifest }) => manifest.layers.map(({ annotations }) => annotations))).toHaveLength(
        two.flatMap(({ layers }) => layers).length,
      )
    })

    it("has no layer without a table of contents, and no other image has one with it", () => {
      const mixed = withTocs(two)
      delete mixed[1]?.layers[0]?.estargz
      expect(() => finishLayout(mixed, lazy)).toThrow(
        "linux/arm64 has a layer without a table of contents, compressed as estargz",
      )
      expect(() => finishLayout(withTocs(two), OPTIONS)).toThrow(
        "linux/amd64 has a layer with a table of contents, compressed as gzip",
      )
    })
  })

  it("gets another digest when the time is another", () => {
    const later = finishLayout(two, { ...OPTIONS, created: "2026-01-02T03:04:06Z" })
    expect(later.index).not.toBe(finishLayout(two, OPTIONS).index)
  })
})

describe("names of layers", async () => {
  const built = await engineImages("two-platforms")
  const history = (layers: string[]) =>
    walk(finishLayout(built, { ...OPTIONS, layers: { "linux/amd64": layers } }).files).images[0]?.config.history?.map(
      (step) => step.created_by,
    )

  it("are those given", () => {
    expect(history(["Debian", "greeting", "architecture"])).toEqual(["Debian", "greeting", "architecture"])
  })

  it("are numbers when it could not be said which name is whose", () => {
    expect(history(["Debian", "greeting"])).toEqual(["base image", "layer 2 of 3", "layer 3 of 3"])
  })
})

describe("a layout that is not as asked", () => {
  it.each([
    [
      "a platform too many",
      "two-platforms",
      ["linux/amd64"],
      "it has images for linux/amd64, linux/arm64, not for linux/amd64",
    ],
    ["a platform missing", "one-platform", ["linux/amd64", "linux/arm64"], "it has 0 images for linux/amd64, not one"],
    ["another platform", "one-platform", ["linux/amd64"], "it has 0 images for linux/amd64, not one"],
  ] as const)("is refused: %s", async (_case, name, platforms, problem) => {
    const built = await engineImages(name)
    expect(() => finishLayout(built, { ...OPTIONS, platforms })).toThrow(problem)
  })

  const damaged = async (file: RegExp, change: (text: string) => string) => {
    const read = readFrom(folder("one-platform"))
    return readLayout(async (path) => (file.test(path) ? change(await read(path)) : read(path)))
  }

  it.each([
    ["index.json is no JSON", /^index/, () => "{", /index.json: it is not JSON/],
    [
      "index.json is empty",
      /^index/,
      (text: string) => text.replace(/\[[^]*\]/, "[]"),
      /should name one image, but names 0/,
    ],
    ["a wrong version", /^index/, (text: string) => text.replace(/: 2/, ": 1"), /index.json: schemaVersion/],
    [
      "another blob than its name says",
      /^blobs/,
      (text: string) => `${text} `,
      /the content of blob sha256:cd2d\w+ has the digest sha256:\w+/,
    ],
  ])("is refused: %s", async (_case, file, change, problem) => {
    await expect(damaged(file, change)).rejects.toThrow(problem)
    await expect(damaged(file, change)).rejects.toMatchObject({ code: "BUILD_FAILED" })
  })

  it.each([
    ["fewer", 1, 2],
    ["more", 2, 1],
  ])("is refused: a configuration with %s layers than its manifest", async (_case, listed, layers) => {
    const files = new Map<string, string>()
    const blob = (mediaType: string, document: unknown) => {
      const text = JSON.stringify(document)
      const digest = digestOf(text)
      files.set(blobPath(digest), text)
      return { mediaType, digest, size: text.length }
    }
    const digest = `sha256:${"a".repeat(64)}`
    const config = blob("application/vnd.oci.image.config.v1+json", {
      os: "linux",
      architecture: "arm64",
      config: {},
      rootfs: { type: "layers", diff_ids: Array(listed).fill(digest) },
      history: [],
    })
    const manifest = blob(MEDIA_TYPE.manifest, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config,
      layers: Array(layers).fill({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 1 }),
    })
    files.set("index.json", JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [manifest] }))
    await expect(readLayout((path) => Promise.resolve(files.get(path) ?? ""))).rejects.toThrow(
      `config ${config.digest} lists ${String(listed)} layers, but its manifest lists ${String(layers)}`,
    )
  })
})
