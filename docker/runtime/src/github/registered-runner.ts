/** What a runner's container may decide of its runner. All else is the broker's. */
export interface RequestedRunner {
  readonly name: string
  readonly labels: readonly string[]
  readonly ephemeral: boolean
  readonly replace: boolean
}

/**
 * What `register` gives: the runner's files in GitHub's own form, a token for config.sh, or nothing but that it is taken down.
 */
export type Grant =
  | { readonly grant: "jit"; readonly configuration: string }
  | { readonly grant: "token"; readonly token: string; readonly target: GrantedTarget }
  | { readonly grant: "done" }

/** What config.sh is told besides the token. */
export interface GrantedTarget {
  readonly url: string
  readonly group?: string
  /** The token was given as it is, and not made just now. */
  readonly givenToken: boolean
}

/**
 * What became of the runner: `absent` when none was registered, `local` when the broker has nothing to remove it with, `busy` when GitHub does
 * not let it go yet since it has a job.
 */
export type Removal = "removed" | "busy" | "absent" | "local"

/** A runner that is to be registered. */
export interface WantedRunner extends RequestedRunner {
  readonly workFolder: string
  /** What GitHub knows the runner as already, from an earlier grant whose answer was lost. */
  readonly id?: number
  /** Runners of others, which are not removed whatever their name is. */
  readonly foreign: readonly number[]
}

/** What came of that. */
export interface Granted {
  readonly grant: Grant
  /** The runner's, where GitHub told it. */
  readonly id?: number
  /** Of another runner that has the name now. */
  readonly before?: number
}

/** How a runner of a container that is gone is to be seen. */
export type Leftover = "removed" | "absent" | "busy" | "online"
