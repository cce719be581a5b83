import { execa } from "execa"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { dockerfileName } from "../../dagger/src/core/dockerfile/dockerfile.js"
import { platformOfNodeArch, PLATFORMS } from "../../dagger/src/core/platforms.js"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"
import { DOCKER_FOLDER } from "../../src/host/paths.js"
import { copyCheckout, writePins } from "../checkout.js"
import { Builder } from "../dockerfiles/builder.js"
import { comparableConfig, compareImages, imageContents } from "../dockerfiles/compare-images.js"
import { answer, commandLine, commandLineIn } from "../e2e/entry-points.js"
import { makeVendorFiles, pinsFor } from "../e2e/vendor-files.js"

const HOUR = 60 * 60_000
const REGISTRIES = { "build-arg:SOURCES": "registry", "build-arg:RUNNER": "act" }
const own = platformOfNodeArch(process.arch) ?? "linux/amd64"

/**
 * A folder with the pipeline's layouts of variants, from `--sources registry --runner act` and today's archive: variants that are not there are
 * not tested. Without it, standard is built.
 */
const given = process.env.RUNNER_IMAGES_DOCKERFILES_LAYOUTS
const work = mkdtempSync(join(tmpdir(), "runner-images-dockerfiles-"))
const builder = await Builder.start().catch((error: unknown) => String(error))
const missing = typeof builder === "string" ? builder : undefined
const variants =
  given === undefined ? (["standard"] as const) : VARIANTS.filter((name) => existsSync(join(given, name)))

afterAll(async () => {
  if (typeof builder !== "string") await builder.close()
  rmSync(work, { recursive: true, force: true })
})

function started(): Builder {
  if (typeof builder === "string") throw new Error(builder)
  return builder
}

async function pipelineLayout(variant: string): Promise<string> {
  if (given !== undefined) return join(given, variant)
  const output = join(work, "pipeline")
  const words = ["--variants", variant, "--sources", "registry", "--runner", "act", "--output", output]
  answer(await commandLine("build", ...words))
  return output
}

describe(`Dockerfiles built by BuildKit${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  it.skipIf(missing !== undefined).each(variants)(
    "the images of %s have what the pipeline's have",
    async (variant) => {
      const pipeline = await pipelineLayout(variant)
      const layout = join(work, variant)
      const log = await started().build(DOCKER_FOLDER, dockerfileName(variant), PLATFORMS, REGISTRIES, layout)
      expect(log).not.toContain("installed under emulation")
      for (const platform of PLATFORMS) {
        const [expected, made] = [
          await imageContents(pipeline, platform, join(work, "unpacked")),
          await imageContents(layout, platform, join(work, "unpacked")),
        ]
        const { differences, unused } = compareImages(expected, made)
        expect({ differences, unused }).toEqual({ differences: [], unused: [] })
        expect(comparableConfig(made)).toEqual(comparableConfig(expected))
        rmSync(join(work, "unpacked"), { recursive: true })
      }
    },
    HOUR,
  )

  it.skipIf(missing !== undefined)(
    "vendors' files come from a server that has them, and only with the right checksum",
    async () => {
      const files = join(work, "files")
      const server = createServer((request, response) => {
        const file = join(files, decodeURIComponent(request.url ?? "/"))
        if (existsSync(file)) response.end(readFileSync(file))
        else response.writeHead(404).end()
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      try {
        const vendors = await makeVendorFiles(files, own)
        const checkout = join(work, "checkout")
        copyCheckout(checkout)
        writePins(checkout, pinsFor(vendors, own))
        answer(await commandLineIn(checkout, "dockerfile", "--write"))
        const options = { "build-arg:MIRROR": `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` }
        const docker = join(checkout, "docker")
        const layout = join(work, "upstream")
        await started().build(
          docker,
          "Dockerfile",
          [...PLATFORMS].filter((platform) => platform === own),
          options,
          layout,
        )
        const rootfs = join(work, "upstream-root")
        await execa("umoci", ["raw", "unpack", "--image", `${layout}:latest`, rootfs])
        const facts = JSON.parse(
          readFileSync(join(rootfs, "usr/local/lib/runner-images/image.json"), "utf8"),
        ) as unknown
        expect(facts).toMatchObject({
          runner: { kind: "official", version: vendors.runner.version },
          tools: { node: vendors.node.version, docker: vendors.docker.version, gh: vendors.gh.version },
        })
        const said = async (program: string, ...words: string[]) =>
          (await execa("chroot", [rootfs, program, ...words])).stdout
        expect(await said("/usr/local/bin/node", "--version")).toBe(`v${vendors.node.version}`)
        expect(await said("/home/runner/bin/Runner.Listener", "--version")).toBe(vendors.runner.version)
        expect(await said("/usr/local/bin/docker", "--version")).toContain(vendors.docker.version)
        expect(existsSync(join(rootfs, "usr/bin/docker"))).toBe(false)

        const other = pinsFor({ ...vendors, gh: { version: vendors.gh.version } }, own)
        writePins(checkout, other)
        answer(await commandLineIn(checkout, "dockerfile", "--write"))
        await expect(started().build(docker, "Dockerfile", [own], options)).rejects.toThrow(/digest mismatch sha256:/)
      } finally {
        server.close()
        server.closeAllConnections()
      }
    },
    HOUR,
  )
})
