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
import { answer, BOTH, commandLine, ROOT, type Ended } from "./entry-points.js"

/** Values that nobody may find afterwards, wherever. */
const secrets = new Canaries()
/** Names of this machine, which its own logs may have, and nothing that is published. */
const names = new Canaries()

const folder = mkdtempSync(join(tmpdir(), "canaries-"))
const place = (what: string): string => {
  const path = join(folder, names.word(what))
  mkdirSync(path)
  return path
}

/** A key in a file that needs a passphrase; what is looked for is the number in it as well. */
function signingKey(passphrase: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  secrets.add("signing key", Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"))
  const pem = privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase }).toString()
  const [, line = ""] = pem.split("\n").slice(1)
  secrets.add("signing key's file", Buffer.from(line))
  const path = join(place("folder of the signing key"), "key.pem")
  writeFileSync(path, pem)
  return path
}

/** What this host's logs had before. */
function sizes(path: string): Map<string, number> {
  if (!existsSync(path)) return new Map()
  const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(files.map(({ name }) => [join(path, name), statSync(join(path, name)).size]))
}

async function searchSince(before: Map<string, number>, path: string, search: CanarySearch): Promise<Sighting[]> {
  const found: Sighting[] = []
  for (const file of sizes(path).keys()) found.push(...(await search.file(file, file, before.get(file) ?? 0)))
  return found
}

const LOGS = join(stateFolder(), "logs")
const UPLOADS = join(stateFolder(), "uploads")
const ENGINE_LOGS = join(stateFolder(), "engine/instances", process.env.RUNNER_IMAGES_INSTANCE ?? "default", "log")

describe("of what a publication is given in confidence", () => {
  const username = "publisher"
  const password = secrets.text("registry's password")
  const mirrorPassword = secrets.text("mirror's password")
  const passphrase = secrets.text("signing key's passphrase")
  const queries = join(folder, "queries")
  const earlier = { logs: sizes(LOGS), engine: sizes(ENGINE_LOGS) }
  let registry: GuardedRegistry
  let published: Ended
  const asked: string[] = []
  const mirror = createServer(({ headers }, response) => {
    asked.push(headers.authorization ?? "")
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
    const credentials = `user:${encodeURIComponent(mirrorPassword)}`
    const proxy = `http://user:${encodeURIComponent(secrets.text("proxy's password"))}@proxy.invalid:3128`
    published = await commandLine.with({
      NODE_OPTIONS: `--import=${join(ROOT, "test/canaries/query-log.mjs")}`,
      TEST_QUERY_LOG: queries,
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      NO_PROXY: "127.0.0.1,localhost",
      KEY_PASSPHRASE: passphrase,
      AWS_SECRET_ACCESS_KEY: secrets.text("variable that nobody asked for"),
      GITHUB_TOKEN: secrets.word("token of the job"),
    })(
      ...["publish", "--platforms", BOTH, "--runner", "act", "--sources", "auto"],
      ...["--mirror", `http://${credentials}@127.0.0.1:${String((mirror.address() as AddressInfo).port)}`],
      ...[
        "--source-url",
        "https://git.example.com/owner/runner",
        "--ca-bundle",
        bundle,
        "--assets",
        place("folder of assets"),
      ],
      ...["--repository", `${registry.address}/canaries/runner`, "--tags", "try"],
      ...["--username", username, "--password-file", passwordFile],
      ...["--sign-key", signingKey(passphrase), "--sign-key-passphrase-env", "KEY_PASSPHRASE"],
    )
  })

  afterAll(async () => {
    mirror.close()
    await registry.stop()
    rmSync(folder, { recursive: true })
  })

  const search = (...of: Canaries[]): CanarySearch[] => of.map((canaries) => new CanarySearch(canaries))

  it("all was used", () => {
    answer(published)
    expect(published.stderr).not.toContain("nothing is signed")
    expect(new Set(asked)).toContain(`Basic ${Buffer.from(`user:${mirrorPassword}`).toString("base64")}`)
    expect(readFileSync(registry.log, "utf8")).toContain(username)
  })

  it("nothing is in what was pushed: layers with the files that others delete, configurations, evidence, lists", async () => {
    for (const by of search(secrets, names)) {
      expect(await by.path(registry.storage, "storage")).toEqual([])
      expect(by.searched.files).toBeGreaterThan(40)
      console.log(by.searched)
    }
  })

  it("nothing is in what the command printed", () => {
    for (const by of search(secrets)) {
      expect(by.text("answer", published.stdout)).toEqual([])
      expect(by.text("progress", published.stderr)).toEqual([])
    }
  })

  it("nothing is in the logs of Dagger, of the engine and of the registry", async () => {
    const [by] = search(secrets)
    if (!by) return
    expect(await searchSince(earlier.logs, LOGS, by)).toEqual([])
    expect(await searchSince(earlier.engine, ENGINE_LOGS, by)).toEqual([])
    expect(await by.path(registry.log)).toEqual([])
  })

  it("nothing is in what reached the engine as files", async () => {
    const [by] = search(secrets)
    expect(await by?.path(UPLOADS, "uploads")).toEqual([])
  })

  it("nothing is in queries", async () => {
    const [by] = search(secrets)
    expect(await by?.path(queries, "queries")).toEqual([])
    expect(by?.searched.files).toBeGreaterThan(0)
  })
})
