import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { parseDocument } from "yaml"
import * as z from "zod"
import { namesOf, VARIABLES } from "../../../docker/runtime/src/configuration/variables.js"
import { knownNames } from "../../../docker/runtime/src/configuration/settings.js"
import { readOtherImages } from "../../other-images/read-other-images.js"

const compose = spawnSync("docker", ["compose", "version"], { encoding: "utf8" })
const DEPLOYMENT = readFileSync("docs/DEPLOYMENT.md", "utf8")
const MIGRATING = readFileSync("docs/MIGRATING.md", "utf8")

const blocks = [...DEPLOYMENT.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block = ""]) => block)
const change = z.object({
  services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.unknown()) })),
})

it("DEPLOYMENT.md has YAML that is some, with variables that the image knows", () => {
  expect(blocks).toHaveLength(2)
  expect(blocks.flatMap((block) => parseDocument(block).errors)).toEqual([])
  const names = blocks
    .map((block) => change.safeParse(parseDocument(block).toJS()).data)
    .flatMap((read) => Object.values(read?.services ?? {}))
    .flatMap(({ environment }) => Object.keys(environment))
  expect(names).toEqual(["WAIT_FOR_DOCKER_SECONDS"])
  expect(knownNames()).toEqual(expect.arrayContaining(names))
})

it.skipIf(compose.status !== 0)("its change of the compose file is taken by docker compose", () => {
  const folder = mkdtempSync(join(tmpdir(), "runner-compose-"))
  try {
    const file = join(folder, "docker.yml")
    writeFileSync(file, blocks.find((block) => block.startsWith("services:")) ?? "")
    const files = ["-f", "docker/docker-compose.production.yml", "-f", file]
    const { status, stderr } = spawnSync("docker", ["compose", ...files, "config", "-q"], { encoding: "utf8" })
    expect([status, stderr]).toEqual([0, ""])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe("MIGRATING.md", () => {
  it("has a table for every image whose usage is known, read at the same commit", () => {
    for (const { otherImage, commit } of readOtherImages()) {
      const place = otherImage.startsWith("actions/") ? "The controller's older image" : `## ${otherImage}`
      expect(MIGRATING).toContain(place)
      const read = commit.split(", ").at(-1)?.slice(0, 7) ?? ""
      expect(MIGRATING, otherImage).toContain(`\`${read}\``)
    }
  })

  it("names every variable of theirs that is configuration", () => {
    const used = new Set(
      readOtherImages().flatMap(({ examples }) => examples.flatMap(({ environment }) => Object.keys(environment))),
    )
    const known = knownNames()
    const missing = [...used].filter(
      (name) => known.includes(name) && !/proxy/i.test(name) && !MIGRATING.includes(`\`${name}\``),
    )
    expect(missing).toEqual([])
  })

  it("knows each image's own names, where people of that image look", () => {
    const missing = VARIABLES.flatMap((setting) =>
      setting.origins
        .filter((origin) => origin !== "own" && origin !== "runner")
        .filter((origin) => !namesOf(setting).some((name) => partOf(origin).includes(`\`${name}\``)))
        .map((origin) => `${origin}: ${setting.name}`),
    )
    expect(missing).toEqual([])
  })

  it("has every name of a setting, but for the runner's own inputs and what has its own document", () => {
    const missing = VARIABLES.filter(({ origins }) => origins.some((origin) => origin !== "own" && origin !== "runner"))
      .flatMap(namesOf)
      .filter((name) => !name.startsWith("ACTIONS_RUNNER_INPUT_") && !MIGRATING.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })

  it("names nothing as a variable that is none, but for what jobs, the runner and other programs read", () => {
    const known = [
      ...knownNames(),
      ...readOtherImages().flatMap(({ examples }) => examples.flatMap(({ environment }) => Object.keys(environment))),
    ]
    const named = [...MIGRATING.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)].map(([, name = ""]) => name)
    expect([...new Set(named)].filter((name) => !known.includes(name))).toMatchInlineSnapshot(`
      [
        "NET_BIND_SERVICE",
        "RUNNER_FEATURE_FLAG_ONCE",
      ]
    `)
  })
})

const PARTS: Readonly<Record<string, string>> = {
  GrammaTonic: "GrammaTonic/github-runner",
  myoung34: "myoung34/docker-github-actions-runner",
  ARC: "The controller's older image (summerwind)",
  tcardonne: "tcardonne/docker-github-runner",
  SanderKnape: "SanderKnape/github-runner",
}

/** The part of the document about the image that an origin names. */
function partOf(origin: string): string {
  const part = MIGRATING.split(/^## /m).find((text) => text.startsWith(`${PARTS[origin] ?? origin}\n`))
  if (part === undefined) throw new Error(`there is no part about ${origin}`)
  return part
}
