import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { parseEnv } from "node:util"
import { describe, expect, it } from "vitest"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { hostWith } from "../../runtime/configuration/host.js"
import { composeFiles, filledIn, variablesOf } from "./compose-file.js"

const COMPOSE = "docker/docker-compose.production.yml"
const compose = spawnSync("docker", ["compose", "version"], { encoding: "utf8" })
const file = composeFiles().find(({ path }) => path === COMPOSE)

/** Settings of the compose file for certain machines, and the bytes of memory that these have. */
const MEMORY: Readonly<Record<string, number>> = { graviton: 4 << 10, "raspberry-pi": 4000, "apple-silicon": 8000 }

const mebibytes = (size: string) => Number.parseInt(size) * (size.endsWith("g") ? 1024 : 1)

it("there are settings for these machines", () => {
  const found = readdirSync("examples").filter((name) => existsSync(`examples/${name}/runner.env`))
  expect(found.sort()).toEqual(Object.keys(MEMORY).sort())
})

describe.each(Object.entries(MEMORY))("examples/%s", (name, memory) => {
  const path = `examples/${name}/runner.env`
  const text = readFileSync(path, "utf8")
  const settings = parseEnv(text) as Record<string, string>
  if (!file) throw new Error(`there is no ${COMPOSE}`)
  const { service, broker } = file

  it("has settings that the compose file reads, and no secret", () => {
    const read = variablesOf(file.text)
    expect(Object.keys(settings).filter((key) => !read.has(key))).toEqual([])
    expect(text).not.toMatch(/gh[a-z]_|github_pat_|BEGIN/)
  })

  it.skipIf(compose.status !== 0)("is read by docker compose", () => {
    const words = ["compose", "--env-file", path, "-f", COMPOSE, "config"]
    const { status, stdout, stderr } = spawnSync("docker", words, { encoding: "utf8" })
    expect([status, stderr]).toEqual([0, ""])
    expect(stdout).toContain(`RUNNER_NAME: ${settings.RUNNER_NAME ?? ""}`)
  })

  it("is accepted by the runtime program, without a warning", () => {
    const environment = (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, filledIn(value, settings)]))
    const host = (files: Readonly<Record<string, string>>) => ({ ...hostWith(files, { variant: "standard" }), uid: 0 })
    const runner = readConfiguration(environment(service.environment), host({}))
    const of = readConfiguration(
      environment(broker.environment),
      host({ "/run/secrets/github": "ghp_example" }),
      "broker",
    )
    expect([...runner.warnings, ...of.warnings]).toEqual([])
    expect(runner.configuration.labels).toContain(settings.RUNNER_LABELS)
    expect(runner.configuration.name).toBe(settings.RUNNER_NAME)
  })

  it("leaves memory to the system, and has room in the runner's limit beside /tmp", () => {
    const limit = (value: string) => mebibytes(filledIn(value, settings))
    const runner = limit(service.mem_limit)
    const [, size = ""] = /size=(.*)$/.exec(service.tmpfs[0] ?? "") ?? []
    expect(runner + limit(broker.mem_limit)).toBeLessThanOrEqual(memory - 700)
    // What the container's doctor asks for.
    expect(runner - limit(size)).toBeGreaterThanOrEqual(1024)
  })

  it("is started as its README says, and started as the file says", () => {
    const command = `docker compose --env-file ${path} -f ${COMPOSE} up -d`
    expect(readFileSync(`examples/${name}/README.md`, "utf8")).toContain(`\n${command}\n`)
    expect(text).toContain(command)
  })
})
