import type { Configuration } from "../configuration/configuration.js"
import type { Environment } from "../environment.js"
import type { ImageFacts } from "../image-facts.js"
import type { ImagePaths } from "../image-paths.js"
import type { Deregistration } from "../runner/registration.js"

/** What the configuration comes to, with what is known of the image. */
export interface Setup {
  readonly configuration: Configuration
  readonly warnings: readonly string[]
  readonly secrets: readonly string[]
  readonly jobEnvironment: Environment
  readonly image: ImageFacts
}

/** What registering needs to know. */
export interface RegistrationContext {
  readonly setup: Setup
  /** The runner's. */
  readonly folder: string
  /** For config.sh. */
  readonly environment: Environment
  /** The container's and ENV_FILE's: the proxy is in it. */
  readonly containerEnvironment: Environment
}

/**
 * What is done in a process of its own, since it takes much memory and little time: reading the configuration, and all that speaks with
 * GitHub. The supervisor stays small beside the jobs. Inputs and outputs are JSON.
 */
export interface Operations {
  readConfiguration: { input: { environment: Environment; paths: ImagePaths }; output: Setup }
  register: { input: RegistrationContext; output: null }
  deregister: { input: RegistrationContext; output: Deregistration }
}

export type OperationName = keyof Operations

/** One line of what a worker process is asked. */
export interface Question {
  readonly name: OperationName
  readonly input: unknown
}

/** One line of what it answers. */
export type Answer =
  | { readonly output: unknown }
  | { readonly failure: { readonly code: string; readonly message: string; readonly remedy: string } }
