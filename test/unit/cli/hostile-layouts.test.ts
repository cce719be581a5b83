import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { blobPath, digestOf } from "../../../dagger/src/core/oci/documents.js"
import { COSIGN_KEY } from "../core/evidence/cosign-keys.js"
import { report } from "../core/report/reports.js"
import { platform } from "../core/diff/builds.js"
import { refusal, WORK } from "./command-line.js"
import { writeLayout } from "./layouts.js"

const PLATFORM = "linux/amd64"
const OUTSIDE = "a secret of this host's"
let count = 0

interface Layout {
  folder: string
  /** Paths of its documents. */
  index: string
  manifest: string
  config: string
}

/** A build's folder, with its report. */
function layout(): Layout {
  const folder = join(WORK, "hostile", String(++count))
  const blobs = writeLayout(folder, { [PLATFORM]: Buffer.from("layer") })
  const [config = "", , manifest = "", index = ""] = blobs
  const made = report({ platforms: [platform(PLATFORM)], index })
  writeFileSync(join(folder, "report.json"), JSON.stringify(made))
  writeFileSync(join(folder, "cosign.pub"), COSIGN_KEY.publicKey)
  const at = (digest: string) => join(folder, blobPath(digest))
  return { folder, index: at(index), manifest: at(manifest), config: at(config) }
}

/** Puts other bytes in the place of a document, and everything that names it in order again. */
function replaceConfig({ folder, manifest, config }: Layout, text: string): void {
  const put = (content: string) => {
    writeFileSync(join(folder, blobPath(digestOf(content))), content)
    return { digest: digestOf(content), size: Buffer.byteLength(content) }
  }
  const old = JSON.parse(readFileSync(manifest, "utf8")) as { config: object }
  rmSync(config)
  const entry = put(JSON.stringify({ ...old, config: { ...old.config, ...put(text) } }))
  const index = (mediaType: string, descriptor: object) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [{ mediaType: `application/vnd.oci.image.${mediaType}.v1+json`, ...descriptor }],
    })
  const listed = put(index("manifest", { ...entry, platform: { os: "linux", architecture: "amd64" } }))
  writeFileSync(join(folder, "index.json"), index("index", listed))
}

const pipe = (path: string): void => {
  rmSync(path)
  execFileSync("mkfifo", [path])
}
const link = (path: string, target: string): void => {
  rmSync(path)
  symlinkSync(target, path)
}
const indexJson = ({ folder }: Layout) => join(folder, "index.json")
const named = (made: Layout, descriptor: object): void => {
  const old = JSON.parse(readFileSync(indexJson(made), "utf8")) as { manifests: object[] }
  writeFileSync(indexJson(made), JSON.stringify({ ...old, manifests: [{ ...old.manifests[0], ...descriptor }] }))
}
const deepConfig = (): string =>
  `{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["${digestOf("layer")}"]},"config":{"Labels":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}}`

const KINDS: Record<string, (made: Layout) => void> = {
  "a pipe in the place of index.json": (made) => pipe(indexJson(made)),
  "a pipe in the place of the index": ({ index }) => pipe(index),
  "a pipe in the place of a configuration": ({ config }) => pipe(config),
  "a link to a device without an end, in the place of index.json": (made) => link(indexJson(made), "/dev/zero"),
  "a link to a device without an end, in the place of a manifest": ({ manifest }) => link(manifest, "/dev/zero"),
  "a folder in the place of a manifest": ({ manifest }) => {
    rmSync(manifest)
    mkdirSync(manifest)
  },
  "a link out of the layout": (made) => {
    const outside = join(dirname(made.folder), "outside")
    writeFileSync(outside, OUTSIDE)
    link(made.config, outside)
  },
  "a link to itself": ({ index }) => link(index, index),
  "a configuration of 1 GB": ({ config }) => truncateSync(config, 1e9),
  "an index.json of 1 GB": (made) => truncateSync(indexJson(made), 1e9),
  "a digest that is a path": (made) => named(made, { digest: "sha256:../../../../../../../etc/passwd" }),
  "a digest of another kind": (made) => named(made, { digest: "md5:00112233445566778899aabbccddeeff" }),
  "an index of another size than its descriptor says": (made) => named(made, { size: 7 }),
  "a negative size": (made) => named(made, { size: -1 }),
  "a configuration that is nested deeply": (made) => replaceConfig(made, deepConfig()),
  "an index.json that is nested deeply": (made) =>
    writeFileSync(indexJson(made), `{"schemaVersion":2,"manifests":${"[".repeat(200_000)}${"]".repeat(200_000)}}`),
  "an index that names itself": (made) => {
    const text = readFileSync(indexJson(made), "utf8")
    named(made, { digest: digestOf(text), size: Buffer.byteLength(text) })
  },
}

const COMMANDS: Record<string, { words: (folder: string) => string[]; code: string }> = {
  diff: { words: (folder) => ["diff", folder, folder], code: "DIFF_INVALID" },
  reproduce: { words: (folder) => ["reproduce", folder], code: "ORIGINAL_INVALID" },
  verify: {
    words: (folder) => ["verify", folder, "--key", join(folder, "cosign.pub"), "--repository", "ghcr.io/owner/runner"],
    code: "USAGE|VERIFICATION_FAILED",
  },
}

// One that waits for ever, or reads without an end, shows as a test that comes to none.
describe.each(Object.entries(COMMANDS))("a hostile layout that is given to %s", (_, { words, code }) => {
  it.each(Object.entries(KINDS))(
    "is refused with a code: %s",
    async (_, make) => {
      const made = layout()
      make(made)
      const said = await refusal(...words(made.folder))
      expect(said).toMatch(new RegExp(`\\[(?:${code})\\]`))
      expect(said).not.toContain(OUTSIDE)
      expect(said).not.toMatch(/RangeError|Maximum call stack|heap/)
      expect(said.length).toBeLessThan(3000)
    },
    20_000,
  )
})
