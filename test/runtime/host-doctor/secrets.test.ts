import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { extract } from "tar"
import { describe, expect, it } from "vitest"
import { redacted } from "../../../src/doctor/bug-report/redact.js"
import { writeBugReport } from "../../../src/doctor/bug-report/bug-report.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"
import { TestHost } from "./hosts.js"

/** Each is a secret of another kind, in the place where people have it. */
const CANARIES = {
  environment: "canary-environment-41f7",
  unsuspicious: "canary-unsuspicious-77aa",
  url: "canary-url-90bb",
  "user of a URL": "canary-user-13ee",
  dockerPassword: "canary:docker/pass word-52cc",
  identityToken: "canary-identity-5dd1",
  header: "canary-header-8ab2",
  npm: "canary-npm-4c4c",
  netrc: "canary-netrc-7e7e",
  git: "canary-git-2b2b",
  registry: "canary-registry-6f6f",
  instance: "canary-instance-9c9c",
  key: "canaryKEYcanaryKEYcanaryKEYcanaryKEYcanaryKEY",
  form: "ghp_canary0123456789abcdefghij",
} as const

async function hostWithSecrets(): Promise<TestHost> {
  const host = await TestHost.make()
  const at = (path: string, text: string): string => {
    mkdirSync(join(host.home, path, ".."), { recursive: true })
    writeFileSync(join(host.home, path), text)
    return join(host.home, path)
  }
  const auth = Buffer.from(`user:${CANARIES.dockerPassword}`).toString("base64")
  at(
    ".docker/config.json",
    JSON.stringify({
      auths: { "registry.example.com": { auth, identitytoken: CANARIES.identityToken } },
      HttpHeaders: { "X-Meta": CANARIES.header },
    }),
  )
  at(".npmrc", `registry=https://npm.example.com/\n//npm.example.com/:_authToken=${CANARIES.npm}\n`)
  at(".netrc", `machine example.com login me password ${CANARIES.netrc}\n`)
  at(".git-credentials", `https://me:${CANARIES.git}@git.example.com\n`)
  host.env({
    DEPLOY_TOKEN: CANARIES.environment,
    FAVOURITE_COLOUR: CANARIES.unsuspicious,
    SIGNING_KEY: `-----BEGIN PRIVATE KEY-----\n${CANARIES.key}\n-----END PRIVATE KEY-----`,
    GOPROXY: `https://me:${CANARIES.url}@go.example.com`,
    npm_config_registry: `https://${CANARIES["user of a URL"]}@npm.example.com`,
    RUNNER_IMAGES_REGISTRY_PASSWORD_FILE: at("registry-password", CANARIES.registry),
  })
  host.program("npm", `echo "https://${CANARIES["user of a URL"]}@npm.invalid/"`)
  host.program(
    "go",
    `case "$1" in version) echo go version go1.26.8 ;; *) echo "http://me:${CANARIES.url}@go.invalid/" ;; esac`,
  )
  host.program(
    "docker",
    `echo "cannot reach tcp://me:${CANARIES.url}@docker.example.com, ${CANARIES.environment}" >&2; exit 1`,
  )
  const logs = join(host.folder, "cache/runner-images/logs")
  mkdirSync(logs, { recursive: true })
  const engine = join(host.folder, "cache/runner-images/engine/instances/default/log")
  mkdirSync(engine, { recursive: true })
  writeFileSync(join(engine, "../registry-password"), CANARIES.instance)
  writeFileSync(join(engine, "engine.log"), `engine starts\nlogin with ${CANARIES.registry} at registry\n`)
  for (const [number, name] of ["a.log", "b.log", "c.log", "d.log"].entries())
    writeFileSync(
      join(logs, name),
      [
        `log ${number} begins`,
        ...Object.entries(CANARIES).flatMap(([kind, secret]) => [
          `plain ${kind}: it is ${secret} and more`,
          `in base64 ${Buffer.from(secret).toString("base64")}`,
          `in a URL https://x:${encodeURIComponent(secret)}@example.com/path?token=${encodeURIComponent(secret)}`,
          `as JSON ${JSON.stringify({ value: secret })}`,
          `in colour \u001b[1m${secret.slice(0, 9)}\u001b[0m${secret.slice(9)}`,
        ]),
        auth,
        `the end of log ${number}`,
      ].join("\n"),
    )
  return host
}

