import { tmpdir } from "node:os"
import { pinnedSources } from "../../../dagger/src/core/catalog/downloads.js"
import { readCatalog } from "../../../dagger/src/core/catalog/pins.js"
import { TOOL_ENTRIES } from "../../../dagger/src/core/catalog/tools.js"
import type { Connection, Stage } from "../../../docker/runtime/src/doctor/examination/connection.js"
import { archiveOptions } from "../../engine/bare/artefacts/archive.js"
import { osRelease } from "../../engine/bare/host/host.js"
import { attempt } from "../../host/exec.js"
import type { Examination, World } from "../examination/examination.js"
import { ok, problem, skipped, warning, type Finding } from "../examination/finding.js"
import { readFileSync } from "node:fs"

/** Servers that a build needs for one thing, as they are configured on this host. */
export interface Group {
  check: string
  /** URLs; or why there is nothing to ask. */
  servers: readonly string[] | { none: string }
  /** What follows if they cannot be reached; absent where nothing else can take their place. */
  instead?: string
  /** Every answer but a success means that it is not what it should be. */
  exact?: boolean
}

const known = new WeakMap<Examination, Promise<readonly Promise<Group>[]>>()

/** The servers of all groups, each as soon as it is known: the programs that tell take a second on a busy machine. Found out once. */
export function groups(examination: Examination): Promise<readonly Promise<Group>[]> {
  const found = known.get(examination) ?? findGroups(examination)
  known.set(examination, found)
  return found
}

async function findGroups(examination: Examination): Promise<readonly Promise<Group>[]> {
  const { world } = examination
  const search = await examination.search()
  const bare = search.kind === "startable" || (search.kind === "found" && search.bare)
  const group = async (check: string, servers: Promise<Group["servers"]>): Promise<Group> => ({
    check,
    servers: await servers,
  })
  return [
    packageArchive(world, bare).then((servers) => ({ check: "package archive", servers, exact: true })),
    ...(bare ? [] : [group("base image", Promise.resolve([world.imageRegistry]))]),
    group("npm registry", npmRegistry(world)),
    group("Go module proxy", goProxy(world)),
    Promise.resolve({
      check: "vendors",
      servers: vendors(world),
      instead: "--sources auto takes what it can from registries, and github-act-runner in place of GitHub's runner",
    }),
  ]
}

export async function checkNetwork(examination: Examination): Promise<Finding[]> {
  return Promise.all((await groups(examination)).map(async (group) => groupFinding(await group, examination)))
}

async function groupFinding({ check, servers, instead, exact }: Group, examination: Examination): Promise<Finding> {
  if ("none" in servers) return skipped(check, servers.none)
  const answers = await Promise.all(servers.map((server) => examination.ask(server)))
  const faults = answers.flatMap((answer) => faultOf(answer, exact) ?? [])
  const [first] = faults
  if (!first) return ok(check, `${[...new Set(answers.map(({ url }) => url.host))].join(", ")}: reachable`)
  const lines = [...new Set(faults.map(({ text }) => text))]
  if (instead === undefined) return problem(check, lines.join("\n"), first.remedy, "NETWORK_FAILED")
  return warning(
    check,
    [`${faults.length} of ${answers.length} not reachable: ${instead}`, ...lines].join("\n"),
    first.remedy,
  )
}

const REMEDIES: Readonly<Record<Stage, string>> = {
  DNS: "check the name, and the name servers in /etc/resolv.conf: getent hosts NAME",
  TCP: "let this host reach that port, or set HTTPS_PROXY",
  proxy: "check HTTPS_PROXY with its user and password, and what the proxy allows",
  TLS: "set SSL_CERT_FILE to a bundle with the server's or the proxy's certificate authority, and check the clock",
  HTTP: "check that the configured address is that of such a server, and what is between it and this host",
}

/** URLs are shown without user, password, path and query: any of these can be a secret. */
function faultOf(connection: Connection, exact = false): { text: string; remedy: string } | undefined {
  const { url, proxy } = connection
  const where = `${url.origin}${proxy ? ` through the proxy ${proxy.host}` : ""}`
  if ("failed" in connection) {
    const { failed, reason } = connection
    return { text: `${where}: ${failed} failed: ${reason}`, remedy: REMEDIES[failed] }
  }
  const { status } = connection.answer
  if (status === 407) return { text: `${where} answers 407`, remedy: REMEDIES.proxy }
  if (status >= 500) return { text: `${where} answers ${status}`, remedy: "try again later" }
  return exact && status >= 400 ? { text: `${where} answers ${status}`, remedy: REMEDIES.HTTP } : undefined
}

/** The signed index of each suite, from where the bare engine's roots are made, else from where the base image's apt takes it. */
async function packageArchive({ root, env }: World, bare: boolean): Promise<Group["servers"]> {
  const { sources } = await archiveOptions(bare ? osRelease(root) : {}, env)
  return sources.flatMap((line) => {
    const [, uri, suite] = /^deb (?:\[.*?\] )?(\S+) (\S+) /.exec(line) ?? []
    return uri === undefined || suite === undefined ? [] : [`${uri}/dists/${suite}/InRelease`]
  })
}

async function npmRegistry({ env, patience }: World): Promise<Group["servers"]> {
  // Outside any project, as in a container.
  const { exitCode, stdout } = await attempt("npm", ["config", "get", "registry"], {
    env,
    cleanEnv: true,
    cwd: tmpdir(),
    timeout: patience * 2,
  })
  const registry = stdout.trim()
  return exitCode === 0 && URL.canParse(registry) ? [registry] : { none: "npm does not say which registry it uses" }
}

async function goProxy({ env, patience }: World): Promise<Group["servers"]> {
  const { exitCode, stdout } = await attempt("go", ["env", "GOPROXY"], {
    env: { ...env, GOTOOLCHAIN: "local" },
    cleanEnv: true,
    cwd: tmpdir(),
    timeout: patience,
  })
  if (exitCode !== 0) return { none: "Go is not installed here: containers have their own, with its default" }
  const proxies = stdout.split(/[,|]/).map((proxy) => proxy.trim())
  const [first] = proxies.filter((proxy) => /^https?:/.test(proxy) && URL.canParse(proxy))
  return first === undefined ? { none: `GOPROXY is ${stdout.trim()}` } : [first]
}

/** One page of each vendor that the catalog names, or the mirror. */
function vendors({ mirror, pins }: World): string[] {
  if (mirror) return [`${mirror.url}/`]
  const { tools } = readCatalog(readFileSync(pins, "utf8"), TOOL_ENTRIES)
  const urls = Object.values(tools).flatMap((tool) =>
    pinnedSources(tool)
      .filter(({ kind }) => kind === "upstream")
      .flatMap(({ downloads }) => downloads.map(({ file }) => `${new URL(file).origin}/`)),
  )
  return [...new Set(urls)].sort()
}
