import { opensApi } from "../../configuration/authentication.js"
import { RuntimeFailure } from "../../failure.js"
import type { Log } from "../../log.js"
import type { Access, OperationName, Operations } from "../../operations/operation.js"
import type { RegisterRequest } from "../protocol/protocol.js"
import type { Registrar } from "../protocol/registrar.js"
import type { Grant, Removal, RequestedRunner } from "../../github/registered-runner.js"

/** Performs an operation in a process of its own. */
export type PerformOperation = <Name extends OperationName>(
  name: Name,
  input: Operations[Name]["input"],
  signal?: AbortSignal,
) => Promise<Operations[Name]["output"]>

export interface GitHubRegistrarOptions {
  readonly access: Access
  readonly runner: RequestedRunner
  readonly perform: PerformOperation
  readonly log: Log
  /** Ids of runners that belong to others. */
  readonly foreign?: () => readonly number[]
  /**
   * Whether a runner counts as this one by its name alone, without a grant: if the name comes from the broker's own configuration. Over a
   * connection, any runner's name could be given.
   */
  readonly byName?: boolean
}

/** Registers one runner with the credential, and removes that one and no other. */
export class GitHubRegistrar implements Registrar {
  readonly #options: GitHubRegistrarOptions
  /** The runner has its configuration: nothing is granted any more. */
  #registered = false
  #granted = false
  #id: number | undefined
  /** Who had the name before: 0 for nobody, undefined for not known. */
  #before: number | undefined

  /** @param id of a runner that was registered over an earlier connection */
  constructor(options: GitHubRegistrarOptions, id?: number) {
    this.#options = options
    this.#id = id
    this.#registered = id !== undefined
  }

  /** The runner's ID on GitHub, once it is known. */
  get id(): number | undefined {
    return this.#id
  }

  async register({ configured, workFolder }: Omit<RegisterRequest, "request">, signal?: AbortSignal): Promise<Grant> {
    const { access, runner, perform, log, foreign, byName = true } = this.#options
    if (configured) {
      this.#registered = true
      // An ID that GitHub returned when it created the runner is not requested again.
      if (this.#granted || byName) this.#id ??= await this.#identify(signal)
      log.info(`registered ${runner.name}${this.#id === undefined ? "" : ` (id ${String(this.#id)})`}`)
      return { grant: "done" }
    }
    if (this.#registered)
      throw new RuntimeFailure(
        "REGISTRATION",
        `${runner.name} is registered already, and the broker registers no other runner for this container`,
        "Start the container again to register it again.",
      )
    const wanted = {
      ...runner,
      workFolder,
      foreign: foreign?.() ?? [],
      ...(this.#id !== undefined && { id: this.#id }),
    }
    const { grant, id, before } = await perform("grant", { access, runner: wanted }, signal)
    // One that failed, or was withdrawn, leaves no runner: then there is nothing to remove, and GitHub may be out of reach.
    this.#granted = true
    this.#id = id ?? this.#id
    // A runner that our own earlier attempt left is not somebody else's.
    this.#before ??= before ?? 0
    log.info(
      `granted ${runner.name} ${grant.grant === "jit" ? "a just-in-time configuration" : "a registration token"}`,
    )
    return grant
  }

  async remove(signal?: AbortSignal): Promise<Removal> {
    const { access, perform, byName = true } = this.#options
    if (!this.#granted && !(this.#registered && (byName || this.#id !== undefined))) return "absent"
    if (!opensApi(access.setup.configuration.authentication)) return "local"
    const id = this.#id ?? (await this.#identify(signal))
    if (id === undefined) return "absent"
    if (this.#id === undefined && !this.#registered) {
      // It never ran: a runner of its name that is online, or has a job, is another machine's.
      return (await perform("removeLeftover", { access, id }, signal)) === "removed" ? "removed" : "absent"
    }
    this.#id = id
    return await perform("removeRunner", { access, id }, signal)
  }

  close(): void {
    // Nothing is kept open.
  }

  /** The name is the broker's, which no job can have changed. The runner that had it before, and still has it, is another one. */
  async #identify(signal?: AbortSignal): Promise<number | undefined> {
    const { access, runner, perform } = this.#options
    const { id } = await perform("identify", { access, name: runner.name }, signal)
    const own = runner.replace || (this.#before === undefined ? this.#registered : id !== this.#before)
    return own ? id : undefined
  }
}
