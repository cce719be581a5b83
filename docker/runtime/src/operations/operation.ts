import type { Removal, WantedRunner, Granted, Leftover } from "../github/registered-runner.js"
import type { Configuration, Role } from "../configuration/configuration.js"
import type { CleaningPlan } from "../container/cleaning-plan.js"
import type { Environment } from "../environment.js"
import type { FailureMessage } from "../failure-message.js"
import type { ImageFacts } from "../image-facts.js"
import type { ImagePaths } from "../image-paths.js"
import type { ConfigureSettings } from "../runner/configure-settings.js"

/** The configuration as read, with the facts about the image. It contains secrets: it stays with the broker. */
export interface Setup {
  readonly configuration: Configuration
  readonly warnings: readonly string[]
  readonly secrets: readonly string[]
  readonly jobEnvironment: Environment
  readonly publicEnvironment: Environment
  readonly image: ImageFacts
}

/** Everything needed for requests to GitHub, secrets included. */
export interface Access {
  readonly setup: Setup
  /** The container's and ENV_FILE's: the proxy is in it. */
  readonly environment: Environment
  /** The file system's, where certificates are. */
  readonly root: string
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
 * Work that is done in a process of its own, since it takes much memory and little time: reading the configuration, all requests to GitHub,
 * and config.sh. Supervisor and broker stay small beside the jobs. Inputs and outputs are JSON.
 */
export interface Operations {
  /** The broker's. */
  readConfiguration: { input: { environment: Environment; paths: ImagePaths; role: Role }; output: Setup }
  grant: { input: { access: Access; runner: WantedRunner }; output: Granted }
  /** Which runner GitHub has under the name; undefined also if no credential can ask. */
  identify: { input: { access: Access; name: string }; output: { id?: number } }
  removeRunner: { input: { access: Access; id: number }; output: Removal }
  /** Removes a runner unless it is online. */
  removeLeftover: { input: { access: Access; id: number }; output: Leftover }
  /** The supervisor's. */
  configure: { input: ConfigureInput; output: null }
  writeJitConfiguration: { input: { folder: string; configuration: string }; output: null }
  /** What earlier jobs left, as the configuration says. */
  cleanBeforeJobs: { input: { plan: CleaningPlan; environment: Environment }; output: null }
  /** Differences between the runner's programs and the image's; none for `[]`. */
  changedPrograms: { input: { folder: string; manifest: string }; output: readonly string[] }
}

export type OperationName = keyof Operations

/** One line of a worker process's input. */
export interface Question {
  readonly name: OperationName
  readonly input: unknown
}

/** One line of its output. */
export type Answer = { readonly output: unknown } | { readonly failure: FailureMessage }
