import { RunnerImagesError } from "../errors.js"

/** How registries word it when credentials are wrong, missing or insufficient. */
const AUTHENTICATION =
  /\b(?:unauthorized|denied|authentication required|forbidden|invalid username|status(?: ?code)?:? 40[13])\b/i
const CERTIFICATE = /x509|certificate/i
/** The specification's wording; then that of quay.io, Harbor and registries that give only a status. */
const NOT_THERE =
  /manifest unknown|manifest_unknown|name unknown|reading manifest .*(?:not found|deleted or has expired|status(?: ?code)?:? 404\b)/i
/** The wording of `scripts/limited.sh`. */
const LIMIT = /^limit: (silence|total) (\d+)$/

/** Whether a registry does not know a manifest; for a short time this can also happen after it has accepted one. */
export function isNotThere(stderr: string): boolean {
  return NOT_THERE.test(stderr)
}

/**
 * The error for a registry client that failed.
 *
 * @param action what it tried to do: `push ghcr.io/owner/runner`
 * @param stderr the client's output; only the message of skopeo's log lines is shown
 */
export function registryError(action: string, stderr: string, cause: unknown): RunnerImagesError {
  const message = lastMessage(stderr)
  const [, limit, seconds] = LIMIT.exec(message) ?? []
  if (limit !== undefined)
    return new RunnerImagesError(
      "REGISTRY_FAILED",
      `Could not ${action}: ${limit === "silence" ? `less than 4 KiB were transferred in ${String(seconds)} seconds.` : `it did not finish within ${String(seconds)} seconds.`}`,
      "Check the registry and the network to it, and try again.",
      { cause },
    )
  const problem = `Could not ${action}: ${message}`
  if (AUTHENTICATION.test(message))
    return new RunnerImagesError(
      "AUTHENTICATION",
      problem,
      "Give --username with the password or token of an account that has access.",
      { cause },
    )
  return new RunnerImagesError(
    "REGISTRY_FAILED",
    problem,
    CERTIFICATE.test(message)
      ? "Pass the certificate authority that issued the registry's certificate with --ca-bundle FILE."
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
    return quoted // Go has escapes that JSON does not have.
  }
}