/** All texts of a report, by their names in it. */
async function contents(file: string): Promise<Map<string, string>> {
  const cwd = temporaryFolder("doctor-report")
  await extract({ cwd, file })
  const files = readdirSync(cwd, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(cwd.length + 1), readFileSync(path, "utf8")]
    }),
  )
}

const found = (text: string): string[] =>
  Object.entries(CANARIES).flatMap(([kind, secret]) => {
    const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "")
    // What is known by its form alone has another one in base64.
    const spellings = [secret, encodeURIComponent(secret), secret.slice(9), ...(kind === "form" ? [] : [base64])]
    return spellings.some((spelling) => text.includes(spelling)) ? [kind] : []
  })

describe("a report for the maintainers", () => {
  it("has findings, versions, variables and the last logs, and no secret", async () => {
    const host = await hostWithSecrets()
    const findings = await host.examine()
    const file = join(host.folder, "report.tar.gz")
    await writeBugReport(file, host.world, findings)
    const files = await contents(file)
    expect([...files.keys()].sort()).toEqual([
      "findings.json",
      "findings.txt",
      "logs/b.log",
      "logs/c.log",
      "logs/d.log",
      "logs/engine.log",
      "variables.json",
      "versions.json",
    ])
    for (const [name, text] of files) expect({ name, found: found(text) }).toEqual({ name, found: [] })
    // What is left can be read.
    expect(files.get("logs/d.log")).toMatch(
      /^log 3 begins\nplain environment: it is \*\*\* and more\n[^]*\nthe end of log 3$/,
    )
    expect(files.get("logs/engine.log")).toBe("engine starts\nlogin with *** at registry\n")
    expect(files.get("findings.txt")).toContain("warning  docker ")
    expect(JSON.parse(files.get("variables.json") ?? "")).toMatchObject({ XDG_CACHE_HOME: `${host.folder}/cache` })
  })

  it("is not written over a file, nor into a folder that is not there", async () => {
    const host = await TestHost.make()
    const file = join(host.folder, "report.tar.gz")
    writeFileSync(file, "mine")
    await expect(writeBugReport(file, host.world, [])).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" })
    expect(readFileSync(file, "utf8")).toBe("mine")
    await expect(writeBugReport(join(host.folder, "no/report"), host.world, [])).rejects.toThrow(/is not a folder/)
  })
})

describe("what looks like a secret", () => {
  it.each([
    ["https://user:pass@example.com/a", "https://***@example.com/a"],
    ["https://user:p@ss@example.com/a", "https://***@example.com/a"],
    ["https://token@example.com", "https://***@example.com"],
    ["https://example.com/a?sig=abc&x=1 next", "https://example.com/a?*** next"],
    ["Authorization: Bearer abc.def", "Authorization: ***"],
    ['{"authorization":"Basic dTpw"}', '{"authorization":"***"}'],
    ["password=hunter2 next", "password=*** next"],
    ['"registry_password": "hunter 2", "a": 1', '"registry_password": ***, "a": 1'],
    ["--password hunter2", "--password ***"],
    ["ACCESS_TOKEN='a b'", "ACCESS_TOKEN=***"],
    ["glpat-abcdefghijklmnopqrst", "***"],
    ["AKIAABCDEFGHIJKLMNOP", "***"],
    ["eyJhbGciOiJI.eyJzdWIiOiIx.sig", "***"],
    ["a\n-----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB\n-----END RSA PRIVATE KEY-----\nb", "a\n***\nb"],
    ["cut off\nAAAA\n-----END PRIVATE KEY-----", "***"],
  ])("%j is hidden", (text, expected) => {
    expect(redacted(text, []).replace(/^cut \*\*\*$/, "***")).toBe(expected)
  })

  it.each([
    "unix:///run/runner-images/35f1c45c/engine.sock",
    "see docs/RUNTIME.md, or ask at https://example.com/a/b#c",
    "user@example.com wrote to registry.example.com/a/b:tag@sha256:abc",
    "the token is missing; the password file cannot be read",
    "sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==",
  ])("%j is not", (text) => {
    expect(redacted(text, [])).toBe(text)
  })
})
