import { RunnerImagesError } from "../errors.js"

/**
 * Where images are published and where they are tested from, by the grammar of the OCI distribution specification.
 * Names are taken as written: a repository without a host is refused instead of being sent to a default registry.
 */
export interface Repository {
  /** `host[:port]/path`. */
  name: string
  /** Host without the port; an IPv6 address keeps its brackets. */
  host: string
  /** Undefined for the scheme's own port. */
  port?: number
  /** The repository's name on the registry: `team/runner`. */
  path: string
  /** The host is this machine, whose registry is used without TLS. */
  loopback: boolean
}

/** An image to pull: a repository with a tag, a digest, or both. */
export interface ImageReference {
  /** As given. */
  name: string
  repository: Repository
  tag?: string
  digest?: string
}

const HOST =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)$/
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
/** The distribution specification's fallback tag, and cosign's older names, which append `.sig` and the like. */
export const REFERRERS_TAG = /^(sha256)-([0-9a-f]{64})(?:\..*)?$/
/** Registries and clients commonly refuse longer names (host included). */
const LONGEST_NAME = 255

/**
 * Reads a repository to publish to.
 *
 * @example parseRepository("127.0.0.1:5000/team/runner") ⇒ { host: "127.0.0.1", port: 5000, path: "team/runner", loopback: true, … }
 * @throws RunnerImagesError REFERENCE_INVALID when it is not `host[:port]/path`, or carries a tag or a digest
 */
