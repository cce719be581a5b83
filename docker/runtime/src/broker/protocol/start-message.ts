import type { PublicConfiguration } from "../../configuration/configuration.js"
import type { Environment } from "../../environment.js"
import type { FailureMessage } from "../../failure-message.js"
import type { ImageFacts } from "../../image-facts.js"
import type { ImagePaths } from "../../image-paths.js"

/** The supervisor's first message to its broker. */
export interface StartMessage {
  /** From the arguments of `docker run`. */
  readonly jitConfiguration?: string | undefined
}

/** The part of the configuration that leaves the broker. */
export interface PublicSetup {
  readonly configuration: PublicConfiguration
  /** The broker can have the runner removed at the end. */
  readonly asksGitHub: boolean
  /** The runner does one job and deregisters by itself. */
  readonly ephemeral: boolean
  readonly jobEnvironment: Environment
  /** The container's variables. */
  readonly environment: Environment
  readonly image: ImageFacts
  readonly paths: ImagePaths
}

/** The broker's answer to it. */
export type StartAnswer = { readonly setup: PublicSetup } | { readonly failure: FailureMessage }
