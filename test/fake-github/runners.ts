import { randomUUID, type KeyObject } from "node:crypto"
import type { Target } from "./accounts.js"
import type { Clock } from "./clock.js"
import type { Settings } from "./settings.js"

export interface Label {
  readonly id: number
  readonly name: string
  readonly type: "read-only" | "custom"
}

/** A runner's connection, of which it may have one. */
export interface Session {
  readonly id: string
  /** What the runner calls itself: host and process. */
  readonly owner: string
  /** Milliseconds since 1970. */
  lastSeen: number
}

export interface Runner {
  readonly id: number
  readonly target: Target
  name: string
  group: number
  labels: readonly Label[]
  version: string
  ephemeral: boolean
  updatesDisabled: boolean
  /** Made for a single job by `generate-jitconfig`. */
  readonly justInTime: boolean
  /** For its access tokens. */
  clientId: string
  publicKey: KeyObject
  session?: Session | undefined
  /** Of the job that it has. */
  job?: number | undefined
}

export interface NewRunner {
  readonly target: Target
  readonly name: string
  readonly group: number
  readonly labels: readonly { readonly name: string; readonly system: boolean }[]
  readonly version: string
  readonly ephemeral: boolean
  readonly updatesDisabled: boolean
  readonly justInTime: boolean
  readonly publicKey: KeyObject
}

/** The registered runners. */
export class Runners {
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #runners = new Map<number, Runner>()
  readonly #labels = new Map<string, number>()
  #next = 1

  constructor(clock: Clock, settings: Settings) {
    this.#clock = clock
    this.#settings = settings
  }

  add(fresh: NewRunner): Runner {
    const runner: Runner = {
      ...fresh,
      id: this.#next++,
      labels: this.#labelled(fresh.labels),
      clientId: randomUUID(),
    }
    this.#runners.set(runner.id, runner)
    return runner
  }

  /** Gives a registered runner to another machine: the one that had it is no longer known. */
  replace(runner: Runner, fresh: NewRunner): Runner {
    const { labels, group, version, ephemeral, updatesDisabled, publicKey } = fresh
    Object.assign(runner, { group, version, ephemeral, updatesDisabled, publicKey })
    runner.labels = this.#labelled(labels)
    runner.clientId = randomUUID()
    runner.session = undefined
    return runner
  }

  #labelled(labels: NewRunner["labels"]): Label[] {
    return labels.map(({ name, system }) => {
      const id = this.#labels.get(name.toLowerCase()) ?? this.#labels.size + 1
      this.#labels.set(name.toLowerCase(), id)
      return { id, name, type: system ? "read-only" : "custom" }
    })
  }

  remove(runner: Runner): void {
    this.#runners.delete(runner.id)
  }

  /** Those of exactly this target. */
  of(target: Target): readonly Runner[] {
    return this.list().filter((runner) => runner.target === target)
  }

  find(target: Target, id: number): Runner | undefined {
    const runner = this.#runners.get(id)
    return runner?.target === target ? runner : undefined
  }

  findByName(target: Target, name: string): Runner | undefined {
    return this.of(target).find((runner) => runner.name.toLowerCase() === name.toLowerCase())
  }

  findByClient(clientId: string): Runner | undefined {
    return this.list().find((runner) => runner.clientId === clientId)
  }

  list(): readonly Runner[] {
    return [...this.#runners.values()]
  }

  /** The session, unless the runner was silent for too long. */
  session(runner: Runner): Session | undefined {
    const { session } = runner
    if (session && this.#clock.now() - session.lastSeen > this.#settings.sessionSeconds * 1000)
      runner.session = undefined
    return runner.session
  }

  isOnline(runner: Runner): boolean {
    return this.session(runner) !== undefined
  }

  /** @returns undefined when there is one of another process */
  openSession(runner: Runner, owner: string): Session | undefined {
    const current = this.session(runner)
    if (current && current.owner !== owner) return undefined
    return (runner.session = { id: randomUUID(), owner, lastSeen: this.#clock.now() })
  }

  touch(session: Session): void {
    session.lastSeen = this.#clock.now()
  }
}
