import { RunnerImagesError } from "../errors.js"
import { withoutSecrets } from "../text/mirror.js"

/** A file that the catalog names. */
export interface UpstreamFile {
  /** The file's own name, also in an assets folder. */
  name: string
  /** The vendor's URL. */
  url: string
  sha256: string
}

/** Where a file was taken from: the assets folder, or a URL, possibly a mirror's. */
export type Origin = { kind: "assets" } | { kind: "url"; url: string; mirror: boolean }

/** Why `fetch-upstream.sh` gave up; the script lists the kinds. */
export interface FetchFailure {
  kind: string
  what: string
}

const FAILURE = /^fetch-upstream: ([a-z0-9-]+): (.+)$/

/** Parses the last line of `fetch-upstream.sh` when it fails; undefined when something else failed. */
export function readFetchFailure(stderr: string): FetchFailure | undefined {
  const [, kind, what] = FAILURE.exec(stderr.trim().split("\n").at(-1) ?? "") ?? []
  return kind === undefined || what === undefined ? undefined : { kind, what }
}

/**
 * The error for a file that could not be fetched: DOWNLOAD_MISMATCH for one with another checksum, else DOWNLOAD_FAILED. It shows
 * no credentials and no query.
 */
export function downloadError(
  { name, sha256 }: UpstreamFile,
  origin: Origin,
  { kind, what }: FetchFailure,
  cause?: unknown,
): RunnerImagesError {
  const from = origin.kind === "assets" ? "the assets folder" : withoutSecrets(origin.url)
  if (kind === "checksum") {
    const actual = /actual ([0-9a-f]{64})/.exec(what)?.[1] ?? "unknown"
    return new RunnerImagesError(
      "DOWNLOAD_MISMATCH",
      `${name} from ${from} has the wrong checksum: expected sha256 ${sha256}, actual ${actual}.`,
      "Fetch the file again; if the vendor has replaced it, find out why before changing the catalog.",
      { cause },
    )
  }
  return new RunnerImagesError(
    "DOWNLOAD_FAILED",
    `${name} could not be fetched from ${from}: ${what}.`,
    remedy(kind, origin),
    { cause },
  )
}

const FILE_BY_HAND = "pass a folder that contains the file with --assets DIR"

function remedy(kind: string, origin: Origin): string {
  const mirror = origin.kind === "url" && origin.mirror
  if (kind === "certificate")
    return "Pass the certificate authority that issued the server's certificate with --ca-bundle FILE."
  if (kind === "http-401" || kind === "http-407")
    return mirror
      ? `Put user and password into the mirror's URL, or ${FILE_BY_HAND}.`
      : `Check the proxy's credentials, or ${FILE_BY_HAND}.`
  if (mirror) return `Check that the mirror is reachable and has the file at this path, or ${FILE_BY_HAND}.`
  return `Check the network, ${FILE_BY_HAND}, or name a server that has the vendors' files with --mirror URL.`
}
