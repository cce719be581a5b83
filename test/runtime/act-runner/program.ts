import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { archOf, platformOfNodeArch, type PlatformName } from "../../../dagger/src/core/platforms.js"
import { goToolchain } from "../../../src/engine/bare/artefacts/go-toolchain.js"
import { PROJECT_ROOT } from "../../../src/host/paths.js"
import { GO_ENVIRONMENT } from "../go-module.js"

/** The program's sources. */
export const SOURCES = join(PROJECT_ROOT, "docker/act-runner")

const LAYOUT = join(SOURCES, "layout")

const CACHE = join(PROJECT_ROOT, "node_modules/.cache/act-runner")

/** Milliseconds in which a build by another test, in another process, ends. */
const PATIENCE = 15 * 60_000

/** This host's own. */
const NATIVE = platformOfNodeArch(process.arch) ?? "linux/amd64"

/**
 * The runner's program, compiled once for its sources.
 *
 * @returns the file
 */
export async function actRunnerProgram(platform: PlatformName = NATIVE): Promise<string> {
  const go = await goToolchain()
  const file = join(CACHE, digestOfSources(go.version), archOf(platform), "Runner.Listener")
  const lock = `${file}.lock`
  mkdirSync(join(file, ".."), { recursive: true })
  for (const end = Date.now() + PATIENCE; !existsSync(file);) {
    if (takeLock(lock)) {
      try {
        if (!existsSync(file)) build(go.program, file, platform)
      } finally {
        rmSync(lock, { force: true })
      }
    } else if (Date.now() > end) throw new Error(`${lock} is there for too long`)
    else await sleep(500)
  }
  return file
}

function build(go: string, file: string, platform: PlatformName): void {
  const partial = `${file}.${process.pid}`
  const { status, stderr } = spawnSync(go, ["build", "-trimpath", "-ldflags=-s -w", "-o", partial, "."], {
    cwd: SOURCES,
    env: { ...process.env, ...GO_ENVIRONMENT, GOARCH: archOf(platform) },
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(`the runner cannot be compiled:\n${stderr}`)
  // In one step, so that nobody finds a part of it.
  renameSync(partial, file)
  for (const other of readdirSync(CACHE))
    if (!file.startsWith(join(CACHE, other, "/"))) rmSync(join(CACHE, other), { recursive: true, force: true })
}

/** With this process's number; one whose process is gone counts for nothing. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" })
    return true
  } catch {
    const owner = Number(existsSync(lock) ? readFileSync(lock, "utf8") : 0)
    if (owner > 0 && !existsSync(`/proc/${owner}`)) rmSync(lock, { force: true })
    return false
  }
}

function digestOfSources(goVersion: string): string {
  return digestOf(SOURCES, (path) => !path.endsWith("_test.go") && !path.startsWith(LAYOUT), goVersion)
}

function digestOf(folder: string, counts: (path: string) => boolean, more = ""): string {
  const hash = createHash("sha256").update(more)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(counts)
    .sort()
  for (const path of files)
    hash
      .update(`${path.slice(SOURCES.length)}\0`)
      .update(readFileSync(path))
      .update("\0")
  return hash.digest("hex").slice(0, 16)
}

/** Makes a runner's folder, as the images have it. */
export async function makeRunnerFolder(folder: string, platform: PlatformName = NATIVE): Promise<void> {
  layOutRunner(await actRunnerProgram(platform), folder)
}

/** The same with a program that is compiled. */
export function layOutRunner(program: string, folder: string): void {
  cpSync(LAYOUT, folder, { recursive: true })
  cpSync(program, join(folder, "bin/Runner.Listener"))
  chmodSync(join(folder, "bin/Runner.Listener"), 0o755)
  symlinkSync("Runner.Listener", join(folder, "bin/Runner.Worker"))
}
