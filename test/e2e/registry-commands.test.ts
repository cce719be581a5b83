import { networkInterfaces } from "node:os"
import { describe, expect, it } from "vitest"
import { digestOf } from "../../dagger/src/core/oci/documents.js"
import { REGISTRY_PROGRAM, withRegistryProcess } from "../runtime/published/http-registry.js"
import { released } from "../runtime/published/released.js"
import { answer, commandLine, refusal } from "./entry-points.js"

const WHERE = REGISTRY_PROGRAM === undefined ? " (skipped: there is no docker-registry)" : ""

/** An address of this machine that is not its loopback's, so that containers reach it as they reach other machines. */
const ADDRESS = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address
const PLAIN = ADDRESS === undefined ? [] : ["--plain-http"]

// Images of a few kilobytes: what counts is what the commands do with them.
describe.skipIf(REGISTRY_PROGRAM === undefined)(`images in a registry without TLS${WHERE}`, () => {
  it("are not touched unless that is wanted; a tag is rolled back, and old builds are deleted", async () => {
    await withRegistryProcess(async (registry) => {
      const repository = `${registry}/team/runner`
      const { http, digests } = await released(repository)
      const [first = "", , third = ""] = digests
      const named = async (tag: string) => {
        const text = await http.find(repository, `:${tag}`)
        return text === undefined ? undefined : digestOf(text)
      }

      if (PLAIN.length > 0) {
        const said = refusal(await commandLine("rollback", repository, "latest"), 5)
        expect(said).toContain(`Could not read ${repository}:latest: the server does not speak TLS. [REGISTRY_FAILED]`)
        expect(said).toContain("give --plain-http")
      }
      const promoted = await commandLine("promote", `${repository}:1.0.1`, "latest", "stable", ...PLAIN)
      const back = `runner-images rollback ${repository} latest --to ${third}${PLAIN.map((word) => ` ${word}`).join("")}`
      const moved = `set: ${repository}:latest, from ${third} to ${first}`
      expect(answer(promoted)).toBe(`set: ${repository}:stable, new, to ${first}\n${moved}\nTo undo:\n  ${back}`)
      if (PLAIN.length > 0) expect(promoted.stderr).toContain(`warning: ${registry} is used without TLS`)

      const rolledBack = await commandLine("rollback", repository, "latest", ...PLAIN)
      expect(answer(rolledBack)).toContain(`set: ${repository}:latest, from ${first} to ${third}`)
      expect(await named("latest")).toBe(third)

      const before = await http.tags(repository)
      const dry = await commandLine("cleanup", repository, "--keep", "1", "--dry-run", "--json", ...PLAIN)
      const plan = JSON.parse(answer(dry)) as { deleted: { tags: string[] }[]; deletions: string[] }
      expect(plan.deleted.map(({ tags }) => tags)).toEqual([["1.0.2"]])
      expect(await http.tags(repository)).toEqual(before)
      const cleaned = await commandLine("cleanup", repository, "--keep", "1", ...PLAIN)
      expect(answer(cleaned)).toContain(
        `Deleted from ${repository}: 1 image, ${String(plan.deletions.length)} manifests`,
      )
      for (const digest of plan.deletions) expect(await http.find(repository, `@${digest}`)).toBeUndefined()
      expect(await named("1.0.2")).toBeUndefined()
      const left = await Promise.all(["1.0.1", "stable", "1.0.3", "latest"].map(named))
      expect(left).toEqual([first, first, third, third])
    }, ADDRESS)
  })
})
