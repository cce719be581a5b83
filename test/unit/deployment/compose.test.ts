import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { parseEnv } from "node:util"
import { describe, expect, it } from "vitest"
import { AGENT_FOLDERS, RUNNER_FOLDERS, RUNNER_USER } from "../../../dagger/src/core/variants/runner-user.js"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { namesOf, variable, VARIABLES } from "../../../docker/runtime/src/configuration/variables.js"
import { knownNames } from "../../../docker/runtime/src/configuration/settings.js"
import { stopTimes } from "../../../docker/runtime/src/supervisor/runner-parts.js"
import { hostWith } from "../../runtime/configuration/host.js"
import { composeFiles, filledIn, variablesOf } from "./compose-file.js"

const FILES = composeFiles()
const EXAMPLE = readFileSync("docker/.env.example", "utf8")
const SECRET = "/run/secrets/github"
const SOCKET = "broker-socket"
const STATE = "broker-state"
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"

const compose = spawnSync("docker", ["compose", "version"], { encoding: "utf8" })
const WITHOUT_COMPOSE = compose.status === 0 ? undefined : "docker compose is not installed here"

/** As a runner of this file is configured, and its broker, with these variables in .env. */
function configured(path: string, variables: Readonly<Record<string, string>>, secret = "ghp_example") {
  const found = FILES.find((one) => one.path === path)
  if (!found) throw new Error(`there is no ${path}`)
  const environmentOf = ({ environment }: Pick<typeof found.service, "environment">) =>
    Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filledIn(value, variables)]))
  const [, variant = ""] = /github-runner-?([a-z-]*):/.exec(found.service.image) ?? []
  const hostOf = (files: Readonly<Record<string, string>>) => ({
    ...hostWith(files, { variant: variant || "standard" }),
    uid: 0,
  })
  return {
    runner: readConfiguration(environmentOf(found.service), hostOf({})),
    broker: readConfiguration(environmentOf(found.broker), hostOf({ [SECRET]: secret }), "broker"),
  }
}

/** Every name of a setting that is how to register, or for what: these are the broker's to know. */
const BROKERS_OWN = VARIABLES.filter(({ group }) => group === "authentication" || group === "target")
  .flatMap(namesOf)
  .concat(namesOf(variable("RUNNER_GROUP")))
  .flatMap((name) => [name, `${name}_FILE`])

it("are four", () => {
  expect(
    FILES.map(({ path, name, serviceName, service }) => `${path} ${name} ${serviceName} ${filledIn(service.image)}`),
  ).toMatchInlineSnapshot(`
    [
      "docker/docker-compose.chrome-go.yml github-runner-chrome-go github-runner-chrome-go ghcr.io/OWNER/github-runner-chrome-go:latest",
      "docker/docker-compose.chrome.yml github-runner-chrome github-runner-chrome ghcr.io/OWNER/github-runner-chrome:latest",
      "docker/docker-compose.ephemeral.yml github-runner-ephemeral runner ghcr.io/OWNER/github-runner:latest",
      "docker/docker-compose.production.yml github-runner github-runner ghcr.io/OWNER/github-runner:latest",
    ]
  `)
})

