import type { Removal, WantedRunner, Granted, Leftover } from "../github/registered-runner.js"
import type { Configuration, Role } from "../configuration/configuration.js"
import type { Environment } from "../environment.js"
import type { FailureMessage } from "../failure-message.js"
import type { ImageFacts } from "../image-facts.js"
import type { ImagePaths } from "../image-paths.js"
import type { ConfigureSettings } from "../runner/configure-settings.js"

/** What the configuration comes to, with what is known of the image. Secrets are in it: it stays with the broker. */
export interface Setup {
  readonly configuration: Configuration
  readonly warnings: readonly string[]
  readonly secrets: readonly string[]
  readonly jobEnvironment: Environment
  readonly publicEnvironment: Environment
  readonly image: ImageFacts
}

/** What it takes to ask GitHub, secrets included. */
export interface Access {
  readonly setup: Setup
  /** The container's and ENV_FILE's: the proxy is in it. */
  readonly environment: Environment
}

/** What config.sh is run with. */
export interface ConfigureInput {
  readonly configuration: ConfigureSettings
  readonly token: string
  /** The runner's. */
  readonly folder: string
  readonly environment: Environment
  /** Of the image: the checksums of the runner's programs. */
  readonly manifest: string
}

/**
 * What is done in a process of its own, since it takes much memory and little time: reading the configuration, all that speaks with GitHub,
 * and config.sh. Supervisor and broker stay small beside the jobs. Inputs and outputs are JSON.
 */
export interface Operations {
  /** The broker's. */
  readConfiguration: { input: { environment: Environment; paths: ImagePaths; role: Role }; output: Setup }
  grant: { input: { access: Access; runner: WantedRunner }; output: Granted }
  /** Which runner GitHub has under the name; undefined also where nothing is given that may ask. */
  identify: { input: { access: Access; name: string }; output: { id?: number } }
  removeRunner: { input: { access: Access; id: number }; output: Removal }
  /** Removes a runner unless it is online. */
  removeLeftover: { input: { access: Access; id: number }; output: Leftover }
  /** The supervisor's. */
  configure: { input: ConfigureInput; output: null }
  writeJitConfiguration: { input: { folder: string; configuration: string }; output: null }
  /** Differences between the runner's programs and the image's; none for `[]`. */
  changedPrograms: { input: { folder: string; manifest: string }; output: readonly string[] }
}

export type OperationName = keyof Operations

/** One line of what a worker process is asked. */
export interface Question {
  readonly name: OperationName
  readonly input: unknown
}

/** One line of what it answers. */
export type Answer = { readonly output: unknown } | { readonly failure: FailureMessage }
