import { execa } from "execa"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { parsePlatforms } from "../../dagger/src/core/platforms.js"
import { sbomPath, SBOM_FORMATS } from "../../dagger/src/core/sbom/formats.js"
import { program } from "../runtime/evidence/registry.js"
import { answer, BOTH, commandLine } from "./entry-points.js"

/** What syft says of an image, as far as we compare it: https://github.com/anchore/syft/tree/main/schema/json */
const foundSchema = z.object({
  artifacts: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      type: z.string(),
      purl: z.string(),
      locations: z.array(z.object({ path: z.string() })),
      metadata: z.object({ files: z.array(z.object({ path: z.string() })).nullish() }).optional(),
    }),
  ),
})
type Found = z.infer<typeof foundSchema>["artifacts"][number]

const hasSyft = (await program("syft")) !== undefined
const reason = hasSyft ? "" : " (skipped: this machine has no syft)"
const folder = mkdtempSync(join(tmpdir(), "sbom-"))
const layout = join(folder, "standard")

async function syft(...words: string[]): Promise<Found[]> {
  const { stdout } = await execa("syft", [...words, "--quiet", "--output", "syft-json"], {
    env: { SYFT_CHECK_FOR_APP_UPDATE: "false" },
    maxBuffer: 256 * 2 ** 20,
  })
  return foundSchema.parse(JSON.parse(stdout)).artifacts
}

const listed = (found: readonly Found[], type: string): string[] =>
  [...new Set(found.filter((one) => one.type === type).map(({ name, version }) => `${name} ${version}`))].sort()

beforeAll(async () => {
  if (!hasSyft) return
  answer(
    await commandLine("build", "--sources", "registry", "--runner", "act", "--platforms", BOTH, "--output", folder),
  )
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe.skipIf(!hasSyft).each(parsePlatforms(BOTH.split(",")))(
  `a bill of materials and what syft finds${reason}: %s`,
  (platform) => {
    let image: Found[]
    let bill: Found[]

    beforeAll(async () => {
      image = await syft("scan", `oci-dir:${layout}`, "--platform", platform)
      bill = await syft("convert", join(layout, sbomPath(platform, "spdx")))
    })

    it("have the same packages of the distribution", () => {
      expect(listed(bill, "deb").length).toBeGreaterThan(200)
      expect(listed(bill, "deb")).toEqual(listed(image, "deb"))
    })

    it("have the same packages of npm, but for Node.js, which syft recognises by its program", () => {
      const isNode = (one: string): boolean => /^node-linux-\S+ /.test(one)
      const [ours, theirs] = [listed(bill, "npm"), listed(image, "npm")]
      expect(ours.length).toBeGreaterThan(100)
      expect(ours.filter((one) => !isNode(one))).toEqual(theirs)
      expect(ours.filter(isNode).map((one) => one.replace(/^\S+/, "node"))).toEqual(listed(image, "binary"))
    })

    it("differ beyond these only in what packages of the distribution, and the act runner, are made of", () => {
      const packaged = new Set(image.flatMap(({ metadata }) => metadata?.files?.map(({ path }) => path) ?? []))
      const others = image.filter(({ type }) => !["deb", "npm", "binary"].includes(type))
      expect([...new Set(others.map(({ type }) => type))].sort()).toEqual(["go-module", "python"])
      const unexplained = others.filter(({ locations }) => !locations.some(({ path }) => packaged.has(path)))
      expect([...new Set(unexplained.flatMap(({ locations }) => locations.map(({ path }) => path)))]).toEqual([
        "/home/runner/bin/Runner.Listener",
      ])
      const runner = bill.filter(({ type }) => type === "go-module")
      // The specification of package URLs has Go's modules in lower case; syft writes them as they are.
      expect(runner.map(({ purl }) => purl)).toEqual(
        unexplained.filter(({ name }) => name.endsWith("/github-act-runner")).map(({ purl }) => purl.toLowerCase()),
      )
    })

    it.each(SBOM_FORMATS)("are read by syft alike: %s", async (format) => {
      const read = await syft("convert", join(layout, sbomPath(platform, format)))
      for (const type of ["deb", "npm", "go-module"]) expect(listed(read, type)).toEqual(listed(bill, type))
    })
  },
)