describe.each(FILES)("$path", ({ path, text, service, broker, volumes }) => {
  it.skipIf(WITHOUT_COMPOSE !== undefined)(
    WITHOUT_COMPOSE === undefined
      ? "is read by docker compose"
      : `is read by docker compose (skipped: ${WITHOUT_COMPOSE})`,
    () => {
      const { status, stderr } = spawnSync("docker", ["compose", "-f", path, "config", "-q"], { encoding: "utf8" })
      expect([status, stderr]).toEqual([0, ""])
    },
  )

  it("gives the image what it knows, and nothing else", () => {
    for (const { environment } of [service, broker])
      expect(Object.keys(environment).filter((name) => !knownNames().includes(name))).toEqual([])
  })

  it("mounts volumes where the image has folders of the user", () => {
    const mounted = service.volumes.map((volume) => volume.split(":"))
    const own = volumes.filter((name) => name !== STATE)
    expect(mounted.map(([name]) => name).sort()).toEqual(own.sort())
    const folders = mounted.filter(([name]) => name !== SOCKET)
    expect(folders.filter(([, target = ""]) => !(RUNNER_FOLDERS as readonly string[]).includes(target))).toEqual([])
  })

  it("has temporary folders in which programs run, and no other folder is to be written to", () => {
    const folders = new Map(service.tmpfs.map((line) => [line.split(":")[0], line.split(":")[1]?.split(",") ?? []]))
    expect(folders.get("/tmp")).toEqual(expect.arrayContaining(["exec", "mode=1777"]))
    for (const [folder, options] of folders) {
      expect(options).toContain("exec")
      if (folder === "/tmp") continue
      expect(RUNNER_FOLDERS).toContain(folder)
      expect(options).toEqual(expect.arrayContaining([`uid=${RUNNER_USER.uid}`, `gid=${RUNNER_USER.gid}`]))
    }
    const writable = [...folders.keys(), ...service.volumes.map((volume) => volume.split(":")[1])]
    expect(writable).toContain(service.environment.RUNNER_WORKDIR)
    if (service.environment.JOBS_LOG !== undefined) expect(writable).toContain("/runner/data")
  })

  it("waits for as long as the runner may take to stop", () => {
    const { grace, interrupt, terminate, removal } = stopTimes(Number(service.environment.RUNNER_GRACEFUL_STOP_TIMEOUT))
    expect(Number.parseInt(service.stop_grace_period) * 1000).toBeGreaterThanOrEqual(
      // Leaving is tried before the listener ends, and again after.
      grace + removal + interrupt + terminate + removal,
    )
  })

  it("leaves the capabilities that are needed to stop being root, and to look after who is not", () => {
    expect(service.cap_add).toEqual(["CHOWN", "DAC_OVERRIDE", "KILL", "SETGID", "SETUID"])
    expect(service.environment.RUN_AS_ROOT).toBe("false")
  })

  it("has the credential with the broker, and nowhere else", () => {
    expect(Object.keys(service.environment).filter((name) => BROKERS_OWN.includes(name))).toEqual([])
    expect(Object.keys(broker.environment)).toEqual(
      expect.arrayContaining(["ACCESS_TOKEN_FILE", "APP_ID", "APP_PRIVATE_KEY_FILE", "GITHUB_REPOSITORY"]),
    )
    // The secret's file is where the variables look for it, and nothing is mounted from the host.
    expect(broker.environment.ACCESS_TOKEN_FILE).toBe(`\${ACCESS_TOKEN_FILE-${SECRET}}`)
    expect([...service.volumes, ...broker.volumes].filter((volume) => /^[./~]/.test(volume))).toEqual([])
  })

  it("lets the runner speak to the broker by a socket that no third one is given", () => {
    const [state, socket] = AGENT_FOLDERS
    const address = `unix://${socket}/broker.sock`
    const { broker: read, runner } = configured(path, { GITHUB_REPOSITORY: "octo/example" })
    expect(broker.volumes).toEqual([`${SOCKET}:${socket}`, `${STATE}:${state}`])
    // The kernel lets it connect, and it can put nothing in the socket's place.
    expect(service.volumes.filter((volume) => volume.startsWith("broker"))).toEqual([`${SOCKET}:${socket}:ro`])
    expect(service.environment.BROKER_URL).toBe(address)
    expect(read.configuration.broker?.address).toEqual({ kind: "unix", path: `${socket}/broker.sock` })
    expect(runner.configuration.authentication).toEqual({
      kind: "broker",
      endpoint: { address: read.configuration.broker?.address },
    })
    expect(volumes).toEqual(expect.arrayContaining([SOCKET, STATE]))
  })

  it("has a broker of the runner's image, which can read the secret, give root away, and be told to stop", () => {
    expect(broker.image).toBe(service.image)
    expect(broker.cap_add).toEqual(["DAC_OVERRIDE", "KILL", "SETGID", "SETUID"])
    expect(broker.tmpfs.map((line) => line.split(":")[0])).toEqual(["/tmp"])
  })

  it("has a broker that registers such runners, and no others", () => {
    const { broker: of, runner } = configured(path, { GITHUB_REPOSITORY: "octo/example" })
    expect(of.configuration.ephemeral).toBe(runner.configuration.ephemeral)
    expect(broker.environment.RUNNER_LABELS).toBe(service.environment.RUNNER_LABELS)
    for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"])
      expect(broker.environment[name]).toBe(service.environment[name])
  })

  it("publishes metrics to this machine alone", () => {
    expect(service.ports.map((port) => filledIn(port)).every((port) => /^127\.0\.0\.1:\d+:9091$/.test(port))).toBe(true)
    expect([...service.ports, ...service.expose]).toHaveLength(1)
  })

  it("has all that it is filled in with in .env.example, with the same defaults", () => {
    const commented = parseEnv(EXAMPLE.replaceAll(/^#(?=[A-Z_]+=)/gm, ""))
    for (const [name, otherwise] of variablesOf(text)) {
      expect(commented, name).toHaveProperty(name)
      if (otherwise !== "" && name !== "ACCESS_TOKEN_FILE")
        expect(`${name}=${commented[name] ?? ""}`).toBe(`${name}=${otherwise}`)
    }
  })

  it("works with .env.example as it is, but for the repository", () => {
    const { GITHUB_REPOSITORY, ...rest } = parseEnv(EXAMPLE)
    expect([GITHUB_REPOSITORY, rest]).toEqual(["OWNER/REPOSITORY", {}])
    const { runner, broker: of } = configured(path, { GITHUB_REPOSITORY: "octo/example" })
    expect([...runner.warnings, ...of.warnings]).toEqual([])
    const { target, authentication } = of.configuration
    const { name, labels, ephemeral, workFolder, runAsRoot } = runner.configuration
    expect({
      target: target?.url,
      by: authentication.kind,
      name,
      labels,
      ephemeral,
      workFolder,
      runAsRoot,
    }).toMatchSnapshot()
  })

  it("takes a GitHub App's key from the same file", () => {
    const app = { ORG_NAME: "octo", ACCESS_TOKEN_FILE: "", APP_ID: "12345", APP_PRIVATE_KEY_FILE: SECRET }
    const { configuration } = configured(path, app, KEY).broker
    expect(configuration.authentication).toEqual({ kind: "app", id: "12345", privateKey: KEY.trim() })
    expect(configuration.target?.url).toBe("https://github.com/octo")
  })
})

it("use nothing together, so that each can run beside the others", () => {
  for (const of of [
    FILES.map(({ name }) => name),
    FILES.flatMap(({ service }) => service.container_name ?? []),
    FILES.flatMap(({ service }) => service.ports.map((port) => filledIn(port))),
    FILES.map(({ path }) => configured(path, { GITHUB_REPOSITORY: "octo/example" }).runner.configuration.name),
  ])
    expect(new Set(of).size).toBe(of.length)
})

it("have Chrome's memory where there is Chrome", () => {
  expect(FILES.map(({ service }) => service.shm_size ?? "")).toEqual(["2gb", "2gb", "", ""])
})

it(".env.example has nothing that no file reads, and no secret", () => {
  const read = new Set(FILES.flatMap(({ text }) => [...variablesOf(text).keys()]))
  const named = [...EXAMPLE.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = ""]) => name)
  expect(named.filter((name) => !read.has(name))).toEqual([])
  expect(EXAMPLE).not.toMatch(/gh[a-z]_|github_pat_|BEGIN/)
  expect(readFileSync(".gitignore", "utf8")).toMatch(/^\/docker\/\.env\n\/docker\/secrets\/$/m)
})
