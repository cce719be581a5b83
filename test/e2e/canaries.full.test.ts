import { generateKeyPairSync } from "node:crypto"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { caBundle } from "../../src/input/host-files.js"
import { stateFolder } from "../../src/host/paths.js"
import { Canaries } from "../canaries/canaries.js"
import { startGuardedRegistry, type GuardedRegistry } from "../canaries/registry.js"
import { CanarySearch, type Sighting } from "../canaries/search.js"
import { answer, BOTH, commandLine, dagger, ROOT, type Ended } from "./entry-points.js"

const LOGS = join(stateFolder(), "logs")
const UPLOADS = join(stateFolder(), "uploads")
const ENGINE_LOGS = join(stateFolder(), "engine/instances", process.env.RUNNER_IMAGES_INSTANCE ?? "default", "log")

/** Values that nobody may find afterwards, wherever. */
const secrets = new Canaries()
/** Names of this machine, which its own logs may have, and nothing that leaves it. */
const names = new Canaries()

const folder = mkdtempSync(join(tmpdir(), "canaries-"))
const place = (what: string): string => {
  const path = join(folder, names.word(what))
  mkdirSync(path)
  return path
}

/** A key in a file that needs a passphrase; the number in it is looked for as well. */
function signingKey(passphrase: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  secrets.add("signing key", Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"))
  const pem = privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase }).toString()
  const [, , line = ""] = pem.split("\n")
  secrets.add("signing key's file", Buffer.from(line))
  const path = join(place("folder of the signing key"), "key.pem")
  writeFileSync(path, pem)
  return path
}

/** The sizes of a folder's files, to search later what was added to them. */
function sizes(path: string): Map<string, number> {
  if (!existsSync(path)) return new Map()
  const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(files.map(({ name }) => [join(path, name), statSync(join(path, name)).size]))
}

async function searchSince(before: Map<string, number>, path: string, by: CanarySearch): Promise<Sighting[]> {
  const found: Sighting[] = []
  for (const file of sizes(path).keys()) found.push(...(await by.file(file, file, before.get(file) ?? 0)))
  return found
}

