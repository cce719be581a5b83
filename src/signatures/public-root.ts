import { TrustedRoot } from "@sigstore/protobuf-specs"
import { DEFAULT_MIRROR_URL, getTrustedRoot } from "@sigstore/tuf"
import { join } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { stateFolder } from "../host/paths.js"

/** Another repository than sigstore's public one. */
export interface RootSource {
  mirror: string
  /** File with the repository's first root, which is trusted. */
  firstRoot: string
  /** Folder for what was fetched, by repositories. */
  cache: string
}

/**
 * The authorities and logs of sigstore's public servers, as JSON, by The Update Framework: whoever serves them cannot replace them, nor hide
 * newer ones for long. The first root is part of the library.
 *
 * @throws RunnerImagesError TRUST_UNAVAILABLE when the repository cannot be reached, or what it serves is not signed as it has to be
 */
export async function publicTrustedRoot(source?: RootSource): Promise<string> {
  const mirror = source?.mirror ?? DEFAULT_MIRROR_URL
  try {
    const root = await getTrustedRoot({
      mirrorURL: mirror,
      cachePath: source?.cache ?? join(stateFolder(), "tuf"),
      ...(source ? { rootPath: source.firstRoot } : {}),
    })
    return JSON.stringify(TrustedRoot.toJSON(root))
  } catch (error) {
    throw new RunnerImagesError(
      "TRUST_UNAVAILABLE",
      `The authorities and logs of sigstore's public servers cannot be had from ${mirror}: ${reasonsOf(error).join(": ")}.`,
      "Check the network and this host's clock. Where there is no way out, give --trusted-root with a file that cosign trusted-root create wrote.",
      { cause: error },
    )
  }
}

/** The library says what it was doing, and in causes why that failed. */
function reasonsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  const own = error.message.trim().replace(/[.:]$/, "")
  return [...(own === "" ? [error.name] : [own]), ...(error.cause === undefined ? [] : reasonsOf(error.cause))]
}