export function parseRepository(given: string): Repository {
  const name = given.trim()
  if (name === "") throw invalid("--repository is empty.", "Give host[:port]/path, as in ghcr.io/OWNER/github-runner.")
  if (/^[a-z]+:\/\//i.test(name))
    throw invalid(
      `"${name}" is a URL, not a repository.`,
      `Leave the scheme out: ${name.replace(/^[a-z]+:\/\//i, "")}.`,
    )
  if (name.includes("@")) throw invalid(`The repository "${name}" includes a digest.`, "Give host[:port]/path alone.")
  const { authority, path } = split(name)
  const tagged = /:([^/:]*)$/.exec(path)
  if (tagged)
    throw invalid(`The repository "${name}" includes a tag.`, `Give the tag separately: --tags ${tagged[1] || "TAG"}.`)
  return repository(name, authority, path)
}

/** The repository's name on its registry: `pathOf("ghcr.io/team/runner")` ⇒ `"team/runner"`. */
export function pathOf(repository: string): string {
  return parseRepository(repository).path
}

/**
 * Reads the tags to publish under, in the order given.
 *
 * @throws RunnerImagesError REFERENCE_INVALID when there is none, one is not well-formed, or one is given twice
 */
export function parseTags(given: readonly string[] | undefined): string[] {
  const tags = (given ?? []).map((tag) => tag.trim())
  if (tags.length === 0 || tags.every((tag) => tag === ""))
    throw invalid("No tag is given, and there is no default.", "Name at least one, as in --tags 2026.11,latest.")
  for (const tag of tags) assertTag(tag)
  const twice = tags.find((tag, index) => tags.indexOf(tag) !== index)
  if (twice !== undefined) throw invalid(`--tags names ${twice} twice.`, "Name each tag once.")
  return tags
}

/**
 * Checks one tag to set.
 *
 * @param shown the tag as errors name it
 * @throws RunnerImagesError REFERENCE_INVALID when it is not well-formed, or registries use it for something else
 */
export function assertTag(tag: string, shown = `"${tag}"`): void {
  if (!TAG.test(tag))
    throw invalid(
      tag === "" ? "--tags has an empty entry." : `${shown} is not a tag.`,
      "A tag has up to 128 letters, digits, dots, dashes and underscores, and does not start with a dot or dash.",
    )
  if (REFERRERS_TAG.test(tag))
    throw invalid(
      `${shown} is not for images: registries without a referrers API have the signatures of an image under such a tag.`,
      "Choose a tag that does not start with a digest.",
    )
}

/**
 * Reads an image to pull.
 *
 * @example parseImageReference("ghcr.io/team/runner:v1").tag ⇒ "v1"
 * @throws RunnerImagesError REFERENCE_INVALID when it is not `host[:port]/path` with a tag or a digest
 */
export function parseImageReference(given: string): ImageReference {
  const name = given.trim()
  const [beforeDigest = "", digest, ...rest] = name.split("@")
  if (rest.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
    throw invalid(`"${name}" does not end in a digest.`, "A digest is sha256: and 64 hexadecimal digits.")
  const { authority, path } = split(beforeDigest)
  const colon = path.lastIndexOf(":")
  const tag = colon === -1 ? undefined : path.slice(colon + 1)
  if (tag !== undefined && !TAG.test(tag))
    throw invalid(`"${tag}" in "${name}" is not a tag.`, "Name the tag after the colon.")
  if (tag === undefined && digest === undefined)
    throw invalid(`The image "${name}" has neither a tag nor a digest.`, "Append :TAG or @sha256:….")
  const parsed = repository(name, authority, colon === -1 ? path : path.slice(0, colon))
  return {
    name,
    repository: { ...parsed, name: `${authority}/${parsed.path}` },
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/**
 * Reads the digest of an image.
 *
 * @param option that it was given with
 * @throws RunnerImagesError REFERENCE_INVALID
 */
export function parseDigest(given: string, option: string): string {
  const digest = given.trim()
  if (DIGEST.test(digest)) return digest
  throw invalid(`--${option} is "${digest}", which is not a digest.`, "A digest is sha256: and 64 hexadecimal digits.")
}

/** The first component is the registry; without a dot, a port or `localhost` it would mean a path on Docker Hub. */
function split(name: string): { authority: string; path: string } {
  const slash = name.indexOf("/")
  const authority = slash === -1 ? "" : name.slice(0, slash)
  if (!/[.:]/.test(authority) && authority !== "localhost")
    throw invalid(
      `"${name}" does not name a registry.`,
      `Put its host first, as in ghcr.io/${PATH.test(name) ? name : "OWNER/github-runner"}.`,
    )
  return { authority, path: name.slice(slash + 1) }
}

function repository(name: string, authority: string, path: string): Repository {
  const [, host = "", digits] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (!HOST.test(host)) throw invalid(`"${authority}" in "${name}" is not a host.`, "Give host[:port]/path.")
  if (port !== undefined && (!/^[0-9]+$/.test(digits ?? "") || port < 1 || port > 65535))
    throw invalid(`"${digits ?? ""}" in "${name}" is not a port.`, "A port is a number from 1 to 65535.")
  if (!PATH.test(path))
    throw invalid(
      `"${path}" in "${name}" is not a repository's path.`,
      /[A-Z]/.test(path) && PATH.test(path.toLowerCase())
        ? `It must be in lower case: ${authority}/${path.toLowerCase()}.`
        : "It has lower-case letters, digits and single separators (. _ - /) between them.",
    )
  if (authority.length + 1 + path.length > LONGEST_NAME)
    throw invalid(`The repository "${name}" is too long.`, `Registries take up to ${LONGEST_NAME} characters.`)
  return { name, host, ...(port === undefined ? {} : { port }), path, loopback: isLoopback(host) }
}

/** The registry of a repository, as the user wrote it: `registryOf(parseRepository("ghcr.io/team/runner"))` ⇒ `"ghcr.io"`. */
export function registryOf({ host, port }: Pick<Repository, "host" | "port">): string {
  return port === undefined ? host : `${host}:${String(port)}`
}

/** What a reference names in its repository: `@sha256:…` or `:tag`. The digest wins. */
export function nameOf({ tag, digest }: Pick<ImageReference, "tag" | "digest">): string {
  return digest === undefined ? `:${tag ?? ""}` : `@${digest}`
}

/** Whether a host is the local machine. An IPv6 address has its brackets. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.[0-9]{1,3}){3}$/.test(host)
}

function invalid(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("REFERENCE_INVALID", problem, remedy)
}
