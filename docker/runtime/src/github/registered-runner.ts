/** What a runner's container may decide about its runner. The broker decides everything else. */
export interface RequestedRunner {
  readonly name: string
  readonly labels: readonly string[]
  readonly ephemeral: boolean
  readonly replace: boolean
}

/**
 * The result of `register`: the runner's files in GitHub's own form, a token for config.sh, or only a confirmation.
 */
export type Grant =
  | { readonly grant: "jit"; readonly configuration: string }
  | { readonly grant: "token"; readonly token: string; readonly target: GrantedTarget }
  | { readonly grant: "done" }

/** config.sh's settings from the broker, besides the token. */
export interface GrantedTarget {
  readonly url: string
  readonly group?: string
  /** The token is the user's own, and was not just created. */
  readonly givenToken: boolean
}

/**
 * The result of removing the runner: `absent` when none was registered, `local` when the broker has no credential to remove it with, `busy` when
 * GitHub does not remove it yet because it has a job.
 */
export type Removal = "removed" | "busy" | "absent" | "local"

/** A runner that is to be registered. */
export interface WantedRunner extends RequestedRunner {
  readonly workFolder: string
  /** The runner's ID from an earlier grant whose answer was lost. */
  readonly id?: number
  /** Runners of others, which are not removed whatever their name is. */
  readonly foreign: readonly number[]
}

/** The result of a grant. */
export interface Granted {
  readonly grant: Grant
  /** The runner's, where GitHub told it. */
  readonly id?: number
  /** Of another runner that has the name now. */
  readonly before?: number
}

/** The state of a runner whose container is gone. */
export type Leftover = "removed" | "absent" | "busy" | "online"
