import { createHash } from "node:crypto"
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execa } from "execa"
import { afterAll, expect, it } from "vitest"
import { writeImageLayer } from "../../src/engine/bare/artefacts/image.js"

const work = mkdtempSync(join(tmpdir(), "image-layer-"))
afterAll(() => rmSync(work, { recursive: true }))

// In namespaces of its own, which only root may make.
it.runIf(process.getuid?.() === 0)("puts the parts of a layer where they belong, without what is omitted", async () => {
  const [root, tools, layout] = ["root", "tools", "layout"].map((name) => join(work, name)) as [string, string, string]
  for (const folder of [join(root, "dev"), join(root, "etc"), tools]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(root, "dev", "null"), "")
  writeFileSync(join(root, "etc", "name"), "a")
  symlinkSync("../etc/name", join(root, "etc", "link"))
  writeFileSync(join(tools, "tool"), "b", { mode: 0o755 })
  const parts = [
    { folder: root, at: "node", exclude: ["./dev/*"], keepOwners: true },
    { folder: tools, file: "tool", at: "" },
    { folder: tools, at: "node/opt/tools" },
  ]
  const made = await writeImageLayer(layout, "layer", parts, new Date("2020-01-01T00:00:00Z"), work)
  const blob = join(layout, "blobs", "sha256", made.descriptor.digest.replace("sha256:", ""))
  expect(`sha256:${createHash("sha256").update(readFileSync(blob)).digest("hex")}`).toBe(made.descriptor.digest)
  const { stdout: plain } = await execa("zstd", ["-dc", blob], { encoding: "buffer", stripFinalNewline: false })
  expect(`sha256:${createHash("sha256").update(plain).digest("hex")}`).toBe(made.diffId)
  const list = await execa("tar", ["-tv", "--utc", "--numeric-owner"], { input: plain })
  expect(list.stdout.replace(/ +/g, " ")).toMatchInlineSnapshot(`
    "drwxr-xr-x 0/0 0 2020-01-01 00:00 node/
    drwxr-xr-x 0/0 0 2020-01-01 00:00 node/dev/
    drwxr-xr-x 0/0 0 2020-01-01 00:00 node/etc/
    lrwxrwxrwx 0/0 0 2020-01-01 00:00 node/etc/link -> ../etc/name
    -rw-r--r-- 0/0 1 2020-01-01 00:00 node/etc/name
    -rwxr-xr-x 0/0 1 2020-01-01 00:00 ./tool
    drwxr-xr-x 0/0 0 2020-01-01 00:00 node/opt/tools/
    -rwxr-xr-x 0/0 1 2020-01-01 00:00 node/opt/tools/tool"
  `)
})

it.runIf(process.getuid?.() === 0)(
  "gives uniform files the same bytes, whatever their times, modes and links",
  async () => {
    const digests = [0o22, 0o77].map(async (umask, index) => {
      const [files, layout] = [join(work, `uniform-${umask}`), join(work, `uniform-layout-${umask}`)]
      const before = process.umask(umask)
      mkdirSync(join(files, "folder"), { recursive: true })
      writeFileSync(join(files, "folder", "text"), "a", { mode: 0o666 })
      writeFileSync(join(files, "program"), "b", { mode: 0o777 })
      process.umask(before)
      if (index === 0) linkSync(join(files, "program"), join(files, "same"))
      else copyFileSync(join(files, "program"), join(files, "same"))
      utimesSync(join(files, "program"), 1_000_000 * index, 1_000_000 * index)
      const parts = [{ folder: files, at: "", uniform: true }]
      const date = new Date("2020-01-01T00:00:00Z")
      const layer = await writeImageLayer(layout, `layer-${umask}`, parts, date, work, "gzip")
      expect(layer.descriptor.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+gzip")
      return layer.descriptor.digest
    })
    const [first, second] = await Promise.all(digests)
    expect(first).toBe(second)
  },
)
