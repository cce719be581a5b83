import type { PublicConfiguration } from "../../configuration/configuration.js"
import type { Environment } from "../../environment.js"
import type { FailureMessage } from "../../failure-message.js"
import type { ImageFacts } from "../../image-facts.js"
import type { ImagePaths } from "../../image-paths.js"

/** What the supervisor tells its broker first. */
export interface StartMessage {
  /** From the arguments of `docker run`. */
  readonly jitConfiguration?: string | undefined
}

/** What of the configuration others than the broker get. */
export interface PublicSetup {
  readonly configuration: PublicConfiguration
  /** The broker can have the runner removed at the end. */
  readonly asksGitHub: boolean
  /** The runner does one job and leaves by itself. */
  readonly ephemeral: boolean
  readonly jobEnvironment: Environment
  /** The container's variables. */
  readonly environment: Environment
  readonly image: ImageFacts
  readonly paths: ImagePaths
}

/** What the broker answers to that. */
export type StartAnswer = { readonly setup: PublicSetup } | { readonly failure: FailureMessage }
