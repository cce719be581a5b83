import { RunnerImagesError, type ErrorCode } from "../errors.js"
import type { RegistryFailure } from "./registry-failure.js"

/** How a registry was reached, which decides what to do about a refusal. */
export interface RegistryManner {
  /** Credentials were sent. */
  login: boolean
  /** The user wanted no TLS. */
  plainHttp: boolean
}

/**
 * The error for a registry client that failed.
 *
 * @param action what was to be done, for failures that do not say it: `push ghcr.io/owner/runner`
 */
export function registryError(
  action: string,
  failure: RegistryFailure,
  manner: RegistryManner,
  cause?: unknown,
): RunnerImagesError {
  const { code, remedy } = treatment(failure.kind, manner)
  return new RunnerImagesError(code, `Could not ${failure.action ?? action}: ${sentence(failure.message)}`, remedy, {
    cause,
  })
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** What each kind of failure means to a user. Other kinds are faults of the registry, of the network or of this program. */
function treatment(kind: string, { login, plainHttp }: RegistryManner): { code: ErrorCode; remedy: string } {
  switch (kind) {
    case "unauthorized":
      return {
        code: "AUTHENTICATION",
        remedy: login
          ? "Check the user name and the password or token, which may have expired."
          : "Give --username with the password or token of an account that has access.",
      }
    case "forbidden":
      return {
        code: "AUTHENTICATION",
        remedy: login
          ? "Check the repository's name, and that the account, or its token, may do this there."
          : "Give --username with the password or token of an account that has access.",
      }
    case "not-tls":
      return failed(
        "Check the host and the port. If it is to be used without TLS, give --plain-http: whoever is on the way can then read the password and change images.",
      )
    case "certificate":
      return failed("Pass the certificate authority that issued the registry's certificate with --ca-bundle FILE.")
    case "not-found":
      return failed("Check the name; some registries want a repository or its project to be created first.")
    case "rate-limited":
      return failed("Wait for as long as the registry asks for, or use an account with a higher limit, and try again.")
    case "refused":
    case "too-large":
    case "invalid":
    case "redirect":
      return failed(
        plainHttp
          ? "Leave out --plain-http if the registry has TLS, and check that the address is that of a registry."
          : "Check that the address is that of a registry, and not of a proxy in front of it.",
      )
    case "unsupported":
      return failed("Use the registry's own tools, or allow this in its settings.")
    case "digest-mismatch":
      return failed("Check whether someone else publishes the same tag, or a proxy rewrites images, and publish again.")
    case "local":
      return { code: "BUILD_FAILED", remedy: "Check that the engine's disk is not full, and build again." }
    default:
      return failed("Check the registry and that the engine can reach it, and try again.")
  }
}

function failed(remedy: string): { code: ErrorCode; remedy: string } {
  return { code: "REGISTRY_FAILED", remedy }
}
