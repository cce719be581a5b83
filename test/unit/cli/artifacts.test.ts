import { execa } from "execa"
import { spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { create, list } from "tar"
import { afterAll, describe, expect, it } from "vitest"
import { digestOf } from "../../../dagger/src/core/oci/documents.js"
import { writeArchive } from "../../../src/artifacts/archive.js"
import { hostPlatform } from "../../../src/destinations/host-platform.js"
import { writeLoadable } from "../../../src/artifacts/loadable.js"
import { OutputFolder } from "../../../src/artifacts/output-folder.js"
import { writeLayout } from "./layouts.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-artifacts-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})
let count = 0
const folder = () => join(work, String(++count))

/** A layer with one file, as an uncompressed tar. */
async function layer(text: string): Promise<Buffer> {
  const place = folder()
  mkdirSync(place)
  writeFileSync(join(place, "file"), text)
  return Buffer.concat(await create({ cwd: place, portable: true }, ["file"]).collect())
}

describe("the output folder", () => {
  it("shows a variant only when it is whole", async () => {
    const output = new OutputFolder(folder(), ["standard"])
    const seen: string[][] = []
    const place = await output.replace("standard", [], (fresh) => {
      writeFileSync(join(fresh, "report.json"), "{}")
      seen.push(readdirSync(output.path).filter((name) => !name.startsWith(".")))
      return Promise.resolve()
    })
    expect(seen).toEqual([[]])
    expect(readdirSync(output.path)).toEqual(["standard"])
    expect(readFileSync(join(place, "report.json"), "utf8")).toBe("{}")
  })

  it("keeps what was there when the new one fails, and leaves nothing of it", async () => {
    const output = new OutputFolder(folder(), ["standard"])
    mkdirSync(output.of("standard"), { recursive: true })
    writeFileSync(join(output.of("standard"), "report.json"), "old")
    const failing = output.replace("standard", [], (fresh) => {
      writeFileSync(join(fresh, "report.json"), "half")
      return Promise.reject(new Error("disk full"))
    })
    await expect(failing).rejects.toThrow("disk full")
    expect(readdirSync(output.path)).toEqual(["standard"])
    expect(readFileSync(join(output.of("standard"), "report.json"), "utf8")).toBe("old")
  })

  it("clears up after a build that was killed, not after one that runs", async () => {
    const output = new OutputFolder(folder(), ["standard"])
    const running = `.standard.partial-${String(process.ppid)}`
    // Beyond the largest process id of any system.
    for (const name of [".standard.partial-99999999", ".standard.partial-99999999.old", running])
      mkdirSync(join(output.path, name), { recursive: true })
    await output.replace("standard", [], () => Promise.resolve())
    expect(readdirSync(output.path).sort()).toEqual([running, "standard"])
  })

  it("takes over blobs that it has already, unless they are damaged", async () => {
    const output = new OutputFolder(folder(), ["standard"])
    const place = output.of("standard")
    const [good = "", damaged = "", gone = ""] = ["good", "damaged", "gone"].map((text) => digestOf(text).slice(7))
    mkdirSync(join(place, "blobs/sha256"), { recursive: true })
    writeFileSync(join(place, "report.json"), "")
    writeFileSync(join(place, "blobs/sha256", good), "good")
    writeFileSync(join(place, "blobs/sha256", damaged), "damagee")
    writeFileSync(join(place, "blobs/sha256", gone), "gone")
    let present: string[] = []
    await output.replace("standard", [good, damaged, "0".repeat(64)], (_fresh, there) => {
      present = there
      return Promise.resolve()
    })
    expect(present).toEqual([`blobs/sha256/${good}`])
    expect(readdirSync(join(place, "blobs/sha256"))).toEqual([good])
  })

  it("does not keep an archive of the image before", async () => {
    const output = new OutputFolder(folder(), ["standard"])
    await output.replace("standard", [], () => Promise.resolve())
    await output.replaceArchive("standard", (file) => writeFile(file, "old"))
    expect(existsSync(output.archiveOf("standard"))).toBe(true)
    await output.replace("standard", [], () => Promise.resolve())
    expect(readdirSync(output.path)).toEqual(["standard"])
  })
})

describe("the archive", () => {
  it("holds the layout and no report, with the same bytes for the same layout", async () => {
    const layout = folder()
    const digests = writeLayout(layout, { "linux/amd64": await layer("a"), "linux/arm64": await layer("b") })
    writeFileSync(join(layout, "report.json"), "{}")
    const [first, second] = [folder(), folder()]
    await writeArchive(layout, first, "2026-01-02T03:04:05Z")
    utimesSync(join(layout, "index.json"), 1, 1)
    await writeArchive(layout, second, "2026-01-02T03:04:05Z")
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true)

    const entries: string[] = []
    await list({ file: first, onReadEntry: (entry) => entries.push(entry.path) })
    const blobs = digests.map((digest) => `blobs/${digest.replace(":", "/")}`).sort()
    expect(entries).toEqual(["oci-layout", "index.json", "blobs/", "blobs/sha256/", ...blobs])
  })
})

