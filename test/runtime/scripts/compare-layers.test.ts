import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { gzipSync } from "node:zlib"
import { PROJECT_ROOT } from "../../../src/host/paths.js"

const SCRIPT = join(PROJECT_ROOT, "dagger/scripts/compare-layers.py")

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "compare-layers-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** What the script says when it compares a layer with itself. */
function compare(layer: Buffer, mostBytes = 2 ** 20) {
  writeFileSync(join(folder, "layer"), layer)
  writeFileSync(join(folder, "pairs"), JSON.stringify([{ original: "sha256:layer", rebuilt: "sha256:layer" }]))
  const { status, stdout, stderr } = spawnSync("python3", [SCRIPT, folder, folder, join(folder, "pairs")], {
    encoding: "utf8",
    env: { ...process.env, MOST_BYTES: String(mostBytes) },
  })
  return { status, stdout, stderr }
}

it.each<[string, Buffer]>([
  ["one that becomes too large", gzipSync(Buffer.alloc(2 ** 21))],
  ["one that ends early", gzipSync(Buffer.alloc(2 ** 19, "x")).subarray(0, 300)],
])("a layer is refused with its name: %s", (_, layer) => {
  const { status, stdout, stderr } = compare(layer)
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" })
  expect(stderr).toMatch(/^the layer sha256:layer is damaged, or has more than 1048576 bytes when it is unpacked$/m)
  expect(stderr).not.toContain("Traceback")
})

it("a layer that is no archive is refused with its name", () => {
  const { status, stderr } = compare(gzipSync(Buffer.alloc(2048, "no archive")))
  expect(status).toBe(1)
  expect(stderr).toMatch(/^the layer sha256:layer is no archive: /)
})

it("an empty archive is compared", () => {
  expect(compare(gzipSync(Buffer.alloc(10_240))).stdout).toBe('[{"files": [], "count": 0, "otherwise": "compression"}]')
})
