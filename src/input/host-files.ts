import { accessSync, constants, readdirSync, readFileSync, realpathSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { RunnerImagesError, type ErrorCode } from "../../dagger/src/core/errors.js"
import type { DefinitionFile } from "../../dagger/src/core/plan/compose-request.js"
import { trustFile, trustFileVariable } from "../../dagger/src/core/request/trust-files.js"
import { LONGEST_DEFINITION } from "../../dagger/src/core/variants/custom/custom-variant.js"
import { isFolder, lookup } from "../artifacts/lookup.js"

/** Bytes; a report has a few hundred kilobytes. */
const LONGEST_REPORT = 32e6
/** Bytes; a system's whole CA bundle has about a quarter of a megabyte. */
const LONGEST_BUNDLE = 8e6
/** The most that UTF-8 takes. */
const BYTES_PER_CHARACTER = 4

/** The text of a `report.json` to replay. Throws LOCK_INVALID when it cannot be read. */
export function readLock(given: string): string {
  return readReport(given, "LOCK_INVALID", "--lock")
}

/** The text of a build's report. Throws the error of that code when it cannot be read. */
export function readReport(given: string, code: ErrorCode, origin = "The report"): string {
  return textOf(readable(given, "file", code, origin), LONGEST_REPORT, code, origin)
}

/** The text of the report of a build that a user names by its folder, or by the report itself. Throws REPORT_INVALID when it cannot be read. */
export function readBuildReport(given: string): string {
  return readReport(isFolder(given) ? join(given, "report.json") : given, "REPORT_INVALID")
}

/** A definition file. Throws DEFINITION_INVALID when it cannot be read. */
export function readDefinition(given: string): DefinitionFile {
  const path = readable(given, "file", "DEFINITION_INVALID", "--definition")
  const text = textOf(path, LONGEST_DEFINITION * BYTES_PER_CHARACTER, "DEFINITION_INVALID", "--definition")
  return { text, name: given }
}

/**
 * Absolute path of the folder with archives fetched beforehand. Throws USAGE when there is none, or when it has something that the engine cannot
 * read: it gets the folder and nothing beside it, so that a link which leads elsewhere leads nowhere.
 */
export function assetsFolder(given: string): string {
  const folder = readable(given, "folder", "USAGE", "--assets")
  const real = realpathSync(folder)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = lookup(path)
    if (!found) throw unusable(`${path} is a link that leads nowhere`)
    if (!found.isFile() && !found.isDirectory()) throw unusable(`${path} is neither a file nor a folder`)
    const within = relative(real, realpathSync(path))
    if (within === ".." || within.startsWith("../")) throw unusable(`${path} is a link that leads out of the folder`)
  }
  return folder
}

function unusable(what: string): RunnerImagesError {
  return new RunnerImagesError("USAGE", `--assets: ${what}.`, "Put the file itself there, or remove it.")
}

/**
 * Absolute path of the CA bundle that downloads trust: the one given, else that of SSL_CERT_FILE, else the system's.
 * Undefined when this host has none; the engine's own bundle is used then.
 */
export function caBundle(given: string | undefined): string | undefined {
  if (given !== undefined) return pem(readable(given, "file", "USAGE", "--ca-bundle"), "--ca-bundle")
  const variable = trustFileVariable(process.env.SSL_CERT_FILE)
  if (variable !== undefined) return pem(readable(variable, "file", "USAGE", "SSL_CERT_FILE"), "SSL_CERT_FILE")
  return trustFile(undefined, (path) => lookup(path)?.isFile() ?? false)
}

function pem(path: string, origin: string): string {
  if (textOf(path, LONGEST_BUNDLE, "USAGE", origin).includes("-----BEGIN CERTIFICATE-----")) return path
  throw new RunnerImagesError(
    "USAGE",
    `${origin}: ${path} contains no PEM certificate.`,
    "Give a bundle in PEM format.",
  )
}

/**
 * The text of a {@link readable} file. Throws `code` when it is larger than such a file ever is: it is the wrong file, and
 * might not fit into memory.
 */
export function textOf(path: string, mostBytes: number, code: ErrorCode, origin: string): string {
  const bytes = lookup(path)?.size ?? 0
  if (bytes <= mostBytes) return readFileSync(path, "utf8")
  throw new RunnerImagesError(
    code,
    `${origin}: ${path} is ${megabytes(bytes)}, more than the limit of ${megabytes(mostBytes)}.`,
    "Check that it is the right file.",
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** Throws `code` unless the path leads to a file or folder that this process may read. */
export function readable(given: string, kind: "file" | "folder", code: ErrorCode, origin: string): string {
  if (given.trim() === "") throw new RunnerImagesError(code, `${origin} is empty.`, `Give the path of a ${kind}.`)
  const path = resolve(given)
  const found = lookup(path)
  if (!found) throw new RunnerImagesError(code, `${origin}: ${path} does not exist.`, `Give the path of a ${kind}.`)
  if (kind === "file" ? !found.isFile() : !found.isDirectory())
    throw new RunnerImagesError(code, `${origin}: ${path} is not a ${kind}.`, `Give the path of a ${kind}.`)
  try {
    accessSync(path, kind === "file" ? constants.R_OK : constants.R_OK | constants.X_OK)
  } catch {
    throw new RunnerImagesError(code, `${origin}: ${path} cannot be read by this user.`, "Change its permissions.")
  }
  return path
}