describe("the image that is loaded into Docker or podman", () => {
  const name = "localhost/runner-images:standard"

  async function loadable(content: Buffer, oci = true): Promise<string> {
    const [layout, place] = [folder(), folder()]
    writeLayout(layout, { "linux/amd64": await layer("a"), "linux/arm64": content })
    mkdirSync(place)
    const file = join(place, "image.tar")
    const time = new Date("2026-01-02T03:04:05Z")
    await writeLoadable(file, { layout, platform: "linux/arm64", name, scratch: place, oci, time })
    return file
  }

  it("is one platform's alone, by its name, with no blob of another", async () => {
    const file = await loadable(await layer("b"))
    const texts = new Map<string, string>()
    await list({
      file,
      onReadEntry: (entry) => {
        entry.on("data", (chunk: Buffer) =>
          texts.set(entry.path, (texts.get(entry.path) ?? "") + chunk.toString("latin1")),
        )
      },
    })
    const [docker] = JSON.parse(texts.get("manifest.json") ?? "") as {
      Config: string
      RepoTags: string[]
      Layers: string[]
    }[]
    expect(docker?.RepoTags).toEqual([name])
    expect(JSON.parse(texts.get(docker?.Config ?? "") ?? "")).toMatchObject({ architecture: "arm64" })
    const { manifests } = JSON.parse(texts.get("index.json") ?? "") as { manifests: { digest: string }[] }
    const blobs = [
      ...manifests.map(({ digest }) => `blobs/${digest.replace(":", "/")}`),
      docker?.Config,
      docker?.Layers,
    ]
    expect([...texts.keys()].sort()).toEqual(["index.json", "manifest.json", "oci-layout", ...blobs.flat()].sort())
  })

  it("is Docker's archive alone for podman, which finds no health check in an OCI layout", async () => {
    const file = await loadable(await layer("b"), false)
    const paths: string[] = []
    await list({ file, onReadEntry: ({ path }) => paths.push(path) })
    expect(paths.filter((path) => !path.startsWith("blobs/"))).toEqual(["manifest.json"])
  })

  it("has the same bytes for the same image", async () => {
    const content = await layer("b")
    const [first, second] = [await loadable(content), await loadable(content)]
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true)
  })

  it.skipIf(spawnSync("skopeo", ["--version"]).error)(
    "is read by skopeo as Docker's archive and as OCI's",
    async () => {
      const content = await layer("b")
      const file = await loadable(content)
      const inspect = async (...words: string[]) =>
        JSON.parse((await execa("skopeo", ["inspect", "--override-arch", "arm64", ...words])).stdout) as unknown
      for (const transport of ["docker-archive", "oci-archive"])
        expect(await inspect("--config", `${transport}:${file}`)).toMatchObject({
          architecture: "arm64",
          rootfs: { diff_ids: [digestOf(content)] },
        })
    },
  )

  it("has to be among those that are built", () => {
    expect(hostPlatform(["linux/arm64", "linux/amd64"], "x64")).toBe("linux/amd64")
    expect(() => hostPlatform(["linux/arm64"], "x64")).toThrow(
      "--load needs an image for this host, linux/amd64, but --platforms does not include it.",
    )
    expect(() => hostPlatform(["linux/arm64"], "riscv64")).toThrow("--load: no image is built for this host (riscv64).")
  })
})
