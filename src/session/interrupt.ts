import { writeSync } from "node:fs"
import { EXIT, type ExitCode } from "../../dagger/src/core/errors.js"
import { killSessions } from "./processes.js"

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** Thrown in place of the work's result when the user stopped it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted"
  readonly exitCode: ExitCode = EXIT.interrupted

  constructor() {
    super("Stopped.")
  }
}

/**
 * Ctrl-C and its relatives. While a session runs, the first one stops it in order, so that no `dagger session` process is
 * left behind; the second one, and any while nothing has to be put in order, ends this process at once.
 */
export class Interrupts {
  private stop: ((reason: Interrupted) => void) | undefined
  private stopping = false
  private account: () => readonly string[] = () => []

  constructor(private readonly say: (line: string) => void) {}

  listen(): void {
    for (const signal of SIGNALS) process.on(signal, () => this.received())
    process.on("unhandledRejection", (reason) => {
      // Requests that were under way when the session ended fail with nobody waiting for them any more; and Dagger's client
      // reports a session that did not start twice, once in a promise of its own.
      if (!this.stopping && !(reason instanceof Error && reason.name === "EngineSessionError")) throw reason
    })
  }

  get happened(): boolean {
    return this.stopping
  }

  /**
   * What the work changed elsewhere and a stop would leave half done: asked when it is stopped, as late as possible, since work
   * that is under way goes on until its session has ended.
   */
  leaves(account: () => readonly string[]): void {
    this.account = account
  }

  /** The last words of a stopped program: what is left behind, indented. */
  lastWords(): string {
    return ["Stopped.", ...this.account().map((line) => `  ${line}`), ""].join("\n")
  }

  /** Settles as the work does, or with Interrupted as soon as the user stops it. */
  async guard<T>(work: Promise<T>): Promise<T> {
    const stopped = new Promise<never>((_, reject) => {
      this.stop = reject
    })
    try {
      return await Promise.race([work, stopped])
    } catch (error) {
      // The terminal sends Ctrl-C to the session process too, whose end can be noticed first.
      if (this.stopping) throw new Interrupted()
      throw error
    } finally {
      this.stop = undefined
    }
  }

  private received(): void {
    if (this.stopping || !this.stop) {
      // Other child processes are ended by the exit handlers of those who started them.
      killSessions()
      // Only where there is something to tell, and written before this process ends, which a stream does not promise.
      if (this.account().length > 0) writeSync(process.stderr.fd, this.lastWords())
      process.exit(EXIT.interrupted)
    }
    this.stopping = true
    this.say("Stopping … (again to stop at once)")
    this.stop(new Interrupted())
  }
}
