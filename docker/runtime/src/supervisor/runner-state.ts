import { EventEmitter, once } from "node:events"
import { NEXT_PHASES, type Phase } from "../phase.js"
import type { RunnerEvent } from "../runner/events.js"

/** What is known about the runner at one moment. */
export interface RunnerSnapshot {
  readonly phase: Phase
  /** When the phase began. */
  readonly since: Date
  /** The job it has, also while it stops. */
  readonly job?: string | undefined
  /** The runner lost its connection and tries to get it back. */
  readonly disconnected?: string | undefined
  /** The first process of the listener's session. */
  readonly listener?: number | undefined
}

/**
 * The runner's phase, its job and its listener. The only place that decides which phase follows which; subscribers are notified of every
 * change.
 */
export class RunnerState {
  readonly #changes = new EventEmitter<{ change: [RunnerSnapshot] }>()
  #snapshot: RunnerSnapshot

  constructor(private readonly now: () => Date = () => new Date()) {
    this.#snapshot = { phase: "starting", since: now() }
  }

  get snapshot(): RunnerSnapshot {
    return this.#snapshot
  }

  get phase(): Phase {
    return this.#snapshot.phase
  }

  get busy(): boolean {
    return this.#snapshot.job !== undefined
  }

  /** Calls back at every change, once it is made. */
  onChange(listener: (snapshot: RunnerSnapshot) => void): void {
    this.#changes.on("change", listener)
  }

  /** Waits for the next change. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, "change", { signal })
  }

  /**
   * Enters a phase; entering the current one changes nothing.
   *
   * @throws Error for a phase that cannot follow: an error of the program
   */
  enter(phase: Phase): void {
    if (phase === this.phase) return
    if (!NEXT_PHASES[this.phase].includes(phase)) throw new Error(`${phase} cannot follow ${this.phase}`)
    this.#change({ phase, since: this.now() })
  }

  /** A listener was started. */
  started(listener: number): void {
    this.#change({ listener, disconnected: undefined })
  }

  /** The listener is gone, and its job with it. */
  gone(): void {
    this.#change({ listener: undefined, job: undefined, disconnected: undefined })
  }

  /** Takes an event from the listener's output. After a stop was requested, events change no phase. */
  observe(event: RunnerEvent): void {
    switch (event.type) {
      case "listening":
        this.#change({ disconnected: undefined })
        this.#follow(this.busy ? "busy" : "listening")
        return
      case "reconnected":
        this.#change({ disconnected: undefined })
        return
      case "disconnected":
        this.#change({ disconnected: event.reason })
        return
      case "job-started":
        this.#change({ job: event.name })
        // A runner with a job listened, whether it said so or not.
        this.#follow("listening")
        this.#follow("busy")
        return
      case "job-completed":
        this.#change({ job: undefined })
        this.#follow("listening")
        return
      case "connected":
      case "unregistered":
      case "version-refused":
      case "listener-exited":
        return
    }
  }

  #follow(phase: Phase): void {
    if (NEXT_PHASES[this.phase].includes(phase)) this.enter(phase)
  }

  #change(change: Partial<RunnerSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change }
    this.#changes.emit("change", this.#snapshot)
  }
}