describe("what a build and a publication are given in confidence", () => {
  const username = "publisher"
  const password = secrets.text("registry's password")
  const mirrorPassword = secrets.text("mirror's password")
  const passphrase = secrets.text("signing key's passphrase")
  const key = signingKey(passphrase)
  const queries = join(folder, "queries")
  const output = place("folder of the output")
  const earlier = { logs: sizes(LOGS), engine: sizes(ENGINE_LOGS) }
  const ended: Record<string, Ended> = {}
  let registry: GuardedRegistry
  /** What the mirror was sent. It has nothing, so that everything comes from package registries. */
  const asked = new Set<string>()
  const mirror = createServer(({ headers }, response) => {
    asked.add(headers.authorization ?? "")
    response.writeHead(404).end()
  })

  beforeAll(async () => {
    mkdirSync(queries)
    registry = await startGuardedRegistry(folder, username, password)
    await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve))
    const bundle = join(place("folder of the authorities"), "ca.crt")
    copyFileSync(caBundle(undefined) ?? "", bundle)
    const passwordFile = join(place("folder of the password"), "password")
    writeFileSync(passwordFile, `${password}\n`)
    const proxy = `http://user:${encodeURIComponent(secrets.text("proxy's password"))}@proxy.invalid:3128`
    const environment = {
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      NO_PROXY: "127.0.0.1,localhost",
      REGISTRY_PASSWORD: password,
      KEY_PASSPHRASE: passphrase,
      AWS_SECRET_ACCESS_KEY: secrets.text("variable that nobody asked for"),
      GITHUB_TOKEN: secrets.word("token of the job"),
    }
    const run = commandLine.with({
      ...environment,
      NODE_OPTIONS: `--import=${join(ROOT, "test/canaries/query-log.mjs")}`,
      TEST_QUERY_LOG: queries,
    })
    const url = `http://user:${encodeURIComponent(mirrorPassword)}@127.0.0.1:${String((mirror.address() as AddressInfo).port)}`
    const shared = [
      ...["--platforms", BOTH, "--runner", "act", "--sources", "auto", "--mirror", url],
      ...["--source-url", "https://git.example.com/owner/runner"],
      ...["--ca-bundle", bundle, "--assets", place("folder of assets")],
    ]
    const signing = ["--sign-key", key, "--sign-key-passphrase-env", "KEY_PASSPHRASE"]
    const target = ["--repository", `${registry.address}/canaries/runner`, "--username", username]
    ended.build = await run("build", ...shared, "--output", output, "--force")
    ended.publish = await run(
      ...["publish", ...shared, ...target, "--tags", "file", "--password-file", passwordFile, ...signing],
    )
    ended.promote = await run(
      ...["promote", `${registry.address}/canaries/runner:file-act`, "promoted-act", "--username", username],
      ...["--password-env", "REGISTRY_PASSWORD", "--ca-bundle", bundle],
    )
    ended.wrong = await run(
      ...["inspect", `${registry.address}/canaries/runner:file-act`, "--username", username],
      ...["--password-env", "KEY_PASSPHRASE", "--ca-bundle", bundle],
    )
    Object.assign(process.env, environment)
    ended.module = await dagger(
      ...["call", "--progress", "plain", "-vvv", "--sources", "registry", "--runner", "act"],
      ...["--source-url", "https://git.example.com/owner/runner", "publish", "--platforms", BOTH, "--tags", "module"],
      ...[...target, "--registry", `tcp://${registry.address}`, "--password", "env://REGISTRY_PASSWORD"],
      ...["--sign-key", `file://${key}`, "--sign-key-passphrase", "env://KEY_PASSPHRASE"],
    )
    for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name)
  })

  afterAll(async () => {
    mirror.close()
    await registry.stop()
    rmSync(folder, { recursive: true })
  })

  it("was used", () => {
    const { build, publish, promote, module, wrong } = ended
    for (const one of [build, publish, promote, module]) if (one) answer(one)
    expect(wrong?.stderr).toContain("[AUTHENTICATION]")
    for (const one of [publish, module]) expect(one?.stderr).not.toContain("nothing is signed")
    expect(asked).toContain(`Basic ${Buffer.from(`user:${mirrorPassword}`).toString("base64")}`)
    expect(readFileSync(registry.log, "utf8")).toContain(username)
    expect(secrets.all.length).toBeGreaterThanOrEqual(8)
  })

  it.each([
    [
      "what was pushed: layers with the files that others delete, configurations, evidence, lists",
      () => registry.storage,
    ],
    ["what was built: the layout, reports, bills of materials", () => output],
  ])("is not in %s", async (_, path) => {
    for (const by of [new CanarySearch(secrets), new CanarySearch(names)]) {
      // Names of the folders above it are this machine's, of course.
      expect(await by.path(path(), "there")).toEqual([])
      expect(by.searched.files).toBeGreaterThan(20)
      expect(by.searched.bytes).toBeGreaterThan(1e9)
    }
  })

  it("is not in what was printed", () => {
    const by = new CanarySearch(secrets)
    for (const [name, { stdout, stderr }] of Object.entries(ended))
      expect(by.text(name, `${stdout}\n${stderr}`)).toEqual([])
  })

  it("is not in the logs of Dagger, of the engine and of the registry", async () => {
    const by = new CanarySearch(secrets)
    expect(await searchSince(earlier.logs, LOGS, by)).toEqual([])
    expect(await searchSince(earlier.engine, ENGINE_LOGS, by)).toEqual([])
    expect(await by.path(registry.log)).toEqual([])
    expect(by.searched.bytes).toBeGreaterThan(10_000)
  })

  it("is not in what reached the engine as files", async () => {
    const by = new CanarySearch(secrets)
    expect(await by.path(UPLOADS, "uploads")).toEqual([])
    expect(by.searched.files).toBeGreaterThan(10)
  })

  it("is not in queries, except for the credentials of a mirror, which have one to themselves", () => {
    const by = new CanarySearch(secrets)
    const alone =
      /^\{"query":"(?:\\n|\s)*\{\s*setSecret\s*\(name: \\"mirror-credentials\\",\s*plaintext: \\"user = [^{}]*\)\s*\{\s*id\s*\}\s*\}(?:\\n|\s)*"\}$/
    const found: Sighting[] = []
    for (const file of sizes(queries).keys())
      for (const query of readFileSync(file, "utf8").split("\n")) {
        const sightings = by.text(query.slice(0, 200), query)
        found.push(...sightings.filter(({ what }) => what !== "mirror's password" || !alone.test(query)))
      }
    expect(found).toEqual([])
    expect(sizes(queries).size).toBe(4)
  })
})
