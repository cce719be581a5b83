import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { arch, release, tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { create } from "tar"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { PROJECT_VERSION } from "../../../dagger/src/core/version.js"
import { lookup } from "../../artifacts/lookup.js"
import { ENGINE_VERSION } from "../../engine/bare/state/version.js"
import { locate } from "../../engine/bare/up.js"
import { homeFolder, PROJECT_ROOT, stateFolder } from "../../host/paths.js"
import { attempt } from "../../host/exec.js"
import { findingsText } from "../../output/findings.js"
import type { Finding } from "../examination/finding.js"
import type { World } from "../examination/examination.js"
import { redacted } from "./redact.js"
import { knownSecrets } from "./secrets.js"

/** Logs of runs, the newest first. */
const SESSION_LOGS = 3
/** Bytes of a log that are read, and lines of these that are kept: a run writes megabytes, and its end tells of a failure. */
const LOG_BYTES = 1 << 20
const LOG_LINES = 1000

/** Variables that change what this program does. Of all others a report has not even the names. */
const VARIABLES =
  /^(?:RUNNER_IMAGES_\w+|_EXPERIMENTAL_DAGGER_\w+|DOCKER_\w+|XDG_CACHE_HOME|XDG_RUNTIME_DIR|REGISTRY_AUTH_FILE|\w+_proxy|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|GO\w+|npm_config_registry|CI|TERM|NO_COLOR|LANG)$/i

/** @throws RunnerImagesError OUTPUT_UNWRITABLE if a report could not be written there */
export function requireNewFile(file: string): void {
  if (lookup(file)) throw unwritable(`${file} exists.`, "Choose another --bug-report, or remove it.")
  if (!lookup(dirname(resolve(file)))?.isDirectory())
    throw unwritable(`${dirname(resolve(file))} is not a folder.`, "Choose another --bug-report.")
}

/**
 * Writes a .tar.gz with what helps to understand a report: the findings, versions, the variables that matter, and the ends of the last logs.
 * Everything in it passes through one function, which removes secrets.
 *
 * @throws RunnerImagesError OUTPUT_UNWRITABLE
 */
export async function writeBugReport(file: string, world: World, findings: readonly Finding[]): Promise<void> {
  requireNewFile(file)
  const secrets = knownSecrets(world.env, { all: true })
  const home = homeFolder(world.env)
  const clean = (text: string): string => {
    const safe = redacted(stripVTControlCharacters(text), secrets)
    return home === undefined || home === "/" ? safe : safe.replaceAll(home, "~")
  }
  const files = new Map([
    ["findings.txt", `${findingsText(findings)}\n`],
    ["findings.json", json(findings)],
    ["versions.json", json(await versions(world))],
    ["variables.json", json(variables(world.env))],
    ...logs(world),
  ])
  const folder = mkdtempSync(join(tmpdir(), "runner-images-report-"))
  const partial = `${resolve(file)}.partial-${process.pid}`
  try {
    for (const [name, text] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), clean(text), { mode: 0o600 })
    }
    await create({ cwd: folder, file: partial, gzip: true, portable: true, mode: 0o600 }, [...files.keys()])
    renameSync(partial, file)
  } catch (cause) {
    rmSync(partial, { force: true })
    const why = cause instanceof Error ? cause.message : String(cause)
    throw unwritable(`${file} cannot be written: ${why}.`, "Choose another --bug-report.", cause)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

async function versions({ env, facts, nodeVersion, patience }: World): Promise<Record<string, string>> {
  const ask = async (name: string, program: string, ...words: string[]): Promise<[string, string]> => {
    const options = { env: { ...env, GOTOOLCHAIN: "local" }, cleanEnv: true, timeout: patience, cwd: PROJECT_ROOT }
    const { exitCode, stdout } = await attempt(program, words, options)
    return [name, exitCode === 0 ? (stdout.split("\n")[0] ?? "").trim() : "none"]
  }
  return {
    "runner-images": PROJECT_VERSION,
    engine: ENGINE_VERSION,
    node: nodeVersion,
    system: `${facts.osRelease["PRETTY_NAME"] ?? facts.system}, kernel ${release()}, ${arch()}`,
    ...Object.fromEntries(
      await Promise.all([
        ask("revision", "git", "rev-parse", "HEAD"),
        ask("docker", "docker", "--version"),
        ask("podman", "podman", "--version"),
        ask("npm", "npm", "--version"),
        ask("go", "go", "version"),
      ]),
    ),
  }
}

function variables(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter(([name]) => VARIABLES.test(name))
  return Object.fromEntries(entries.map(([name, value = ""]): [string, string] => [name, value]).sort())
}

/** The ends of the last runs' logs, of the bare engine's and of its registry's, by the names that they have in the report. */
function logs({ env }: World): [string, string][] {
  let state: string
  try {
    state = stateFolder(env)
  } catch {
    return []
  }
  const { folder } = locate(undefined, env)
  const sessions = join(state, "logs")
  const names = lookup(sessions)?.isDirectory() ? readdirSync(sessions).filter((name) => name.endsWith(".log")) : []
  const last = names.sort().slice(-SESSION_LOGS)
  const paths: [string, string][] = [
    ...last.map((name): [string, string] => [`logs/${name}`, join(sessions, name)]),
    ["logs/engine.log", folder.engineLog],
    ["logs/registry.log", folder.registryLog],
  ]
  return paths.flatMap(([name, path]): [string, string][] => {
    const text = endOf(path)
    return text === undefined ? [] : [[name, text]]
  })
}

/** Whole lines only: half of a secret would not be found. */
function endOf(path: string): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, "r")
  } catch {
    return undefined
  }
  try {
    const { size } = fstatSync(descriptor)
    const buffer = Buffer.alloc(Math.min(size, LOG_BYTES))
    const read = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)
    const lines = buffer.toString("utf8", 0, read).split("\n")
    const whole = size > buffer.length ? lines.slice(1) : lines
    return whole.slice(-LOG_LINES).join("\n")
  } finally {
    closeSync(descriptor)
  }
}

function unwritable(problem: string, remedy: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError("OUTPUT_UNWRITABLE", problem, remedy, { cause })
}
