import { execa } from "execa"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { ensureOciTools } from "./oci-tools.js"
import { answer, BOTH, commandLine } from "./entry-points.js"

const work = mkdtempSync(join(tmpdir(), "runner-images-cold-"))
const INSTANCES = ["cold-1", "cold-2"]
const on = (instance: string) =>
  commandLine.with({
    RUNNER_IMAGES_INSTANCE: instance,
    _EXPERIMENTAL_DAGGER_RUNNER_HOST: "",
    _EXPERIMENTAL_DAGGER_CLI_BIN: "",
  })

afterAll(async () => {
  for (const instance of INSTANCES) await on(instance)("engine", "down")
  rmSync(work, { recursive: true, force: true })
})

/** Every path of an image with type, mode, owner, link and SHA-256, as umoci's manifest has them; without times. */
async function fileManifest(layout: string, architecture: string): Promise<string[]> {
  const image = `${layout}-${architecture}`
  await execa("skopeo", ["copy", "--quiet", "--override-arch", architecture, `oci:${layout}`, `oci:${image}:image`])
  await execa("umoci", ["unpack", "--image", `${image}:image`, `${image}-bundle`])
  const manifest = readdirSync(`${image}-bundle`).find((name) => name.endsWith(".mtree")) ?? ""
  const lines = readFileSync(join(`${image}-bundle`, manifest), "utf8").split("\n")
  rmSync(`${image}-bundle`, { recursive: true })
  return lines.filter((line) => !line.startsWith("#")).map((line) => line.replace(/ (?:tar_)?time=\S+/g, ""))
}

it(
  "two engines that have never built anything make the same files",
  async () => {
    await ensureOciTools()
    const manifests: Record<string, string[][]> = { amd64: [], arm64: [] }
    for (const instance of INSTANCES) {
      const output = join(work, instance)
      answer(await on(instance)("build", "--sources", "registry", "--platforms", BOTH, "--output", output))
      for (const [architecture, found] of Object.entries(manifests))
        found.push(await fileManifest(join(output, "standard"), architecture))
    }
    for (const [first, second] of Object.values(manifests)) {
      expect(first?.length).toBeGreaterThan(10_000)
      expect(second).toEqual(first)
    }
  },
  60 * 60_000,
)
