import { execa } from "execa"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ChangingImages } from "../../../dagger/src/core/published/published-images.js"
import { goToolchain } from "../../../src/engine/bare/artefacts/go-toolchain.js"
import { PROJECT_ROOT } from "../../../src/host/paths.js"
import { GO_ENVIRONMENT } from "../go-module.js"
import { ProgramRegistry } from "./program-registry.js"
import { cleanUp, planCleanup } from "../../../dagger/src/core/published/cleanup.js"
import { inspect } from "../../../dagger/src/core/published/inspection.js"
import { promote, rollback } from "../../../dagger/src/core/published/promotion.js"
import { surveyOf } from "../../../dagger/src/core/published/survey.js"
import { digestOf } from "../../../dagger/src/core/oci/documents.js"
import { released } from "./released.js"
import { HttpRegistry, REGISTRY_PROGRAM, withRegistryProcess } from "./http-registry.js"

const WHERE = REGISTRY_PROGRAM === undefined ? " (skipped: there is no docker-registry)" : ""
const NOW = new Date("2026-11-30T12:00:00Z")

const MINUTES = 15 * 60_000
const folder = mkdtempSync(join(tmpdir(), "published-"))
const program = join(folder, "registry")

describe.skipIf(REGISTRY_PROGRAM === undefined)(`images in a registry${WHERE}`, () => {
  beforeAll(async () => {
    const { program: go } = await goToolchain()
    const cwd = join(PROJECT_ROOT, "dagger/registry")
    await execa(go, ["build", "-trimpath", "-o", program, "."], { cwd, env: GO_ENVIRONMENT })
  }, MINUTES)
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  it("are read in one go, all that the commands need of them", async () => {
    await withRegistryProcess(async (registry) => {
      const repository = `${registry}/team/runner`
      await released(repository)
      const client = new ProgramRegistry(program, registry)
      const options = { force: false, now: () => NOW, dryRun: true }
      await promote(client, { repository, name: ":1.0.1", tags: ["latest"] }, { ...options, dryRun: false })
      const both = async <T>(names: string[], read: (images: ChangingImages) => Promise<T>) => {
        const expected = await read(client)
        client.runs = 0
        expect(await read(await client.readAhead(repository, names))).toEqual(expected)
        return client.runs
      }
      expect(await both([], async (images) => planCleanup(await surveyOf(images, repository), 1))).toBe(1)
      for (const name of [":latest", ":1.0.2"])
        expect(await both([name], (images) => inspect(images, { repository, name }, NOW))).toBe(1)
      const back = (images: ChangingImages) => rollback(images, { repository, tag: "latest" }, options)
      expect(await both([":latest"], back)).toBe(1)
      const how = { repository, name: ":1.0.3", tags: ["latest", "stable"] }
      expect(await both([":1.0.3", ":latest", ":stable"], (images) => promote(images, how, options))).toBe(1)
    })
  })

  it.each<[string, (registry: string) => ChangingImages]>([
    ["a client of this test's", () => new HttpRegistry()],
    ["the pipeline's client", (registry) => new ProgramRegistry(program, registry)],
  ])("are inspected, promoted, rolled back and cleaned up by %s", async (_, clientOf) => {
    await withRegistryProcess(async (registry) => {
      const repository = `${registry}/team/runner`
      const { http, digests } = await released(repository)
      const client = clientOf(registry)
      const [first = "", second = "", third = ""] = digests
      const named = async (tag: string) => {
        const text = await http.find(repository, `:${tag}`)
        return text === undefined ? undefined : digestOf(text)
      }

      expect(await inspect(client, { repository, name: ":latest" }, NOW)).toMatchObject({
        image: `${repository}@${third}`,
        ageDays: 27,
        platforms: [
          { platform: "linux/amd64", layers: 2 },
          { platform: "linux/arm64", layers: 2 },
        ],
        attestations: [{ kind: "SPDX", signed: false }],
      })

      const options = { force: false, now: () => NOW }
      await promote(client, { repository, name: ":1.0.1", tags: ["latest", "stable"] }, options)
      expect([await named("latest"), await named("stable")]).toEqual([first, first])
      await expect(promote(client, { repository, name: ":1.0.1", tags: ["1.0.2"] }, options)).rejects.toMatchObject({
        code: "TAG_TAKEN",
      })
      await rollback(client, { repository, tag: "latest" }, options)
      expect(await named("latest")).toBe(third)
      const { moves } = await inspect(client, { repository, name: ":latest" }, NOW)
      expect(moves).toEqual([{ tag: "latest", from: first, at: NOW.toISOString(), by: "rollback" }])

      const survey = await surveyOf(client, repository)
      const plan = planCleanup(survey, 1)
      expect(plan.deleted.map(({ tags }) => tags)).toEqual([["1.0.2"]])
      await cleanUp(client, survey, plan)
      expect((await http.tags(repository)).toSorted()).toEqual(
        ["1.0.1", "1.0.3", "latest", "stable", ...[first, third].map((digest) => digest.replace(":", "-"))].toSorted(),
      )
      for (const digest of plan.deletions) expect(await http.find(repository, `@${digest}`)).toBeUndefined()
      expect(await named("1.0.2")).toBeUndefined()
      expect(await http.find(repository, `@${second}`)).toBeUndefined()
      // What stays is whole, and there is nothing left to do.
      for (const name of [":latest", ":stable", ":1.0.1", ":1.0.3"])
        expect((await inspect(client, { repository, name }, NOW)).attestations).toMatchObject([{ kind: "SPDX" }])
      expect(planCleanup(await surveyOf(client, repository), 1).deletions).toEqual([])
    })
  })
})
