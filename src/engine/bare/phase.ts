import { RunnerImagesError, type ErrorCode } from "../../../dagger/src/core/errors.js"
import type { Lock } from "./state/lock.js"

/**
 * The phases of starting an engine, in the order in which they begin. Up to the SDKs' contents they run in parallel, except that the emulator, the
 * bases and the contents are built in turn, and that all wait for the packages that the host lacks. Each can be interrupted at any point, and the next `up` resumes it.
 * The last is no part of that: it packs an image instead of starting an engine.
 */
export const PHASES = [
  "packages",
  "binaries",
  "emulator",
  "bases",
  "sdk-content",
  "network",
  "registry",
  "engine",
  "image",
] as const
export type PhaseName = (typeof PHASES)[number]

/** Runs a phase, logs when it begins and how long it took, and explains its failure. */
export type RunPhase = <T>(name: PhaseName, doing: string, work: () => Promise<T>) => Promise<T>

/** What phases are parts of. */
export interface Undertaking {
  /** The command, for whoever waits for the lock. */
  command: string
  /** Begins an error's message. */
  doing: string
}

export const STARTING: Undertaking = { command: "engine up", doing: "Starting the engine" }
export const PACKING: Undertaking = { command: "engine image", doing: "Packing the engine's image" }

/** @returns what runs a phase and throws RunnerImagesError, whatever goes wrong */
export function phases(undertaking: Undertaking, lock: Lock, log: (line: string) => void): RunPhase {
  return async (name, doing, work) => {
    const start = performance.now()
    lock.says(`${undertaking.command}, phase ${name}`)
    log(`${name}: ${doing}`)
    try {
      const result = await work()
      log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
      return result
    } catch (error) {
      throw explain(undertaking, name, error)
    }
  }
}

const SYMPTOMS: { code: ErrorCode; pattern: RegExp; remedy: string }[] = [
  {
    code: "ENGINE_DISK",
    pattern: /no space left on device|disk quota exceeded|not have enough free space/i,
    remedy: "Free some space (runner-images engine prune), or set XDG_CACHE_HOME to a folder on a larger disk.",
  },
  {
    code: "ENGINE_NETWORK",
    pattern:
      /temporary failure (resolving|in name resolution)|could not (connect|resolve)|unable to connect|no such host|dial tcp|connection (refused|timed out|reset)|network is unreachable|i\/o timeout|proxyconnect|TLS handshake|failed to fetch|x509:|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/i,
    remedy:
      "Check this host's network, proxy variables and package sources, and run it again: it continues where it stopped.",
  },
]

/** Turns whatever a phase threw into an error that a user can act on. */
export function explain({ doing }: Undertaking, phase: PhaseName, error: unknown): RunnerImagesError {
  if (error instanceof RunnerImagesError) return error
  const said = error instanceof Error ? error.message : String(error)
  const symptom = SYMPTOMS.find(({ pattern }) => pattern.test(said))
  return new RunnerImagesError(
    symptom?.code ?? "ENGINE_PHASE",
    `${doing} failed in phase ${phase}: ${said}`,
    symptom?.remedy ??
      "Run it again: it continues where it stopped. runner-images engine logs shows the engine's own log.",
    { cause: error },
  )
}
