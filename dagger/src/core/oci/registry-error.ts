import { RunnerImagesError } from "../errors.js"

/** What registries say, in their own words, when credentials are wrong, missing or not enough. */
const AUTHENTICATION =
  /\b(?:unauthorized|denied|authentication required|forbidden|invalid username|status(?: ?code)?:? 40[13])\b/i
const CERTIFICATE = /x509|certificate/i
/** By the specification; then as quay.io, Harbor and registries without a word of explanation say it. */
const NOT_THERE =
  /manifest unknown|manifest_unknown|name unknown|reading manifest .*(?:not found|deleted or has expired|status(?: ?code)?:? 404\b)/i
/** As `scripts/limited.sh` says it. */
const LIMIT = /^limit: (silence|total) (\d+)$/

/** Whether a registry does not know a manifest: for a short time also of one that it has just accepted. */
export function isNotThere(stderr: string): boolean {
  return NOT_THERE.test(stderr)
}

/**
 * The error for a registry client that failed.
 *
 * @param action what it was to do: `push ghcr.io/owner/runner`
 * @param stderr what the client said; of skopeo's log lines only the message is shown
 */
export function registryError(action: string, stderr: string, cause: unknown): RunnerImagesError {
  const message = lastMessage(stderr)
  const [, limit, seconds] = LIMIT.exec(message) ?? []
  if (limit !== undefined)
    return new RunnerImagesError(
      "REGISTRY_FAILED",
      `Could not ${action}: ${limit === "silence" ? `less than 4 KiB passed in ${String(seconds)} seconds.` : `it was not done after ${String(seconds)} seconds.`}`,
      "Check the registry and the network to it, and try again.",
      { cause },
    )
  const problem = `Could not ${action}: ${message}`
  if (AUTHENTICATION.test(message))
    return new RunnerImagesError(
      "AUTHENTICATION",
      problem,
      "Give --username with the password or token of an account that may do so.",
      { cause },
    )
  return new RunnerImagesError(
    "REGISTRY_FAILED",
    problem,
    CERTIFICATE.test(message)
      ? "Give the certificate authority that the registry's certificate is from with --ca-bundle FILE."
      : "Check the repository's name and that the engine can reach the registry, and try again.",
    { cause },
  )
}

/**
 * The message of the last line, which is where skopeo says why it gave up.
 *
 * @example lastMessage('time="…" level=fatal msg="writing blob: \"denied\""') ⇒ 'writing blob: "denied"'
 */
function lastMessage(stderr: string): string {
  const line = stderr.trim().split("\n").at(-1) ?? ""
  const quoted = /\bmsg=("(?:[^"\\]|\\.)*")\s*$/.exec(line)?.[1]
  if (quoted === undefined) return line || "the registry client gave no reason."
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted // Go escapes some characters in a way that JSON does not know.
  }
}
