import { connection } from "@dagger.io/dagger"
import { execa } from "execa"
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import type { FinishedLayer } from "../../dagger/src/core/oci/engine-image.js"
import { openEngineHost, type EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { estargzTools } from "../../dagger/src/pipeline/oci/estargz.js"
import { finishLayers } from "../../dagger/src/pipeline/oci/finish.js"
import { hostUploads } from "../../src/session/host-uploads.js"
import { FINISH, hostTrust } from "./images.js"

/** At the end of an eStargz layer: an empty gzip stream, whose header has where the table of contents is. */
const FOOTER_BYTES = 51

const tocSchema = z.object({
  version: z.literal(1),
  entries: z.array(
    z.looseObject({
      name: z.string(),
      type: z.string(),
      size: z.number().optional(),
      offset: z.number().optional(),
      digest: z.string().optional(),
    }),
  ),
})

const sha256 = (content: Uint8Array) => `sha256:${createHash("sha256").update(content).digest("hex")}`

/** Reads a layer as a snapshotter does: from its end. */
function readToc(blob: Buffer) {
  const [, hexadecimal] = /([0-9a-f]{16})STARGZ/.exec(blob.subarray(-FOOTER_BYTES).toString("latin1")) ?? []
  if (hexadecimal === undefined) throw new Error("the layer has no footer")
  const offset = Number.parseInt(hexadecimal, 16)
  const tar = gunzipSync(blob.subarray(offset, -FOOTER_BYTES))
  const size = Number.parseInt(tar.subarray(124, 135).toString(), 8)
  const content = tar.subarray(512, 512 + size)
  const { entries } = tocSchema.parse(JSON.parse(content.toString()))
  return { name: tar.subarray(0, 17).toString(), content, entries, offset }
}

async function inEngine<T>(work: (engineHost: EngineHost) => Promise<T>): Promise<T> {
  const results: T[] = []
  await connection(async () => {
    results.push(await work(await openEngineHost(hostUploads(), hostTrust())))
  })
  return results[0] as T
}

describe("an eStargz layer", () => {
  const folder = mkdtempSync(join(tmpdir(), "runner-images-estargz-"))
  let layers: FinishedLayer[]
  let path: string
  let blob: Buffer

  beforeAll(async () => {
    layers = await inEngine(async (engineHost) => {
      const container = engineHost
        .root(engineHost.platform)
        .withExec([
          "sh",
          "-ec",
          "mkdir -p /a /home/runner && echo greeting > /a/greeting && echo start > /home/runner/run.sh && ln /a/greeting /link",
        ])
      const images = [{ platform: engineHost.platform, container }]
      const made = await finishLayers(images, { created: FINISH.created, compression: "estargz" }, engineHost)
      await made.folder.export(folder)
      return made.images[0]?.layers ?? []
    })
    path = join(folder, "layout/blobs/sha256", layers.at(-1)?.digest.replace("sha256:", "") ?? "none")
    blob = readFileSync(path)
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it("is what gzip and tar read, and its diff ID is of what they read", async () => {
    const { stdout } = await execa("sh", ["-c", 'gzip -dc "$1" | tar -tv --numeric-owner', "sh", path], {
      env: { TZ: "UTC" },
    })
    expect(stdout.split("\n").map((line) => line.split(/\s+/).slice(5).join(" "))).toEqual([
      "home/",
      "home/runner/",
      "home/runner/run.sh",
      // All before it is fetched at once.
      ".prefetch.landmark",
      "a/",
      "a/greeting",
      "link link to a/greeting",
      "stargz.index.json",
    ])
    const tar = gunzipSync(blob)
    expect(sha256(tar)).toBe(layers.at(-1)?.diffId)
    expect(tar.length).toBe(layers.at(-1)?.estargz?.bytes)
  })

  it("has the table of contents of which the annotation has the digest", () => {
    const toc = readToc(blob)
    expect(toc.name).toBe("stargz.index.json")
    expect(sha256(toc.content)).toBe(layers.at(-1)?.estargz?.tocDigest)
  })

  it("has every file where the table of contents says, without what is before it", () => {
    const { entries, offset: end } = readToc(blob)
    const offsets = [...entries.flatMap(({ offset }) => offset ?? []), end].sort((a, b) => a - b)
    const contents = entries.flatMap(({ name, type, size, offset = -1, digest }) => {
      if (type !== "reg" || name === ".prefetch.landmark") return []
      const next = offsets.find((place) => place > offset)
      const content = gunzipSync(blob.subarray(offset, next)).subarray(0, size)
      expect(sha256(content), name).toBe(digest)
      return [[name, content.toString()]]
    })
    expect(contents).toEqual([
      ["home/runner/run.sh", "start\n"],
      ["a/greeting", "greeting\n"],
    ])
  })

  it("is what the base image's layers become too", () => {
    expect(layers.length).toBeGreaterThan(1)
    for (const layer of layers) {
      const base = readFileSync(join(folder, "layout/blobs/sha256", layer.digest.replace("sha256:", "")))
      expect(sha256(readToc(base).content)).toBe(layer.estargz?.tocDigest)
    }
  })
})

it("an eStargz layer is the same on one processor and on many", async () => {
  const sums = await inEngine(async (engineHost) =>
    engineHost.toolbox
      .withMountedDirectory("/program", (await estargzTools(engineHost)).program)
      .withExec([
        "sh",
        "-ec",
        // More than each of several workers would begin with.
        `mkdir /files && cp --archive --parents /usr/bin /usr/lib/python3* /files && tar --create --file /tar --sort=name --directory /files .
        echo /usr/bin/perl > /list
        for processors in 1 2 7; do GOMAXPROCS=$processors /program/estargz /tar /blob /list; sha256sum < /blob; done`,
      ])
      .stdout(),
  )
  const lines = sums.trim().split("\n")
  expect(lines).toHaveLength(6)
  expect(new Set(lines).size).toBe(2)
})
