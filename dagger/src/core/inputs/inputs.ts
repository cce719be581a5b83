import { canonicalJson, digestOf } from "../oci/documents.js"
import { archiveCacheBuster } from "../packages/cache-buster.js"
import type { BuildRequest } from "../request/request.js"
import { DEFAULT_BASE } from "../variants/bases.js"

/**
 * Everything that an image is made from, with what to say if it has changed since. The certificate authorities are no input:
 * they never get into a layer.
 */
const CHANGES = {
  program: "the pipeline's sources changed (dagger/src, dagger/scripts)",
  catalog: "the catalog changed",
  docker: "docker/ changed",
  archive: "a new day: the package archive is queried again",
  engine: "another engine is used",
  bases: "the engine's base images changed",
  assets: "the files in the --assets folder changed",
  platforms: "--platforms differs",
  sources: "--sources differs",
  runner: "--runner differs",
  base: "--base differs",
  definition: "the definition file changed",
  lock: "--lock differs",
  sudo: "--sudo differs",
  root: "--root differs",
  cjkFonts: "--cjk-fonts differs",
  mirror: "--mirror differs",
  compression: "--compression differs",
  native: "--native differs",
  sourceCode: "the source code that labels name changed",
} as const

export type InputName = keyof typeof CHANGES

/** A digest of each input, which shows no more than whether it is the same; of `archive`, the key that the archive was queried with. */
export type Inputs = Readonly<Record<InputName, string>>

/** The inputs that are not in the request. Files are given by digests of their names and contents. */
export interface HostInputs {
  program: string
  catalog: string
  /** Of what the engine gets of `docker/`. */
  docker: string
  /** Undefined without an assets folder. */
  assets: string | undefined
  /** What tells this engine from others. */
  engine: unknown
  /** The digests that builds start from, by the base's name; undefined if a tag decides, which is looked up along with the archive. */
  bases: Readonly<Record<string, string>> | undefined
}

/**
 * The inputs of a build.
 *
 * @param variant which of the request's variants
 * @param now when the archive is queried
 */
export function inputsOf(request: BuildRequest, host: HostInputs, now = new Date()): Inputs {
  const { refresh, sources, runner = "auto", mirror } = request
  const values: Record<Exclude<InputName, "archive">, unknown> = {
    ...host,
    platforms: request.platforms,
    sources,
    runner,
    base: request.base ?? DEFAULT_BASE,
    definition: request.custom,
    lock: request.lock,
    sudo: request.sudo,
    root: request.root ?? false,
    cjkFonts: request.cjkFonts ?? false,
    // Without its credentials: short ones could be guessed from a digest, and the files have checksums.
    mirror: mirror?.url,
    compression: request.compression ?? "gzip",
    native: request.native ?? false,
    sourceCode: request.source ?? {},
  }
  const digests = Object.entries(values).map(([name, value]) => [name, digestOf(canonicalJson(value ?? null))])
  return { ...(Object.fromEntries(digests) as Omit<Inputs, "archive">), archive: archiveCacheBuster(refresh, now) }
}

/** The inputs that are files of this project and of the user, which another checkout may have differently. */
const FILES = ["program", "catalog", "docker", "assets"] as const satisfies readonly InputName[]

/** Which files are not those of a build, each in a clause. */
export function changedFiles(recorded: Readonly<Record<string, string>>, now: Inputs): string[] {
  return FILES.filter((name) => recorded[name] !== now[name]).map((name) => CHANGES[name])
}

/**
 * Why an image is not what a build would make now: the first input that differs, in a clause.
 *
 * @param recorded those of the build that made it
 * @returns undefined if all are the same
 */
export function changedInput(recorded: Readonly<Record<string, string>>, now: Inputs): string | undefined {
  const names = Object.keys(CHANGES) as InputName[]
  const changed = names.find((name) => recorded[name] !== now[name])
  if (changed === undefined) return undefined
  if (changed === "archive" && recorded.archive?.includes("T")) return "the last build queried the package archive anew"
  return CHANGES[changed]
}
