import { readFileSync } from "node:fs"
import { join } from "node:path"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { attempt, exec } from "../../../host/exec.js"
import { SOURCES } from "./artefact.js"
import { findProgram } from "../host/host.js"

/** The first Go that fetches a newer one by itself when a module requires it. */
const OLDEST = [1, 21] as const

/** @example parseGoVersion("go version go1.26.8 linux/…") ⇒ [1, 26, 8] */
export function parseGoVersion(text: string): number[] | undefined {
  return /\bgo(\d+)\.(\d+)(?:\.(\d+))?/
    .exec(text)
    ?.slice(1)
    .map((part: string | undefined) => Number(part ?? 0))
}

export function isOlder(version: readonly number[], than: readonly number[]): boolean {
  const length = Math.max(version.length, than.length)
  const step = Array.from({ length }, (_, index) => (version[index] ?? 0) - (than[index] ?? 0)).find((s) => s !== 0)
  return (step ?? 0) < 0
}

/** The Go version that the engine's modules need, from go.mod. */
export function neededGo(): string {
  const line = /^go (\S+)$/m.exec(readFileSync(join(SOURCES, "go", "go.mod"), "utf8"))?.[1]
  if (line === undefined) throw new Error("go.mod has no go line")
  return line
}

export interface GoToolchain {
  program: string
  root: string
  version: string
}

/**
 * The Go on this host, if it can build the engine, or fetches one that can. It is not asked to.
 *
 * @throws RunnerImagesError ENGINE_HOST with the command that installs one, when it is missing or too old
 */
export async function localGo(
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ program: string; version: readonly number[] }> {
  const program = findProgram("go", { PATH: `${env["PATH"] ?? ""}:/usr/local/go/bin:/usr/lib/go/bin` })
  if (program === undefined)
    throw new RunnerImagesError(
      "ENGINE_HOST",
      "Go is not installed; it is needed to build the engine.",
      await goRemedy(),
    )
  const answer = await attempt(program, ["version"], { env: { ...env, GOTOOLCHAIN: "local" }, cleanEnv: true })
  const local = parseGoVersion(answer.stdout)
  if (!local || isOlder(local, OLDEST))
    throw new RunnerImagesError(
      "ENGINE_HOST",
      `${program} is Go ${local?.join(".") ?? "of an unknown version"}, but building the engine needs ${OLDEST.join(".")} or newer.`,
      await goRemedy(),
    )
  return { program, version: local }
}

/**
 * The Go that builds the engine.
 *
 * @throws RunnerImagesError ENGINE_HOST as {@link localGo} does
 */
export async function goToolchain(): Promise<GoToolchain> {
  const { program } = await localGo()
  // Run where go.mod is: a Go older than the modules need then fetches a newer one and answers for that.
  const env = goEnvironment()
  const root = await exec(program, ["env", "GOROOT"], { cwd: join(SOURCES, "go"), env })
  const version = await exec(program, ["env", "GOVERSION"], { cwd: join(SOURCES, "go"), env })
  return { program, root, version }
}

/** CGO off: dagger-init is the first process of every container, of any architecture, and must not need a C library. */
export function goEnvironment(): Record<string, string> {
  return { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOTOOLCHAIN: "auto", GOWORK: "off" }
}

/** The command for this host, when its package sources have a Go that is new enough. */
async function goRemedy(): Promise<string> {
  const search = await attempt("apt-cache", ["search", "--names-only", "^golang-[0-9.]+-go$"])
  const newest = search.stdout
    .split("\n")
    .flatMap((line) => /^(golang-(\d+)\.(\d+)-go)\b/.exec(line)?.slice(1) ?? [])
    .reduce<string[][]>((rows, _, index, all) => (index % 3 === 0 ? [...rows, all.slice(index, index + 3)] : rows), [])
    .map(([name = "", major, minor]) => ({ name, version: [Number(major), Number(minor)] }))
    .filter(({ version }) => !isOlder(version, OLDEST))
    .sort((a, b) => (isOlder(a.version, b.version) ? 1 : -1))[0]
  if (newest)
    return `Run: apt-get install ${newest.name} && ln -s /usr/lib/${newest.name.replace(/-go$/, "").replace("golang", "go")}/bin/go /usr/local/bin/go`
  return `This host's package sources have no Go ${OLDEST.join(".")} or newer: install Go ${neededGo()} or newer from the Go project's download page into /usr/local/go.`
}
